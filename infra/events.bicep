// The event subscriptions. Deployed after the code: Event Grid refuses a function that it cannot find.
// Its parameters are outputs of main.bicep, which azd keeps as environment variables.
targetScope = 'subscription'

import { heardAccount } from 'modules/places.bicep'

@description('Resource id of the Function app.')
param appId string

@description('Resource id of the storage account that holds the ledger, the work queue and dead letters.')
param ledgerId string

@description('How events reach the app.')
@allowed(['function', 'queue'])
param delivery string

@description('Resource id of the system topic of the workspace.')
param jobTopic string

@description('Resource id of the system topic of the storage account of the workspace; empty if its blobs are not heard.')
param outputTopic string = ''

@description('Storage accounts in which other teams drop models, each with its system topic.')
param heardDrops heardAccount[] = []

@description('Container of the default datastore.')
param blobstore string

@description('Tells the subscriptions of this installation from those of another.')
param token string

// Without it no module is deployed there, but its scope has to be one.
var outputTopicPlace = split(empty(outputTopic) ? jobTopic : outputTopic, '/')

module jobs 'modules/job-events.bicep' = {
  name: 'registrar-job-events-${token}'
  scope: resourceGroup(split(jobTopic, '/')[2], split(jobTopic, '/')[4])
  params: { topicName: last(split(jobTopic, '/')), token: token, delivery: delivery, appId: appId, ledgerId: ledgerId }
}

module outputs 'modules/blob-events.bicep' = if (!empty(outputTopic)) {
  name: 'registrar-output-events-${token}'
  scope: resourceGroup(outputTopicPlace[2], outputTopicPlace[4])
  params: {
    topicName: last(outputTopicPlace)
    token: token
    delivery: delivery
    appId: appId
    ledgerId: ledgerId
    // Outputs lie in azureml/. The copies of drops, which the app writes itself, lie in registrar/ and are not heard.
    heard: [{ container: blobstore, folder: 'azureml/', suffix: '' }]
  }
  // Drops may lie in the same account, and a topic takes one change at a time.
  dependsOn: [drops]
}

module drops 'modules/blob-events.bicep' = [
  for account in heardDrops: {
    name: 'registrar-drop-events-${uniqueString(account.topic, token)}'
    scope: resourceGroup(split(account.topic, '/')[2], split(account.topic, '/')[4])
    params: {
      topicName: last(split(account.topic, '/'))
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
