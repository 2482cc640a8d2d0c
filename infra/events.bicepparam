// What azd kept of main.bicep's outputs, and what main.bicepparam reads too.
using 'events.bicep'

param hearOutputs = bool(readEnvironmentVariable('REGISTRAR_HEAR_OUTPUTS', 'false'))
param dropAccounts = json(readEnvironmentVariable('REGISTRAR_DROPS', '[]'))
param appId = readEnvironmentVariable('REGISTRAR_APP_ID')
param ledgerId = readEnvironmentVariable('REGISTRAR_LEDGER_ID')
param delivery = readEnvironmentVariable('REGISTRAR_DELIVERY')
param jobTopic = readEnvironmentVariable('REGISTRAR_JOB_TOPIC')
param outputTopic = readEnvironmentVariable('REGISTRAR_OUTPUT_TOPIC', '')
param dropTopics = json(readEnvironmentVariable('REGISTRAR_DROP_TOPICS', '[]'))
param blobstore = readEnvironmentVariable('REGISTRAR_BLOBSTORE')
param token = readEnvironmentVariable('REGISTRAR_TOKEN')
