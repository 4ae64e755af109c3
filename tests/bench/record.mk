# SPDX-License-Identifier: MIT
# Recorded traces, included by the Makefile. `make bench-record` records the bench's own anew (record/record.sh, which says what
# it needs) into tests/bench/traces/; BENCH_RECORDED picks: compiler, interpreter, database, server. A trace of your own:
#
#   BENCH_RECORD=raw LD_PRELOAD=build/bench/librecorder.so program...    writes raw.<process number>
#   build/bench/convert raw.<process number> own.trace count=200000      makes a trace of it
#   make bench TRACE=own.trace

TRACE_FILES := $(wildcard tests/bench/traces/*.trace)
TRACE_PARTS := $(wildcard tests/bench/record/*.h) tests/bench/replay.h $(B)/flags

bench-programs: $(TRACE_FILES:tests/bench/%=$(B)/bench/%) $(B)/bench/librecorder.so $(B)/bench/convert

bench-record: $(B)/bench/librecorder.so $(B)/bench/convert
	tests/bench/record/record.sh $(B)/bench tests/bench/traces $(BENCH_RECORDED)

# Workers find the traces beside themselves.
$(B)/bench/traces/%.trace: tests/bench/traces/%.trace
	@mkdir -p $(@D)
	cp $< $@

$(B)/bench/librecorder.so: tests/bench/record/recorder.c $(TRACE_PARTS)
	@mkdir -p $(@D)
	$(BENCH_COMPILE) -fPIC -shared -fvisibility=hidden $< -o $@ $(LDFLAGS) -ldl

$(B)/bench/convert: $(addprefix tests/bench/record/,convert.c calls.c encode.c) $(TRACE_PARTS)
	@mkdir -p $(@D)
	$(BENCH_COMPILE) $(filter %.c,$^) -o $@ $(LDFLAGS)

# The fuzz target has the reader within it.
$(B)/tests/fuzz/trace: tests/bench/replay.c tests/bench/replay.h tests/bench/target.h

.PHONY: bench-record
