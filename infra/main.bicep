// Everything Registrar needs in Azure but the event subscriptions, which events.bicep adds once the code is there.
// The workspace and the drop accounts exist already and may lie in other resource groups.
targetScope = 'subscription'

import { dropAccount, heardAccount, outputContainer, person } from 'modules/places.bicep'

@description('Name of this installation; what is made here is named after it.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region of what is made here. Choose the one of the workspace.')
param location string

@description('Resource group for what is made here, and for nothing else: azd down deletes it. It is created if it is not there.')
param resourceGroupName string = 'rg-${environmentName}'

@description('Resource id of the Azure ML workspace whose jobs are heard.')
param workspaceId string

@description('Resource id of the storage account that the workspace was created with.')
param workspaceStorageId string

@description('Resource id of the system topic that the workspace has already; empty if it has none. A source has one at most.')
param workspaceTopic string = ''

@description('Hear of job outputs as blobs too, for jobs whose own events are not raised.')
param hearOutputs bool = false

@description('Resource id of the system topic that the storage account of the workspace has already; empty if it has none.')
param outputsTopic string = ''

@description('Storage accounts in which other teams drop models.')
param dropAccounts dropAccount[] = []

@description('Containers of further datastores that jobs write their outputs to.')
param outputContainers outputContainer[] = []

@description('Resource ids of Azure ML registries that policies share promoted versions to.')
param sharedRegistries string[] = []

@description('How events reach the app: function calls it, queue puts them on its queue. A private network has to use the queue.')
@allowed(['function', 'queue'])
param eventDelivery string = 'function'

@description('Where the policies are: blob for the policy container made here, or a folder of the app.')
param policies string = 'blob'

@description('Make a topic that outcome events are sent to.')
param outcomeTopic bool = false

@description('Whether the app acts, or decides and records only.')
@allowed(['act', 'observe'])
param mode string = 'act'

@description('Stage that the champion has in the registry.')
param championStage string = 'Production'

@description('Formats of portable evidence to keep beside each decision, comma separated: intoto, svr, openlineage, cyclonedx.')
param evidence string = ''

@description('How often a message is tried before it is kept in quarantine.')
@minValue(1)
@maxValue(100)
param attempts int = 20

@description('Seconds between the first failed attempt and the second.')
@minValue(0)
@maxValue(3600)
param firstPauseSeconds int = 15

@description('Most instances that the app scales out to. Flex Consumption takes 40 at least.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Memory of one instance in MB.')
@allowed([2048, 4096])
param instanceMemory int = 2048

@description('Days for which no decision can be changed or deleted by anyone; 0 for no such policy. It can be shortened until somebody locks it.')
@minValue(0)
@maxValue(146000)
param decisionsImmutableDays int = 0

