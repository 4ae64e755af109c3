# SPDX-License-Identifier: MIT
# The bench suite, included by the Makefile. `make bench` measures and leaves $(B)/bench.json; options are variables, listed
# in tests/bench/bench.c (ROUNDS, ROWS, CONTENDERS, PEERS, BASE, QUICK); last it prints what the verifier costs, as `make
# bench-tracking bench-special` do alone. `make instructions` counts instructions under valgrind.
#
# One worker program per way to call an allocator; every allocator is a shared library, called through the PLT.
# `make bench-scale` (tests/bench/sweep.c) and `make soak MINUTES=10` (tests/bench/curve.c, also SECONDS= and CONTENDER=) leave
# $(B)/scale.csv and $(B)/soak.csv. `make bench-static` has one worker program per allocator, fully static, and leaves
# $(B)/bench-static.json; PEERS=name=path.a,... adds some.

BENCH := $(B)/bench
BENCH_HEADERS := $(wildcard tests/bench/*.h) tests/bench/bench.mk
BENCH_WORKER := $(patsubst %,tests/bench/%.c,worker loops pipe trace replay rows resident draw verify churn scale soak)
BENCH_DRIVER := $(patsubst %,tests/bench/%.c,bench contenders means table json rows options)
BENCH_SWEEP := $(patsubst %,tests/bench/%.c,sweep sweep_print contenders means options resident)
BENCH_CURVE := $(patsubst %,tests/bench/%.c,curve contenders options)
BENCH_WRAPPERS := lock atomic thread null
BENCH_PROGRAMS := $(patsubst %,$(BENCH)/worker-%,malloc tagpool $(BENCH_WRAPPERS)) \
    $(patsubst %,$(BENCH)/%,bench sweep soak tracking special limits)
BENCH_WITHOUT := $(patsubst tests/bench/without/%.h,$(BENCH)/worker-without-%,$(wildcard tests/bench/without/*.h))
# The loops are always optimised, and the compiler must not reason about malloc: it would have fewer calls to make.
BENCH_COMPILE = $(CC) $(filter-out -MMD -MP,$(COMMON)) -O2 -fno-builtin-malloc -fno-builtin-free -pthread
BENCH_LINK = $(LDFLAGS) -Wl,-z,now -ldl -lm

bench-programs: $(BENCH_PROGRAMS)

bench: bench-programs
	@$(BENCH)/bench $(BENCH) $(B)/bench.json
	@$(BENCH)/tracking
	@$(BENCH)/special

bench-scale: bench-programs
	@$(BENCH)/sweep $(BENCH) $(B)/scale.csv

MINUTES ?= 10
soak: bench-programs
	@$(BENCH)/soak $(BENCH) $(B)/soak.csv $(if $(SECONDS),$(SECONDS),$(MINUTES)m)

bench-static: bench-programs bench-static-workers
	@LINKAGE=static $(BENCH)/bench $(BENCH) $(B)/bench-static.json

instructions: bench-programs $(BENCH_WITHOUT)
	@tests/bench/instructions.sh $(BENCH)

$(BENCH)/bench: $(BENCH_DRIVER) $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) $(BENCH_DRIVER) -o $@ $(BENCH_LINK)

$(BENCH)/sweep: $(BENCH_SWEEP) $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) $(BENCH_SWEEP) -o $@ $(BENCH_LINK)

$(BENCH)/soak: $(BENCH_CURVE) $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) $(BENCH_CURVE) -o $@ $(BENCH_LINK)

$(BENCH)/worker-malloc: $(BENCH_WORKER) $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -DTARGET_MALLOC $(BENCH_WORKER) -o $@ $(BENCH_LINK)

$(BENCH)/worker-tagpool: $(BENCH_WORKER) $(BENCH_HEADERS) $(SO) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -DTARGET_TAGPOOL $(BENCH_WORKER) -o $@ $(SO) -Wl,-rpath,'$$ORIGIN/..' $(BENCH_LINK)

$(BENCH_WRAPPERS:%=$(BENCH)/worker-%): $(BENCH)/worker-%: $(BENCH)/libwrap_%.so $(BENCH_WORKER) $(BENCH_HEADERS)
	$(BENCH_COMPILE) -DTARGET_WRAP $(BENCH_WORKER) -o $@ $< -Wl,-rpath,'$$ORIGIN' $(BENCH_LINK)

# What a part of the library costs: it is built again without that, with what without/*.h says before each of its files. Only when
# CONTENDERS asks for one, and for `make instructions`.
bench bench-scale soak: $(if $(findstring without,$(CONTENDERS)$(CONTENDER)),$(BENCH_WITHOUT))

$(BENCH_WITHOUT): $(BENCH)/worker-without-%: tests/bench/without/%.h $(SO) $(BENCH_WORKER) $(BENCH_HEADERS)
	@$(MAKE) --no-print-directory B=$(BENCH)/without-$* CPPFLAGS='$(CPPFLAGS) -D_GNU_SOURCE -include $<' \
	    $(SO:$(B)/%=$(BENCH)/without-$*/%)
	$(BENCH_COMPILE) -DTARGET_TAGPOOL -DTARGET_WITHOUT $(BENCH_WORKER) -o $@ $(SO:$(B)/%=$(BENCH)/without-$*/%) \
	    -Wl,-rpath,'$$ORIGIN/without-$*' $(BENCH_LINK)

$(BENCH)/libwrap_%.so: tests/bench/wrap_%.c $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -fPIC -shared -Wl,-soname,$(@F) $< -o $@ $(LDFLAGS)

# One object for each way to call an allocator, and the wrappers; static.sh links them with whatever archives there are.
BENCH_STATIC_TARGETS := $(patsubst %,$(BENCH)/static/%.o,malloc tagpool wrap)
BENCH_STATIC_WRAPPERS := $(BENCH_WRAPPERS:%=$(BENCH)/static/wrap_%.o)
BENCH_LINK_STATIC = $(LINK) -static

bench-static-workers: $(LIB) $(BENCH_STATIC_TARGETS) $(BENCH_STATIC_WRAPPERS)
	@tests/bench/static.sh $(BENCH) $(LIB) $(BENCH_LINK_STATIC)

# LINKAGE=static works with every mode.
bench bench-scale soak: $(if $(filter static,$(LINKAGE)),bench-static-workers)

$(BENCH)/static/malloc.o: private TARGET := MALLOC
$(BENCH)/static/tagpool.o: private TARGET := TAGPOOL
$(BENCH)/static/wrap.o: private TARGET := WRAP
$(BENCH_STATIC_TARGETS): $(BENCH_WORKER) $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -DTARGET_$(TARGET) -DBENCH_STATIC -r -nostdlib $(BENCH_WORKER) -o $@

$(BENCH_STATIC_WRAPPERS): $(BENCH)/static/%.o: tests/bench/%.c $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -c $< -o $@

# tests/bench-smoke.sh runs them.
check: $(if $(SANITIZE)$(SINGLE_FILE),,bench-programs)

.PHONY: bench-programs bench-scale soak bench-static bench-static-workers
