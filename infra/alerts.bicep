// Alerts, and who gets them: a run failed, scheduled runs stopped succeeding, users were left behind or may be, a run was not recorded,
// maintenance failed, functions answer with server errors, more signed-in callers than usual are refused. Also the saved queries.

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the azd environment: it stands in the names of alerts, which people read in mails.')
param environmentName string

@description('Name of the Log Analytics workspace.')
param workspaceName string

@description('Name of the Application Insights resource.')
param applicationInsightsName string

@description('Name of the query pack.')
param queryPackName string

@description('E-mail address that alerts go to; empty: none.')
param alertEmail string

@description('URLs that alerts are posted to, comma separated; empty: none.')
@secure()
param alertWebhooks string

@description('How far the silence alert looks back.')
param silenceWindow string

@description('Scheduled runs that must have succeeded in that time.')
param leastSuccesses int

@description('From one look at slow things to the next: that of scheduled runs.')
param runInterval string

@description('Is the timer switched off? Its silence is no alert then.')
param schedulePaused bool

@description('May signed-in users call the app? Only then their refused calls are watched.')
param hasSignedInCallers bool

@description('From how many refused calls of signed-in users within half an hour there is an alert.')
param refusedCallsThreshold int

var webhookUrls = filter(map(split(alertWebhooks, ','), url => trim(url)), url => !empty(url))
var isSomebodyTold = !empty(alertEmail) || !empty(webhookUrls)
var actionGroupIds = isSomebodyTold ? [somebody.id] : []

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource somebody 'Microsoft.Insights/actionGroups@2023-01-01' = if (isSomebodyTold) {
  name: 'ag-acs-identity-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'acsidentity'
    enabled: true
    emailReceivers: empty(alertEmail)
      ? []
      : [{ name: 'operators', emailAddress: alertEmail, useCommonAlertSchema: true }]
    webhookReceivers: map(webhookUrls, (url, i) => {
      name: 'webhook-${i + 1}'
      serviceUri: url
      useCommonAlertSchema: true
    })
  }
}

var logAlerts = [
  // one a failed run, which names its first failing step, rather than one a step
  {
    name: 'run-failed'
    title: 'a run failed'
    description: 'A run of the ACS identity workflow failed; runs that were stopped with the app do not count. Message names the first failing step and its code; the dashboard of the app shows the run.'
    severity: 1
    enabled: true
    frequency: 'PT5M'
    // telemetry may be some minutes late
    window: 'PT15M'
    condition: {
      query: loadTextContent('queries/failedRuns.kql')
      timeAggregation: 'Count'
      operator: 'GreaterThan'
      threshold: 0
      dimensions: [
        { name: 'Name', operator: 'Include', values: ['*'] }
        { name: 'Message', operator: 'Include', values: ['*'] }
      ]
    }
  }
  // A dead man's switch: it fires when nothing comes, whatever the reason. A metric alert can't: a run that never is has no metric.
  {
    name: 'silence'
    title: 'scheduled runs don\'t succeed, or don\'t happen'
    description: 'Fewer than ${leastSuccesses} scheduled runs succeeded within ${silenceWindow}. api/runs/latest shows how the last run ended, api/health/deep whether the settings are right and storage and ACS answer. If both are well: is the timer enabled, and does Application Insights take telemetry? Right after the first deployment and after a pause this is fired too, and resolves itself when half the window is full of runs again.'
    severity: 1
    enabled: !schedulePaused
    frequency: runInterval
    window: silenceWindow
    condition: {
      query: loadTextContent('queries/scheduledSuccesses.kql')
      timeAggregation: 'Total'
      metricMeasureColumn: 'Successes'
      operator: 'LessThan'
      threshold: leastSuccesses
    }
  }
  {
    name: 'users-left'
    title: 'users are left behind'
    description: 'Users that earlier runs made are still in ACS and could not be deleted. The log of scheduledRun says which, and why.'
    severity: 2
    enabled: true
    frequency: runInterval
    window: silenceWindow
    condition: {
      query: loadTextContent('queries/usersLeftBehind.kql')
      timeAggregation: 'Maximum'
      metricMeasureColumn: 'UsersLeft'
      operator: 'GreaterThan'
      threshold: 0
    }
  }
  // The alerts below look back over several runs: a problem that lasts is one alert, not one for each run.
  // Telemetry does not need the storage account, so the first two also fire while storage is down.
  {
    name: 'unrecorded'
    title: 'a run was not recorded'
    description: 'A run of the ACS identity workflow ended, but its record could not be written to the storage account. The run history does not have it, or shows it as Running. The run itself may have succeeded: the query of this alert shows its result. If Cleanup is Pending, the log of the run names the user that is left in ACS. Check the storage account: api/health/deep says whether the app can use it. Usual reasons: the role Storage Table Data Contributor is missing, a firewall rule, an outage.'
    severity: 2
    enabled: true
    frequency: runInterval
    window: silenceWindow
    condition: {
      query: loadTextContent('queries/unrecordedRuns.kql')
      timeAggregation: 'Count'
      operator: 'GreaterThan'
      threshold: 0
      dimensions: [{ name: 'Name', operator: 'Include', values: ['*'] }]
    }
  }
  {
    name: 'maintenance-failed'
    title: 'maintenance after a scheduled run failed'
    description: 'The maintenance after a scheduled run failed. Users that earlier runs left may still be in ACS, runs whose process died may still be shown as Running, and old runs may not have been deleted. The next scheduled run tries again. The log of scheduledRun says why it failed. Usually the storage account can not be used: check it with api/health/deep.'
    severity: 2
    enabled: true
    frequency: runInterval
    window: silenceWindow
    condition: {
      query: loadTextContent('queries/maintenanceFailed.kql')
      timeAggregation: 'Total'
      metricMeasureColumn: 'Failures'
      operator: 'GreaterThan'
      threshold: 0
    }
  }
  {
    name: 'users-unknown'
    title: 'ACS may have a user whose id nobody knows'
    description: 'A run asked ACS to create a user and never got the answer, so ACS may have a user whose id nobody knows. ACS can not list users, so nobody can look that user up or delete it. A single case needs no action. Several mean that creating users is slow or the network is unreliable: see the saved query "Duration of each step". If diagnostic settings of the Communication Services resource send its logs to a workspace, the table ACSAuthIncomingOperations shows at the time of the run whether the request arrived and what ACS answered. If it did not arrive or was refused, there is no such user.'
    severity: 3
    enabled: true
    frequency: runInterval
    window: silenceWindow
    condition: {
      query: loadTextContent('queries/usersUnknown.kql')
      timeAggregation: 'Count'
      operator: 'GreaterThan'
      threshold: 0
      dimensions: [{ name: 'Name', operator: 'Include', values: ['*'] }]
    }
  }
]

