// The roles that Azure does not have: what the app does in the workspace and in a shared registry, and writing blobs without deleting any.

@description('Tells the roles of this installation from those of another: names of roles are unique in a tenant.')
param suffix string

@description('Resource groups in which the roles can be given, this one among them.')
param assignableScopes string[]

resource workspaceRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, suffix, 'workspace')
  properties: {
    roleName: 'Registrar workspace ${suffix}'
    description: 'Reads jobs, metrics, datastores and endpoints of a workspace, and writes model versions.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [
      {
        actions: [
          'Microsoft.MachineLearningServices/workspaces/read'
          'Microsoft.MachineLearningServices/workspaces/batchEndpoints/read'
          'Microsoft.MachineLearningServices/workspaces/batchEndpoints/deployments/read'
          'Microsoft.MachineLearningServices/workspaces/data/versions/read'
          'Microsoft.MachineLearningServices/workspaces/datastores/read'
          'Microsoft.MachineLearningServices/workspaces/experiments/runs/read'
          'Microsoft.MachineLearningServices/workspaces/jobs/read'
          'Microsoft.MachineLearningServices/workspaces/models/read'
          'Microsoft.MachineLearningServices/workspaces/models/versions/read'
          'Microsoft.MachineLearningServices/workspaces/models/versions/write'
          'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/read'
          'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments/read'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource sharedRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, suffix, 'shared')
  properties: {
    roleName: 'Registrar shared registry ${suffix}'
    description: 'Finds a registry, and reads and writes the assets in it.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [
      {
        actions: [
          'Microsoft.MachineLearningServices/registries/read'
          'Microsoft.MachineLearningServices/registries/assets/read'
          'Microsoft.MachineLearningServices/registries/assets/write'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource writerRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, suffix, 'writer')
  properties: {
    roleName: 'Registrar blob writer ${suffix}'
    description: 'Adds and overwrites blobs. Reads none and deletes none.'
    type: 'CustomRole'
    assignableScopes: assignableScopes
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
        ]
        notDataActions: []
      }
    ]
  }
}

output workspaceRole string = workspaceRole.name
output sharedRole string = sharedRole.name
output writerRole string = writerRole.name
