// The system topic of one source: the one that is there, or a new one. Its identity delivers to the queue and keeps dead letters.

@description('Empty if the source has none. One that is given needs a system-assigned identity.')
param existingName string
param newName string
param source string
param location string
param topicType string
param tags object
param logsId string

resource made 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (empty(existingName)) {
  name: newName
  location: location
  tags: tags
  // Only a system-assigned identity passes a storage firewall as a trusted service.
  identity: { type: 'SystemAssigned' }
  properties: { source: source, topicType: topicType }
}

// How many events matched, so that an alert can compare them with what was worked on.
resource metrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'registrar-${uniqueString(logsId)}'
  scope: topic
  properties: {
    workspaceId: logsId
    logs: [{ category: 'DeliveryFailures', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
  dependsOn: [made]
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: empty(existingName) ? newName : existingName
}

output id string = topic.id
output principalId string = empty(existingName) ? made.?identity.principalId ?? '' : topic.?identity.principalId ?? ''
