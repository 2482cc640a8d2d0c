// Two accounts: one for the Functions host, which owns it, and one for the ledger, in which the app may delete nothing.

param hostName string
param ledgerName string
param location string
param tags object
param isPrivate bool
param ledgerRedundancy string
param softDeleteDays int
param decisionsImmutableDays int

var package = 'app-package'
var settings = {
  accessTier: 'Hot'
  allowBlobPublicAccess: false
  allowCrossTenantReplication: false
  allowSharedKeyAccess: false
  defaultToOAuthAuthentication: true
  minimumTlsVersion: 'TLS1_2'
  supportsHttpsTrafficOnly: true
  publicNetworkAccess: 'Enabled'
  // Event Grid writes dead letters and queue messages as a trusted service, so it passes a closed firewall.
  networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
}

resource host 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: hostName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: settings
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: host
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: hostBlobs
  name: package
  properties: { publicAccess: 'None' }
}

resource ledger 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: ledgerName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: ledgerRedundancy }
  properties: settings
}

resource ledgerBlobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: ledger
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: { enabled: true, days: softDeleteDays }
    containerDeleteRetentionPolicy: { enabled: true, days: softDeleteDays }
  }
}

resource state 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: ledgerBlobs
  name: 'registrar-state'
  properties: { publicAccess: 'None' }
}

resource decisions 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: ledgerBlobs
  name: 'registrar-decisions'
  properties: { publicAccess: 'None' }
}

// Decisions are written once, so they alone can be kept from everybody. State is written over and over.
resource immutability 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-01-01' = if (decisionsImmutableDays > 0) {
  parent: decisions
  name: 'default'
  properties: {
    immutabilityPeriodSinceCreationInDays: decisionsImmutableDays
    allowProtectedAppendWrites: false
  }
}

resource quarantine 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: ledgerBlobs
  name: 'registrar-quarantine'
  properties: { publicAccess: 'None' }
}

resource policies 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: ledgerBlobs
  name: 'registrar-policies'
  properties: { publicAccess: 'None' }
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: ledgerBlobs
  name: 'registrar-dead-letters'
  properties: { publicAccess: 'None' }
}

resource ledgerQueues 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: ledger
  name: 'default'
}

resource work 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = {
  parent: ledgerQueues
  name: 'registrar-work'
}

resource poison 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = {
  parent: ledgerQueues
  name: 'registrar-work-poison'
}

output hostName string = host.name
output hostBlobs string = host.properties.primaryEndpoints.blob
output hostQueues string = host.properties.primaryEndpoints.queue
output hostTables string = host.properties.primaryEndpoints.table
output packageContainer string = packages.name
output ledgerName string = ledger.name
output ledgerId string = ledger.id
output ledgerBlobs string = ledger.properties.primaryEndpoints.blob
output ledgerQueues string = ledger.properties.primaryEndpoints.queue
