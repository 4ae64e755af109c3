#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles the core for a Cortex-M3 (PORT=bare) and checks that it asks its surroundings for nothing but the four memory
# functions that every freestanding compiler may call: no threads, no atomics, no 64-bit division, no output.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS CPPFLAGS
prefix=arm-none-eabi-
if ! command -v ${prefix}gcc > /dev/null; then echo "${prefix}gcc is not installed (gcc-arm-none-eabi)"; exit 77; fi
b=${B:-build}/bare

make -s B="$b" PORT=bare CC=${prefix}gcc AR=${prefix}ar OBJCOPY=${prefix}objcopy SANITIZE= LDFLAGS= SINGLE_FILE= \
    CFLAGS='-mcpu=cortex-m3 -mthumb -Os -Werror' > "$b.log" 2>&1 || { cat "$b.log"; exit 1; }

asked=$(${prefix}nm -u "$b/tagpool.o" | awk '{ print $NF }' | LC_ALL=C sort | xargs)
echo "asks for: $asked"
for name in $asked; do
    case $name in memcpy | memset | memmove | memcmp) ;; *) echo "firmware need not have $name"; exit 1 ;; esac
done
${prefix}nm -g --defined-only "$b/tagpool.o" | grep -q " T tagpool_" || { echo "the core defines nothing"; exit 1; }
${prefix}size "$b/tagpool.o"

# Leak tests: all of tagpool/test.h without a framework needs nothing else either; under cmocka, whose header asks for newlib's,
# it compiles.
firmware="${prefix}gcc -mcpu=cortex-m3 -mthumb -Os -std=c11 -Wall -Wextra -Wshadow -Werror -DTAGPOOL_BARE=1 -Iinclude"
$firmware -Wpedantic -ffreestanding -x c -c tests/frameworks/all.inc -o "$b/leaktest.o"
${prefix}gcc -nostdlib -r "$b/leaktest.o" "$b/tagpool.o" -o "$b/image.o"
asked=$(${prefix}nm -u "$b/image.o" | awk '{ print $NF }' | LC_ALL=C sort | xargs)
echo "with leak tests: $asked"
for name in $asked; do
    case $name in memcpy | memset | memmove | memcmp) ;; *) echo "leak tests ask for $name"; exit 1 ;; esac
done
cmocka=$(printf '#include <%s>\n' stdarg.h stddef.h stdint.h setjmp.h cmocka.h | ${CC:-cc} -M -x c - 2> /dev/null |
    tr ' ' '\n' | grep '/cmocka\.h$' || true)
if [ -n "$cmocka" ]; then
    mkdir -p "$b/include"
    cp "${cmocka%.h}"*.h "$b/include"
    $firmware -I"$b/include" -c examples/leaktest/cmocka.c -o "$b/leaktest-cmocka.o"
    echo "under cmocka: compiles"
fi
