# Two verbs a newcomer needs: `make run` and `make test`. Both set up everything in .venv by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test check kill fuzz eval eval-matching eval-fields fields-table bench bench-fetch schemas format models clean

help: ## what there is to do
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 15

$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (once) …"
	@$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	@echo "installing what tests need (once) …"
	@$(PIP) --constraint constraints.txt --editable '.[dev,postgres]'
	@touch $@

$(VENV)/.models: $(VENV)/.test
	@$(PIP) --constraint constraints.txt --editable '.[models]'
	@touch $@

run: $(VENV)/.run ## enrich the practice catalogue through every step into an embedded Qdrant
	@$(BIN)/anime-enrich run --practice --all

test: $(VENV)/.test ## the whole suite
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not kill and not fuzz"

check: $(VENV)/.test ## format, lint, types, import edges, schemas
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pipeline.assembly.schemas --check

kill: $(VENV)/.test ## the full kill suite: SIGKILL at every named step and at 50 random moments
	@$(BIN)/python -m pytest -m kill --timeout 3600 tests/kill

fuzz: $(VENV)/.test ## recorded answers with faults in them, over 20,000, through convert and merge; minutes
	@$(BIN)/python -m pytest -n 2 -m fuzz tests/fuzz

eval: eval-matching eval-fields ## everything that was decided by hand, against what comes out

eval-matching: $(VENV)/.test ## who is who across platforms: precision and recall against labels made by hand
	@$(BIN)/python -m tests.evaluation.matching

bench: $(VENV)/.test ## benchmarks: ratios measured in one run
	@$(BIN)/python benchmarks/per_title.py
	@$(BIN)/python benchmarks/no_change.py

bench-fetch: $(VENV)/.test ## fetching against the platforms' limits; TITLES=2000 for a longer one
	@$(BIN)/python benchmarks/fetch.py $(TITLES)

eval-fields: $(VENV)/.test ## how often the twenty most used fields are right, over the golden titles
	@$(BIN)/python -m tests.evaluation.fields

fields-table: $(VENV)/.test ## count anew which fields the recordings fill, into docs/fields.md
	@$(BIN)/python -m tests.evaluation.filled

schemas: $(VENV)/.test ## write the JSON Schemas anew
	@$(BIN)/python -m pipeline.assembly.schemas

format: $(VENV)/.test ## format and fix what can be fixed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

models: $(VENV)/.models ## install torch and transformers, and run the tests of the model adapters
	@$(BIN)/python -m pytest tests/embedding

clean: ## remove the environment and the practice checkpoints; real checkpoints stay
	@rm -rf $(VENV) checkpoints/practice