@description('How the ledger is replicated. Not every region has zones.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param ledgerRedundancy string = 'Standard_ZRS'

@description('Days that deleted or overwritten blobs can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 30

@description('Private endpoints for the storage accounts made here, and an app inside a virtual network.')
param privateNetwork bool = false

@description('Address space of the virtual network, at least a /26.')
param addressPrefix string = '10.90.0.0/26'

@description('Who publishes policies. Nobody else may write to the policy container.')
param deployers person[] = []

@description('Who answers held candidates, replays and reads the records.')
param operators person[] = []

@description('Tags of everything that is made here, besides that of azd. Others are taken off when it is deployed again.')
param resourceTags object = {}

@description('Where alerts are mailed to; empty for alerts that only show in the portal.')
param alertEmail string = ''

@description('Hours after which it is an alert that jobs completed and nothing was worked on.')
@allowed([1, 2, 3, 6, 24])
param quietHours int = 6

var token = toLower(uniqueString(subscription().id, resourceGroupName, environmentName))
var tags = union(resourceTags, { 'azd-env-name': environmentName })
var workspace = split(workspaceId, '/')
var workspaceStorage = split(workspaceStorageId, '/')
// A system topic may lie in another resource group than its source; a new one is made beside it.
var jobTopicPlace = split(empty(workspaceTopic) ? workspaceId : workspaceTopic, '/')
var outputTopicPlace = split(empty(outputsTopic) ? workspaceStorageId : outputsTopic, '/')
var dropTopicPlaces = [for account in dropAccounts: split(empty(account.?systemTopic) ? account.id : account.?systemTopic ?? '', '/')]
var delivery = privateNetwork ? 'queue' : eventDelivery
var heardAccounts = union(map(dropAccounts, account => account.id), hearOutputs ? [workspaceStorageId] : [])
var touched = concat(
  [group.id, workspaceId, workspaceStorageId],
  map(dropAccounts, account => account.id),
  map(outputContainers, place => place.account),
  sharedRegistries
)
var touchedGroups = union(map(touched, id => toLower(join(take(split(id, '/'), 5), '/'))), [])

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: resourceGroupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: { name: 'id-registrar-${token}', location: location, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: { suffix: token, location: location, tags: tags }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: { suffix: token, location: location, tags: tags, addressPrefix: addressPrefix }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    hostName: 'sthost${token}'
    ledgerName: 'stledger${token}'
    location: location
    tags: tags
    isPrivate: privateNetwork
    ledgerRedundancy: ledgerRedundancy
    softDeleteDays: softDeleteDays
    decisionsImmutableDays: decisionsImmutableDays
  }
}

module endpoints 'modules/endpoints.bicep' = if (privateNetwork) {
  name: 'endpoints'
  scope: group
  params: {
    location: location
    tags: tags
    subnetId: network.?outputs.endpointSubnetId ?? ''
    zones: network.?outputs.zones ?? []
    hostName: storage.outputs.hostName
    ledgerName: storage.outputs.ledgerName
  }
}

module outcomes 'modules/outcomes.bicep' = if (outcomeTopic) {
  name: 'outcomes'
  scope: group
  params: { name: 'evgt-registrar-${token}', location: location, tags: tags }
}

module workspaceAccess 'modules/workspace.bicep' = {
  name: 'registrar-workspace-${token}'
  scope: resourceGroup(workspace[2], workspace[4])
  params: { name: workspace[8] }
}

module jobTopic 'modules/topic.bicep' = {
  name: 'registrar-job-topic-${token}'
  scope: resourceGroup(jobTopicPlace[2], jobTopicPlace[4])
  params: {
    existingName: empty(workspaceTopic) ? '' : last(jobTopicPlace)
    newName: 'evgs-registrar-${uniqueString(toLower(workspaceId), token)}'
    source: workspaceId
    location: workspaceAccess.outputs.location
    topicType: 'Microsoft.MachineLearningServices.Workspaces'
    tags: tags
    logsId: monitoring.outputs.logsId
  }
}

module outputTopic 'modules/topic.bicep' = if (hearOutputs) {
  name: 'registrar-output-topic-${token}'
  scope: resourceGroup(outputTopicPlace[2], outputTopicPlace[4])
  params: {
    existingName: empty(outputsTopic) ? '' : last(outputTopicPlace)
    newName: 'evgs-registrar-${uniqueString(toLower(workspaceStorageId), token)}'
    source: workspaceStorageId
    location: accountOfOutputs.?outputs.location ?? location
    topicType: 'Microsoft.Storage.StorageAccounts'
    tags: tags
    logsId: monitoring.outputs.logsId
  }
  // Drops may lie in the account of the workspace: then this is the same topic, and it takes one change at a time.
  dependsOn: [dropTopics]
}

module accountOfOutputs 'modules/account.bicep' = if (hearOutputs) {
  name: 'registrar-outputs-${token}'
  scope: resourceGroup(workspaceStorage[2], workspaceStorage[4])
  params: { name: workspaceStorage[8] }
}

module accountsOfDrops 'modules/account.bicep' = [
  for account in dropAccounts: {
    name: 'registrar-drops-${uniqueString(account.id, token)}'
    scope: resourceGroup(split(account.id, '/')[2], split(account.id, '/')[4])
    params: { name: last(split(account.id, '/')) }
  }
]

module dropTopics 'modules/topic.bicep' = [
  for (account, i) in dropAccounts: {
    name: 'registrar-drop-topic-${uniqueString(account.id, token)}'
    scope: resourceGroup(dropTopicPlaces[i][2], dropTopicPlaces[i][4])
    params: {
      existingName: empty(account.?systemTopic) ? '' : last(dropTopicPlaces[i])
      newName: 'evgs-registrar-${uniqueString(toLower(account.id), token)}'
      source: account.id
      location: accountsOfDrops[i].outputs.location
      topicType: 'Microsoft.Storage.StorageAccounts'
      tags: tags
      logsId: monitoring.outputs.logsId
    }
  }
]

module definitions 'modules/definitions.bicep' = {
  name: 'definitions'
  scope: group
  params: { suffix: '${environmentName} ${token}', assignableScopes: touchedGroups }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    app: identity.outputs.principalId
    writerRole: definitions.outputs.writerRole
    host: storage.outputs.hostName
    ledger: storage.outputs.ledgerName
    insights: monitoring.outputs.insightsName
    outcomes: outcomes.?outputs.name ?? ''
    jobTopic: jobTopic.outputs.principalId
    outputTopic: outputTopic.?outputs.principalId ?? ''
    dropTopics: [for (account, i) in dropAccounts: dropTopics[i].outputs.principalId]
    sendsToQueue: delivery == 'queue'
    deployers: deployers
    operators: operators
  }
}

module rolesOnWorkspace 'modules/roles.bicep' = {
  name: 'registrar-roles-workspace-${token}'
  scope: resourceGroup(workspace[2], workspace[4])
  params: {
    app: identity.outputs.principalId
    workspace: workspace[8]
    workspaceRole: definitions.outputs.workspaceRole
  }
}

