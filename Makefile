# Shortcuts for those who work on the project. The folder of the virtual environment: make VENV=/elsewhere test
VENV ?= .venv
BIN := $(VENV)/bin
# seconds that each property is searched for what breaks it
FUZZ_SECONDS ?= 300
# the folder of the archives that the starter is made of, see models/README.md
ARCHIVES ?= .

.PHONY: help install test lint docs fuzz floor house starter clean

help:  ## lists the targets
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' Makefile

$(BIN)/mismatch: pyproject.toml
	python3 -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip
	$(BIN)/pip install -q -e ".[all]" --group dev
	@touch $@

install: $(BIN)/mismatch  ## a virtual environment with everything in it

test: install  ## all tests, on two cores
	$(BIN)/pytest -n 2

lint: install  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: install  ## the documents as a site in site/; a broken link fails
	$(BIN)/pip install -q --group docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

fuzz: install  ## searches for inputs that break a reader: make fuzz FUZZ_SECONDS=3600
	$(BIN)/pip install -q --group fuzz
	for name in json_lines json_elements csv_records entities columns model; do \
		PYTHONPATH=.:tests $(BIN)/python tests/fuzzing/coverage_guided.py $$name --seconds $(FUZZ_SECONDS) || exit 1; \
	done
	$(BIN)/python -m benchmarks.altered_files

floor: install  ## quality and speed against the committed floors
	$(BIN)/python -m benchmarks.floor

house: install  ## draws the rooms and their imports again (needs Graphviz)
	$(BIN)/import-linter drawgraph mismatch | tred | dot -Tsvg -o docs/images/house.svg

starter: install  ## trains the starter model again: make starter ARCHIVES=/path
	$(BIN)/pip install -q --group build
	$(BIN)/python models/build_starter.py --archives $(ARCHIVES)

clean:  ## removes the virtual environment and all caches
	rm -rf $(VENV) build dist site .pytest_cache .ruff_cache .mypy_cache .hypothesis .fuzz
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
