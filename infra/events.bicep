// The event subscriptions. Deployed after the code: Event Grid refuses a function that it cannot find.
// Its parameters are outputs of main.bicep, which azd keeps as environment variables.
targetScope = 'subscription'

import { dropAccount } from 'modules/places.bicep'

@description('Resource id of the Azure ML workspace whose jobs are heard.')
param workspaceId string

@description('Resource id of the storage account that the workspace was created with.')
param workspaceStorageId string

@description('Hear of job outputs as blobs too.')
param hearOutputs bool = false

@description('Storage accounts in which other teams drop models.')
param dropAccounts dropAccount[] = []

@description('Resource id of the Function app.')
param appId string

@description('Resource id of the storage account that holds the ledger, the work queue and dead letters.')
param ledgerId string

@description('How events reach the app.')
@allowed(['function', 'queue'])
param delivery string

@description('Name of the system topic of the workspace.')
param jobTopic string

@description('Name of the system topic of the storage account of the workspace; empty if its blobs are not heard.')
param outputTopic string = ''

@description('Names of the system topics of the drop accounts, in their order.')
param dropTopics string[] = []

@description('Container of the default datastore.')
param blobstore string

@description('Tells the subscriptions of this installation from those of another.')
param token string

var workspace = split(workspaceId, '/')
var workspaceStorage = split(workspaceStorageId, '/')

module jobs 'modules/job-events.bicep' = {
  name: 'registrar-job-events-${token}'
  scope: resourceGroup(workspace[2], workspace[4])
  params: { topicName: jobTopic, token: token, delivery: delivery, appId: appId, ledgerId: ledgerId }
}

module outputs 'modules/blob-events.bicep' = if (hearOutputs) {
  name: 'registrar-output-events-${token}'
  scope: resourceGroup(workspaceStorage[2], workspaceStorage[4])
  params: {
    topicName: outputTopic
    token: token
    delivery: delivery
    appId: appId
    ledgerId: ledgerId
    // Outputs lie in azureml/. The copies of drops, which the app writes itself, lie in registrar/ and are not heard.
    heard: [{ container: blobstore, folder: 'azureml/', suffix: '' }]
  }
}

module drops 'modules/blob-events.bicep' = [
  for (account, i) in dropAccounts: {
    name: 'registrar-drop-events-${uniqueString(account.id, token)}'
    scope: resourceGroup(split(account.id, '/')[2], split(account.id, '/')[4])
    params: {
      topicName: dropTopics[i]
      token: token
      delivery: delivery
      appId: appId
      ledgerId: ledgerId
      heard: flatten(map(
        account.containers,
        container => map(container.?places ?? [{ folder: '' }], place => {
          container: container.name
          folder: empty(place.folder) ? '' : '${place.folder}/'
          suffix: place.?suffix ?? '/model.manifest.json'
        })
      ))
    }
  }
]
