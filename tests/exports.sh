#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what the libraries let the outside see, because every visible name is a promise and a chance to collide: the shared
# library exports exactly the names frozen in tests/exports.txt, under the soname written there; the archive shows no other
# but tagpool_private_*; and the list is the functions of the public headers. A program that names no WDK routine links none.
# Usage, from the top folder: tests/exports.sh [list]; list: only prints the frozen names.
set -u

# The frozen names for this compiler's word size: a line "name 32" is of 32-bit libraries only.
frozen() {
    word=$(echo __SIZEOF_POINTER__ | ${CC:-cc} ${CFLAGS:-} -E -P -x c - | tail -n 1)
    sed '/^#/d; /^libtagpool/d' tests/exports.txt | awk -v word="$word" 'NF == 1 || word == 4 { print $1 }' | LC_ALL=C sort
}
if [ "${1:-}" = list ]; then
    frozen
    exit
fi

# A tool chain's sanitizer adds names of its own.
if [ -n "${SANITIZE:-}" ]; then echo "exports are checked without sanitizers"; exit 77; fi
b=${B:-build}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0

compare() { # what, file with names
    if ! diff -u --label frozen --label "$1" "$scratch/frozen" "$2"; then
        echo "$1 differs from tests/exports.txt"
        failed=1
    fi
}

frozen > "$scratch/frozen"
nm -D --defined-only --format=posix "$b/libtagpool.so" | cut -d ' ' -f 1 | LC_ALL=C sort > "$scratch/so"
nm -g --defined-only --format=posix "$b/libtagpool.a" | sed -n 's/^\([A-Za-z_0-9.]*\) [A-Za-z] .*/\1/p' |
    grep -v '^tagpool_private_' | LC_ALL=C sort > "$scratch/a"
# PoolHitTag is for debuggers: programs do not refer to it, so no header has it.
(cd include && printf '#include "%s"\n' tagpool.h tagpool/*.h tagpool/wdk/*.h) |
    ${CC:-cc} ${CFLAGS:-} -E -P -x c -Iinclude -DTAGPOOL_API=EXPORTED -DTAGPOOL_WDK_API=EXPORTED - |
    sed -n '$a PoolHitTag
        s/^ *\(extern *\)*EXPORTED [^(;]*[ *]\([A-Za-z_0-9]*\)[(;].*/\2/p' | LC_ALL=C sort -u > "$scratch/header"
compare libtagpool.so "$scratch/so"
compare libtagpool.a "$scratch/a"
compare 'the public headers' "$scratch/header"

printf '#include "tagpool.h"\nint main(void)\n{\n    tagpool_free(tagpool_alloc(0, 1, 0x61));\n}\n' > "$scratch/plain.c"
${CC:-cc} -Iinclude "$scratch/plain.c" "$b/libtagpool.a" -pthread -o "$scratch/plain" || failed=1
if nm "$scratch/plain" | grep ' [TDB] Ex'; then
    echo "a program that names no WDK routine links some"
    failed=1
fi

soname=$(grep '^libtagpool' tests/exports.txt)
if ! objdump -p "$b/libtagpool.so" | grep -q "SONAME  *$soname\$"; then
    echo "the soname is not $soname"
    failed=1
fi
exit $failed
