// What somebody has to know of without looking. The log lines are those of the code; make check-infra compares them.

param suffix string
param location string
param tags object
param logsId string
param email string
param quietHours int

// Metrics and log lines are there some minutes after what they tell of, so each look goes back further than the last one.
var watched = [
  {
    name: 'lost'
    severity: 1
    window: 'PT1H'
    text: 'Event Grid gave an event up. Dead letters come back with: registrar replay --dead-letters. What was dropped is found by the sweep.'
    query: 'AzureMetrics | where ResourceProvider == \'MICROSOFT.EVENTGRID\' and MetricName in (\'DeadLetteredCount\', \'DroppedEventCount\') and Total > 0'
  }
  {
    name: 'poison'
    severity: 1
    window: 'PT30M'
    text: 'A message failed at every delivery and is in quarantine now. Look at the log of register_candidate.'
    query: 'AppRequests | where Name == \'quarantine_candidate\''
  }
  {
    name: 'quarantined'
    severity: 2
    window: 'PT30M'
    text: 'An event was given up and is in quarantine, with the reason. Mend that, then: registrar replay.'
    query: 'AppTraces | where Message startswith \'counted quarantined\''
  }
  {
    name: 'policy-broken'
    severity: 1
    window: 'PT30M'
    text: 'A published policy cannot be used, so every candidate waits. Correct it, then: registrar policy publish.'
    query: 'AppTraces | where Message startswith \'a policy in force is broken\''
  }
  {
    name: 'champion-changed'
    severity: 1
    window: 'PT1H'
    text: 'The files of a champion are not those that were judged. Look at registrar pending; roll back.'
    query: 'AppTraces | where Message startswith \'counted champion_changed\''
  }
  {
    name: 'coverage'
    severity: 2
    window: 'PT1H'
    text: 'The sweep finds jobs or drops without a decision, again and again. Look into quarantine and at the queue.'
    query: 'AppTraces | where Message startswith \'swept: \' | parse Message with \'swept: \' decided:long \' of \' eligible:long \' eligible\' * | summarize sweeps = count(), below = countif(decided < eligible) | where sweeps > 2 and below == sweeps'
  }
  {
    name: 'no-sweep'
    severity: 2
    window: 'PT1H'
    text: 'No sweep ended within an hour. The app does not run, or the sweep fails; see the log of sweep_candidates.'
    query: 'AppTraces | where Message startswith \'swept: \' | summarize sweeps = count() | where sweeps == 0'
  }
  {
    name: 'failures'
    severity: 2
    window: 'PT30M'
    text: 'A function fails. The message is delivered again; see the exceptions.'
    query: 'AppRequests | where Success == false'
  }
  {
    name: 'quiet'
    severity: 1
    window: quietHours == 24 ? 'P1D' : 'PT${quietHours}H'
    text: 'Events matched a subscription half an hour ago or more, and nothing was settled since.'
    query: 'AzureMetrics | where ResourceProvider == \'MICROSOFT.EVENTGRID\' and MetricName == \'MatchedEventCount\' and TimeGenerated < ago(30m) | project heard = Total, settled = 0.0 | union (AppTraces | where Message startswith \'counted \' and not(Message startswith \'counted waiting\') and not(Message startswith \'counted champion_changed\') | project heard = 0.0, settled = 1.0) | summarize heard = sum(heard), settled = sum(settled) | where heard > 0 and settled == 0'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'ag-registrar-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'registrar'
    enabled: true
    emailReceivers: [{ name: 'mail', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource queries 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for one in watched: {
    name: 'registrar-${one.name}-${suffix}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'Registrar: ${one.name}'
      description: one.text
      severity: one.severity
      enabled: true
      scopes: [logsId]
      evaluationFrequency: 'PT15M'
      windowSize: one.window
      // A table that no line was ever written to is unknown to the query.
      skipQueryValidation: true
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: one.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: empty(email) ? [] : [people.id] }
    }
  }
]
