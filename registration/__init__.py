"""Registrar: hands-off model registration for Azure Machine Learning.

The story of one event, and the file that tells each step:

    event        events.py        Event Grid or CloudEvents JSON becomes a `JobFinished` or a `BlobCreated`
    candidates   sources/         the policies say which models a job or a drop feeds; each is a `Candidate`
    inventory    artifacts/       one listing: every file with its size and ETag, and a fingerprint of them all
    claim        ledger.py        the same work is done once, whoever brings it and however often
    validation   artifacts/       every byte is hashed, the manifest's promises are held against it: findings
    evidence     policy/          findings, the candidate's metrics, and the champion's
    decision     policy/          a pure function: register, hold or reject, with every rule's verdict
    version      registry.py      found before it is created, read back, its files listed again
    head         ledger.py        one compare-and-swap appends the decision and moves the champion
    notices      notices.py       a receipt beside the drop, an outcome event

`registrar.py` tells it in one function. Everything Azure lies in `azure/`; `bootstrap.py` puts the parts together.
"""
