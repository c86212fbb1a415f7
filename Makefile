# `make help` lists what can be made.

CARGO ?= $(shell command -v cargo || echo "$$HOME/.cargo/bin/cargo")
# For all of cargo's commands here, such as CARGO_FLAGS=--offline.
CARGO_FLAGS ?=
# For the storms: how long in all, and, to make one again, the seed that it printed.
CHAOS_MINUTES ?= 20
CHAOS_SEED ?=
# For the demo: its flags. USERS=5000 is short for ARGS='--users 5000'.
ARGS ?=
USERS ?=
TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help prerequisites demo build test chaos lint fmt manifests

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'

prerequisites: ## install what this machine lacks (PostgreSQL's programs, a C compiler)
	@deploy/prerequisites.sh

demo: prerequisites ## run the whole thing on a private PostgreSQL: make demo, make demo USERS=200000, make demo ARGS=--keep
	$(CARGO) build --release --locked --package cardgenius $(CARGO_FLAGS)
	$(TARGET_DIR)/release/cardgenius demo $(if $(USERS),--users $(USERS)) $(ARGS)

build: prerequisites ## build the release binary, target/release/cardgenius
	$(CARGO) build --release --locked --package cardgenius $(CARGO_FLAGS)

test: ## run every test, against private servers of this machine's own binaries (and install the tools that tests need)
	@deploy/prerequisites.sh tests
	$(CARGO) test --workspace --locked $(CARGO_FLAGS)

chaos: prerequisites ## let faults storm over three instances, and measure: make chaos, make chaos CHAOS_MINUTES=60 CHAOS_SEED=7
	CHAOS_MINUTES=$(CHAOS_MINUTES) CHAOS_SEED=$(CHAOS_SEED) \
		$(CARGO) test --profile chaos --locked --package cardgenius --test chaos $(CARGO_FLAGS) -- --nocapture

lint: ## check form and lints; warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked $(CARGO_FLAGS) -- -D warnings

fmt: ## put every file into form
	$(CARGO) fmt --all

manifests: ## write the catalogue into deploy/kubernetes/catalogue.yaml
	@sed '/^data:/q' deploy/kubernetes/catalogue.yaml >catalogue.new
	@{ echo '  cards.json: |'; sed 's/^./    &/' catalog/cards.json; } >>catalogue.new
	@mv catalogue.new deploy/kubernetes/catalogue.yaml
