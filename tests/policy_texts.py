"""Policies as people write them: tests begin with one, and change a word or write on."""

from __future__ import annotations

# The model `m` out of the output `o` of any job; no rule is about it yet.
BARE = """\
apiVersion: registrar/v1
kind: PromotionPolicy
name: p
match: {any: [{job: {experiment: "*"}}]}
models:
  - name: m
    from: {output: o}
"""
ACCURATE = BARE + "    metrics: {accuracy: {min: 0.5}}\n"
