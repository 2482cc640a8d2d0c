"""The contract: what the code relies on of Azure and nobody has seen, settled on a scratch model and scratch blobs.

Each `Clause` is one row of docs/verified.md. It asks the real service once and says whether that does what is relied
on. `run` goes through all of them and clears away what it made, as far as it may. It writes: to a model and to blobs
that are named after this run, and to nothing else.
"""
