# `make help` lists what can be made.

CARGO ?= $(shell command -v cargo || echo "$$HOME/.cargo/bin/cargo")
# For all of cargo's commands here, such as CARGO_FLAGS=--offline.
CARGO_FLAGS ?=
# For the storms: how long each is in all, on which kind of database (postgresql, mariadb; both, one after the other), and, to make
# one again, the seed that it printed.
CHAOS_MINUTES ?= 20
CHAOS_ON ?=
CHAOS_SEED ?=
# For the demo and the benchmarks: their flags. USERS=5000 is short for ARGS='--users 5000'.
ARGS ?=
USERS ?=
# For the benchmarks: users of the whole table where most are completed already, and how often each contender has its turn.
TABLE_USERS ?=
REPEAT ?=
TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help prerequisites demo build test bench bench-weekly bench-flat bench-mariadb bench-instances bench-program chaos lint fmt manifests

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

bench: bench-program ## measure beside the database's own floor, on PostgreSQL and MariaDB: make bench, make bench USERS=2000000 REPEAT=5
	$(BENCH) first again mariadb $(BENCH_FLAGS)

bench-weekly: bench-program ## the same for 50,000 new users among 20 million: make bench-weekly, make bench-weekly TABLE_USERS=2000000
	$(BENCH) weekly $(BENCH_FLAGS)

bench-flat: bench-program ## whether the last claims of 2,000,000 users cost what the first did, and the memory
	$(BENCH) flat $(BENCH_FLAGS)

bench-mariadb: bench-program ## the first backfill on MariaDB, beside what its own client does with LOAD DATA: make bench-mariadb USERS=500000
	$(BENCH) mariadb $(BENCH_FLAGS)

bench-instances: bench-program ## one, two and four instances on one database
	$(BENCH) instances $(BENCH_FLAGS)

BENCH = $(TARGET_DIR)/release/cardgenius-bench
BENCH_FLAGS = $(if $(USERS),--users $(USERS)) $(if $(TABLE_USERS),--table-users $(TABLE_USERS)) $(if $(REPEAT),--repeat $(REPEAT)) $(ARGS)

# Without the tests' crates: the program that is measured has no failpoints.
bench-program:
	@deploy/prerequisites.sh mariadb
	$(CARGO) build --release --locked --package cardgenius --package cardgenius-bench $(CARGO_FLAGS)

chaos: ## let faults storm over three instances, and measure: make chaos, make chaos CHAOS_ON=mariadb CHAOS_MINUTES=60 CHAOS_SEED=7
	@deploy/prerequisites.sh mariadb
	CHAOS_MINUTES=$(CHAOS_MINUTES) CHAOS_SEED=$(CHAOS_SEED) \
		$(CARGO) test --profile chaos --locked --package cardgenius --test chaos $(CARGO_FLAGS) -- --nocapture $(CHAOS_ON)

lint: ## check form and lints; warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked $(CARGO_FLAGS) -- -D warnings

fmt: ## put every file into form
	$(CARGO) fmt --all

manifests: ## write the catalogue into deploy/kubernetes/catalogue.yaml
	@sed '/^data:/q' deploy/kubernetes/catalogue.yaml >catalogue.new
	@{ echo '  cards.json: |'; sed 's/^./    &/' catalog/cards.json; } >>catalogue.new
	@mv catalogue.new deploy/kubernetes/catalogue.yaml
