# weir: build, tests, checks, benchmarks. `make help` lists the targets.
#
#   B=DIR      build directory (default build)         V=1         show commands
#   CC=clang   compiler (gcc 12 and clang 14 both work) SAN=address,undefined  sanitized build
#   T=name     one unit test or one fuzz target        JOBS=N      compilers at a time in test, check, demo
#   PREFIX=DIR where `make install` puts things (default /usr/local), below DESTDIR

SHELL   := /bin/bash
.DEFAULT_GOAL := all
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
# The compiler of pkg/doc/toml.cpp goes with that of C.
CXX     := $(subst clang,clang++,$(subst gcc,g++,$(CC)))
SAN     ?=
comma   := ,
B       ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
JOBS    ?= $(shell nproc)
FUZZ_SECONDS ?= 60

VERSION := $(shell cat VERSION 2>/dev/null || echo 0.1.0)
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
OPT     ?= $(if $(SAN),-O1 -fno-omit-frame-pointer -fPIC,-O2 -DNDEBUG)
LANG_FLAGS := -std=gnu17 -D_GNU_SOURCE -Ipkg -I.
# Of a sanitizer's report only lines are wanted; less to write and to link.
DEBUG   := $(if $(SAN),-g1,-g)
CFLAGS  += $(LANG_FLAGS) $(DEBUG) $(OPT) $(WARN) -MMD -MP $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
# What the C driver does not link for the sanitizers of C++.
CXX_SAN := $(if $(findstring undefined,$(SAN)),-fno-sanitize=vptr$(if $(findstring clang,$(CC)),$(comma)function))
# No exception crosses the C interface of the one C++ file: there are none.
CXXFLAGS += -std=c++17 -D_GNU_SOURCE -Ipkg $(DEBUG) $(OPT) -Wall -Wextra -Wshadow -Wconversion -Werror \
           -fno-exceptions -fno-rtti -MMD -MP $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all $(CXX_SAN))
LDFLAGS += $(if $(SAN),-fsanitize=$(SAN))
LIBS    := -lrdkafka -lmicrohttpd -lhs -lpcre2-8 -lyaml -lhiredis -lssl -lcrypto -lxxhash -lmaxminddb -lzstd -lz -lm -lpthread -lstdc++

VERSION_FLAGS := -DWEIR_VERSION='"$(VERSION)"' -DWEIR_COMMIT='"$(COMMIT)"'

# Vector kernels have their own instruction set; nothing else may use it.
AVX2    := -mavx2 -mbmi -mbmi2 -mpclmul -mpopcnt -Wno-sign-conversion
AVX512  := $(AVX2) -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vbmi -mavx512vbmi2

