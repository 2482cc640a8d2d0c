// What the workspace says of itself. Nothing of it is changed.

param name string

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = {
  name: name
}

output location string = workspace.location
output guid string = workspace.properties.workspaceId
