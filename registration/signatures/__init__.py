"""Signatures: who vouches for the files of an artifact, verified offline against what the policy trusts."""
