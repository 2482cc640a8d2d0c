// A workbook of what was decided, and of what waits.

param suffix string
param location string
param tags object
param logsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'registrar decisions', suffix)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Registrar decisions'
    category: 'workbook'
    sourceId: logsId
    serializedData: loadTextContent('../workbook.json')
  }
}
