// azd up: the app, what it stands on, and the alerts that tell somebody when runs fail or stop happening.
// No key or connection string is made, kept or given out: the app's managed identity opens everything.
targetScope = 'subscription'

@description('Name of the azd environment. Names of resources are made from it.')
@minLength(1)
@maxLength(64)
param environmentName string

// From Azure-Samples/functions-quickstart-typescript-azd. Azure goes on adding regions: az functionapp list-flexconsumption-locations
@description('Azure region of all resources but the Communication Services resource, which is global. It must offer Flex Consumption; add one that Azure has added since.')
@allowed([
  'australiaeast'
  'australiasoutheast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastasia'
  'eastus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northcentralus'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'southindia'
  'spaincentral'
  'swedencentral'
  'uaenorth'
  'uksouth'
  'ukwest'
  'westcentralus'
  'westeurope'
  'westus'
  'westus2'
  'westus3'
])
param location string

@description('Resource group, made when it is not there.')
param resourceGroupName string = 'rg-${environmentName}'

@description('Minutes from one scheduled run to the next. The schedule, and the window and threshold of the silence alert, follow from it.')
@allowed([5, 10, 15, 30, 60])
param runEveryMinutes int = 5

@description('E-mail address that alerts go to. Without it, and without alertWebhooks, alerts show in the portal only.')
param alertEmail string = ''

@description('URLs that alerts are posted to, comma separated, in the common alert schema. Empty: none.')
@secure()
param alertWebhooks string = ''

@description('Resource id of the Communication Services resource to use, in any resource group or subscription of the tenant. Empty: one is made, with access keys switched off.')
param existingCommunicationServicesId string = ''

@description('Where a Communication Services resource that is made here keeps its data at rest. It can not be changed later.')
@allowed([
  'Africa'
  'Asia Pacific'
  'Australia'
  'Brazil'
  'Canada'
  'Europe'
  'France'
  'Germany'
  'India'
  'Japan'
  'Korea'
  'Norway'
  'Switzerland'
  'UAE'
  'UK'
  'United States'
])
param communicationDataLocation string = 'Europe'

@description('Role that the app gets on the Communication Services resource, on nothing else. The default is Contributor, the only one that Microsoft documents for identity operations; docs/deploy.md says what else it allows.')
param communicationRoleDefinitionId string = 'b24988ac-6180-42a0-ab88-20f7382dd24c'

@description('Are the roles of the app assigned here? Say false where the deployer may not assign roles; the output ROLE_ASSIGNMENTS then says which ones somebody else has to assign.')
param assignRoles bool = true

@description('Origins of other web pages that may call the app from a browser. The dashboard needs none.')
param allowedOrigins array = []

@description('Scopes that callers may ask for, comma separated. Empty: all.')
param allowedScopes string = ''

@description('Longest lifetime of a token that callers may ask for, in minutes.')
@minValue(60)
@maxValue(1440)
param maxTokenMinutes int = 1440

@description('Deeper checks of each run, comma separated. Empty: none.')
param workflowChecks string = ''

@description('Days that runs are kept.')
@minValue(1)
@maxValue(3650)
param runHistoryDays int = 90

@description('Is the schedule paused? Then the timer doesn\'t fire, and its silence is no alert.')
param schedulePaused bool = false

@description('URL that the app calls when the state of a connection changes, or a Key Vault reference to it. Empty: no notifications.')
@secure()
param notifyWebhookUrl string = ''

@description('Form of these notifications.')
@allowed(['cloudevents', 'teams'])
param notifyFormat string = 'cloudevents'

@description('From how many failed scheduled runs in a row a connection is failing.')
@minValue(1)
@maxValue(100)
param notifyAfterFailures int = 1

@description('URL that the app calls once for each timer run, or a Key Vault reference to it. Empty: none.')
@secure()
param heartbeatUrl string = ''

@description('Milliseconds that a run may take before it is slow. 0: any time.')
@minValue(0)
@maxValue(120000)
param workflowBudgetMs int = 0

@description('Milliseconds that each step may take before its run is slow. 0: any time.')
@minValue(0)
@maxValue(120000)
param workflowStepBudgetMs int = 0

@description('May anybody read the state of a connection, from the function badge?')
param publicStatus bool = false

@description('Issuers whose signed-in users may call the functions "me", comma separated. With entraAudience and myTokenScopes it switches these functions on. Empty: off.')
param entraIssuers string = ''

@description('Audience of the access tokens of these users: the client id of the API app registration, and perhaps its App ID URI, comma separated.')
param entraAudience string = ''

@description('Scopes that signed-in users may ask for, comma separated. They must be within allowedScopes.')
param myTokenScopes string = ''

@description('Connection that makes their ACS users, one of IDENTITY_CONNECTIONS. Empty: the first connection.')
param myTokenConnection string = ''

@description('Calls that one signed-in user may make in a minute, for each instance. 0: the default of the app, 30.')
@minValue(0)
@maxValue(999999)
param myTokensPerMinute int = 0

@description('From how many calls of signed-in users that are refused (401, 403) within half an hour there is an alert, if that is also more than three times what is usual.')
@minValue(1)
@maxValue(1000000)
param refusedCallsThreshold int = 20

@description('More settings of the app, by name, such as a second connection. Values are strings. No secrets: a Key Vault reference instead.')
param moreSettings { *: string } = {}

