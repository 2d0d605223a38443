# Everything a developer types. `make run` and `make test` set up what they need first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV_INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[train,dev]'

.PHONY: install run test check bench faults package docs clean

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

# Hours: docs/reliability.md says what it does and what came of it. `make test` runs all of it in short.
# A part that fails does not keep the others from running; at the end it is named.
FAULT_MINUTES ?= 240
FAULT_SEED ?= 0
faults: export QT_QPA_PLATFORM = offscreen
faults: export OMP_NUM_THREADS = 1
faults: install
	@failed=; try() { echo "$$*"; "$$@" || failed="$$failed\n  $$*"; }; \
	try $(BIN)/python -m tests.faults.corrupt --cases 300; \
	try $(BIN)/python -m tests.faults.kill_session --runs 100; \
	try $(BIN)/python -m tests.faults.kill_writers --runs 50; \
	try $(BIN)/python -m pytest -p no:xdist -q tests/faults tests/security tests/gui/test_disk_faults.py \
		tests/gui/test_faults.py tests/gui/test_finetune_faults.py tests/app/test_gpu_memory.py \
		tests/core/test_training_kill.py; \
	try env TCM_FUZZ_CASES=2000 $(BIN)/python -m pytest -p no:xdist -q --timeout=0 tests/core/formats/test_fuzz.py; \
	try $(BIN)/python -m tests.faults.monkey --minutes $(FAULT_MINUTES) --seed $(FAULT_SEED); \
	try $(BIN)/python -m tests.faults.long_run --images 20000; \
	if [ -n "$$failed" ]; then printf "These failed:$$failed\n"; exit 1; fi

package: install
	$(BIN)/python packaging/package.py

docs: install
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
