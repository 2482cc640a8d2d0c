// The event subscriptions on the system topic of one storage account, one for each place that is heard.

param topicName string
param token string

@allowed(['function', 'queue'])
param delivery string
param appId string
param ledgerId string

@description('A folder is empty or ends with a slash, so that its neighbour with a longer name is not heard.')
param heard { container: string, folder: string, suffix: string }[]

var toFunction = {
  endpointType: 'AzureFunction'
  properties: { resourceId: '${appId}/functions/on_drop_event', maxEventsPerBatch: 1, preferredBatchSizeInKilobytes: 64 }
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

@batchSize(1)
resource written 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = [
  for place in heard: {
    parent: topic
    name: 'registrar-${uniqueString(place.container, place.folder, place.suffix)}-${token}'
    properties: {
      destination: delivery == 'function' ? toFunction : null
      deliveryWithResourceIdentity: delivery == 'queue' ? toQueue : null
      eventDeliverySchema: 'EventGridSchema'
      filter: {
        includedEventTypes: ['Microsoft.Storage.BlobCreated']
        isSubjectCaseSensitive: true
        subjectBeginsWith: '/blobServices/default/containers/${place.container}/blobs/${place.folder}'
        subjectEndsWith: place.suffix
        // The operations after which the blob is whole. Others announce an empty one.
        advancedFilters: [
          {
            operatorType: 'StringIn'
            key: 'data.api'
            values: ['PutBlob', 'PutBlockList', 'CopyBlob', 'FlushWithClose', 'SftpCommit']
          }
        ]
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
  }
]
