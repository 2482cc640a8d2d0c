// Every role assignment, each on as little as it needs. registration/access.py says the same for the doctor and the docs.
// The template deploys this file once into each resource group that holds something to be given; what is left empty is not given.

import { person } from 'places.bicep'

@description('Principal id of the app\'s identity.')
param app string

@description('Name of the custom role for the workspace, a GUID.')
param workspaceRole string = ''

@description('Name of the custom role for a shared registry, a GUID.')
param sharedRole string = ''

@description('Name of the custom role that writes blobs, a GUID.')
param writerRole string = ''

param host string = ''
param ledger string = ''
param insights string = ''
param outcomes string = ''
param workspace string = ''
param sharedWith string = ''

@description('Storage account with containers that jobs write outputs to.')
param outputs string = ''
param outputContainers string[] = []

@description('Container of the default datastore, which drops are copied to.')
param copies string = ''

@description('Storage account that models are dropped in.')
param drops string = ''
param dropContainers string[] = []

@description('Principal ids of the identities of the system topics.')
param jobTopic string = ''
param outputTopic string = ''
param dropTopics string[] = []

@description('Whether the system topics put events on the work queue.')
param sendsToQueue bool = false

param deployers person[] = []
param operators person[] = []

var blobOwner = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b')
var blobContributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
var blobReader = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')
var queueContributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '974c5e8b-45b9-4653-ba55-5f855dd0fb88')
var queueSender = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a')
var tableContributor = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3')
var metricsPublisher = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '3913510d-42f4-4e42-8a64-420c390055eb')
var eventSender = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'd5a91429-5739-47e2-a06b-3470a27159e7')
var registryWriter = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', workspaceRole)
var registrySharer = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', sharedRole)
var blobWriter = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', writerRole)

// Drops and outputs may lie in one account, which has one topic.
var topics = union(filter(concat([jobTopic, outputTopic], dropTopics), topic => !empty(topic)), [])
// The form that the portal's editor shows: the two actions of the writer are allowed where the path fits.
var writing = '!(ActionMatches{\'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write\'}) AND !(ActionMatches{\'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action\'})'
var path = '@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path]'
var receiptsOnly = '((${writing}) OR (${path} StringLike \'*.receipt.json\'))'
var copiesOnly = '((${writing}) OR (${path} StringLike \'registrar/*\'))'

resource hostAccount 'Microsoft.Storage/storageAccounts@2025-01-01' existing = if (!empty(host)) {
  name: host
}

resource hostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(host)) {
  name: guid(hostAccount.id, app, blobOwner)
  scope: hostAccount
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: blobOwner
    description: 'The Functions host keeps its locks and the package of the app here.'
  }
}

resource hostQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(host)) {
  name: guid(hostAccount.id, app, queueContributor)
  scope: hostAccount
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: queueContributor
    description: 'The Functions host makes queues of its own here.'
  }
}

resource hostTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(host)) {
  name: guid(hostAccount.id, app, tableContributor)
  scope: hostAccount
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: tableContributor
    description: 'The Functions host keeps diagnostic events here.'
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = if (!empty(insights)) {
  name: insights
}

resource telemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(insights)) {
  name: guid(component.id, app, metricsPublisher)
  scope: component
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: metricsPublisher
    description: 'Traces, metrics and logs are sent with the identity of the app.'
  }
}

var ledgerShelves = empty(ledger) ? [] : ['registrar-state', 'registrar-decisions', 'registrar-quarantine']

resource shelves 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = [
  for shelf in ledgerShelves: { name: '${ledger}/default/${shelf}' }
]

resource ledgerReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (shelf, i) in ledgerShelves: {
    name: guid(shelves[i].id, app, blobReader)
    scope: shelves[i]
    properties: {
      principalId: app
      principalType: 'ServicePrincipal'
      roleDefinitionId: blobReader
      description: 'The ledger is read and listed.'
    }
  }
]

resource ledgerWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (shelf, i) in ledgerShelves: {
    name: guid(shelves[i].id, app, blobWriter)
    scope: shelves[i]
    properties: {
      principalId: app
      principalType: 'ServicePrincipal'
      roleDefinitionId: blobWriter
      description: 'The ledger is written; nothing in it is ever deleted.'
    }
  }
]

resource policyContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = if (!empty(ledger)) {
  name: '${ledger}/default/registrar-policies'
}

resource policyReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(ledger)) {
  name: guid(policyContainer.id, app, blobReader)
  scope: policyContainer
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: blobReader
    description: 'Published policies are read for each event.'
  }
}

resource policyWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for deployer in (empty(ledger) ? [] : deployers): {
    name: guid(policyContainer.id, deployer.id, blobContributor)
    scope: policyContainer
    properties: {
      principalId: deployer.id
      principalType: deployer.type
      roleDefinitionId: blobContributor
      description: 'Deployers alone publish and remove policies.'
    }
  }
]

resource workQueue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = if (!empty(ledger)) {
  name: '${ledger}/default/registrar-work'
}

