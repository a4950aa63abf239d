// The roles of the app's identity on storage and telemetry, each on the one resource that it is for.

@description('Name of the storage account.')
param storageName string

@description('Name of the Application Insights resource.')
param applicationInsightsName string

@description('Object id of the app\'s identity.')
param principalId string

@description('Are the roles assigned here?')
param assignRoles bool

// Storage Blob Data Owner: the host's leases and state, and the deployed package
var storageBlobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
// Storage Table Data Contributor: the run history, and the host's diagnostic events
var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
// Monitoring Metrics Publisher: telemetry of the host and of the app
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource storageRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in [storageBlobDataOwner, storageTableDataContributor]: if (assignRoles) {
    name: guid(storage.id, principalId, role)
    scope: storage
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource telemetryRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(applicationInsights.id, principalId, monitoringMetricsPublisher)
  scope: applicationInsights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

@description('The roles: name of the assignment, principal, role, scope, and whether they were assigned here.')
output assignments array = [
  {
    name: storageRoles[0].name
    principalId: principalId
    role: storageBlobDataOwner
    scope: storage.id
    isAssigned: assignRoles
  }
  {
    name: storageRoles[1].name
    principalId: principalId
    role: storageTableDataContributor
    scope: storage.id
    isAssigned: assignRoles
  }
  {
    name: telemetryRole.name
    principalId: principalId
    role: monitoringMetricsPublisher
    scope: applicationInsights.id
    isAssigned: assignRoles
  }
]
