# The entry point for people and CI. Every target runs with the checkout's own tools, settings and caches,
# so that neither another Python on PATH nor a collection installed elsewhere is used.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export LC_ALL := C.UTF-8
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.ansible/collections
# Without it Python buffers its output if that is a file: a waiting run looks dead, and a test that waits for a line never sees it.
export PYTHONUNBUFFERED := 1
# Bytecode is cached (otherwise every ansible process compiles Ansible again), but not among the sources.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/pycache

##@ Use it

.PHONY: demo
demo: setup ## start a rack of real servers on this machine, deploy to it, print the website's address (make down removes it)
	@python -m tests.demo

.PHONY: deploy
deploy: setup ## deploy to the rack of INVENTORY=...; more arguments in ARGS=... (--check, -v)
	@[[ -n "$(INVENTORY)" ]] || { echo "Which rack? make deploy INVENTORY=inventory/mycosoft, or INVENTORY=.cache/rig/demo/inventory for the demo." >&2; exit 2; }
	@ansible-playbook --inventory "$(INVENTORY)" playbooks/deploy.yml $(ARGS)

.PHONY: ssh
ssh: ## open a shell on a server of the demo: make ssh SERVER=sandbox
	@python -m tests.rig ssh $(or $(SERVER),sandbox)

.PHONY: push
push: ## push a new version of the demo's website: make push VERSION=2
	@python -m tests.rig push --repo website --set VERSION="$(or $(VERSION),2)" -m "Release $(or $(VERSION),2)"

##@ Work on it

.PHONY: help
help: ## show this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## prepare this checkout: system packages (as root), .venv, the collection's path (PYTHON=3.11 selects one)
	@tools/setup.sh

.PHONY: check
check: setup ## linters, unit tests, invariants; needs no server
	@pytest -q -n auto --maxschedchunk=1 -m "not slow" tests/static tests/unit tests/invariants

.PHONY: test
test: setup ## all tests, on real servers; ends with the line "N passed, N failed"
	@pytest -n 2 --dist loadscope --junit-xml=.cache/junit.xml

.PHONY: times
times: setup ## where the time of the last make test went: by folder, by file, by test
	@python -m tests.support.times

.PHONY: bench
bench: setup ## compare a deploy without changes with plain tasks and an SSH script, RUNS=3 alternating rounds
	@python -m tests.studies.bench --rounds "$(or $(RUNS),3)"

.PHONY: bench-deploy
bench-deploy: setup ## what a deploy without changes costs beyond git, build and Compose, on SIZES="1 3 10" servers, ROUNDS=3 alternating
	@python -m tests.studies.bench.deploy --sizes $(or $(SIZES),1 3 10) --rounds "$(or $(ROUNDS),3)"

.PHONY: bench-health
bench-health: setup ## how much sooner the demo's stack is reported healthy with our override than with plain Compose, ROUNDS=3 alternating
	@python -m tests.studies.bench.health --rounds "$(or $(ROUNDS),3)"

.PHONY: bench-prune
bench-prune: setup ## compare docker_prune with commands that keep nothing, SIZES="10 50 200" objects of each kind, ROUNDS=3 alternating
	@python -m tests.studies.bench.prune --sizes $(or $(SIZES),10 50 200) --rounds "$(or $(ROUNDS),3)"

.PHONY: bench-memory
bench-memory: setup ## compare memory_check with docker stats and the SDK, SIZES="10 50 100" containers, ROUNDS=5 alternating
	@python -m tests.studies.bench.memory --sizes $(or $(SIZES),10 50 100) --rounds "$(or $(ROUNDS),5)"

.PHONY: bench-rollout
bench-rollout: setup ## what visitors see during a deploy: by hand, with plain Compose, recreated, started first, ROUNDS=3 of each
	@python -m tests.studies.bench.rollout --rounds "$(or $(ROUNDS),3)"

.PHONY: bench-offload
bench-offload: setup ## downtime while a service with a million rows in PostgreSQL moves, by hand and with offload.yml, ROUNDS=2
	@python -m tests.studies.bench.offload --rounds "$(or $(ROUNDS),2)"

.PHONY: compare-prune
compare-prune: setup ## what docker_prune and other ways to clear a host delete, on every engine: the tables in docs/guides
	@python -m tests.studies.compare

.PHONY: compare-recover
compare-recover: setup ## emergency cleanup by hand and with recover.yml, on every engine: what is lost, in docs/guides
	@python -m tests.studies.compare.emergency

.PHONY: faults
faults: setup ## deploys with every fault in turn, on real servers: what answers afterwards, in docs/guides/faults.md (a good hour)
	@python -m tests.studies.faults

.PHONY: faults-offload
faults-offload: setup ## moves to another server with a fault at each step: which server has the data then, in docs/guides/offload.md (an hour)
	@python -m tests.studies.faults.moves

.PHONY: mutants
mutants: setup ## whether the unit tests notice changed decisions of docker_prune: at least 90 % of small changes must be noticed
	@python -m tests.studies.mutants

.PHONY: architecture
architecture: setup ## the picture and the table of packages in docs/architecture.md, from the tree
	@python -m tests.support.architecture

.PHONY: docs
docs: setup ## build the documentation site: docs/build/html/index.html
	@mkdir -p -m 755 docs/build/rst
	@antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --cleanup everything --dest-dir docs/build/rst mycosoft.rack
	@sphinx-build -q -W --keep-going -c docs/docsite docs/build/rst docs/build/html
	@echo "docs/build/html/index.html"

.PHONY: build
build: setup ## build the collection's tarball, in build/
	@tree=$$(mktemp -d); trap 'rm -rf "$$tree"' EXIT; \
	tools/export.sh "$$tree"; \
	ansible-galaxy collection build --force --output-path build "$$tree"

.PHONY: lock
lock: setup ## resolve requirements.lock again from pyproject.toml, for every supported Python, with the hashes of all files
	@uv pip compile -q --universal --upgrade --python-version 3.11 --group pyproject.toml:dev --no-annotate --no-header --generate-hashes -o requirements.lock

.PHONY: down
down: ## remove every rig that was started from this checkout
	@for rig in .cache/rig/*/; do \
	  if [[ -d $$rig ]]; then python -m tests.rig down --name "$$(basename "$$rig")"; fi; \
	done

.PHONY: clean
clean: down ## remove what setup, runs and builds created here
	@rm -rf .venv .cache .ansible build docs/build .coverage
