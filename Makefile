# Everything a newcomer runs. Needs Python 3.11+ and make; nothing else is assumed to be installed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo run test check format tour bench chaos soak screenshots lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Proxydesk needs Python 3.11 or newer; set PYTHON=/path/to/it" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps -e .
	@touch $@

install: $(STAMP) ## create .venv and install from the lock

demo: $(STAMP) ## the whole bot against a simulated Slack and a Byteful sandbox
	@$(BIN)/python -m playground demo

test: $(STAMP) ## every test
	$(BIN)/python -m pytest -n 3 --dist loadfile

check: $(STAMP) ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(STAMP) ## rewrite the code in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

tour: $(STAMP) ## the scripted journey through the running system, as a transcript
	@$(BIN)/python -m playground tour

bench: $(STAMP) ## benchmarks, each as a ratio within one run
	$(BIN)/python -m bench

chaos: $(STAMP) ## the bot killed at every point of a purchase, against every misbehaviour of the provider (CELLS="in flight")
	@$(BIN)/python -m playground.crash_matrix $(CELLS)

soak: $(STAMP) ## random people and trouble against two replicas (MINUTES=3, SEED=…), then the invariants
	@$(BIN)/python -m playground.soak

screenshots: $(STAMP) ## the two pictures of the README, taken in headless Chromium
	@$(BIN)/python -m tests.page.screenshots docs/pictures

lock: ## resolve the dependencies again (needs uv)
	uv lock --upgrade
	uv export --quiet --no-emit-project --all-groups --no-annotate --no-header -o requirements.lock
	uv export --quiet --no-emit-project --no-default-groups --no-annotate --no-header -o requirements-runtime.lock

clean: ## remove the environment and all local data
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .hypothesis
