# Everything of this repository that is more than one command. `make help` lists it; README.md begins with `make demo`.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# One target folder and one selection of crates: whatever differs here is compiled a second time.
export CARGO_TARGET_DIR ?= $(CURDIR)/target
CARGO ?= cargo
WORKSPACE := --workspace --locked
DIST := dist
# Hosts of the lab are namespaces, mounts and a bridge: that takes root. The runner does it for the test binary alone.
ROOT := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env)

include tests/lab/lab.mk

.PHONY: help deps dppctl build release release-deps test lint house unit e2e harness mutants soak demo browser bench bench-relay compat fuzz venv-deps audit clean

help: ## what there is to make
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | sort | expand -t 16

deps: ## install what a Debian with a Rust toolchain lacks for compiling, by apt; says what it installs
	@missing=$$(dpkg-query -W -f '$${db:Status-Abbrev}$${Package}\n' $(BUILD_PACKAGES) 2>/dev/null | sed -n 's/^ii *//p' \
	    | sort | comm -13 - <(printf '%s\n' $(BUILD_PACKAGES) | sort)); \
	[ -z "$$missing" ] || { echo "make deps: apt-get install" $$missing; \
	    $(ROOT) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(ROOT) apt-get install -y -qq --no-install-recommends $$missing; }
# a C compiler, make, zlib and OpenSSL's headers for librdkafka and ssh2, binutils and dpkg-dev for the .debs
BUILD_PACKAGES := binutils build-essential ca-certificates dpkg-dev libssl-dev pkg-config xz-utils zlib1g-dev

dppctl: deps ## release build of dppctl with its agent, into dist/
	$(CARGO) build --release --locked -p dppctl
	$(CARGO) build --profile agent --locked -p dppctl-agent
	@mkdir -p $(DIST)
	install -m 755 $(CARGO_TARGET_DIR)/release/dppctl $(CARGO_TARGET_DIR)/agent/dppctl-agent $(DIST)/

build: dppctl ## release build of dppctl, its agent, and the packages of relay and web application, into dist/
	$(CARGO) build --release --locked -p dpp-relay -p dpp-webapp
	crates/relay/debian/build $(CARGO_TARGET_DIR)/release/dpp-relay $(DIST)
	crates/webapp/debian/build $(CARGO_TARGET_DIR)/release/dpp-webapp $(DIST)

# The agent runs on whatever host it meets, so it is linked against a C library that all of them have: zig brings one.
AGENT_FLOOR := 2.17
RELEASE_TOOLS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dppctl-release
ZIGBUILD := cargo-zigbuild==0.24.0 ziglang==0.17.1
release: build release-deps ## as build, with an agent for every x86_64 Linux since glibc 2.17
	PATH=$(RELEASE_TOOLS)/bin:$$PATH $(CARGO) zigbuild --profile agent --locked -p dppctl-agent --target x86_64-unknown-linux-gnu.$(AGENT_FLOOR)
	install -m 755 $(CARGO_TARGET_DIR)/x86_64-unknown-linux-gnu/agent/dppctl-agent $(DIST)/
	@wants=$$(objdump --dynamic-syms $(DIST)/dppctl-agent | grep -o 'GLIBC_[0-9.]*' | sort --version-sort | tail -1); \
	echo "make release: the agent wants $$wants and has $$(stat --format %s $(DIST)/dppctl-agent) bytes"; \
	printf '%s\n' "$$wants" GLIBC_$(AGENT_FLOOR) | sort --version-sort --check=silent

release-deps: venv-deps
	@[ -x $(RELEASE_TOOLS)/bin/cargo-zigbuild ] || { echo "make release-deps: $(ZIGBUILD) from PyPI into $(RELEASE_TOOLS)"; \
	    python3 -m venv --clear $(RELEASE_TOOLS) && $(RELEASE_TOOLS)/bin/pip install --quiet $(ZIGBUILD); }

test: lint unit e2e mutants ## all checks: format, clippy, house, unit tests, the end-to-end tests in the lab, and the harness's own proof

lint: deps ## rustfmt and clippy, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(WORKSPACE) --features dpp-relay/mutants --all-targets -- -D warnings

unit: deps ## tests without hosts, the house test among them
	$(CARGO) test $(WORKSPACE)

house: deps ## only the house test: floors, module heads, tables
	$(CARGO) test --locked -p dppctl --test house

# Agent, load and packages are of other crates, so cargo does not build them for the tests by itself. Most tests wait most of the time.
e2e: deps lab-deps ## end-to-end tests on hosts of the lab (root), after building the products that are not in its cache
	$(CARGO) build $(WORKSPACE) --bins --examples
	crates/relay/debian/build $(CARGO_TARGET_DIR)/debug/dpp-relay $(CARGO_TARGET_DIR)/debug/e2e
	crates/webapp/debian/build $(CARGO_TARGET_DIR)/debug/dpp-webapp $(CARGO_TARGET_DIR)/debug/e2e
	$(ROOT) $(LAB) products demo upgrade
	@trap '$(ROOT) $(LAB) sweep' EXIT; $(E2E) --skip upgrade:: --test-threads 8 && $(E2E) upgrade:: --test-threads 1 && $(COMPAT) quick
# Upgrades are watched while messages flow: they have the machine for themselves.
AS_ROOT := $(if $(ROOT),CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='$(ROOT)' )
E2E := $(AS_ROOT)$(CARGO) test $(WORKSPACE) --test e2e --

