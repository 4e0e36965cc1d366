# `make run` starts the studio, `make test` checks everything. Both need only Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-full test-google check format clean

run: $(VENV)/.run
	@$(BIN)/python manage.py first_run
	@exec $(BIN)/python manage.py up

test: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" ./scripts/test

# What takes minutes, too: more kill points, and long clips in a browser on every back end.
test-full: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" ./scripts/test full

# Costs money: tells how much, and asks.
test-google: $(VENV)/.dev
	@$(BIN)/python -m tests.google

check: $(VENV)/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" ./scripts/check

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "veoweb needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt requirements-postgres.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt requirements-postgres.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
