# `make run` opens Tunesmith, `make test` tests it, `make help` lists the rest.

PYTHON ?= python3
PORT ?= 8501
# An extra package index to take torch from; empty means pip's own settings.
TORCH_INDEX ?=
# Further arguments for the program that a target starts: make test ARGS="tests/core -k codecs"
ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install
APP := .venv/.app-installed
DEV := .venv/.dev-installed

.DEFAULT_GOAL := help
.PHONY: run test lint format bench install install-dev clean help

run: $(APP)  ## open the app in the browser (PORT=8501)
	$(BIN)/streamlit run app.py --server.port $(PORT) $(ARGS)

# One torch thread: the networks are small, and on a busy machine a second thread costs more than it brings.
# The tests in a browser come last, two at a time too: each process has a browser and servers of its own.
test: export OMP_NUM_THREADS := 1
test: $(DEV)  ## run the tests; those in a browser are skipped where there is no Chromium
ifeq ($(ARGS),)
	$(BIN)/python -m pytest -m "not browser" --numprocesses 2
	$(BIN)/python -m pytest -m browser --numprocesses 2 --dist loadfile
else
	$(BIN)/python -m pytest $(ARGS)
endif

lint: $(DEV)  ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(DEV)  ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(APP)  ## measure the speed of the app and of every model
	$(BIN)/python -m core bench $(ARGS)

install: $(APP)  ## install what the app needs into .venv

install-dev: $(DEV)  ## install the developers' tools as well

clean:  ## remove the virtual environment and the tools' caches
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find app.py core models pages tests -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## list these targets
	@awk -F ':.*##' '/^[a-z-]+:.*##/ { printf "make %-12s%s\n", $$1, $$2 }' Makefile

# The stamps are younger than the requirements exactly while the installation is complete and up to date.
$(APP): requirements.txt requirements-no-deps.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'Tunesmith needs Python 3.11 or newer; name one with: make run PYTHON=python3.12' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) $(addprefix --extra-index-url ,$(TORCH_INDEX)) -r requirements.txt
	@# There are wheels for Python 3.11 and 3.12; a newer one compiles it, and the app does without where that fails.
	$(PIP) --no-deps -r requirements-no-deps.txt || \
		echo 'The built-in synthesiser could not be installed: for sound, use Python 3.11 or 3.12, or install FluidSynth.' >&2
	@touch $@

$(DEV): $(APP) requirements-dev.txt
	$(PIP) -r requirements-dev.txt
	@touch $@
