# The house's commands. `make run` and `make test` are all that anyone needs.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SPEED ?=
NODES ?=
STATIC := src/tbms/monitor/static/index.html
MUTATE := $(BIN)/python tests/mutate.py
PROTECTIONS := "tests/architecture/test_documents.py::test_generated_document_is_current[docs/protections.md]"
SETTINGS := "tests/architecture/test_documents.py::test_generated_document_is_current[docs/settings.md]"
WEB := $(shell find web -type f -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help run test quick lint types web web-check wheel docs bench shots campaign services mutate coverage lock clean

help:
	@echo "make run [SPEED=60]  the whole system on a simulated boat, http://127.0.0.1:8480"
	@echo "make test            every check, as in CI; make quick: its part under 60 s"
	@echo "make bench           every measured figure; make shots: pictures of the pages; make docs: generated documents"

run: $(VENV)/base $(STATIC)
	@exec $(BIN)/tbms run $(if $(SPEED),--speed $(SPEED)) $(if $(NODES),--nodes $(NODES))

test: $(VENV)/dev $(STATIC)
	@$(MAKE) -s -j 2 --output-sync lint types web-check
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not realtime"
	$(BIN)/python -m pytest -q -m realtime

quick: $(VENV)/dev lint types
	$(BIN)/python -m pytest -n 2 -q -m "not slow and not browser and not realtime"

lint: $(VENV)/dev
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

types: $(VENV)/dev
	$(BIN)/mypy

web: $(STATIC)

web-check: $(STATIC)
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh -c 'cd web && npm run --silent check'

# What a memory stick needs for `tbms update`: the wheel, its sum, and what it stands on for a computer of this kind.
wheel: $(VENV)/base $(STATIC)
	rm -rf dist
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	cd dist && sha256sum tbms-*.whl > "$$(ls tbms-*.whl).sha256"
	$(BIN)/pip download --quiet --disable-pip-version-check --require-hashes --requirement requirements/base.txt --dest dist

docs: $(VENV)/base
	$(BIN)/tbms docs

bench: $(VENV)/base
	@status=0; for name in $$($(BIN)/tbms bench --list); do $(BIN)/tbms bench $$name || status=1; done; exit $$status

shots: $(VENV)/dev $(STATIC)
	$(BIN)/tbms shots

coverage: $(VENV)/dev
	$(BIN)/coverage run --branch --source=src/tbms/core,src/tbms/wire,src/tbms/slave -m pytest -q -m "not browser" tests/core tests/settings tests/wire tests/slave tests/slave_chips
	$(BIN)/coverage report --show-missing --fail-under=100

campaign: $(VENV)/dev
	TBMS_CAMPAIGN=1 $(BIN)/python -m pytest -q -m "not browser" tests/core tests/settings tests/wire
	TBMS_CAMPAIGN=1 $(BIN)/python -m pytest -q -k test_every_page_fits tests/web/test_pages.py
	TBMS_CAMPAIGN=1 $(BIN)/python -m pytest -q tests/slave/test_fuzz.py tests/drivers/test_node_bus_fuzz.py tests/simulator/test_bus_faults.py tests/cli/test_update.py
	$(BIN)/python -m tests.store.history.crash kill 200
	$(BIN)/python -m tests.store.history.crash power 200
	$(BIN)/tbms bench ninety

services: $(VENV)/dev $(STATIC)
	bash tests/services.sh

mutate: $(VENV)/dev
	$(MUTATE) src/tbms/core/protect/contactors.py tests/core/test_contactors.py tests/core/test_opening.py tests/core/test_exploration.py
	$(MUTATE) src/tbms/core/protect/common.py tests/core/test_joined.py tests/core/test_common.py
	$(MUTATE) src/tbms/core/protect/verdict.py tests/core/test_verdict.py tests/core/test_tell.py
	$(MUTATE) src/tbms/core/protect/limits.py tests/core/test_limits.py
	$(MUTATE) src/tbms/core/manage/charge_limits.py tests/core/manage/test_charge_limits.py tests/core/manage/test_charging.py
	$(MUTATE) src/tbms/slave/guard.py tests/slave/test_guard.py tests/slave/test_permission.py
	$(MUTATE) src/tbms/slave/server.py tests/slave/test_server.py
	$(MUTATE) --table src/tbms/settings/chemistry.py tests/settings/test_concept.py $(PROTECTIONS) $(SETTINGS)
	$(MUTATE) --table src/tbms/settings/table.py tests/settings/test_concept.py $(PROTECTIONS)
	$(MUTATE) --table src/tbms/settings/sides.py $(PROTECTIONS)
	$(MUTATE) --table src/tbms/settings/bare.py $(PROTECTIONS) tests/settings/test_concept.py
	$(MUTATE) --table src/tbms/model/limit.py $(PROTECTIONS) tests/core/test_peers.py tests/core/test_contactors.py
	$(MUTATE) --table src/tbms/wire/configuration.py tests/wire/test_registers.py tests/master/test_guards.py tests/slave/test_limits.py

lock: $(VENV)/base
	sh requirements/lock.sh

clean:
	rm -rf $(VENV) web/node_modules src/tbms/monitor/static .run .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "TBMS needs Python 3.11 or newer; $(PYTHON) is older. Say which one to use: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is incomplete here; on Debian: apt-get install python3-venv"; exit 2; }

$(VENV)/base: requirements/base.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/base
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# Node.js of the machine when it is new enough, else the one from PyPI.
$(VENV)/node: requirements/node.txt | $(VENV)/base
	@if node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null && npm --version >/dev/null 2>&1; \
	then :; else echo "installing Node.js from PyPI"; $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt; fi
	@touch $@

web/node_modules/.stamp: web/package.json web/package-lock.json | $(VENV)/node
	@echo "installing the pages' tools"; PATH="$(CURDIR)/$(BIN):$$PATH" sh -c 'cd web && npm ci --silent --no-fund --no-audit'
	@touch $@

$(STATIC): $(WEB) web/node_modules/.stamp
	@echo "building the pages"; PATH="$(CURDIR)/$(BIN):$$PATH" sh -c 'cd web && npm run --silent build'
	@touch $@
