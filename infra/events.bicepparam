// What azd kept of main.bicep's outputs: what is subscribed to is what was provisioned, whatever was set since.
using 'events.bicep'

param appId = readEnvironmentVariable('REGISTRAR_APP_ID')
param ledgerId = readEnvironmentVariable('REGISTRAR_LEDGER_ID')
param delivery = readEnvironmentVariable('REGISTRAR_DELIVERY')
param jobTopic = readEnvironmentVariable('REGISTRAR_JOB_TOPIC')
param outputTopic = readEnvironmentVariable('REGISTRAR_OUTPUT_TOPIC', '')
param heardDrops = json(readEnvironmentVariable('REGISTRAR_HEARD_DROPS', '[]'))
param blobstore = readEnvironmentVariable('REGISTRAR_BLOBSTORE')
param token = readEnvironmentVariable('REGISTRAR_TOKEN')
