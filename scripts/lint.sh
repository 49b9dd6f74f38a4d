#!/bin/sh
# Everything that reads the code without running it. Each step says its name, so that a failure is found at once.
set -eu
step() { printf '== %s\n' "$1"; }

step "ruff: style"
ruff check .
ruff format --check .
step "lengths: files of at most 400 lines, functions of at most 50"
python scripts/check_lengths.py
step "import-linter: the layers"
lint-imports
step "djlint: templates"
djlint --lint --quiet src/localex
step "squawk: the SQL of the migrations"
python scripts/check_migrations.py
