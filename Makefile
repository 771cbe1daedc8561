# CLDI Explorer. `make` lists the targets. Needs Python 3.11-3.14 and GNU make >= 3.81 (macOS has 3.81); any POSIX shell will do.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run serve test lint format tables soak readme-tables mutants demo-data docs screenshots bench lock clean
.PHONY: venv torch-fits runtime dev system dataset-exists port-is-free npm-exists

PORT ?= 8501
DATASET ?=
HOST :=
WORKERS ?=
PYTHON ?=
ARGS ?=
TORCH ?=
CHECK_AFTER ?= 10
export PORT DATASET HOST TORCH WORKERS

PY := .venv/bin/python
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
BACKBONES := efficientnet-lite0 efficientnet-lite2
API := cldi_core $(addprefix cldi_core.,errors data features imports collect scoring evaluation pivot rankers insight)
DEV := requirements.txt requirements-dev.txt requirements-login.txt requirements-ray.txt requirements-remote.txt requirements-timm.txt

# Shell: sets $folder to the folder that DATASET means: a name under data/, or a path.  An address is none.
FIND_DATASET = folder=$${CLDI_DATA:-data}/$$DATASET; \
	case $$DATASET in "~/"*) folder=$$HOME/$$(echo "$$DATASET" | cut -c3-);; */*|.*) folder=$$DATASET;; esac; \
	[ -d "$$folder" ] || folder=$$DATASET

# Shell: sets and exports CLDI_CHROMIUM, unless it is set, to a Chromium or Chrome that starts; to nothing if there is none.
FIND_CHROMIUM = [ -n "$$CLDI_CHROMIUM" ] || \
	for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do \
		"$$name" --version >/dev/null 2>&1 && CLDI_CHROMIUM=$$(command -v "$$name") && break; \
	done; \
	export CLDI_CHROMIUM

# Shell: `install FILES…` puts what these files name into .venv, at the versions of requirements.lock: by uv where there is
# one, else by pip.  Where the builds of PyTorch for TORCH are, uv knows alone; it comes into .venv for that.
INSTALL = install() { \
	uv=$$(command -v uv); \
	if [ -n "$$TORCH" ] && [ -z "$$uv" ]; then \
		$(PY) -m pip install --disable-pip-version-check uv || return; \
		uv=.venv/bin/uv; \
	fi; \
	for file in "$$@"; do set -- "$$@" -r "$$file"; shift; done; \
	if [ -n "$$uv" ]; then \
		"$$uv" pip install --python $(PY) $${TORCH:+--torch-backend "$$TORCH"} -c requirements.lock "$$@" || return; \
	else \
		$(PY) -m pip install --disable-pip-version-check -c requirements.lock "$$@" || return; \
	fi; \
	[ -z "$$TORCH" ] || printf '%s\n' "$$TORCH" >.venv/torch; \
}

# Shell: says so where the demo is not complete; others have the processor first.
CHECK_DEMO = nice $(PY) -m cldi_core check --dataset ./data/demo >.venv/check.log 2>&1 || { \
	grep '^error' .venv/check.log >&2 || cat .venv/check.log >&2; \
	echo "The demo data is not complete. Restore it with: git checkout -- data/demo" >&2; \
}

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: dataset-exists venv port-is-free runtime ## start the explorer: make run [PORT=8600] [DATASET=name, path or s3://…] [HOST=names or address] [TORCH=cpu]
	@# Whether the demo is complete is said while people look at it: to look through it takes as long as to start.
	@case $$DATASET in *://*) $(PY) -c 'import obstore' 2>/dev/null || { $(INSTALL); install requirements-remote.txt; };; esac
	@case $$CLDI_LOGIN in oidc) $(PY) -c 'import authlib' 2>/dev/null || { $(INSTALL); install requirements-login.txt; };; esac
	@case $$DATASET in \
		"") ;; \
		*://*) set -- --dataset "$$DATASET";; \
		*) $(FIND_DATASET); CLDI_DATASET=$$(cd "$$folder" && pwd); export CLDI_DATASET;; \
	esac; \
	{ sleep $(CHECK_AFTER); kill -0 $$$$ 2>/dev/null || exit 0; $(CHECK_DEMO); } & \
	set -f; for name in $$HOST; do \
		case $$name in *[!0-9.]*) set -- "$$@" --host "$$name";; *) set -- "$$@" --address "$$name";; esac; \
	done; \
	[ -z "$$WORKERS" ] || set -- "$$@" --workers "$$WORKERS"; \
	exec $(PY) -m cldi_core app --port "$$PORT" "$$@"

serve: ## start it for a group, in so many processes (needs Caddy): make serve [WORKERS=2] and what `make run` takes
	@$(MAKE) --no-print-directory run WORKERS="$(or $(WORKERS),2)"

test: dev system ## run all tests: make test [ARGS="-k word"] [CLDI_NO_BROWSER=1]
	@# The processes share the cores: with threads of their own each waits for the others', and it takes twice as long.
	@# Bytecode is kept, whatever the environment says: hundreds of processes are started, and each would compile anew.
	@$(FIND_CHROMIUM); PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: dev ## check style, formatting, types, who may import whom, the container's file, and known holes of what is pinned
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/hadolint Containerfile
	@$(PY) -m tools.audit

format: dev ## format the code and fix what ruff can fix
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

tables: dev ## make every table of the documents again, of stored rankings and kept measurements
	@$(PY) -m tools.documents

readme-tables: tables

mutants: dev ## put bugs into modules and list those no test notices: make mutants MODULE=a.py [SAMPLE=60] [SEED=0] [TESTS=tests/x]
	@$(PY) -m tools.mutants $(MODULE) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED)) $(if $(TESTS),--tests $(TESTS))

demo-data: npm-exists dev system ## rebuild data/demo and data/demo-hard from their sources (npm; many minutes)
	$(PY) -m tools.demo.build
	@set -e; for backbone in $(BACKBONES); do \
		echo "$$backbone"; \
		$(PY) -m cldi_core extract --dataset ./data/demo --backbone $$backbone; \
		for dataset in ./data/demo ./data/demo-hard; do \
			$(PY) -m cldi_core score --dataset $$dataset --backbone $$backbone; \
			$(PY) -m cldi_core score --dataset $$dataset --backbone $$backbone --method sinkhorn; \
			rm -f $$dataset/*/$$backbone/*/sinkhorn-short.*; \
			$(PY) -m cldi_core project --dataset $$dataset --backbone $$backbone; \
		done; \
	done
	$(PY) -m cldi_core pivot train --seed 2 --seed 3 --seed 4
	$(PY) -m cldi_core pivot train --dataset demo-hard --model vse --model pivot-sym --holdout items \
		--seed 5 --seed 6 --seed 7
	$(PY) -m cldi_core pivot train --model pivot-sym --seed 0
	$(PY) -m cldi_core check --seal --dataset ./data/demo
	$(PY) -m cldi_core check --seal --dataset ./data/demo-hard

docs: dev ## make pages of the whole Python interface, in build/docs
	@$(PY) -m pdoc --docformat google -o build/docs $(API)
	@echo "Open build/docs/index.html"

screenshots: dev system ## take the screenshots of the README again
	@$(FIND_CHROMIUM); $(PY) -m tools.screenshots

bench: dev system ## measure scoring beside other tools, and how fast the pages open, also of a large data set: make bench [ARGS=--full]
	@cmp -s requirements-bench.txt .venv/requirements-bench.txt || { \
		$(PY) -m pip install --disable-pip-version-check -r requirements-bench.txt && \
		cp requirements-bench.txt .venv/; \
	}
	$(PY) -m benchmarks $(ARGS)
	@$(FIND_CHROMIUM); $(PY) -m benchmarks.pages
	@$(FIND_CHROMIUM); $(PY) -m benchmarks --paper

soak: dev ## try kills, full disks, other writers, hostile files and load, and write RELIABILITY.md: make soak [ARGS="kills --share 0.1"]
	$(PY) -m benchmarks.soak $(if $(ARGS),$(ARGS),--keep soak)
	@$(PY) -m tools.documents

lock: ## pin everything that the requirements need, for all systems, in requirements.lock (uv)
	uv pip compile --universal --python-version 3.11 --quiet --no-annotate \
		--custom-compile-command "make lock" $(DEV) -o requirements.lock

clean: ## remove .venv and what tools left behind; the data stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .coverage build *.egg-info
	find app.py benchmarks cldi_core pages tests tools -name __pycache__ -prune -exec rm -rf {} +

# What the targets above need.

venv:
	@$(PY) -c 'import pip; $(FITS)' 2>/dev/null && exit 0; \
	for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		"$$python" -c '$(FITS)' 2>/dev/null && break; \
		python=; \
	done; \
	if [ -z "$$python" ] && command -v uv >/dev/null; then \
		uv venv --clear --seed --python 3.13 .venv; \
		exit; \
	fi; \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11-3.14 was found. Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS:" \
			"brew install python@3.13) or name it: make run PYTHON=/path/to/python3" >&2; \
		exit 2; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$python has no venv module. Install it (Debian, Ubuntu: apt install" \
			"$$("$$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])'))" >&2; \
		exit 2; \
	fi; \
	"$$python" -m venv --clear .venv || { rm -rf .venv; exit 1; }

# .venv keeps a copy of the requirements it was made from; while that is the same, nothing is installed.
runtime: venv torch-fits
	@cat requirements.txt requirements.lock | cmp -s - .venv/requirements.txt || { \
		echo "Installing requirements.txt into .venv (once only; a few minutes; on Linux about 6 GB, with TORCH=cpu about 2)"; \
		$(INSTALL); install requirements.txt && cat requirements.txt requirements.lock >.venv/requirements.txt; \
	}

dev: venv torch-fits
	@cat $(DEV) requirements.lock | cmp -s - .venv/requirements-dev.txt || { \
		echo "Installing $(DEV) into .venv (once only)"; \
		$(INSTALL); install $(DEV) && \
		cat requirements.txt requirements.lock >.venv/requirements.txt && \
		cat $(DEV) requirements.lock >.venv/requirements-dev.txt; \
	}

# What is installed stays: another build of the same version would count as there already.
torch-fits: venv
	@[ -z "$$TORCH" ] || [ ! -f .venv/requirements.txt ] || [ "$$TORCH" = "$$(cat .venv/torch 2>/dev/null)" ] || { \
		echo ".venv was not installed with TORCH=$$TORCH; remove it first: make clean" >&2; \
		exit 2; \
	}

# A browser and WordNet cannot come from pip. Root on Debian or Ubuntu gets them here, everybody else is told.
system:
	@wordnet() { [ -n "$$WNSEARCHDIR" ] || [ -d /usr/share/wordnet ]; }; \
	browser() { [ -n "$$CLDI_NO_BROWSER" ] && return; $(FIND_CHROMIUM); [ -n "$$CLDI_CHROMIUM" ]; }; \
	proxy() { command -v caddy >/dev/null; }; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! { wordnet && browser && proxy; }; then \
		apt-get update -q; \
		install="env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends"; \
		wordnet || $$install wordnet-base; \
		browser || $$install chromium-headless-shell || $$install chromium; \
		proxy || $$install caddy || echo "Caddy could not be installed; tests of proxies are left out." >&2; \
	fi; \
	wordnet || echo "WordNet was not found (Debian, Ubuntu: apt install wordnet-base; or set WNSEARCHDIR to its folder)." >&2; \
	browser || echo "No Chromium or Chrome was found, so the browser tests will fail. Install one (Debian: apt install" \
		"chromium), set CLDI_CHROMIUM to its path, or leave these tests out: make test CLDI_NO_BROWSER=1" >&2

dataset-exists:
	@case $$DATASET in ""|*://*) exit;; esac; { $(FIND_DATASET); [ -f "$$folder/dataset.toml" ]; } || { \
		echo "DATASET=$$DATASET was not found: give the name of a data set under data/, or the path of a folder with a dataset.toml" >&2; \
		exit 2; \
	}

port-is-free:
	@$(PY) -c 'import os, socket, sys; at = ("127.0.0.1", int(os.environ["PORT"]) or -1); s = socket.socket(); \
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(at); \
		sys.exit(socket.socket().connect_ex(at) == 0)' 2>/dev/null || { \
		echo "Port $$PORT is in use, or no port that can be opened. Choose another one: make run PORT=8600" >&2; \
		exit 2; \
	}

npm-exists:
	@command -v npm >/dev/null || { echo "npm was not found: install Node.js with npm to rebuild the demo data" >&2; exit 2; }
