# Few words. What they make lies in .venv, .assay, web/node_modules, src/assay/faces/page and src/assay/wire, and `make clean` removes it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PORT ?= 8080
PYTHON ?= python3
DB ?=
export ASSAY_HOME ?= $(CURDIR)/.assay

BIN := .venv/bin
PAGE := src/assay/faces/page/index.html
PAGE_SOURCES := $(shell find web sdk/typescript -name node_modules -prune -o -type f -print 2>/dev/null)
CONTRACTS := hatch_build.py $(wildcard proto/*.proto)
SHOP := "$(ASSAY_HOME)/shop"

.PHONY: help up demo init seed scan test check drift bench schema clean system system-test

help: ## Say what the words do
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: system .venv/run $(PAGE) ## Install what is missing, start the demo shop and Assay on it (PORT=8080)
	@exec $(BIN)/assay up --demo --port $(PORT)

demo: up ## The same as up

init: system .venv/run $(PAGE) ## Install what is missing, and bring Assay's own database up to date
	@$(BIN)/assay migrate

seed: system .venv/run ## Fill the demo shop, run its workload once, and stop it
	@$(BIN)/python -m assay_lab seed $(SHOP)

scan: system .venv/run ## Scan a database (DB=postgresql://...), or the demo shop
	@if [ -n "$(DB)" ]; then exec $(BIN)/assay scan "$(DB)"; fi; \
	exec $(BIN)/python -m assay_lab during $(SHOP) $(BIN)/assay scan {dsn}

test: system-test .venv/dev $(PAGE) ## Install what tests need, and run them all, with coverage
	npm --prefix web test
	$(BIN)/python -m pytest --cov

check: .venv/dev web/node_modules/.package-lock.json ## Style, types, floors, and that generated files are up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	npm --prefix web run lint
	npm --prefix web run types
	$(MAKE) --no-print-directory drift

drift: .venv/dev web/node_modules/.package-lock.json
	@before="$$(mktemp -d)"; trap 'rm -rf "$$before"' EXIT; cp -a schema sdk docs "$$before"; \
	$(MAKE) --no-print-directory schema; \
	for made in schema sdk docs; do diff -r --exclude node_modules "$$before/$$made" "$$made" || { \
		echo "Generated files were not up to date: make schema has just written them." >&2; exit 1; }; done

bench: system .venv/bench ## Run every benchmark: one line of JSON each (3: what it needs is not here)
	@failed=0; for each in benchmarks/[a-z]*.py; do \
		status=0; $(BIN)/python "$$each" || status=$$?; \
		case $$status in 0|3) ;; *) echo "$$each: exit $$status" >&2; failed=1;; esac; \
	done; exit $$failed

schema: .venv/run web/node_modules/.package-lock.json ## Write schema/, sdk/ and the reference in docs/ anew from the catalogue
	$(BIN)/assay schema schema
	$(BIN)/python docs/generate.py
	npm --prefix web run generate

clean: ## Remove everything that these words have made
	@if [ -e $(SHOP)/lock ] && ! flock --nonblock $(SHOP)/lock true; then \
		echo "The demo of this checkout is running: stop it first (Ctrl-C where it runs)." >&2; exit 1; fi
	rm -rf .venv .assay web/node_modules sdk/typescript/node_modules src/assay/faces/page src/assay/wire/*_pb2.py*
	rm -rf .coverage .coverage.* htmlcov .hypothesis .pytest_cache .ruff_cache .import_linter_cache
	find benchmarks lab src tests -name __pycache__ -type d -prune -exec rm -rf {} +

system:
	@PYTHON=$(PYTHON) deploy/install.sh

system-test:
	@PYTHON=$(PYTHON) deploy/install.sh tests

.venv/bin/pip:
	$(PYTHON) -m venv .venv

.venv/run: .venv/bin/pip pyproject.toml lab/pyproject.toml $(CONTRACTS)
	$(BIN)/pip install --quiet --disable-pip-version-check -e . -e lab
	@touch $@

.venv/dev: .venv/bin/pip pyproject.toml lab/pyproject.toml $(CONTRACTS)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]' -e lab
	@touch $@ .venv/run

.venv/bench: .venv/dev
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev,bench]' -e lab
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json
	npm --prefix web ci --no-audit --no-fund
	@touch $@

$(PAGE): web/node_modules/.package-lock.json $(PAGE_SOURCES)
	npm --prefix web run build
	@touch $@
