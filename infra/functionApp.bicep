// The function app: Flex Consumption, Node.js 22, its settings without a secret among them.

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Names of the resources.')
param names {
  identity: string
  storage: string
  deploymentContainer: string
  applicationInsights: string
  plan: string
  app: string
  *: string
}

@description('Endpoint of the Communication Services resource.')
param communicationEndpoint string

@description('When the workflow runs: NCRONTAB with six fields, UTC.')
param schedule string

@description('Is the timer switched off?')
param schedulePaused bool

@description('Origins that may call from a browser.')
param allowedOrigins array

@description('Scopes that callers may ask for, comma separated; empty: all.')
param allowedScopes string

@description('Longest lifetime that callers may ask for, in minutes.')
param maxTokenMinutes int

@description('Deeper checks, comma separated; empty: none.')
param workflowChecks string

@description('Days that runs are kept.')
param runHistoryDays int

@description('Where changes of the state are sent, or a Key Vault reference; empty: nowhere.')
@secure()
param notifyWebhookUrl string

@description('Form of notifications.')
param notifyFormat string

@description('From how many failures in a row a connection is failing.')
param notifyAfterFailures int

@description('Called once for each timer run, or a Key Vault reference; empty: none.')
@secure()
param heartbeatUrl string

@description('Milliseconds that a run may take; 0: any time.')
param workflowBudgetMs int

@description('Milliseconds that each step may take; 0: any time.')
param workflowStepBudgetMs int

@description('May anybody read the state?')
param publicStatus bool

@description('Issuers of signed-in callers, comma separated; empty: off.')
param entraIssuers string

@description('Audience of their access tokens.')
param entraAudience string

@description('Scopes that they may ask for, comma separated.')
param myTokenScopes string

@description('Connection that makes their ACS users; empty: the first.')
param myTokenConnection string

@description('Calls in a minute for one of them; 0: the default of the app.')
param myTokensPerMinute int

@description('More settings, by name. They win over those below.')
param moreSettings { *: string }

@description('Memory of an instance, in MB.')
param instanceMemoryMB int

// Only what has a value: an app without signed-in callers has none of these settings.
var callerSettings = union(
  empty(entraIssuers) ? {} : { ENTRA_ISSUERS: entraIssuers },
  empty(entraAudience) ? {} : { ENTRA_AUDIENCE: entraAudience },
  empty(myTokenScopes) ? {} : { MY_TOKEN_SCOPES: myTokenScopes },
  empty(myTokenConnection) ? {} : { MY_TOKEN_CONNECTION: myTokenConnection },
  myTokensPerMinute == 0 ? {} : { MY_TOKENS_PER_MINUTE: string(myTokensPerMinute) }
)

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.identity
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: names.storage
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: names.applicationInsights
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: names.plan
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { tier: 'FlexConsumption', name: 'FC1' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: names.app
  location: location
  // azd finds the app of its service by this tag
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // for settings that are Key Vault references
    keyVaultReferenceIdentity: identity.id
    functionAppConfig: {
      runtime: { name: 'node', version: '22' }
      scaleAndConcurrency: { instanceMemoryMB: instanceMemoryMB, maximumInstanceCount: 40 }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${names.deploymentContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identity.id }
        }
      }
    }
    // Flex Consumption has no FTP, and refuses a template that says that it is off (error 51021)
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      // without supportCredentials: a page sends its token in a header that it sets itself, never a cookie
      cors: { allowedOrigins: allowedOrigins }
    }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: union(
      {
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: identity.properties.clientId
        AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
        AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
        AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
        // says where, and opens nothing: Application Insights takes telemetry from the identity only
        APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsights.properties.ConnectionString
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.properties.clientId}'
        AcsIdentity__endpoint: communicationEndpoint
        AcsIdentity__credential: 'managedidentity'
        AcsIdentity__clientId: identity.properties.clientId
        WORKFLOW_SCHEDULE: schedule
        WORKFLOW_TARGET: 'connection'
        WORKFLOW_CHECKS: workflowChecks
        RUN_HISTORY_DAYS: string(runHistoryDays)
        ALLOWED_SCOPES: allowedScopes
        MAX_TOKEN_MINUTES: string(maxTokenMinutes)
        'AzureWebJobs.scheduledRun.Disabled': string(schedulePaused)
        NOTIFY_WEBHOOK_URL: notifyWebhookUrl
        NOTIFY_FORMAT: notifyFormat
        NOTIFY_AFTER_FAILURES: string(notifyAfterFailures)
        HEARTBEAT_URL: heartbeatUrl
        WORKFLOW_BUDGET_MS: workflowBudgetMs == 0 ? '' : string(workflowBudgetMs)
        WORKFLOW_STEP_BUDGET_MS: workflowStepBudgetMs == 0 ? '' : string(workflowStepBudgetMs)
        // string(true) is 'True', which the app does not take
        PUBLIC_STATUS: publicStatus ? 'true' : 'false'
      },
      callerSettings,
      moreSettings
    )
  }

  // azd deploys with Entra ID: user names and passwords for it are switched off
  resource noFtpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource noDeploymentPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

@description('Name of the function app.')
output name string = app.name

@description('Address of the app.')
output uri string = 'https://${app.properties.defaultHostName}'

@description('Resource id of the app.')
output resourceId string = app.id

@description('Endpoint of the Communication Services resource.')
output communicationEndpoint string = communicationEndpoint
