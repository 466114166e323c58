# What a person or CI asks of a checkout. Each target works on a fresh Debian or Ubuntu with python3 (3.11+), make and a network.
.DEFAULT_GOAL := help
.PHONY: help demo test test-long check bench pictures fmt lock contracts clean

ARGS ?=
PYTHON ?= python3
BIN := .venv/bin
HOUSE_TESTS := tests/test_tidy.py tests/test_import_hygiene.py
INSTALLED := .venv/.installed
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 - /p' Makefile

demo: $(INSTALLED) ## the sandbox: real nodes, the page and a small trading site; ARGS="--no-console --for 60"
	@.ci/system node
	@.ci/system anvil || echo "cashier: the demo goes on with the embedded EVM chain" >&2
	$(BIN)/cashier demo $(ARGS)

test: $(INSTALLED) ## every test that takes seconds; those of the house rules are in `make check`
	@.ci/system node anvil browser postgres ssh terminal
	$(BIN)/pytest -n 3 $(addprefix --ignore=,$(HOUSE_TESTS)) $(ARGS)

test-long: $(INSTALLED) ## every test that takes minutes
	@.ci/system node anvil browser postgres ssh terminal
	$(BIN)/pytest -n 2 -m long $(ARGS)

check: $(INSTALLED) ## lint, format, types, import contracts, house rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -q $(HOUSE_TESTS)

bench: $(INSTALLED) ## the benchmarks, which print ratios
	@.ci/system node anvil
	@set -e; for file in $$(grep -l __main__ bench/*.py); do $(BIN)/python -m bench.$$(basename $$file .py) $(ARGS); done

pictures: $(INSTALLED) ## the pictures of page and console and the guide's tables of keys, anew
	@.ci/system node anvil browser
	$(BIN)/python -m demo.pictures
	$(BIN)/python -m tests.console.pictures

fmt: $(INSTALLED) ## write the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(INSTALLED) ## refresh requirements.lock, on purpose
	$(BIN)/uv --no-config pip compile --upgrade --universal --python-version 3.11 --all-extras \
	  --generate-hashes --custom-compile-command "make lock" --quiet pyproject.toml -o requirements.lock

contracts: $(INSTALLED) ## compile the contracts of the tests anew
	@.ci/system solc
	$(BIN)/python -m tests.nodes.contracts.build .venv/npm/node_modules/solc/solc.js

clean: ## remove what make and the tools made; data in var/ stays
	rm -rf .venv build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@.ci/system python "$(PYTHON)"
	$(PYTHON) -m venv .venv

# setuptools comes first, so that a package without a wheel is built with the locked one and fetches no other.
# The lock is installed whole; the project itself then needs nothing more from the network.
$(INSTALLED): requirements.lock pyproject.toml | .venv/bin/python
	@$(BIN)/python -m ensurepip >/dev/null
	@sed -n '/^setuptools==/,/# via/p' requirements.lock > .venv/setuptools.lock
	$(PIP) --require-hashes -r .venv/setuptools.lock
	$(PIP) --require-hashes --use-pep517 --no-build-isolation -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@