@description('Memory of an instance, in MB. What is billed is memory times time.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

// One row decides both what the timer does and when its silence is noticed. A window is one that Azure Monitor offers, holds at least six
// runs, and half of its runs must have succeeded: a single late or failed run is not silence.
var schedules = {
  '5': { schedule: '0 */5 * * * *', interval: 'PT5M', window: 'PT30M', leastSuccesses: 3 }
  '10': { schedule: '0 */10 * * * *', interval: 'PT10M', window: 'PT1H', leastSuccesses: 3 }
  '15': { schedule: '0 */15 * * * *', interval: 'PT15M', window: 'PT2H', leastSuccesses: 4 }
  '30': { schedule: '0 */30 * * * *', interval: 'PT30M', window: 'PT3H', leastSuccesses: 3 }
  '60': { schedule: '0 0 * * * *', interval: 'PT1H', window: 'PT6H', leastSuccesses: 3 }
}
var timing = schedules[string(runEveryMinutes)]

var tags = { 'azd-env-name': environmentName }
var token = toLower(uniqueString(subscription().id, environmentName, location))
var names = {
  identity: 'id-${token}'
  storage: 'st${token}'
  deploymentContainer: 'deployment'
  workspace: 'log-${token}'
  applicationInsights: 'appi-${token}'
  communication: 'acs-${token}'
  plan: 'plan-${token}'
  app: 'func-${token}'
  queryPack: 'qp-${token}'
}
var makesCommunication = empty(existingCommunicationServicesId)
var communicationId = makesCommunication
  ? '${subscription().id}/resourceGroups/${resourceGroupName}/providers/Microsoft.Communication/communicationServices/${names.communication}'
  : existingCommunicationServicesId

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module foundation 'foundation.bicep' = {
  scope: group
  params: { location: location, tags: tags, names: names }
}

module communication 'communication.bicep' = if (makesCommunication) {
  scope: group
  params: {
    name: names.communication
    dataLocation: communicationDataLocation
    tags: tags
    principalId: foundation.outputs.identityPrincipalId
    roleDefinitionId: communicationRoleDefinitionId
    assignRole: assignRoles
  }
}

module access 'access.bicep' = {
  scope: group
  params: {
    storageName: names.storage
    applicationInsightsName: names.applicationInsights
    principalId: foundation.outputs.identityPrincipalId
    assignRoles: assignRoles
  }
}

module app 'functionApp.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    names: names
    // A resource that is already there is only read. Nothing is deployed into its group, not even the role (the hook after provisioning assigns
    // it): versions of azd before 2026 delete every group that a deployment has touched, as a whole, on azd down (Azure/azure-dev#2916).
    #disable-next-line use-resource-symbol-reference
    communicationEndpoint: 'https://${reference(communicationId, '2025-09-01').hostName}'
    schedule: timing.schedule
    schedulePaused: schedulePaused
    allowedOrigins: allowedOrigins
    allowedScopes: allowedScopes
    maxTokenMinutes: maxTokenMinutes
    workflowChecks: workflowChecks
    runHistoryDays: runHistoryDays
    notifyWebhookUrl: notifyWebhookUrl
    notifyFormat: notifyFormat
    notifyAfterFailures: notifyAfterFailures
    heartbeatUrl: heartbeatUrl
    workflowBudgetMs: workflowBudgetMs
    workflowStepBudgetMs: workflowStepBudgetMs
    publicStatus: publicStatus
    entraIssuers: entraIssuers
    entraAudience: entraAudience
    myTokenScopes: myTokenScopes
    myTokenConnection: myTokenConnection
    myTokensPerMinute: myTokensPerMinute
    moreSettings: moreSettings
    instanceMemoryMB: instanceMemoryMB
  }
  // its deployment container opens for the identity only then; and an ACS resource that is made must be there to be read
  dependsOn: [access, communication]
}

module alerts 'alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    environmentName: environmentName
    workspaceName: names.workspace
    applicationInsightsName: names.applicationInsights
    queryPackName: names.queryPack
    alertEmail: alertEmail
    alertWebhooks: alertWebhooks
    silenceWindow: timing.window
    leastSuccesses: timing.leastSuccesses
    runInterval: timing.interval
    schedulePaused: schedulePaused
    hasSignedInCallers: !empty(entraIssuers) && !empty(entraAudience) && !empty(myTokenScopes)
    refusedCallsThreshold: refusedCallsThreshold
  }
  dependsOn: [foundation]
}

@description('Region, by azd\'s own name for it.')
output AZURE_LOCATION string = location

@description('Tenant, by azd\'s own name for it.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('Resource group of the app.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output SERVICE_APP_NAME string = app.outputs.name

@description('Address of the app; its dashboard is at /api/dashboard.')
output SERVICE_APP_URI string = app.outputs.uri

@description('Resource id of the function app.')
output SERVICE_APP_RESOURCE_ID string = app.outputs.resourceId

@description('Endpoint of the Communication Services resource in use.')
output ACS_ENDPOINT string = app.outputs.communicationEndpoint

@description('Are the app\'s roles to be assigned by this deployment? If not, somebody else has to assign those below.')
output ASSIGNS_ROLES bool = assignRoles

// The name is that of the assignment itself: Azure refuses a second one for the same principal, role and scope under another name.
@description('The roles of the app: name, principal, role and scope of each assignment, and whether the templates made it.')
output ROLE_ASSIGNMENTS array = concat(access.outputs.assignments, [
  {
    name: makesCommunication
      ? communication!.outputs.assignmentName
      : guid(communicationId, foundation.outputs.identityPrincipalId, communicationRoleDefinitionId)
    principalId: foundation.outputs.identityPrincipalId
    role: communicationRoleDefinitionId
    scope: communicationId
    isAssigned: assignRoles && makesCommunication
  }
])

@description('Where the deployment hook asks for the function keys that it needs.')
output AZURE_RESOURCE_MANAGER string = environment().resourceManager

@description('Is there somebody whom alerts are sent to?')
output ALERTS_ARE_SENT bool = alerts.outputs.areSent
