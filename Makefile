# `make report` and `make test` do all the set-up on a fresh machine (Python 3.11+).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Runs and tests are parallel by processes; one thread each for linear algebra.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: report gallery map docs check-docs package test lint

report: $(VENV)/installed
	$(BIN)/commstruct run reports/learning-rate.toml

gallery: $(VENV)/installed
	$(BIN)/python scripts/build_gallery.py

map: $(VENV)/installed
	$(BIN)/python scripts/build_gallery.py --map

docs: $(VENV)/installed
	$(BIN)/python -m sphinx -b html -W --keep-going -q docs docs/_build/html

check-docs: docs
	$(BIN)/python scripts/check_site.py

package: $(VENV)/installed
	scripts/check_package.sh $(BIN)/python

test: $(VENV)/installed
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope  # fixtures of a file once

lint: $(VENV)/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy --strict tests/typed_script.py  # what a user's editor sees
	$(BIN)/lint-imports

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,docs,arrow,hdf5,matlab,neuro,cluster,safetensors]'
	touch $@
