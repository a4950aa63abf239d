// What azd knows of its environment: set a value by `azd env set NAME VALUE`. All but the first two may be left out, or empty.
// azd prefers this file to main.parameters.json, which is there for azd pipeline config alone: that command reads no .bicepparam file, and would
// ask for the first two values.
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')

// what is set but empty counts as left out, as pipelines set variables that nobody gave a value
var runEveryMinutesText = readEnvironmentVariable('RUN_EVERY_MINUTES', '')
var schedulePausedText = readEnvironmentVariable('SCHEDULE_PAUSED', '')
var dataLocationText = readEnvironmentVariable('ACS_DATA_LOCATION', '')
var roleText = readEnvironmentVariable('ACS_ROLE_DEFINITION_ID', '')
var assignRolesText = readEnvironmentVariable('ASSIGN_ROLES', '')
var maxTokenMinutesText = readEnvironmentVariable('MAX_TOKEN_MINUTES', '')
var runHistoryDaysText = readEnvironmentVariable('RUN_HISTORY_DAYS', '')
var notifyFormatText = readEnvironmentVariable('NOTIFY_FORMAT', '')
var notifyAfterText = readEnvironmentVariable('NOTIFY_AFTER_FAILURES', '')
var budgetText = readEnvironmentVariable('WORKFLOW_BUDGET_MS', '')
var stepBudgetText = readEnvironmentVariable('WORKFLOW_STEP_BUDGET_MS', '')
var publicStatusText = readEnvironmentVariable('PUBLIC_STATUS', '')
var myTokensPerMinuteText = readEnvironmentVariable('MY_TOKENS_PER_MINUTE', '')
var refusedCallsText = readEnvironmentVariable('REFUSED_CALLS_THRESHOLD', '')
var moreSettingsText = readEnvironmentVariable('MORE_SETTINGS', '')
var instanceMemoryText = readEnvironmentVariable('INSTANCE_MEMORY_MB', '')

param runEveryMinutes = any(int(empty(runEveryMinutesText) ? '5' : runEveryMinutesText))
param schedulePaused = bool(empty(schedulePausedText) ? 'false' : schedulePausedText)
param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param alertWebhooks = readEnvironmentVariable('ALERT_WEBHOOKS', '')

param existingCommunicationServicesId = readEnvironmentVariable('ACS_RESOURCE_ID', '')
param communicationDataLocation = empty(dataLocationText) ? 'Europe' : dataLocationText
// Contributor
param communicationRoleDefinitionId = empty(roleText) ? 'b24988ac-6180-42a0-ab88-20f7382dd24c' : roleText
param assignRoles = bool(empty(assignRolesText) ? 'true' : assignRolesText)

param allowedScopes = readEnvironmentVariable('ALLOWED_SCOPES', '')
param maxTokenMinutes = int(empty(maxTokenMinutesText) ? '1440' : maxTokenMinutesText)
param workflowChecks = readEnvironmentVariable('WORKFLOW_CHECKS', '')
param runHistoryDays = int(empty(runHistoryDaysText) ? '90' : runHistoryDaysText)
param notifyWebhookUrl = readEnvironmentVariable('NOTIFY_WEBHOOK_URL', '')
param notifyFormat = empty(notifyFormatText) ? 'cloudevents' : notifyFormatText
param notifyAfterFailures = int(empty(notifyAfterText) ? '1' : notifyAfterText)
param heartbeatUrl = readEnvironmentVariable('HEARTBEAT_URL', '')
param workflowBudgetMs = int(empty(budgetText) ? '0' : budgetText)
param workflowStepBudgetMs = int(empty(stepBudgetText) ? '0' : stepBudgetText)
param publicStatus = bool(empty(publicStatusText) ? 'false' : publicStatusText)
param entraIssuers = readEnvironmentVariable('ENTRA_ISSUERS', '')
param entraAudience = readEnvironmentVariable('ENTRA_AUDIENCE', '')
param myTokenScopes = readEnvironmentVariable('MY_TOKEN_SCOPES', '')
param myTokenConnection = readEnvironmentVariable('MY_TOKEN_CONNECTION', '')
param myTokensPerMinute = int(empty(myTokensPerMinuteText) ? '0' : myTokensPerMinuteText)
param refusedCallsThreshold = int(empty(refusedCallsText) ? '20' : refusedCallsText)
// JSON: { "NAME": "VALUE" }
param moreSettings = json(empty(moreSettingsText) ? '{}' : moreSettingsText)
// comma separated
param allowedOrigins = filter(
  map(split(readEnvironmentVariable('ALLOWED_ORIGINS', ''), ','), origin => trim(origin)),
  origin => !empty(origin)
)
param instanceMemoryMB = any(int(empty(instanceMemoryText) ? '2048' : instanceMemoryText))
