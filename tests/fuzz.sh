#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every fuzz target over its corpus, tests/fuzz/corpus/<target>/, since inputs that once found something or reach a corner
# stay good for ever; then over some thousand inputs of its own making. tests/fuzz/driver.c says how to look for more.
set -u
b=${B:-build}
passed=0 failed=0

try() {
    if "$@"; then
        passed=$((passed + 1))
    else
        echo "failed: $*"
        failed=$((failed + 1))
    fi
}

for source in tests/fuzz/fuzz_*.c; do
    target=$(basename "$source" .c)
    target=${target#fuzz_}
    for input in "tests/fuzz/corpus/$target"/*; do
        try "$b/tests/fuzz/$target" "$input"
    done
    try "$b/tests/fuzz/$target"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
