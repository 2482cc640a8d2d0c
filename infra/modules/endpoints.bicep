// Private endpoints of the two storage accounts that the template makes.

param location string
param tags object
param subnetId string

@description('Private DNS zones of blob, queue and table, in this order.')
param zones string[]
param hostName string
param ledgerName string

var wanted = [
  { account: hostName, service: 'blob', zone: zones[0] }
  { account: hostName, service: 'queue', zone: zones[1] }
  { account: hostName, service: 'table', zone: zones[2] }
  { account: ledgerName, service: 'blob', zone: zones[0] }
  { account: ledgerName, service: 'queue', zone: zones[1] }
]

// An account refuses a second endpoint while it takes a first: StorageAccountOperationInProgress.
@batchSize(1)
resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [
  for one in wanted: {
    name: 'pe-${one.account}-${one.service}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: one.service
          properties: {
            privateLinkServiceId: resourceId('Microsoft.Storage/storageAccounts', one.account)
            groupIds: [one.service]
          }
        }
      ]
    }
  }
]

@batchSize(1)
resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [
  for (one, i) in wanted: {
    parent: endpoints[i]
    name: 'default'
    properties: { privateDnsZoneConfigs: [{ name: one.service, properties: { privateDnsZoneId: one.zone } }] }
  }
]
