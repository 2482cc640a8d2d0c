"""The doctor: whether an installation can do its work, found out by trying each thing it does without doing it.

    settings -> identity -> policies -> everything else, side by side -> clock

Each `Check` says what was seen and what to do next. A right is tried by a request that needs it and cannot have an
effect: a write under a condition that never holds, a message that is no message, a model version with a member that
does not exist. What comes back tells whether the request was let in: `probe` has the table.

Nothing here talks to Azure: `wire` is what requests and answers look like, `registration.azure.wire` sends them.
"""
