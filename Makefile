# Everything that a person does with a checkout; `make help` lists it.
#
# A fresh machine needs Python 3.11, 3.12 or 3.13 with its venv module, git, make and a package index.
# The first run makes .venv; later ones see by the stamp that there is nothing to do.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made-by-make
UV := $(BIN)/uv

# --- what a site may choose, as `make demo NAME=value` or in the environment ------------------------
PYTHON ?=
ENCRYPTED ?= tests/e2e/test_field_reports.py tests/e2e/test_several_connectors.py
EXTRAS ?= train,boosted,onnx,labels,elastic,opensearch,splunk,gpu,keyring,postgresql,serve,sign,otel,privacy,explain,robust,vision,federated,ray
INDEX_URL ?= $(PIP_INDEX_URL)
TORCH_INDEX ?=
FIND_LINKS ?=
UV_ARGS ?=
OSV_URL ?=
WORKERS ?= 2
PYTEST_ARGS ?=

# uv has settings of its own; a site that has told pip where its certificates are need not say it twice.
export UV_HTTP_TIMEOUT ?= 300
export UV_SYSTEM_CERTS ?= true
ifneq ($(PIP_CERT),)
export SSL_CERT_FILE ?= $(PIP_CERT)
endif

# Where it is set, each of the thousand processes of the tests would compile what it imports again.
unexport PYTHONDONTWRITEBYTECODE

# The environments that tests make for other people's tools come from the same index.
ifneq ($(INDEX_URL),)
export UV_DEFAULT_INDEX ?= $(INDEX_URL)
endif
ifneq ($(FIND_LINKS),)
export UV_FIND_LINKS ?= $(FIND_LINKS)
endif

FROM := $(if $(INDEX_URL),--default-index '$(INDEX_URL)') $(if $(FIND_LINKS),--find-links '$(FIND_LINKS)')
PIP_FROM := $(if $(INDEX_URL),--index-url '$(INDEX_URL)') $(if $(FIND_LINKS),--find-links '$(FIND_LINKS)')
INSTALL := $(UV) pip install --python $(BIN)/python --constraints constraints.txt --build-constraints constraints.txt

COMMA := ,

# A tool that is gone, deleted or behind a dangling link, makes the stamp worthless; its package
# is then installed again, since its metadata may still be there.
TOOLS := python uv sftsec ruff mypy pytest
ABSENT := $(strip $(foreach tool,$(TOOLS),$(if $(shell test -x $(BIN)/$(tool) && echo yes),,$(tool))))
MEND := $(foreach tool,$(filter-out python uv,$(ABSENT)),--reinstall-package $(tool))

.PHONY: help setup demo test test-encrypted lint format constraints audit licences resolve requirements wheelhouse sbom wheel-check clean again
again:

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '%s\n' '' 'Choices (on the command line or in the environment):' \
	  '  PYTHON=python3.12     the interpreter; default: the newest of 3.13, 3.12 and 3.11 that works' \
	  '  INDEX_URL=URL         the package index; default: what pip and uv are configured to use' \
	  '  TORCH_INDEX=URL       where torch alone comes from, e.g. an index of CPU-only wheels' \
	  '  FIND_LINKS=FOLDER     a folder or page of wheels, for a site without an index' \
	  '  UV_ARGS=...           anything else for `uv pip install`, e.g. --offline' \
	  '  EXTRAS=train          extras to install; default: $(EXTRAS)' \
	  '  OSV_URL=URL           another service with the interface of OSV (/v1/query), for `make audit`' \
	  '  WORKERS=4             processes that run the tests; default: $(WORKERS)' \
	  '  PYTEST_ARGS=...       anything else for pytest, e.g. "-k pii -x"' \
	  '  SFTSEC_TEST_DATA=DIR  labelled data sets; the tests that need them are skipped without it' \
	  '' 'A site without CUDA:  make demo TORCH_INDEX=https://mirror.example/pytorch/cpu'

setup: $(STAMP) ## Make or mend .venv with everything that the rest needs
	@:

