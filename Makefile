# The commands of LocalEx. `make demo` and `make test` need python3 (3.11 to 3.13) and make, nothing else.
PORT ?= 8000
DATA_DIR ?=
BIN := .venv/bin
BENCHES := pages trade start migrations places ledger ledger-size backup
export PYTHONDONTWRITEBYTECODE ?=

.DEFAULT_GOAL := help
.PHONY: help demo up test test-fast lint types e2e bench $(addprefix bench-,$(BENCHES)) screenshots lock clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo "  make bench-NAME     One benchmark: $(BENCHES)"

.venv/base.stamp: requirements/base.txt pyproject.toml scripts/setup_venv.sh
	@scripts/setup_venv.sh requirements/base.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt pyproject.toml scripts/setup_venv.sh
	@scripts/setup_venv.sh requirements/dev.txt
	@touch $@ .venv/base.stamp

demo: .venv/base.stamp ## Run LocalEx with a living demo town (PORT=8000 DATA_DIR=...)
	@exec $(BIN)/localex demo --port $(PORT) $(if $(DATA_DIR),--data-dir "$(DATA_DIR)")

up: .venv/base.stamp ## Run LocalEx without the demo town (PORT=8000 DATA_DIR=...)
	@exec $(BIN)/localex up --port $(PORT) $(if $(DATA_DIR),--data-dir "$(DATA_DIR)")

test: .venv/dev.stamp ## Run the tests that need no browser
	$(BIN)/pytest -n 2 --dist loadscope

test-fast: .venv/dev.stamp ## The quick ones, for while you work: no servers started, no town filled
	$(BIN)/pytest -n 2 --dist loadscope -q -m "not slow" --ignore=tests/embedded --ignore=tests/cli --ignore=tests/demo --ignore=tests/migrations --ignore=tests/security --ignore=tests/web/test_accessibility.py

lint: .venv/dev.stamp ## Check style, layers, file and function lengths, templates, migrations
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/lint.sh

types: .venv/dev.stamp ## Check types
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/types.sh

e2e: .venv/dev.stamp ## Drive the whole trade in Chromium, with accessibility checks
	@scripts/need_chromium.sh
	$(BIN)/pytest tests/e2e

bench: $(addprefix bench-,$(BENCHES)) ## Run every benchmark

$(addprefix bench-,$(BENCHES)): bench-%: .venv/dev.stamp
	$(BIN)/python benchmarks/$(subst -,_,$*).py

screenshots: .venv/dev.stamp ## Make the README's pictures from the demo town
	@scripts/need_chromium.sh
	$(BIN)/python scripts/screenshots.py

lock: ## Lock the dependencies again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group build -o requirements/base.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --group dev -o requirements/dev.txt

clean: ## Remove what was built here (no data directory)
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
