#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every fuzz target over its corpus, tests/fuzz/corpus/<target>/: inputs that once found something, or that reach a
# corner, stay good for ever. Looking for new ones takes a fuzzer; tests/fuzz/driver.c says how.
set -u
b=${B:-build}
passed=0 failed=0

for source in tests/fuzz/fuzz_*.c; do
    target=$(basename "$source" .c)
    target=${target#fuzz_}
    for input in "tests/fuzz/corpus/$target"/*; do
        if [ -f "$input" ] && "$b/tests/fuzz/$target" "$input"; then
            passed=$((passed + 1))
        else
            echo "$target fails on $input"
            failed=$((failed + 1))
        fi
    done
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
