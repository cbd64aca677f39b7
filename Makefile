# The two commands of this project are `make validate` and `make test`; `make help` lists the rest.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Many tests wait for servers that are silent on purpose: there is work for two a processor.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')

.DEFAULT_GOAL := help

# A run starts Python thousands of times. Without bytecode, as many an image has it, each start compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "$(PYTHON) is missing or too old: Python 3.11 or newer is needed (make PYTHON=/path/to/python3 ...)" >&2; exit 2; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

.PHONY: setup
setup: $(READY)  ## create .venv with everything the project needs

# SERVER reaches the shell through the environment, so that it may hold any quotes.
.PHONY: validate
validate: export SERVER := $(value SERVER)
validate: $(READY)  ## judge every reference backend; or your own: SERVER='./my-server {port}' [PROFILE=echo] [ARGS='--examples quick']
	@if [ -n "$$SERVER" ]; then set -- --command "$$SERVER"; else set -- --backend all; fi; \
	$(BIN)/echo-conformance run "$$@" $(if $(PROFILE),--profile $(PROFILE)) $(ARGS)

# One server over each stand-in, and over each selector on one. `make validate` judges all of them, with more cases.
STOOD_IN := kqueue kqueue-edge devpoll selectors-queue[kqueue] selectors-callback[devpoll]

.PHONY: test
test: lint examples  ## everything: lint, types, the suite's own tests, the specs at quick against every available backend
	$(BIN)/pytest -n $(WORKERS) --dist worksteal tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal conformance/specs -p conformance.plugin \
	    --backend native $(STOOD_IN:%='--backend=%') --examples quick

.PHONY: lint
lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@echo "mypy tests/*/*.py"; $(BIN)/mypy $(filter-out %/conftest.py,$(wildcard tests/*/*.py))
	@for conftest in tests/conftest.py tests/*/conftest.py; do echo "mypy $$conftest"; $(BIN)/mypy $$conftest || exit 1; done  # all of one name
	$(BIN)/mypy --platform darwin -p reference_servers

.PHONY: examples
examples: $(READY)  ## build the examples of other stacks, as far as this machine has their tools
	$(BIN)/python -m examples.build

# That an example is found not to be conformant is what the report is for, and no failure of this command.
.PHONY: matrix
matrix: examples  ## all reference backends and all examples, judged into report/
	$(BIN)/echo-conformance run --backend all --targets examples/targets.toml --examples quick \
	    --known-failures examples/known-failures.toml --report report $(ARGS) || [ $$? -eq 1 ]

.PHONY: docs
docs: $(READY)  ## write docs/clauses.md from the specs, docs/vectors.txt from the oracle, docs/events.md from the kernel
	$(BIN)/echo-conformance list clauses --markdown > docs/clauses.md
	$(BIN)/echo-conformance list vectors > docs/vectors.txt
	$(BIN)/python -m event_table > docs/events.md

.PHONY: zoo
zoo: $(READY)  ## the kill matrix: every broken server of the zoo against every clause, twenty runs each; writes docs/zoo.md
	$(BIN)/python -m conformance.matrix --markdown docs/zoo.md $(ARGS)

.PHONY: zoo-fast
zoo-fast: $(READY)  ## each broken server against its own clauses, once
	$(BIN)/python -m conformance.matrix --fast

.PHONY: zoo-clients
zoo-clients: $(READY)  ## each broken client against its own clauses, twenty runs each
	$(BIN)/python -m conformance.client_matrix $(ARGS)

.PHONY: reproducers
reproducers: $(READY)  ## every bug's reproducers, twenty times each on the broken server and on a correct one
	$(BIN)/python tests/zoo/all_reproducers.py $(ARGS)

.PHONY: mutants
mutants: $(READY)  ## mutants of the reference servers, made by cosmic-ray, each judged until a clause finds it
	@PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[mutants]'
	$(BIN)/python tests/mutation/mutants.py $(ARGS)

.PHONY: bench
bench: examples  ## what servers cost, side by side, into benchmarks/results/: ARGS='--only throughput|idle|connections|verdict'
	$(BIN)/python -m benchmarks $(ARGS)

.PHONY: bench-smoke
bench-smoke: examples  ## as little of it as shows that figures come out and answers are right
	$(BIN)/python -m benchmarks --smoke --results benchmarks/results/smoke $(ARGS)

.PHONY: bench-verdict
bench-verdict: $(READY)  ## what a verdict costs, beside a bare loop of the same exchanges
	$(BIN)/python -m benchmarks.verdict

.PHONY: clean
clean:  ## remove what the other targets made
	rm -rf $(VENV) examples/.build report build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
