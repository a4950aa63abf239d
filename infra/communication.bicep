// A Communication Services resource of its own, without access keys: identities with a role open it, nothing else.

@description('Name of the resource.')
param name string

@description('Where its data is at rest.')
param dataLocation string

@description('Tags of the resource.')
param tags object

resource communication 'Microsoft.Communication/communicationServices@2025-09-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    dataLocation: dataLocation
    disableLocalAuth: true
  }
}
