# Two commands matter: `make demo` and `make test`. Both make .venv first if it is not there.
PYTHON ?= python3
VENV := .venv
PIP_INSTALL := $(VENV)/bin/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

.PHONY: demo test check docs bench clean

demo: $(VENV)/.installed
	$(VENV)/bin/rvos demo --out runs/demo --overwrite

test: $(VENV)/.installed-test
	scripts/test $(TESTFLAGS)

check: $(VENV)/.installed-test
	scripts/check

# Strict: a warning is an error (a broken link, a page in no table of contents, a docstring that cannot be read).
docs: $(VENV)/.installed-docs
	$(VENV)/bin/python -m sphinx -E -a -W --keep-going --quiet -c docs -d build/doctrees . build/docs
	@echo "The site is at build/docs/index.html"

bench: $(VENV)/.installed
	$(VENV)/bin/python benchmarks/startup.py
	OMP_NUM_THREADS=1 $(VENV)/bin/python benchmarks/metrics.py
	OMP_NUM_THREADS=1 $(VENV)/bin/python benchmarks/evaluate.py --small
	OMP_NUM_THREADS=1 $(VENV)/bin/python benchmarks/intervals.py --times 50

clean:
	rm -rf $(VENV) .venv-newest build *.egg-info

$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rvosbench needs Python 3.11 or later, $(PYTHON) is " + sys.version.split()[0] + "; name another one: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/.created
	@echo "Installing rvosbench into $(VENV), a minute or two ..."
	$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP_INSTALL) -e '.[test]'
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP_INSTALL) -e '.[docs]'
	@touch $@