resource poisonQueue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = if (!empty(ledger)) {
  name: '${ledger}/default/registrar-work-poison'
}

resource work 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(ledger)) {
  name: guid(workQueue.id, app, queueContributor)
  scope: workQueue
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: queueContributor
    description: 'Events are put on the work queue and taken off it.'
  }
}

resource poison 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(ledger)) {
  name: guid(poisonQueue.id, app, queueContributor)
  scope: poisonQueue
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: queueContributor
    description: 'The host puts messages here that every delivery failed on, and the app takes them off.'
  }
}

resource topicQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for topic in (sendsToQueue && !empty(ledger) ? topics : []): {
    name: guid(workQueue.id, topic, queueSender)
    scope: workQueue
    properties: {
      principalId: topic
      principalType: 'ServicePrincipal'
      roleDefinitionId: queueSender
      description: 'Event Grid puts events on the work queue, where they are delivered so.'
    }
  }
]

resource deadLetterContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = if (!empty(ledger)) {
  name: '${ledger}/default/registrar-dead-letters'
}

resource deadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for topic in (empty(ledger) ? [] : topics): {
    name: guid(deadLetterContainer.id, topic, blobContributor)
    scope: deadLetterContainer
    properties: {
      principalId: topic
      principalType: 'ServicePrincipal'
      roleDefinitionId: blobContributor
      description: 'Event Grid keeps what it could not deliver.'
    }
  }
]

resource customTopic 'Microsoft.EventGrid/topics@2025-02-15' existing = if (!empty(outcomes)) {
  name: outcomes
}

resource outcomeEvents 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(outcomes)) {
  name: guid(customTopic.id, app, eventSender)
  scope: customTopic
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: eventSender
    description: 'Outcome events are sent.'
  }
}

resource mlWorkspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = if (!empty(workspace)) {
  name: workspace
}

resource registry 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(workspace)) {
  name: guid(mlWorkspace.id, app, registryWriter)
  scope: mlWorkspace
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: registryWriter
    description: 'Jobs, metrics and datastores are read, and model versions written.'
  }
}

resource sharedRegistry 'Microsoft.MachineLearningServices/registries@2025-06-01' existing = if (!empty(sharedWith)) {
  name: sharedWith
}

resource shared 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(sharedWith)) {
  name: guid(sharedRegistry.id, app, registrySharer)
  scope: sharedRegistry
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: registrySharer
    description: 'Promoted versions are shared, where a policy says so.'
  }
}

resource outputPlaces 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = [
  for container in outputContainers: { name: '${outputs}/default/${container}' }
]

resource outputReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (container, i) in outputContainers: {
    name: guid(outputPlaces[i].id, app, blobReader)
    scope: outputPlaces[i]
    properties: {
      principalId: app
      principalType: 'ServicePrincipal'
      roleDefinitionId: blobReader
      description: 'What jobs wrote is read and validated.'
    }
  }
]

resource copyContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = if (!empty(copies)) {
  name: '${outputs}/default/${copies}'
}

resource copyWrites 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(copies)) {
  name: guid(copyContainer.id, app, blobWriter)
  scope: copyContainer
  properties: {
    principalId: app
    principalType: 'ServicePrincipal'
    roleDefinitionId: blobWriter
    condition: copiesOnly
    conditionVersion: '2.0'
    description: 'Drops are copied to registrar/ in the default datastore, and to no other place in it.'
  }
}

resource dropPlaces 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = [
  for container in dropContainers: { name: '${drops}/default/${container}' }
]

resource dropReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (container, i) in dropContainers: {
    name: guid(dropPlaces[i].id, app, blobReader)
    scope: dropPlaces[i]
    properties: {
      principalId: app
      principalType: 'ServicePrincipal'
      roleDefinitionId: blobReader
      description: 'What was dropped is listed, read and copied.'
    }
  }
]

resource receipts 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (container, i) in dropContainers: {
    name: guid(dropPlaces[i].id, app, blobWriter)
    scope: dropPlaces[i]
    properties: {
      principalId: app
      principalType: 'ServicePrincipal'
      roleDefinitionId: blobWriter
      condition: receiptsOnly
      conditionVersion: '2.0'
      description: 'A receipt is written beside the drop, and nothing else.'
    }
  }
]

resource ledgerAccount 'Microsoft.Storage/storageAccounts@2025-01-01' existing = if (!empty(ledger)) {
  name: ledger
}

resource operatorReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for operator in (empty(ledger) ? [] : operators): {
    name: guid(ledgerAccount.id, operator.id, blobReader)
    scope: ledgerAccount
    properties: {
      principalId: operator.id
      principalType: operator.type
      roleDefinitionId: blobReader
      description: 'Operators read records, quarantine, policies and dead letters.'
    }
  }
]

resource operatorRequests 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for operator in (empty(ledger) ? [] : operators): {
    name: guid(workQueue.id, operator.id, queueSender)
    scope: workQueue
    properties: {
      principalId: operator.id
      principalType: operator.type
      roleDefinitionId: queueSender
      description: 'Operators answer, replay and pause through the work queue.'
    }
  }
]
