# SPDX-License-Identifier: MIT
# The bench suite, included by the Makefile. `make bench` measures and leaves $(B)/bench.json; options are variables, listed
# in tests/bench/bench.c (ROUNDS, ROWS, CONTENDERS, PEERS, BASE, QUICK). `make instructions` counts them under valgrind.
#
# One worker program per way to call an allocator; every allocator is a shared library, called through the PLT.

BENCH := $(B)/bench
BENCH_HEADERS := $(wildcard tests/bench/*.h) tests/bench/bench.mk
BENCH_WORKER := $(patsubst %,tests/bench/%.c,worker loops pipe trace rows resident)
BENCH_DRIVER := $(patsubst %,tests/bench/%.c,bench contenders means table json rows)
BENCH_WRAPPERS := lock atomic thread null
BENCH_PROGRAMS := $(patsubst %,$(BENCH)/worker-%,malloc tagpool $(BENCH_WRAPPERS)) $(BENCH)/bench
# The loops are always optimised, and the compiler must not reason about malloc: it would have fewer calls to make.
BENCH_COMPILE = $(CC) $(filter-out -MMD -MP,$(COMMON)) -O2 -fno-builtin-malloc -fno-builtin-free -pthread
BENCH_LINK = $(LDFLAGS) -Wl,-z,now -ldl -lm

bench-programs: $(BENCH_PROGRAMS)

bench: bench-programs
	@$(BENCH)/bench $(BENCH) $(B)/bench.json

instructions: bench-programs
	@tests/bench/instructions.sh $(BENCH)

$(BENCH)/bench: $(BENCH_DRIVER) $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) $(BENCH_DRIVER) -o $@ $(BENCH_LINK)

$(BENCH)/worker-malloc: $(BENCH_WORKER) $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -DTARGET_MALLOC $(BENCH_WORKER) -o $@ $(BENCH_LINK)

$(BENCH)/worker-tagpool: $(BENCH_WORKER) $(BENCH_HEADERS) $(SO) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -DTARGET_TAGPOOL $(BENCH_WORKER) -o $@ $(SO) -Wl,-rpath,'$$ORIGIN/..' $(BENCH_LINK)

$(BENCH_WRAPPERS:%=$(BENCH)/worker-%): $(BENCH)/worker-%: $(BENCH)/libwrap_%.so $(BENCH_WORKER) $(BENCH_HEADERS)
	$(BENCH_COMPILE) -DTARGET_WRAP $(BENCH_WORKER) -o $@ $< -Wl,-rpath,'$$ORIGIN' $(BENCH_LINK)

$(BENCH)/libwrap_%.so: tests/bench/wrap_%.c $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -fPIC -shared -Wl,-soname,$(@F) $< -o $@ $(LDFLAGS)

# tests/bench-smoke.sh runs them.
check: $(if $(SANITIZE)$(SINGLE_FILE),,bench-programs)

.PHONY: bench-programs