demo: setup ## Run the whole loop on a generated stream of incidents
	@$(BIN)/sftsec demo

test: lint ## Lint, then run every test
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

test-encrypted: setup ## Run some end-to-end tests with an encrypted state (ENCRYPTED=tests/e2e: all of them)
	@SFTSEC_TEST_ENCRYPTED_STATE=1 $(BIN)/python -m pytest --quiet $(ENCRYPTED)

lint: setup ## Ruff and mypy, as in pre-commit and CI
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup ## Rewrite the code in the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

constraints: setup ## Pin anew what pyproject.toml asks for (UV_ARGS=--upgrade takes newer ones)
	@$(UV) pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --no-annotate --custom-compile-command 'make constraints' --output-file constraints.txt \
	  --quiet $(FROM) $(UV_ARGS)

audit: setup ## Ask OSV about every pin; exit 2 where it cannot be asked
	@$(BIN)/python -m tests.release.advisories constraints.txt $(if $(OSV_URL),--osv-url '$(OSV_URL)')

licences: setup ## Compare the licence of each pin that is installed with what Apache-2.0 can stand on
	@$(BIN)/python -m tests.release.licences constraints.txt

resolve: setup ## Resolve each extra for Python 3.11, 3.12 and 3.13 under the pins (minutes)
	@$(BIN)/python -m tests.release.resolve $(FROM) $(UV_ARGS)

requirements: setup ## Write dist/requirements.txt: EXTRAS pinned with hashes, for pip --require-hashes
	@$(BIN)/python -m tests.release.requirements dist/requirements.txt \
	  $(foreach extra,$(subst $(COMMA), ,$(EXTRAS)),--extra $(extra)) -- $(FROM) $(UV_ARGS)

wheelhouse: requirements ## Fetch those files for this platform into dist/wheelhouse, with our own wheel
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps \
	  $(PIP_FROM) --requirement dist/requirements.txt --dest dist/wheelhouse
	@$(BIN)/python -m hatchling build --target wheel --directory dist/wheelhouse
	@printf '%s\n' 'There, without an index:' \
	  '  pip install --no-index --find-links dist/wheelhouse --require-hashes -r dist/requirements.txt' \
	  '  pip install --no-index --no-deps dist/wheelhouse/sftsec-*.whl'

sbom: requirements ## Write dist/sftsec.cdx.json: the same as a CycloneDX bill of materials
	@$(BIN)/python -m tests.release.sbom dist/requirements.txt dist/sftsec.cdx.json

wheel-check: setup ## Build the wheel twice under other circumstances, and compare the digests
	@$(BIN)/python -m tests.release.wheel

clean: ## Remove .venv, caches and builds; the state folder .sftsec stays
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt $(if $(ABSENT),again) | $(UV)
	@rm -f $@
	@echo 'Installing sftsec and its tools into $(VENV) (torch is large; the first time takes minutes)'
	@$(if $(TORCH_INDEX),$(INSTALL) --default-index '$(TORCH_INDEX)' --no-deps $(UV_ARGS) torch)
	@$(INSTALL) $(FROM) $(MEND) $(UV_ARGS) --group dev --editable '.[$(EXTRAS)]'
	@touch $@

# uv comes through pip, from the same index as the rest: nothing is fetched from anywhere else.
$(UV): $(if $(filter python,$(ABSENT)),again) | $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --force-reinstall \
	  $(PIP_FROM) --constraint constraints.txt uv

$(BIN)/python:
	@choices='$(PYTHON)'; \
	for python in $${choices:-python3.13 python3.12 python3.11 python3 python}; do \
	  "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null || continue; \
	  echo "Making $(VENV) with $$python"; \
	  "$$python" -m venv --clear $(VENV) && exit; \
	  rm -rf $(VENV); \
	  echo "$$python has no working venv module: install its package (python3-venv), or set PYTHON" >&2; \
	  exit 1; \
	done; \
	echo 'No Python 3.11, 3.12 or 3.13 found: install one, or set PYTHON=/path/to/python' >&2; \
	exit 1
