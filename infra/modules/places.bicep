// What the parameters of main.bicep and events.bicep name: places in storage, and people.

@export()
@description('A storage account in which other teams drop models.')
type dropAccount = {
  @description('Resource id of the account.')
  id: string
  @description('Resource id of the system topic that the account has already. A source has one at most.')
  systemTopic: string?
  containers: dropContainer[]
}

@export()
type dropContainer = {
  name: string
  @description('Folders in the container that are heard; none means the whole container.')
  places: dropPlace[]?
}

@export()
type dropPlace = {
  @description('Folder in the container, without a slash at either end; empty for the whole container.')
  folder: string
  @description('How the blob ends whose arrival completes a drop; /model.manifest.json if it is left out.')
  suffix: string?
}

@export()
@description('A drop account with its system topic, as main.bicep tells events.bicep.')
type heardAccount = {
  @description('Resource id of the system topic.')
  topic: string
  containers: dropContainer[]
}

@export()
@description('A container that jobs write outputs to, behind a datastore that is not the default one.')
type outputContainer = {
  @description('Resource id of the storage account.')
  account: string
  container: string
}

@export()
@description('Somebody who is given a role: object id in Entra, and what it is.')
type person = {
  id: string
  type: ('User' | 'Group' | 'ServicePrincipal')
}