LIB_SRC := $(sort $(wildcard pkg/*/*.c pkg/*/*/*.c))
# Data files that travel inside the program: tools/embed, pkg/base/embed.h.
EMBED_PROFILES := $(sort $(wildcard detections/profiles/*.yml))
EMBED_LISTS := $(sort $(wildcard detections/lists/*.txt detections/lists/*.csv))
EMBED_LIBRARIES := $(sort $(wildcard pkg/state/*.lua))
GEN_OBJ := $(B)/gen/profiles.o $(B)/gen/lists.o $(B)/gen/libraries.o
LIB_CXX := pkg/doc/toml.cpp
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o) $(LIB_CXX:%.cpp=$(B)/%_cpp.o) $(GEN_OBJ)
CMD_SRC := $(sort $(wildcard cmd/weir/*.c))
CMD_OBJ := $(CMD_SRC:%.c=$(B)/%.o)

.PHONY: all
all: $(B)/weir ## build build/weir
	@:

$(B)/%_avx2.o:   CFLAGS += $(AVX2)
$(B)/%_avx512.o: CFLAGS += $(AVX512)
$(B)/cmd/weir/version.o: CFLAGS += $(VERSION_FLAGS)

# Two stamps, rewritten only when their text changes: other flags or another compiler
# rebuild everything, another commit rebuilds the version alone.
define stamp
$(shell mkdir -p $(B); echo '$(2)' | cmp -s - $(B)/$(1) || echo '$(2)' > $(B)/$(1))
endef
ifeq ($(filter help clean tidy fmt install,$(MAKECMDGOALS)),)
$(call stamp,flags.stamp,$(CC) $(CFLAGS) $(AVX2) $(AVX512) $(CXXFLAGS))
$(call stamp,commit.stamp,$(VERSION) $(COMMIT))
endif
$(B)/cmd/weir/version.o: $(B)/commit.stamp
$(B)/flags.stamp $(B)/commit.stamp: ;

$(B)/gen/profiles.c: tools/embed $(EMBED_PROFILES)
	@mkdir -p $(@D)
	@$(if $(Q),echo "  GEN   $@",:)
	$(Q)tools/embed profiles $(EMBED_PROFILES) > $@.tmp && mv $@.tmp $@

$(B)/gen/lists.c: tools/embed $(EMBED_LISTS)
	@mkdir -p $(@D)
	@$(if $(Q),echo "  GEN   $@",:)
	$(Q)tools/embed lists $(EMBED_LISTS) > $@.tmp && mv $@.tmp $@

$(B)/gen/libraries.c: tools/embed $(EMBED_LIBRARIES)
	@mkdir -p $(@D)
	@$(if $(Q),echo "  GEN   $@",:)
	$(Q)tools/embed libraries $(EMBED_LIBRARIES) > $@.tmp && mv $@.tmp $@

$(B)/gen/%.o: $(B)/gen/%.c $(B)/flags.stamp
	@$(if $(Q),echo "  CC    $<",:)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(B)/%.o: %.c $(B)/flags.stamp
	@mkdir -p $(@D)
	@$(if $(Q),echo "  CC    $<",:)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(B)/%_cpp.o: %.cpp $(B)/flags.stamp
	@mkdir -p $(@D)
	@$(if $(Q),echo "  CXX   $<",:)
	$(Q)$(CXX) $(CXXFLAGS) -c -o $@ $<

$(B)/libweir.a: $(LIB_OBJ)
	@$(if $(Q),echo "  AR    $@",:)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/weir: $(CMD_OBJ) $(B)/libweir.a
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(CMD_OBJ) $(B)/libweir.a $(LIBS)

# ---- unit tests: tests/unit/test_X.c is one program with cmocka --------------------
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/unit/%)
LIBT_OBJ := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/lib/*.c)))

# A hundred and more programs with all of libweir in each: gold, which comes with binutils, links one
# in half of ld's time. Sanitized ones would be 30 MB each, so they share one library.
TEST_LD := $(if $(shell command -v ld.gold 2>/dev/null),-fuse-ld=gold)
UNIT_LIB := $(B)/libweir.$(if $(SAN),so,a)

$(B)/libweir.so: $(LIB_OBJ)
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) $(TEST_LD) -shared -Wl,-Bsymbolic -o $@ $^ $(LIBS)

$(B)/unit/%: $(B)/tests/unit/%.o $(LIBT_OBJ) $(UNIT_LIB)
	@mkdir -p $(@D)
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) $(TEST_LD) -Wl,-rpath,'$$ORIGIN/..' -o $@ $^ $(LIBS) -lcmocka -ljansson

.SECONDARY:
.PHONY: unit unit-programs scenario fault test docs-metrics docs-languages docs-detections docs-seeds

# The speed programs' objects too: an interface that moved is seen before somebody measures.
BENCH_OBJ := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/bench/*.c)))
unit-programs: $(UNIT_BIN) $(BENCH_OBJ)
	@:

unit: $(if $(T),$(B)/unit/test_$(T),$(UNIT_BIN)) ## run the unit tests (T=name: one of them, with its full output)
	$(Q)$(if $(T),$<,B=$(B) tests/run unit)

# The protocol of exactly once, in a world where everything goes wrong: tests/sim/sim.c.
$(B)/sim: $(patsubst %.c,$(B)/%.o,$(sort $(wildcard tests/sim/*.c))) $(addprefix $(B)/tests/lib/,rng.o sequence_model.o) $(B)/libweir.a
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

SIM_RUNS = $(if $(filter file,$(origin N)),100000,$(N))
.PHONY: sim
sim: $(B)/sim ## exactly once: N (100,000) random schedules of faults in each form, then each defence switched off
	$(Q)$(B)/sim --runs $(SIM_RUNS) --seed $(or $(SEED),1) && $(B)/sim --check --runs 1
	$(Q)$(B)/sim --real --runs $(SIM_RUNS) --seed $(or $(SEED),1) && $(B)/sim --real --check --runs 1
	$(Q)$(B)/sim --learned --runs $(SIM_RUNS) --seed $(or $(SEED),1) && $(B)/sim --learned --check --runs 1

# The compiled matcher against the reference evaluator, on files and on made-up events; own: each
# rule on events made to match it, and not.
$(B)/diff $(B)/own: $(B)/%: $(B)/tests/diff/%.o $(B)/libweir.a
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# Scenarios: stories with the time in the script, on every store.
$(B)/play: $(B)/tests/scenario/play.o $(LIBT_OBJ) $(B)/libweir.a
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka -ljansson

.PHONY: diff oracle state-oracle sequences groups mutated
diff: all $(B)/diff ## compiled = reference: all shared rules on all shared events (minutes); a sample is in `make test`
	$(Q)B=$(B) tests/e2e/test_engines_agree --full

oracle: all ## pySigma's parse tree = weir: all shared rules on 20,000 shared events; a sample is in `make test`
	$(Q)B=$(B) tests/e2e/test_sigma_oracle --full

state-oracle: all ## an independent reading of docs/state.md = weir: 2,000 random cases (SEED=); a sample is in `make test`
	$(Q)B=$(B) WEIR_SEED=$(SEED) tests/e2e/test_state_oracle --full

SEQUENCE_STREAMS = $(if $(filter file,$(origin N)),100000,$(N))
sequences: all ## EQL sequences = the reference model: N (100,000) random streams (SEED=), memory and Redis; a sample is in `make test`
	$(Q)B=$(B) SEED=$(SEED) tests/e2e/test_eql_sequence --full $(SEQUENCE_STREAMS)

groups: all ## groups of ES|QL = a model: N (10,000) random streams, memory and Redis; a sample is in `make test`
	$(Q)B=$(B) tests/e2e/test_groups --full $(if $(filter file,$(origin N)),10000,$(N))

mutated: all $(B)/diff ## shared rules changed at random: each has a verdict, compiled = reference: N (100) rounds of 400 (SEED=); a sample is in `make test`
	$(Q)B=$(B) tests/e2e/test_mutated_rules --rounds $(if $(filter file,$(origin N)),100,$(N)) --seed $(or $(SEED),1)

scenario: all $(B)/diff $(B)/own $(B)/play loadtest-programs ## run the end-to-end tests and scenarios
	$(Q)B=$(B) tests/run e2e scenario

# pkg/kafka on a broker that the test starts.
$(B)/kafka_layer: $(B)/tests/kafka/kafka_layer.o $(B)/libweir.a
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

FAULT_BIN := $(B)/fault/kafka_proxy $(B)/fault/late_end

.PHONY: kafka
kafka: all $(B)/kafka_layer $(FAULT_BIN) ## run the tests with a real Kafka, which tools/kafka-local starts
	$(Q)tools/setup kafka
	$(Q)B=$(B) tests/run kafka

# A proxy before Kafka that loses, keeps and repeats requests: tests/fault/kafka_proxy.c.
$(B)/fault/kafka_proxy: $(B)/tests/fault/frames.o
$(B)/fault/%: $(B)/tests/fault/%.o $(B)/libweir.a
	@mkdir -p $(@D)
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

fault: all $(B)/bench/flood_events $(FAULT_BIN) loadtest-programs ## run the fault tests
	$(Q)B=$(B) tests/run fault

# The steps follow each other (the compiler may have to be installed first), so each is a
# line here and not a prerequisite.
AGAIN = $(MAKE) --no-print-directory $(if $(findstring j,$(filter -%,$(MAKEFLAGS))),,-j$(JOBS)) V=$(V)

test: ## install what is missing, build, run all tests
	$(Q)tools/setup build test kafka
	+$(Q)$(AGAIN) B=$(B) all unit-programs $(B)/diff $(B)/own $(B)/play $(B)/sim $(B)/bench/flood_events loadtest-programs $(B)/kafka_layer $(FAULT_BIN)
	$(Q)B=$(B) tests/run unit e2e kafka scenario fault sim

docs-metrics: all ## make docs/metrics.md from the table in pkg/worker/metric_table.c
	$(Q)$(B)/weir status --list-metrics > docs/metrics.md

docs-languages: all ## make the tables of Elastic's rules and LogScale's queries in docs/languages.md from what `weir check` says of the shared rules
	$(Q)B=$(B) tools/docs_languages.py --write

docs-detections: ## make docs/detections.md, a page for each rule that comes with weir, from detections/
	$(Q)tools/docs_detections.py --write

docs-seeds: all ## write docs/seeds.md: each rule of the five documents, and what its tests show
	$(Q)B=$(B) tools/docs_seeds.py --write

# ---- checks ------------------------------------------------------------------------
ALL_C   := $(LIB_SRC) $(CMD_SRC) $(sort $(wildcard tests/*/*.c loadtest/*.c))
ALL_H   := $(sort $(wildcard pkg/*/*.h pkg/*/*/*.h cmd/weir/*.h tests/*/*.h loadtest/*.h))
LINT_OK := $(ALL_C:%.c=build/lint/%.ok)

.PHONY: check check-programs tidy fmt format lint fuzz fuzz-programs
check: ## tidy, format, static analysis, sanitized unit tests, a minute of fuzzing
	$(Q)tools/setup build test check
	+$(Q)MAKE_AGAIN='$(AGAIN)' tools/check

SAN_CHECK := SAN=address,undefined B=build/san
check-programs: ## build what `make check` runs
	+$(Q)$(AGAIN) $(SAN_CHECK) unit-programs
	+$(Q)$(AGAIN) CC=clang SAN=$(FUZZ_SAN) B=build/fuzz fuzz-programs
	+$(Q)$(AGAIN) -k lint

tidy: ## house rules: include table, banned calls, opening comments, guards, lengths
	$(Q)tools/tidy

format: ## is everything as clang-format would have it?
	$(Q)bad=$$(clang-format --dry-run -Werror $(ALL_C) $(ALL_H) $(LIB_CXX) 2>&1 | sed -n 's/:[0-9]*:[0-9]*: error:.*//p' | sort -u); \
	for f in $$bad; do echo "$$f: error: not as clang-format has it (make fmt)"; done; [ -z "$$bad" ]

fmt: ## let clang-format rewrite the sources
	$(Q)clang-format -i $(ALL_C) $(ALL_H) $(LIB_CXX)

lint: $(LINT_OK) ## static analysis with clang-tidy (.clang-tidy), and clang's own warnings

build/lint/%_avx2.ok:   KERNEL := $(AVX2)
build/lint/%_avx512.ok: KERNEL := $(AVX512)
build/lint/%.ok: %.c .clang-tidy $(ALL_H)
	@mkdir -p $(@D)
	@$(if $(Q),echo "  LINT  $<",:)
	$(Q)clang-tidy --quiet $< -- $(LANG_FLAGS) $(WARN) $(KERNEL) $(VERSION_FLAGS) 2> $@.log || { cat $@.log; exit 1; }
	@touch $@

# Fuzz targets: tests/fuzz/fuzz_X.c with libFuzzer, so always with clang, in build/fuzz.
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(B)/bin/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SAN := fuzzer-no-link$(comma)address$(comma)undefined

$(B)/bin/%: $(B)/tests/fuzz/%.o $(LIBT_OBJ) $(B)/libweir.a
	@mkdir -p $(@D)
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS) -lcmocka

fuzz-programs: $(FUZZ_BIN)
	@:

fuzz: ## fuzz every target, FUZZ_SECONDS (60) in total; T=name: only that one
	+$(Q)$(AGAIN) CC=clang SAN=$(FUZZ_SAN) B=build/fuzz fuzz-programs
	$(Q)tools/fuzz $(FUZZ_SECONDS) $(T)

# ---- load tests: loadtest/README.md ----------------------------------------------------
LOAD_BIN  := $(B)/loadtest/generate $(B)/loadtest/dump $(B)/loadtest/send
LOAD_OBJ  := $(patsubst %.c,$(B)/%.o,$(sort $(wildcard loadtest/*.c)))

$(B)/loadtest/generate: $(addprefix $(B)/loadtest/,generate.o plan.o stories.o places.o benign.o sink.o line.o) \
	$(addprefix $(B)/tests/lib/,rng.o lane.o shared.o mmdb_write.o)
$(B)/loadtest/send: $(B)/loadtest/send.o
$(B)/loadtest/dump: $(addprefix $(B)/loadtest/,dump.o line.o)
$(LOAD_BIN): $(B)/libweir.a
	@mkdir -p $(@D)
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(B)/libweir.a $(LIBS)

.PHONY: loadtest-programs loadtest
loadtest-programs: $(LOAD_BIN) $(B)/fault/kafka_proxy
	@:

loadtest: all loadtest-programs ## workers on a real Kafka under load and faults, checked: [SCENARIO=name,...] (loadtest/README.md)
	$(Q)B=$(B) loadtest/run $(SCENARIO)

# ---- what a user runs ----------------------------------------------------------------
.PHONY: demo bench bench-peers bench-correlation bench-elastic bench-everything lane-ecs bench-overlays bench-worker
demo: ## install what is missing, build, replay the bundled sample, show the alerts
	$(Q)tools/setup build
	+$(Q)$(AGAIN) B=$(B) all
	$(Q)if [ -x tools/demo ]; then B=$(B) tools/demo; else echo "demo: tools/demo is not here yet" >&2; exit 1; fi

.PHONY: demo-kafka
demo-kafka: ## install what is missing, build; Kafka, Redis, two workers, one killed: the alerts, each once
	$(Q)tools/setup build kafka test
	+$(Q)$(AGAIN) B=$(B) all
	$(Q)B=$(B) tools/demo-kafka

BENCH_BIN := $(B)/bench/bench_literal $(B)/bench/bench_textbook $(B)/bench/worst_case $(B)/bench/weir_no_stats
# weir without the matcher's statistics, to be measured beside it.
NO_STATS_OBJ := $(B)/bench/no_stats/matcher.o $(B)/bench/no_stats/matcher_value.o
$(NO_STATS_OBJ): $(B)/bench/no_stats/%.o: pkg/match/%.c $(B)/flags.stamp
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -DMATCHER_STATS=0 -c -o $@ $<
$(B)/bench/weir_no_stats: $(CMD_OBJ) $(NO_STATS_OBJ) $(B)/libweir.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
bench: ## measure speed and write docs/benchmarks.md (about eight minutes)
	$(Q)tools/setup build bench
	+$(Q)$(AGAIN) B=$(B) all $(BENCH_BIN)
	$(Q)B=$(B) tools/bench

bench-peers: all ## measure speed beside other engines (needs cargo)
	$(Q)B=$(B) tools/bench peers

bench-correlation: all ## measure rules with state: rates of both threads, memory of a group
	$(Q)B=$(B) tools/bench correlation

bench-everything: all ## measure all rules at once, ours and the shared ones of every language, beside Sigma's alone
	$(Q)B=$(B) tools/bench everything

bench-elastic: all ## measure all EQL rules, and Sigma's and Elastic's together, on a lane in ECS's shape
	$(Q)B=$(B) tools/bench elastic

LANE_ECS = $(B)/lane-ecs.ndjson
lane-ecs: $(LANE_ECS) ## the shared lane structured_windows in ECS's shape: build/lane-ecs.ndjson
$(LANE_ECS): tools/lane_ecs.py
	@mkdir -p $(@D)
	$(Q)tools/lane_ecs.py > $@.tmp && mv $@.tmp $@

bench-overlays: all ## measure 1,000 exclusions and a list of a million rows beside neither
	$(Q)B=$(B) tools/bench overlays

bench-worker: ## measure `weir run` on a Kafka of its own beside the sum of the parts (about eight minutes)
	$(Q)tools/setup build test bench
	+$(Q)$(AGAIN) B=$(B) all $(B)/bench/speed_probe
	$(Q)B=$(B) tools/bench speed worker

# The literal engine by itself: make bench-literal TEXT=FILE [N=20000].
N        ?= 20000
LITERALS ?= words
RUNS     ?= 9
.PHONY: bench-literal
bench-literal: $(B)/bench/bench_literal
	$(Q)$< $(N) $(TEXT) $(LITERALS) $(RUNS)

# What a record costs before the matcher: make bench-scan RULES=DIR EVENTS=FILE [RUNS=9] [MEMO=memo].
.PHONY: bench-scan
bench-scan: $(B)/bench/bench_scan
	$(Q)$< $(RULES) $(EVENTS) $(RUNS) $(MEMO)

$(B)/bench/%: $(B)/tests/bench/%.o $(B)/libweir.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) $(BENCH_LIBS)

$(B)/bench/bench_textbook: BENCH_LIBS := -ljansson
$(B)/bench/store_redis: $(B)/tests/lib/redis_server.o
$(B)/bench/flood_events: $(B)/tests/lib/rng.o

# Ten million keys that somebody made up, against one rule's memory: make flood [KEYS=...].
.PHONY: flood
flood: all $(B)/bench/flood_events ## state under a flood of keys: memory kept, nothing missed (minutes); a sample is in `make test`
	$(Q)B=$(B) tests/bench/flood/run $(if $(KEYS),--keys $(KEYS))

# A million values of one rule, 30 days of history: make bench-new-terms [TERMS=...].
.PHONY: bench-new-terms
bench-new-terms: all ## new_terms with 30 days of history over a million values: time, memory, and that the right ones are told
	$(Q)B=$(B) tests/bench/new_terms/run $(if $(TERMS),--terms $(TERMS))

# State in a Redis of its own on this machine: make bench-redis [SECONDS=3].
SECONDS_EACH = $(if $(filter command line,$(origin SECONDS)),$(SECONDS),3)
.PHONY: bench-redis
bench-redis: $(B)/bench/store_redis
	$(Q)$< $(SECONDS_EACH)

# What was built, as it is: who installs may be another user, with other flags.
PREFIX  ?= /usr/local
INSTALL_DIR = $(DESTDIR)$(PREFIX)
.PHONY: install
install: ## put the program, our rules, lists and profiles, and the unit of systemd below DESTDIR PREFIX
	$(Q)[ -x $(B)/weir ] || { echo "install: there is no $(B)/weir: make"; exit 1; }
	$(Q)install -D -m 755 $(B)/weir $(INSTALL_DIR)/bin/weir
	$(Q)find detections -type f -exec install -D -m 644 {} $(INSTALL_DIR)/share/weir/{} \;
	$(Q)install -D -m 644 docs/weir.example.yml $(INSTALL_DIR)/share/weir/weir.example.yml
	$(Q)install -d $(INSTALL_DIR)/lib/systemd/system
	$(Q)sed 's|^ExecStart=/usr/bin/|ExecStart=$(PREFIX)/bin/|' deploy/weir.service > $(INSTALL_DIR)/lib/systemd/system/weir.service
	$(Q)chmod 644 $(INSTALL_DIR)/lib/systemd/system/weir.service

.PHONY: setup clean help
setup: ## install the packages that build, tests and checks need (Debian 12)
	$(Q)tools/setup build test kafka check

clean: ## remove what was built (what was fetched stays: Python environment, peers, Kafka)
	$(Q)if [ -d $(B) ]; then find $(B) -mindepth 1 -maxdepth 1 ! -name venv ! -name peers ! -name kafka -exec rm -rf {} +; fi

help: ## this list
	@sed -n 's/^#   //p' Makefile
	@echo
	@grep -hE '^[a-z-]+:.*## ' Makefile | sort | awk -F':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(LIBT_OBJ:.o=.d) $(UNIT_SRC:%.c=$(B)/%.d)
-include $(patsubst %.c,$(B)/%.d,$(wildcard tests/fuzz/fuzz_*.c))
-include $(patsubst %.c,$(B)/%.d,$(wildcard tests/bench/*.c tests/sim/*.c tests/scenario/*.c tests/diff/*.c loadtest/*.c tests/fault/*.c))
