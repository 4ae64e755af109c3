# SPDX-License-Identifier: MIT
# `make bench-tracking`: what a tracked pair of allocate and free costs, on one thread and two (tests/bench/tracking.c).

$(BENCH)/tracking: tests/bench/tracking.c tests/bench/options.c tests/bench/means.c $(BENCH_HEADERS) $(LIB) $(B)/flags
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -fno-omit-frame-pointer $(filter %.c,$^) $(LIB) -o $@ $(BENCH_LINK)

bench-tracking: $(BENCH)/tracking
	@$<

.PHONY: bench-tracking
