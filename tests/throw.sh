#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds and runs tests/api/throw.cc, a C++ program which throws exceptions out of the bug-check handler, with the static and
# with the shared library.
set -u
b=${B:-build}
cxx=${CXX:-${CROSS_COMPILE:-}c++}
sanitize=${SANITIZE:+-fsanitize=$SANITIZE}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

printf '#include <cstdio>\n#include <stdexcept>\nint main() { return 0; }\n' > "$scratch/empty.cc"
# shellcheck disable=SC2086
if ! $cxx ${CFLAGS:-} $sanitize "$scratch/empty.cc" -o "$scratch/empty" 2> /dev/null; then
    echo "no C++ compiler for this target ($cxx ${CFLAGS:-}): set CXX"
    exit 77
fi

for library in "$b/libtagpool.a" "$b/libtagpool.so"; do
    # shellcheck disable=SC2086
    $cxx -std=c++11 -Wall -Wextra -Wpedantic ${CFLAGS:-} $sanitize -Iinclude tests/api/throw.cc "$library" ${LDFLAGS:-} \
        -Wl,-rpath,"$(cd "$b" && pwd)" -pthread -o "$scratch/throw" && "$scratch/throw" || exit 1
done
