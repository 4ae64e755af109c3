# SPDX-License-Identifier: MIT
# `make bench-limits`: what this processor does in a cycle (tests/bench/limits.c).

$(BENCH)/limits: tests/bench/limits.c tests/bench/options.c tests/bench/means.c $(BENCH_HEADERS) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) $(filter %.c,$^) -o $@ $(BENCH_LINK)

bench-limits: $(BENCH)/limits
	@$<

.PHONY: bench-limits