// One query has both the newest half hour and the day before it, so the rule needs a window of a day.
var callerAlerts = [
  {
    name: 'callers-refused'
    title: 'more signed-in callers are refused than usual'
    description: 'At least ${refusedCallsThreshold} calls of the functions for signed-in users (issueMyToken, getMe, revokeMyTokens, deleteMe) were answered with 401 or 403 within half an hour, and more than three times as many as usual. Either a front end or an issuer changed (audience, issuer, scope Token.Self, a wrong clock), or somebody tries tokens that are not for this app. The saved query "Refused calls of signed-in users" shows which function, which status and since when. A caller gets the reason in the answer; the log of the function has the same code.'
    severity: 2
    enabled: true
    frequency: 'PT15M'
    window: 'P1D'
    condition: {
      query: loadTextContent('queries/callersRefused.kql')
      timeAggregation: 'Total'
      metricMeasureColumn: 'Refused'
      operator: 'GreaterThanOrEqual'
      threshold: refusedCallsThreshold
    }
  }
]

resource logAlertRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in concat(logAlerts, hasSignedInCallers ? callerAlerts : []): {
    name: 'acs-identity-${alert.name}-${environmentName}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'ACS identity (${environmentName}): ${alert.title}'
      description: alert.description
      severity: alert.severity
      enabled: alert.enabled
      scopes: [workspace.id]
      evaluationFrequency: alert.frequency
      windowSize: alert.window
      criteria: {
        allOf: [
          union(alert.condition, { failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 } })
        ]
      }
      autoMitigate: true
      // the workspace is as new as the rule: its tables may still be on their way
      skipQueryValidation: true
      actions: { actionGroups: actionGroupIds }
    }
  }
]

// The host's own metric. By status, as a function that answers 500 has not failed for the host. Not 503, which runs/latest and health
// answer on purpose; when storage is down, the alerts for unrecorded runs and failed maintenance fire. The timer has no status: the alerts
// above cover its failures.
resource functionsFail 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'acs-identity-function-errors-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    description: 'ACS identity (${environmentName}): functions answered more than twice with the same of 500, 502 and 504 within 15 minutes. The log of the invocations says why; innererror of the answers has what ACS said.'
    severity: 2
    enabled: true
    scopes: [applicationInsights.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'serverErrors'
          metricNamespace: 'microsoft.insights/components'
          metricName: 'requests/count'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 2
          dimensions: [{ name: 'request/resultCode', operator: 'Include', values: ['500', '502', '504'] }]
          // there has been no request yet
          skipMetricValidation: true
        }
      ]
    }
    autoMitigate: true
    actions: map(actionGroupIds, id => { actionGroupId: id })
  }
}

var savedQueries = [
  { title: 'Success rate and duration of runs', query: loadTextContent('queries/successRate.kql') }
  { title: 'Duration of each step', query: loadTextContent('queries/stepDuration.kql') }
  { title: 'Failures of each step', query: loadTextContent('queries/stepFailures.kql') }
  { title: 'Runs that were not recorded', query: loadTextContent('queries/unrecordedRuns.kql') }
  { title: 'Failed maintenance', query: loadTextContent('queries/maintenanceFailed.kql') }
  { title: 'Runs that may have left an unknown user', query: loadTextContent('queries/usersUnknown.kql') }
]
var callerQueries = [
  { title: 'Refused calls of signed-in users', query: loadTextContent('queries/refusedCalls.kql') }
]

// not saved searches of the workspace, which answer 409 when they are deployed again
resource queryPack 'Microsoft.OperationalInsights/queryPacks@2019-09-01' = {
  name: queryPackName
  location: location
  tags: tags
  properties: {}
}

resource saved 'Microsoft.OperationalInsights/queryPacks/queries@2019-09-01' = [
  for item in concat(savedQueries, hasSignedInCallers ? callerQueries : []): {
    parent: queryPack
    name: guid(queryPack.id, item.title)
    properties: {
      displayName: item.title
      body: item.query
      related: { resourceTypes: ['microsoft.operationalinsights/workspaces'] }
    }
  }
]

@description('Is there somebody whom alerts are sent to?')
output areSent bool = isSomebodyTold
