# Shortcuts for those who work on the project. The folder of the virtual environment: make VENV=/elsewhere test
VENV ?= .venv
BIN := $(VENV)/bin
# the folder of the archives that the starter is made of, see models/README.md
ARCHIVES ?= .

.PHONY: help install test lint floor house starter clean

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

floor: install  ## quality and speed against the committed floors
	$(BIN)/python -m benchmarks.floor

house: install  ## draws the rooms and their imports again (needs Graphviz)
	$(BIN)/import-linter drawgraph mismatch | tred | dot -Tsvg -o docs/images/house.svg

starter: install  ## trains the starter model again: make starter ARCHIVES=/path
	$(BIN)/pip install -q --group build
	$(BIN)/python models/build_starter.py --archives $(ARCHIVES)

clean:  ## removes the virtual environment and all caches
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
