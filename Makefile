# Sổ Cái's tasks. `make` alone lists them; each does its own set-up.
.DEFAULT_GOAL := help
.PHONY: help system setup web demo test test-long lint format lock bench pictures clean
SHELL := /bin/bash
BIN := .venv/bin
# Extra words for pytest, for example: make test PYTEST="-k posting -x"
PYTEST ?=

help: ## list these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with everything locked (instant when nothing changed)
	@bash scripts/setup.sh

web: setup ## build the web client into the data server
	@bash scripts/web.sh build

demo: web ## run a cloud and two offices of a sample company on this machine
	@$(BIN)/socai demo

system:
	@bash scripts/system.sh

test: system setup ## every check and test of an ordinary run, at most 15 minutes on 2 cores
	@$(MAKE) --no-print-directory web lint
	@bash scripts/web.sh check
	TMPDIR="$$(bash scripts/scratch.sh)" $(BIN)/pytest $(PYTEST)

test-long: system web ## the tests that need more time than an ordinary run has
	TMPDIR="$$(bash scripts/scratch.sh)" $(BIN)/pytest -m long --timeout 3600 $(PYTEST)

lint: setup ## style, types and floors of the Python code, browser stories too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup ## put the code in the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@bash scripts/web.sh packages
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix web run --silent format

lock: setup ## choose newer packages: writes requirements.lock and web/package-lock.json
	@UV_SYSTEM_CERTS=true $(BIN)/uv lock --quiet --upgrade
	@$(BIN)/uv export --quiet --frozen --no-emit-project --no-header --format requirements-txt --output-file requirements.lock
	@cd web && PATH="$(CURDIR)/$(BIN):$$PATH" NODE_USE_SYSTEM_CA=1 npm update --package-lock-only --no-fund --no-audit

bench: setup ## measure saving, accepting, posting, feed, fairness, overload and reports on this machine
	@for name in save push post feed backlog fair overload report; do $(BIN)/socai bench $$name --json || exit 1; done

pictures: system web ## take the documents' pictures of the running product anew
	@PYTHONPATH=web $(BIN)/python -m e2e.pictures docs/images

clean: ## remove everything that can be made again
	rm -rf .venv web/node_modules src/socai/dataserver/web build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
