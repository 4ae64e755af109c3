#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the single-file build, compiles it alone as a user would, without a warning, checks that it shows the frozen names
# only, and runs the unit, API, stress and mistakes tests against it.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS
if [ -n "${SINGLE_FILE:-}" ]; then echo "this is the single-file build"; exit 77; fi
b=${B:-build}/single
cc=${CC:-cc}

make -s B="$b" dist
# shellcheck disable=SC2086
(cd "$b/dist" && $cc ${CFLAGS:-} -std=c11 -Wall -Wextra -Werror -c tagpool.c -o alone.o)
# 32-bit x86 compilers add functions of their own.
nm -g --defined-only --format=posix "$b/dist/alone.o" | grep -v '^__x86\.' | cut -d ' ' -f 1 | LC_ALL=C sort > "$b/dist/names"
if [ -z "${SANITIZE:-}" ]; then tests/exports.sh list | diff -u - "$b/dist/names"; fi

for source in tests/unit/*.c tests/api/*.c tests/stress/*.c; do
    [ ! -e "$source" ] || set -- "$@" "$b/${source%.c}"
done
exec make -s B="$b" SINGLE_FILE=1 check CHECKS="$* tests/mistakes.sh"
