# Everything one does with this repository. `make` alone lists it.

PYTHON ?= python3# any of 3.11, 3.12 and 3.13
ARGS ?=# handed on: make up ARGS="--port 9000", make test ARGS="-k ledger"

SERVICES := $(patsubst services/%/pyproject.toml,%,$(wildcard services/*/pyproject.toml))
OURS := ./library $(SERVICES:%=./services/%) ./up
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# A stamp bears Python's version: another PYTHON makes the environment anew.
UP := .venv/python-$(VERSION)-up
DEV := .venv/python-$(VERSION)-dev

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help up test check isolated e2e chaos bench locks clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

up: $(UP) ## run everything on this machine: Valkey, the gateway and all services (ARGS=--help for options)
	@exec $(BIN)/afterwork up $(ARGS)

test: $(DEV) ## run the unit and integration tests (ARGS="tests/unit -k retry" goes to pytest)
	$(BIN)/pytest --numprocesses=2 --dist=loadfile $(ARGS)

check: $(DEV) ## lint, formatting, types, import rules, freshness of the locks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	requirements/compile.sh --check

isolated: $(DEV) ## install each service alone from its own lock and import it
	$(BIN)/python tests/isolated.py $(SERVICES)

e2e: $(DEV) ## test whole systems from the outside: real commands, real processes
	$(BIN)/pytest tests/e2e $(ARGS)

chaos: $(DEV) ## break everything at random while jobs run, and count what was lost (MINUTES=3, SEED=… repeats a run)
	$(BIN)/pytest tests/chaos $(ARGS)
	$(BIN)/python -m tests.chaos

bench: $(DEV) ## measure what is promised about speed, as ratios within one run (QUICK=1 for a shorter one)
	$(BIN)/python -m tests.bench

locks: | $(BIN)/uv ## compile requirements/*.txt from the pyproject.toml files (ARGS=--upgrade for newer versions)
	requirements/compile.sh $(ARGS)

clean: ## remove the environment and all caches (not the data in .afterwork/)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find library services tests up -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/uv:
	@$(MAKE) --no-print-directory $(DEV)

.venv/python-$(VERSION)-%: requirements/%.txt requirements/build.txt $(OURS:%=%/pyproject.toml) | .venv/python-$(VERSION)
	@echo "installing requirements/$*.txt into .venv"
	@$(PIP) --require-hashes --requirement requirements/build.txt
	@$(PIP) --require-hashes --requirement $<
	@$(PIP) --no-deps --no-build-isolation $(OURS:%=--editable %)
	@touch $@

.venv/python-$(VERSION):
	@case "$(VERSION)" in 3.11 | 3.12 | 3.13) ;; *) \
	  echo "Afterwork needs Python 3.11, 3.12 or 3.13, but $(PYTHON) is $(or $(VERSION),not there): try make PYTHON=python3.12" >&2; \
	  exit 1 ;; esac
	@$(PYTHON) -m venv --clear .venv
	@touch $@
