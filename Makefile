# weir: build, tests, checks, benchmarks. `make help` lists the targets.
#
#   B=DIR      build directory (default build)         V=1         show commands
#   CC=clang   compiler (gcc 12 and clang 14 both work) SAN=address,undefined  sanitized build
#   T=name     one unit test or one fuzz target

SHELL   := /bin/bash
.DEFAULT_GOAL := all
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
SAN     ?=
B       ?= build$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))
comma   := ,

VERSION := $(shell cat VERSION 2>/dev/null || echo 0.1.0)
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

WARN    := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
OPT     ?= $(if $(SAN),-O1 -fno-omit-frame-pointer,-O2 -DNDEBUG)
CFLAGS  += -std=gnu17 -g $(OPT) $(WARN) -D_GNU_SOURCE -Ipkg -I. -MMD -MP $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all)
LDFLAGS += $(if $(SAN),-fsanitize=$(SAN))
LIBS    := -lhs -lpcre2-8 -lyaml -lcrypto -lxxhash -lzstd -lz -lm -lpthread

LIB_SRC := $(sort $(wildcard pkg/*/*.c pkg/*/*/*.c))
# Data files that travel inside the program: tools/embed, pkg/base/embed.h.
EMBED_PROFILES := $(sort $(wildcard detections/profiles/*.yml))
EMBED_LISTS := $(sort $(wildcard detections/lists/*.txt detections/lists/*.csv))
GEN_OBJ := $(B)/gen/profiles.o $(B)/gen/lists.o
LIB_OBJ := $(LIB_SRC:%.c=$(B)/%.o) $(GEN_OBJ)
CMD_SRC := $(sort $(wildcard cmd/weir/*.c))
CMD_OBJ := $(CMD_SRC:%.c=$(B)/%.o)

.PHONY: all help unit
all: $(B)/weir

# Vector kernels have their own instruction set; nothing else may use it.
$(B)/%_avx2.o:   CFLAGS += -mavx2 -mbmi -mbmi2 -mpclmul -mpopcnt -Wno-sign-conversion
$(B)/%_avx512.o: CFLAGS += -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vbmi -mavx512vbmi2 -mbmi -mbmi2 -mpclmul -mpopcnt -Wno-sign-conversion
$(B)/cmd/weir/version.o: CFLAGS += -DWEIR_VERSION='"$(VERSION)"' -DWEIR_COMMIT='"$(COMMIT)"'

$(B)/gen/profiles.c: tools/embed $(EMBED_PROFILES)
	@mkdir -p $(@D)
	@$(if $(Q),echo "  GEN   $@",:)
	$(Q)tools/embed profiles $(EMBED_PROFILES) > $@.tmp && mv $@.tmp $@

$(B)/gen/lists.c: tools/embed $(EMBED_LISTS)
	@mkdir -p $(@D)
	@$(if $(Q),echo "  GEN   $@",:)
	$(Q)tools/embed lists $(EMBED_LISTS) > $@.tmp && mv $@.tmp $@

$(B)/gen/%.o: $(B)/gen/%.c
	@$(if $(Q),echo "  CC    $<",:)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@$(if $(Q),echo "  CC    $<",:)
	$(Q)$(CC) $(CFLAGS) -c -o $@ $<

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

$(B)/unit/%: $(B)/tests/unit/%.o $(LIBT_OBJ) $(B)/libweir.a
	@mkdir -p $(@D)
	@$(if $(Q),echo "  LD    $@",:)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS) -lcmocka -ljansson

.SECONDARY:

unit: $(if $(T),$(B)/unit/test_$(T),$(UNIT_BIN))
	$(Q)set -e; for t in $^; do echo "== $$t"; $$t; done

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- the literal engine by itself: make bench-literal TEXT=FILE [N=20000] ----------------
N        ?= 20000
LITERALS ?= words
RUNS     ?= 9
.PHONY: bench-literal
bench-literal: $(B)/bench/bench_literal
	$(Q)$< $(N) $(TEXT) $(LITERALS) $(RUNS)

$(B)/bench/%: $(B)/tests/bench/%.o $(B)/libweir.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)
