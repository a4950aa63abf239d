// A Communication Services resource of its own, without access keys, and the app's role on it: on this one resource, not on its group.

@description('Name of the resource.')
param name string

@description('Where its data is at rest.')
param dataLocation string

@description('Tags of the resource.')
param tags object

@description('Object id of the app\'s identity.')
param principalId string

@description('Id of the role definition.')
param roleDefinitionId string

@description('Is the role assigned here?')
param assignRole bool

resource communication 'Microsoft.Communication/communicationServices@2025-09-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    dataLocation: dataLocation
    disableLocalAuth: true
  }
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

@description('Name of the role assignment, also where it is not made here.')
output assignmentName string = assignment.name
