.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
READY := .venv/.ready
# A process for each core, four at most, because each has a sandbox of its own. Who is done takes over what another has left.
TEST := $(PYTHON) -m pytest -q --numprocesses logical --maxprocesses 4 --dist worksteal

help:            ## show this list
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY)  ## leave a ready .venv (and .venv/bin/registrar)

$(READY): requirements-dev.txt pyproject.toml package-lock.json tools/setup
	@tools/setup
	@touch $@

demo: $(READY)   ## the whole story on this machine, about half a minute
	@.venv/bin/registrar demo

test: $(READY)   ## every test, on every core
	@$(TEST)

check: $(READY)  ## everything CI runs: format, lint, types, import contracts, tests
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(TEST)

check-infra: $(READY)  ## the templates: they parse, keep every rule, and agree with the code
	@$(PYTHON) -m pytest -q tests/infra

fix: $(READY)    ## let ruff format and mend what it can
	@$(PYTHON) -m ruff format .
	@$(PYTHON) -m ruff check --fix .

bench: $(READY)  ## ratios measured in one run, and how decisions grow
	@$(PYTHON) bench/imports.py
	@$(PYTHON) -m bench.decide
	@$(PYTHON) -m bench.pickles

bench-read: $(READY)  ## what a verdict on a large model costs; ARGS=--full for the full sizes
	@$(PYTHON) -m bench.read $(ARGS)

bench-scan: $(READY)  ## what is found and what is held against benign models; ARGS=--all for every other scanner
	@$(PYTHON) -m bench.scan $(ARGS)

bench-damage: $(READY)  ## every benign model cut at each kilobyte and with bits turned, about a minute
	@$(PYTHON) -m bench.damage $(ARGS)

fuzz: $(READY)   ## atheris over each parser, a minute each; ARGS="--seconds 300 --only zip"
	@$(PYTHON) -m bench.fuzz $(ARGS)

load: $(READY)   ## a thousand mixed events through the sandbox
	@$(PYTHON) -m bench.load

crash-matrix: $(READY)  ## kill a worker at every step and look
	@$(PYTHON) tools/crash_matrix.py

lock:            ## pin requirements*.txt again from pyproject.toml
	@tools/lock

clean:           ## forget everything setup made
	@rm -rf .venv .uv .bench node_modules .sandbox .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info

.PHONY: help setup demo test check check-infra fix bench bench-read bench-scan bench-damage fuzz load crash-matrix lock clean
