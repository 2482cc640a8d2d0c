// Where a storage account lies: its system topic has to lie in the same region. Nothing of it is changed.

param name string

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: name
}

output location string = account.location
