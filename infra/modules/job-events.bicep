// The event subscriptions on the workspace's system topic.
// Two, because a filter on the status would drop every RunCompleted, which has none.

param topicName string
param token string

@allowed(['function', 'queue'])
param delivery string
param appId string
param ledgerId string

var toFunction = {
  endpointType: 'AzureFunction'
  properties: { resourceId: '${appId}/functions/on_job_event', maxEventsPerBatch: 1, preferredBatchSizeInKilobytes: 64 }
}
var toQueue = {
  identity: { type: 'SystemAssigned' }
  destination: {
    endpointType: 'StorageQueue'
    properties: { resourceId: ledgerId, queueName: 'registrar-work', queueMessageTimeToLiveInSeconds: 604800 }
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource completed 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'registrar-completed-${token}'
  properties: {
    destination: delivery == 'function' ? toFunction : null
    deliveryWithResourceIdentity: delivery == 'queue' ? toQueue : null
    eventDeliverySchema: 'EventGridSchema'
    filter: { includedEventTypes: ['Microsoft.MachineLearningServices.RunCompleted'] }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: ledgerId, blobContainerName: 'registrar-dead-letters' }
      }
    }
  }
}

resource statusChanged 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'registrar-status-${token}'
  properties: {
    destination: delivery == 'function' ? toFunction : null
    deliveryWithResourceIdentity: delivery == 'queue' ? toQueue : null
    eventDeliverySchema: 'EventGridSchema'
    filter: {
      includedEventTypes: ['Microsoft.MachineLearningServices.RunStatusChanged']
      advancedFilters: [{ operatorType: 'StringIn', key: 'data.runStatus', values: ['Completed'] }]
    }
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: ledgerId, blobContainerName: 'registrar-dead-letters' }
      }
    }
  }
  dependsOn: [completed]
}
