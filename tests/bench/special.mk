# SPDX-License-Identifier: MIT
# `make bench-special`: what a block of special pool costs, and what samples cost those that are none (tests/bench/special.c).

$(BENCH)/special: tests/bench/special.c tests/bench/options.c tests/bench/means.c $(BENCH_HEADERS) $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) $(filter %.c,$^) $(LIB) -o $@ $(BENCH_LINK)

bench-special: $(BENCH)/special
	@$<

.PHONY: bench-special
