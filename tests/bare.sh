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