module rolesOnOutputs 'modules/roles.bicep' = {
  name: 'registrar-roles-outputs-${token}'
  scope: resourceGroup(workspaceStorage[2], workspaceStorage[4])
  params: {
    app: identity.outputs.principalId
    writerRole: definitions.outputs.writerRole
    outputs: workspaceStorage[8]
    copies: 'azureml-blobstore-${workspaceAccess.outputs.guid}'
    outputContainers: ['azureml-blobstore-${workspaceAccess.outputs.guid}', 'azureml']
  }
}

module rolesOnFurtherOutputs 'modules/roles.bicep' = [
  for place in outputContainers: {
    name: 'registrar-roles-further-${uniqueString(place.account, place.container, token)}'
    scope: resourceGroup(split(place.account, '/')[2], split(place.account, '/')[4])
    params: {
      app: identity.outputs.principalId
      outputs: last(split(place.account, '/'))
      outputContainers: [place.container]
    }
  }
]

module rolesOnRegistries 'modules/roles.bicep' = [
  for registry in sharedRegistries: {
    name: 'registrar-roles-registry-${uniqueString(registry, token)}'
    scope: resourceGroup(split(registry, '/')[2], split(registry, '/')[4])
    params: {
      app: identity.outputs.principalId
      sharedWith: last(split(registry, '/'))
      sharedRole: definitions.outputs.sharedRole
    }
  }
]

module rolesOnDrops 'modules/roles.bicep' = [
  for account in dropAccounts: {
    name: 'registrar-roles-drops-${uniqueString(account.id, token)}'
    scope: resourceGroup(split(account.id, '/')[2], split(account.id, '/')[4])
    params: {
      app: identity.outputs.principalId
      writerRole: definitions.outputs.writerRole
      drops: last(split(account.id, '/'))
      dropContainers: map(account.containers, container => container.name)
    }
  }
]

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-registrar-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    clientId: identity.outputs.clientId
    hostBlobs: storage.outputs.hostBlobs
    hostQueues: storage.outputs.hostQueues
    hostTables: storage.outputs.hostTables
    ledgerBlobs: storage.outputs.ledgerBlobs
    ledgerQueues: storage.outputs.ledgerQueues
    packageContainer: storage.outputs.packageContainer
    insightsName: monitoring.outputs.insightsName
    workspaceId: workspaceId
    dropAccountIds: heardAccounts
    policy: policies == 'blob' ? '${storage.outputs.ledgerBlobs}registrar-policies' : policies
    outcomeEndpoint: outcomes.?outputs.endpoint ?? ''
    mode: mode
    championStage: championStage
    evidence: evidence
    attempts: attempts
    firstPauseSeconds: firstPauseSeconds
    maximumInstances: maximumInstances
    instanceMemory: instanceMemory
    subnetId: network.?outputs.appSubnetId ?? ''
  }
  dependsOn: [roles, rolesOnWorkspace, rolesOnOutputs, rolesOnDrops, rolesOnFurtherOutputs, rolesOnRegistries, endpoints]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    suffix: token
    location: location
    tags: tags
    logsId: monitoring.outputs.logsId
    email: alertEmail
    quietHours: quietHours
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: { suffix: token, location: location, tags: tags, logsId: monitoring.outputs.logsId }
}

// azd keeps these as environment variables, where events.bicepparam and the hook after deploying find them.
output AZURE_RESOURCE_GROUP string = group.name
output REGISTRAR_APP_ID string = app.outputs.id
output REGISTRAR_LEDGER_ID string = storage.outputs.ledgerId
output REGISTRAR_DELIVERY string = delivery
output REGISTRAR_JOB_TOPIC string = jobTopic.outputs.id
output REGISTRAR_OUTPUT_TOPIC string = outputTopic.?outputs.id ?? ''
output REGISTRAR_HEARD_DROPS heardAccount[] = [
  for (account, i) in dropAccounts: { topic: dropTopics[i].outputs.id, containers: account.containers }
]
output REGISTRAR_BLOBSTORE string = 'azureml-blobstore-${workspaceAccess.outputs.guid}'
output REGISTRAR_TOKEN string = token

// Settings of the app, for the commands that people run: azd env get-values prints them.
output REGISTRAR_STORAGE__blobServiceUri string = storage.outputs.ledgerBlobs
output REGISTRAR_STORAGE__queueServiceUri string = storage.outputs.ledgerQueues
output REGISTRAR_DROP_ACCOUNTS string = join(heardAccounts, ',')
output REGISTRAR_POLICY string = policies == 'blob' ? '${storage.outputs.ledgerBlobs}registrar-policies' : policies
output REGISTRAR_OUTCOME_TOPIC string = outcomes.?outputs.endpoint ?? ''
