#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds and runs the leak tests of examples/leaktest with each test framework that is installed, and compares what they print and
# how they end with NAME.out; cmocka's other formats must have the message too. `tests/frameworks.sh record` writes the .out
# files: read them before you keep them. Debian has no package of Unity: tests/unity/unity.h stands in for it.
set -u
# A call site is the caller alone, whether or not the compiler keeps frame pointers. Frameworks may leave memory of their own.
export TAGPOOL_OPTIONS=stack_frames=0 ASAN_OPTIONS=detect_leaks=0
b=${B:-build}
cc=${CC:-cc}
cxx=${CXX:-${CROSS_COMPILE:-}c++}
sanitize=${SANITIZE:+-fsanitize=$SANITIZE}
record=${1:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0

good() { passed=$((passed + 1)); }
bad() {
    echo "FAILED: $*"
    failed=$((failed + 1))
}

# What differs from run to run, and from compiler to compiler: addresses, threads, times, frames.
masked() {
    sed -E 's/0x[0-9a-fA-F]{6,}/ADDRESS/g; s/thread [0-9]+/thread N/; s/\([0-9]+ ms( total)?\)/(TIME)/; s/[0-9]+ ms\)/TIME)/
        s/hit_site=ADDRESS/hit_site=HASH/; /^tagpool:     /d; s/^[^ ]*examples\/leaktest/examples\/leaktest/' "$1"
}

# Where pointers are smaller, so is a shelf.
words() { # program, file
    class=$(od -An -tu1 -j4 -N1 "$scratch/$1" | tr -d ' ')
    if [ "$class" = 1 ]; then sed 's/[0-9]* bytes/N bytes/' "$2"; else cat "$2"; fi
}

program() { # name, source, compiler, libraries...: builds it, or says why not
    name=$1 source=$2 compiler=$3
    shift 3
    standard=-std=c11
    case $source in *.cc) standard=-std=c++14 ;; esac
    # shellcheck disable=SC2086
    $compiler $standard -Wall -Wextra -Wshadow -g -O1 -Iinclude ${CFLAGS:-} $sanitize "$source" "$b/libtagpool.a" "$@" \
        -pthread ${LDFLAGS:-} -o "$scratch/$name" > "$scratch/$name.log" 2>&1 && return
    if grep -qE 'No such file or directory|file not found|cannot find -l|skipping incompatible' "$scratch/$name.log"; then
        echo "$name: not installed (for this target)"
        skipped=$((skipped + 1))
    else
        cat "$scratch/$name.log"
        bad "$source does not compile"
    fi
    return 1
}

compare() { # name
    { sh -c 'exec "$0" > "$1" 2>&1' "$scratch/$1" "$scratch/raw"; status=$?; } > /dev/null 2>&1
    echo "status $status" >> "$scratch/raw"
    masked "$scratch/raw" > "$scratch/found"
    if [ "$record" = record ]; then cp "$scratch/found" "examples/leaktest/$1.out"; fi
    words "$1" "examples/leaktest/$1.out" > "$scratch/expected"
    words "$1" "$scratch/found" > "$scratch/compared"
    if diff -u "$scratch/expected" "$scratch/compared"; then good; else bad "$1 prints something else"; fi
}

message='leak: 2 blocks, [0-9]+ bytes not freed in test forgets_a_shelf'
if program cmocka examples/leaktest/cmocka.c "$cc" ${CMOCKA:--lcmocka}; then
    compare cmocka
    for format in XML TAP SUBUNIT; do
        CMOCKA_MESSAGE_OUTPUT=$format "$scratch/cmocka" > "$scratch/raw" 2>&1
        if grep -qE "$message" "$scratch/raw"; then good; else bad "cmocka's $format lacks the message"; fi
    done
fi
program check examples/leaktest/check.c "$cc" -lcheck -lsubunit -lm -lrt && compare check
program unity examples/leaktest/unity.c "$cc" -Itests/unity && compare unity
program plain examples/leaktest/plain.c "$cc" && compare plain
program cpputest examples/leaktest/cpputest.cc "$cxx" -lCppUTest && compare cpputest
program gtest examples/leaktest/gtest.cc "$cxx" -lgtest && compare gtest

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
