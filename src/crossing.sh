#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the archive's objects, such that no name of ours can meet a user's: the core keeps its public names, tagpool_*; the
# WDK routines keep these and the WDK's, which start with a capital. Names of the core that the routines use cross the
# border as tagpool_private_*; every other name becomes local. Windows of 32 bit puts an underscore before each name, or an @.
# WEAKEN=1: a routine of the same name that the program defines itself, as a simulator its KeRaiseIrql, is taken instead.
# Usage: NM=nm OBJCOPY=objcopy src/crossing.sh out/tagpool.o core.o [wdk.o]; the routines go to out/tagpool-wdk.o.
set -eu
out=$1 core=$2 wdk=${3:-}
names=$out.names
hide() { # from, to
    $OBJCOPY --redefine-syms="$names" "$1" "$2"
    $OBJCOPY -w --keep-global-symbol='tagpool_*' --keep-global-symbol='[A-Z]*' --keep-global-symbol='_tagpool_*' \
        --keep-global-symbol='_[A-Z]*' --keep-global-symbol='@[A-Z]*' --rename-section .unwind=.pdata "$2"
}

: > "$names"
if [ -n "$wdk" ]; then
    $NM --defined-only --format=posix -g "$core" | cut -d ' ' -f 1 | LC_ALL=C sort > "$names.core"
    $NM -u --format=posix "$wdk" | cut -d ' ' -f 1 | LC_ALL=C sort > "$names.wdk"
    LC_ALL=C comm -12 "$names.core" "$names.wdk" |
        sed '/^_*tagpool_/d; /^_*[A-Z]/d; s/^\(_\{0,1\}\)\(.*\)/& \1tagpool_private_\2/' > "$names"
    hide "$wdk" "${out%.o}-wdk.o"
    if [ -n "${WEAKEN:-}" ]; then $OBJCOPY -w --weaken-symbol='[A-Z]*' "${out%.o}-wdk.o"; fi
fi
hide "$core" "$out"
rm -f "$names" "$names.core" "$names.wdk"
