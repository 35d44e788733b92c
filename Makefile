# Every target first builds its virtual environment when that is missing or out of date.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-numpy2 soak lint environment environment-numpy2

VENV ?= .venv
VENV_NUMPY2 ?= .venv-np2
PYTHON ?= python3.11
# Test processes at a time, and more arguments for pytest: make test ARGS='-k boxes'
JOBS ?= 2
ARGS ?=
# A video, image folder or drive log to label instead of a simulated drive: make demo SOURCE=my_video.mp4
SOURCE ?=
# Minutes for all rows of make soak together; without, every row goes to its full figure.
SOAK_MINUTES ?=

export PYTHON
# One thread per process: tests run side by side, and small arrays are faster on one.
PYTEST_ENV := OMP_NUM_THREADS=1 YOLO_OFFLINE=true YOLO_AUTOINSTALL=false

help:
	@echo "make demo         set everything up, label a drive, draw it (SOURCE=path for your own)"
	@echo "make test         set everything up, run the tests"
	@echo "make lint         set everything up, run ruff, mypy and import-linter"
	@echo "make soak         the store's reliability tests at their long figures (SOAK_MINUTES=30 for all together)"
	@echo "make test-numpy2  run the core's tests with numpy 2 and no extras"

environment:
	@.ci/environment $(VENV) constraints.txt all,dev

environment-numpy2:
	@.ci/environment $(VENV_NUMPY2) constraints-numpy2.txt dev

demo: environment
	@$(VENV)/bin/python -m drivelabel demo $(if $(SOURCE),"$(SOURCE)")

test: environment
	$(PYTEST_ENV) $(VENV)/bin/python -m pytest -n $(JOBS) $(ARGS)

test-numpy2: environment-numpy2
	$(PYTEST_ENV) $(VENV_NUMPY2)/bin/python -m pytest -n $(JOBS) -m "not models" $(ARGS)

# All four run even when one fails, so that one look shows everything.
soak: environment
	$(PYTEST_ENV) $(VENV)/bin/python -m tests.soak $(if $(SOAK_MINUTES),--minutes $(SOAK_MINUTES))

lint: environment
	@failed=0; \
	for check in "ruff check ." "ruff format --check ." "mypy" "lint-imports"; do \
	    echo "== $$check"; $(VENV)/bin/$$check || failed=1; \
	done; exit $$failed
