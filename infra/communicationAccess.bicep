// The app's role on a Communication Services resource, made here or already there: on this one resource, not on its group.

@description('Name of the Communication Services resource.')
param name string

@description('Object id of the app\'s identity.')
param principalId string

@description('Id of the role definition.')
param roleDefinitionId string

@description('Is the role assigned here?')
param assignRole bool

resource communication 'Microsoft.Communication/communicationServices@2025-09-01' existing = {
  name: name
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRole) {
  name: guid(communication.id, principalId, roleDefinitionId)
  scope: communication
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleDefinitionId)
  }
}

@description('Where the app calls.')
output endpoint string = 'https://${communication.properties.hostName}'

@description('What has to be assigned: principal, role, scope.')
output assignments array = [
  { principalId: principalId, role: roleDefinitionId, scope: communication.id }
]
