# `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help demo serve test quick bench bench-data faults fuzz acts check format lock clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The whole suite runs side by side, what ARGS chooses in one process; WORKERS says otherwise.
WORKERS ?= $(if $(ARGS),0,2)
SIDE_BY_SIDE = $(if $(filter-out 0,$(WORKERS)),--numprocesses=$(WORKERS) --dist=worksteal)
# Workers inherit the environment, not the options of the first Python.
PYTEST = PYTHONDEVMODE=1 $(BIN)/python -m pytest
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

demo: $(VENV)/.demo ## Everything: database, accounts, a Graph simulator with callers ringing, the dashboard on port 8000
	@$(BIN)/python manage.py demo

serve: $(VENV)/.runtime ## The dashboard alone, configured by the environment or .env (HOST, PORT set the address)
	@$(BIN)/python manage.py serve --migrate

test: $(VENV)/.dev ## The whole suite, browser included, on SQLite or on the database DATABASE_URL names; ARGS chooses tests
	@$(BIN)/python tools/browser.py
	@$(PYTEST) $(SIDE_BY_SIDE) $(ARGS)

quick: $(VENV)/.dev ## The tests that start no server, browser or command, those of the scripts included (a minute or two)
	@$(PYTEST) $(SIDE_BY_SIDE) -m "not slow" $(ARGS)

bench: $(VENV)/.dev ## Measure against the limit of the parts, as ratios; DATABASE_URL and REDIS_URL add theirs (minutes)
	@$(BIN)/python tools/browser.py
	@$(BIN)/python -m tools.bench $(PARTS)

bench-data: $(VENV)/.dev ## Make the million calls that a part of bench needs, once: var/bench, and in PostgreSQL (half an hour)
	@$(BIN)/python -m tools.bench data

faults: $(VENV)/.dev ## Kill, starve and cut off parts under load, count what that does; FAULTS="kill locked" runs some (half an hour)
	@$(BIN)/python -m tools.faults $(FAULTS)

fuzz: $(VENV)/.dev ## A hundred thousand generated bodies, and as many bad tokens (minutes)
	@FUZZ_BODIES=100000 $(BIN)/python -X dev -m pytest --timeout=7200 tests/ingest/test_hostile_bodies.py

acts: $(VENV)/.dev ## Ten thousand random acts from two processes on the PostgreSQL that DATABASE_URL names (minutes)
	@ACTS=10000 $(BIN)/python -X dev -m pytest --timeout=7200 tests/audit/test_count.py

check: $(VENV)/.dev ## Style, types, migrations, deployment settings
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy calls callsdashboard
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@tools/check_deploy.sh $(BIN)/python

format: $(VENV)/.dev ## Put the code into its one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: $(VENV)/.dev ## Resolve the *.in files into hashed requirements
	@for set in requirements-dev requirements-demo requirements; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-header --no-annotate $$set.in -o $$set.txt >/dev/null; done

clean: ## Remove the virtual environment and everything the dashboard stored in this checkout
	rm -rf $(VENV) var

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: set PYTHON to one.")'
	@$(PYTHON) -m venv $(VENV)

# Each set contains the one before it, so a fuller one also satisfies the smaller ones.
$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	@echo "Installing what the dashboard needs …"
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.demo: requirements-demo.txt | $(VENV)/bin/python
	@echo "Installing what the demo needs …"
	@$(INSTALL) -r requirements-demo.txt
	@touch $@ $(VENV)/.runtime

$(VENV)/.dev: requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing what the tests need …"
	@$(INSTALL) -r requirements-dev.txt
	@touch $@ $(VENV)/.demo $(VENV)/.runtime
