# `make demo` and `make test` need Python 3.11 or newer and nothing else: both make .venv, or bring
# it up to date, from the package index alone. Options go through ARGS:
#   make demo ARGS="--exit --input clicks.csv --label bought"
#   make test ARGS="tests/simulators -x"
# The tests run in JOBS processes; JOBS=0 runs them in one, as a debugger needs it.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
ARGS ?=
JOBS ?= 5
VENV := .venv
BIN := $(VENV)/bin
# A file's tests share what is dear to set up, so a file stays in one process; long ones come first.
PARALLEL = -n $(JOBS) --dist loadfile --no-loadscope-reorder
CONSTRAINTS := .ci/constraints.txt
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check \
  --constraint $(CONSTRAINTS) --editable

# Without files of compiled modules every process of the tests would compile all of them again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test together fast coverage lint format dist clean

# In a terminal the demo stays up until Ctrl-C; elsewhere it ends by itself.
demo: $(VENV)/.run
	@if [ -t 1 ]; then leave=; else leave=--exit; fi; $(BIN)/hcdv-stream demo $$leave $(ARGS)

# Lint, types and every test: those that need the machine for themselves come last, one by one.
test: $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs 2 lint together
	$(BIN)/pytest --alone only $(ARGS)

together: $(VENV)/.dev
	$(BIN)/pytest --alone skip $(PARALLEL) $(ARGS)

# The tests of a few seconds each.
fast: $(VENV)/.dev
	$(BIN)/pytest -m "not slow" $(PARALLEL) $(ARGS)

# Which branches of the core its own tests take: less than 95% is an error.
coverage: $(VENV)/.dev
	$(BIN)/pytest tests/valuation tests/theory tests/bundle/test_bundle.py tests/bundle/test_checks.py --alone skip $(PARALLEL) --cov --cov-report= $(ARGS)
	$(BIN)/python -m scripts.check_coverage

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Wheel and sdist, and the wheel at work in an environment of its own.
dist: $(VENV)/.dev
	$(BIN)/python -m scripts.check_distribution

clean:
	rm -rf $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

# A stamp says what .venv holds: .run what the demo needs, .dev what the development does too.
$(VENV)/.run: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "installing into $(VENV) (a few minutes the first time)"
	@$(INSTALL) ".[demo]"
	@touch $@

$(VENV)/.dev: pyproject.toml $(CONSTRAINTS) | $(BIN)/python
	@echo "installing into $(VENV) (a few minutes the first time)"
	@$(INSTALL) ".[dev]"
	@touch $(VENV)/.run $@
