# Everything here also runs without make: CONTRIBUTING.md lists how. `##` is shown by help, `##-` by help-all only.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DB := $(BIN)/decisionbook
READY := $(VENV)/.ready

# A user's imports are compiled; without this every kernel start would compile pandas again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help help-all setup book editions check test lab notebooks doctor lock lint browser benchmark soak docs licences audit clean

help: ##- the commands that matter
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Others: make help-all. Without make: CONTRIBUTING.md."

help-all: ##- this and the rest
	@awk -F':.*##-? ' '/^[a-z-]+:.*##-? /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## set up .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@echo "Setting up $(VENV): 1.4 GB, a few minutes, once; pip stays quiet meanwhile."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "Compiling what was installed, half a minute or so ..."
	-$(BIN)/python -m compileall -q -j 0 $(VENV)/lib scripts
	@touch $(READY)

book: $(READY) ## build the newest edition: HTML and PDF
	$(DB) build

editions: $(READY) ## build and publish every edition that _build/site does not have
	$(DB) publish --all --rebuilt

check: $(READY) ## validate the data, verify places in the sources (SOURCES=DIR), reconcile
	$(DB) check $(if $(SOURCES),--sources $(SOURCES))

test: $(READY) browser ## run every test: unit, notebooks, data, browser, PDF
	@# Three for two processors: kernels, browsers and subprocesses are waited for a third of the time.
	$(BIN)/python -m pytest -n 3 --dist loadscope tests
	@# loadfile: the cells of a notebook share one kernel.
	$(BIN)/python -m pytest -n 2 --dist loadfile --nbval notebooks

lab: $(READY) ## open JupyterLab on the notebooks, without its question about news and updates
	JUPYTER_CONFIG_PATH="$(CURDIR)/scripts/decisionbook/runs/jupyter" $(BIN)/jupyter lab --notebook-dir=notebooks

notebooks: $(READY) ## run every notebook with its defaults and store the outputs
	$(DB) run --update

lint: $(READY) ## the checks of every commit: ruff, mypy, codespell, links, notebooks, data
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pre-commit run --all-files

doctor: $(READY) ## what is installed, what is missing and what that costs
	$(DB) doctor

lock: ##- resolve requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate --no-header --extra test --extra lab --extra audit pyproject.toml -o requirements.lock

browser: ##- install what the browser tests need, when this machine lets us
	@.ci/browser

benchmark: $(READY) ##- print ratios against the stock tools
	$(BIN)/python tests/benchmarks/run.py

soak: $(READY) ##- long trials of faults and loads; writes tests/soak/report.json and the table in docs/reference/faults.md
	$(BIN)/python -m tests.soak $(if $(TRIALS),--trials $(TRIALS)) $(if $(SEED),--seed $(SEED))

docs: $(READY) ##- the developer documentation as web pages, without a network
	$(BIN)/python -m sphinx -q -n -W --keep-going -b html docs _build/docs
	@echo "Open _build/docs/index.html"

licences: $(READY) ##- write docs/reference/licences.md from what the lock installs
	$(BIN)/python .ci/licences.py

audit: $(READY) ##- known vulnerabilities of the lock; exit 1 when there are, 3 when the database was not reached
	@$(BIN)/python .ci/audit.py

clean: ## remove builds; published editions under _build/site stay
	rm -rf _build/work _build/book _build/runs _build/cache
