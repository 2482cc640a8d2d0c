"""Benchmarks: what the app costs and what it holds out, each measured in one run on one machine."""
