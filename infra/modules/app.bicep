// The Function app on Flex Consumption. Its settings are those of docs/settings.md and hold no secret.

param name string
param location string
param tags object
param identityId string
param clientId string
param hostBlobs string
param hostQueues string
param hostTables string
param ledgerBlobs string
param ledgerQueues string
param packageContainer string
param insightsName string
param workspaceId string
param dropAccountIds string[]
param policy string
param outcomeEndpoint string
param mode string
param championStage string
param evidence string
param attempts int
param firstPauseSeconds int
param maximumInstances int
param instanceMemory int
param subnetId string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  // azd finds by this tag what it deploys the code to.
  tags: union(tags, { 'azd-service-name': 'registrar' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostBlobs}${packageContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: { maximumInstanceCount: maximumInstances, instanceMemoryMB: instanceMemory }
    }
    siteConfig: { http20Enabled: true, minTlsVersion: '1.2', scmMinTlsVersion: '1.2' }
  }
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: clientId
    AzureWebJobsStorage__blobServiceUri: hostBlobs
    AzureWebJobsStorage__queueServiceUri: hostQueues
    AzureWebJobsStorage__tableServiceUri: hostTables
    REGISTRAR_STORAGE__credential: 'managedidentity'
    REGISTRAR_STORAGE__clientId: clientId
    REGISTRAR_STORAGE__blobServiceUri: ledgerBlobs
    REGISTRAR_STORAGE__queueServiceUri: ledgerQueues
    REGISTRAR_WORKSPACE: workspaceId
    REGISTRAR_DROP_ACCOUNTS: join(dropAccountIds, ',')
    REGISTRAR_POLICY: policy
    REGISTRAR_OUTCOME_TOPIC: outcomeEndpoint
    REGISTRAR_CHAMPION_STAGE: championStage
    REGISTRAR_EVIDENCE: evidence
    REGISTRAR_ATTEMPTS: string(attempts)
    REGISTRAR_FIRST_PAUSE_SECONDS: string(firstPauseSeconds)
    REGISTRAR_MODE: mode
    AZURE_CLIENT_ID: clientId
    // Says where to send, and lets nobody send: Application Insights takes identities only.
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
    // As many threads as host.json lets messages be worked on at once.
    PYTHON_THREADPOOL_THREAD_COUNT: '12'
  }
}

// The app is deployed to and called with identities; user names and passwords are turned off.
resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

output id string = app.id
output name string = app.name