# What ansible-core answered is kept in tests/compat/recorded and tests/templates/generated.txt: only RECORD and EXPRESSIONS
# ask it, and only they need Python and PyPI. EXPRESSIONS="COUNT SEED keep" makes them the sample that `make test` has.
# ROLES asks it too: of every role in a folder (docs/roles.md); ROLE chooses among them.
# The playbooks that are slow are run here and in no test.
compat: deps lab-deps $(if $(RECORD)$(ROLES)$(EXPRESSIONS),venv-deps) ## results of dppctl beside those of ansible-core (RECORD="blocks loops" asks it anew, EXPRESSIONS=20000 by chance, ROLES=folder of roles)
	$(CARGO) build $(WORKSPACE) --bins
	$(if $(EXPRESSIONS),$(COMPAT) expressions $(EXPRESSIONS))
	$(if $(RECORD),$(COMPAT) record $(RECORD))
	$(if $(ROLES),$(COMPAT) roles $(abspath $(ROLES)) $(ROLE),$(COMPAT) check $(RECORD))
COMPAT := $(AS_ROOT)$(CARGO) test $(WORKSPACE) --test compat --

# Each target for FUZZ_SECONDS; what fails lands in fuzz/artifacts, what reaches new code in fuzz/corpus, which tests/fuzz.rs replays
# (and for those of the relay, crates/relay/tests/fuzz.rs).
fuzz: deps ## looks for inputs that make a reader panic or hang (FUZZ="template vault" FUZZ_SECONDS=600)
	@$(CARGO) +nightly fuzz --version >/dev/null 2>&1 || { echo "make fuzz: cargo install cargo-fuzz, rustup toolchain install nightly"; \
	    rustup toolchain install nightly --profile minimal && $(CARGO) install --quiet --locked cargo-fuzz; }
	@mkdir -p fuzz/artifacts; for target in $(FUZZ); do echo "fuzz $$target, $(FUZZ_SECONDS) s"; \
	    $(CARGO) +nightly fuzz run --sanitizer none $$target -- -max_total_time=$(FUZZ_SECONDS) -timeout=20 -max_len=4096 \
	    >fuzz/artifacts/$$target.log 2>&1; failed=$$?; grep -E '^Done|ERROR|panicked|Test unit' fuzz/artifacts/$$target.log; \
	    [ $$failed -eq 0 ] || exit 1; done
FUZZ ?= playbook inventory template vault frames relay_config relay_mapping relay_headers relay_logstash
FUZZ_SECONDS ?= 600

# The mutants are the relay with a feature that nothing else has, so they are an example that is built by itself.
harness: deps lab-deps
	$(CARGO) build $(WORKSPACE) --bins
	$(CARGO) build $(WORKSPACE) --features dpp-relay/mutants --example mutant
	$(ROOT) $(LAB) products confluent-kafka-8.3.1
HARNESS = $(ROOT) $(CARGO_TARGET_DIR)/debug/dpp-harness

mutants: harness ## a relay in good order must pass the harness, and six that each make one mistake must not (4 minutes)
	@trap '$(ROOT) $(LAB) sweep' EXIT; $(HARNESS) mutants

# A seed of the simulation is a run of its own; without SIMULATION="COUNT SEED" each soak has the same ones.
SIMULATION ?= 100000 1000
# SOAK="--seed 5 --minutes 30 --rate 300 --faults 12 --kinds KafkaKilled,RelayKilled"; `dpp-harness soak --help` explains them.
soak: harness ## 100,000 simulated runs, then the relay under one disturbance after the other, for two hours; writes docs/reliability.md (SOAK="--seed 5 --minutes 30")
	SIMULATION="$(SIMULATION)" $(CARGO) test $(WORKSPACE) --test simulation -- schedules
	@trap '$(ROOT) $(LAB) sweep' EXIT; $(HARNESS) soak $(or $(SOAK),--faults 20 --messages 20000)

demo: build lab-deps ## bare hosts to a running, verified pipeline (UPGRADE=6.2.1 ends with an upgrade of it)
	tests/demo/run

browser: ## a person at the demo's web page and Kibana, in a real Chromium (PAGE=address that the demo printed)
	tests/browser/page $(PAGE)

# Never a part of `make test`: a busy machine would make it fail. BENCH="converge push" measures only these parts.
bench: dppctl lab-deps venv-deps ## dppctl beside Ansible, Mitogen, pyinfra, a shell script and bare ssh, as ratios (6 minutes)
	$(ROOT) $(CARGO) test --release --locked -p dppctl --test bench -- $(BENCH)

# As above. BENCH="drain comeback" measures only these parts; OTHER="before=PATH" another relay in turns with this one.
bench-relay: deps lab-deps ## dpp-relay beside a consumer that does nothing and bare bulk posts, as ratios, with the real products (8 minutes)
	$(CARGO) build --release --locked -p dpp-relay -p dpp-harness
	$(ROOT) $(LAB) products confluent-kafka-8.3.1 elasticsearch-7.17.29
	@trap '$(ROOT) $(LAB) sweep' EXIT; $(ROOT) $(CARGO_TARGET_DIR)/release/dpp-harness bench $(BENCH) $(OTHER:%=--other %)

venv-deps:
	@dpkg-query -W python3-venv >/dev/null 2>&1 || { echo "make venv-deps: apt-get install python3-venv"; \
	    $(ROOT) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(ROOT) apt-get install -y -qq --no-install-recommends python3-venv; }

audit: ## advisories, licences, duplicates (where cargo-deny is installed)
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --locked check; \
	else echo "make audit: cargo-deny is not installed (cargo install --locked cargo-deny)"; fi

clean: ## remove what was built
	$(CARGO) clean
	rm -rf $(DIST)
