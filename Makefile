# Everything a developer types. `make run` and `make test` set up what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV_INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[train,dev]'

.PHONY: install run test check bench package clean

install: $(STAMP)

# The first try asks for the torch build that fits this machine (the CPU build where there is no NVIDIA GPU);
# where that package address cannot be reached, the default one serves.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.6,<1'
	$(UV_INSTALL) --torch-backend=auto 2>/dev/null || $(UV_INSTALL)
	touch $@

run: install
	$(BIN)/python -m app resources/samples/images --detect

test: install
	$(BIN)/python -m pytest -n 2

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m benchmarks.canvas
	$(BIN)/python -m benchmarks.decode
	$(BIN)/python -m benchmarks.gui
	$(BIN)/python -m benchmarks.evaluate
	$(BIN)/python -m benchmarks.pipeline
	$(BIN)/python -m benchmarks.synth
	$(BIN)/python -m benchmarks.training

package: install
	$(BIN)/python packaging/package.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
