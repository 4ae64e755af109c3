#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the single-file build: every header of the given folders, then every .c file, in the order given (the floors').
# Usage, from the top folder: src/amalgamate.sh src/base src/port ... > tagpool.c
#
# Each header goes in once, before its first user. A port's own header (as posix.h beside posix.c) goes in only where it is
# included, since that depends on the platform. INTERNAL makes the names that the library's files share static. What only the
# WDK's routines need stands between #if TAGPOOL_WDK and #endif.
set -eu

headers=$(for folder; do
    for file in "$folder"/*.h; do
        case $file in src/port/*) [ ! -e "${file%.h}.c" ] || continue ;; esac
        [ ! -e "$file" ] || echo "$file"
    done
done)
sources=$(for folder; do
    for file in "$folder"/*.c; do [ ! -e "$file" ] || echo "$file"; done
done)

printf '/*\n'
sed 's/^/ * /; s/ *$//' LICENSE
cat << 'END'
 *
 * tagpool.c: the whole library in one file, made by `make dist` from its sources. Add it and tagpool.h to a program and
 * compile with -pthread; for bare metal with -DTAGPOOL_BARE=1, without the WDK's routines with -DTAGPOOL_WDK=0.
 *
 * SPDX-License-Identifier: MIT
 */
#if !defined(_GNU_SOURCE) && !TAGPOOL_BARE
#define _GNU_SOURCE
#endif
#ifndef INTERNAL
#define INTERNAL __attribute__((unused)) static
#define INTERNAL_OBJECT __attribute__((unused)) static
#endif
#include "tagpool.h"
END

# shellcheck disable=SC2086
exec awk '
function emit(file,    line, name, path, status, is_wdk) {
    if (file in done)
        return
    done[file] = 1
    printf "\n/* ---- %s %s */\n\n", file, substr(dashes, 1, 110 - length(file))
    is_wdk = file ~ /^src\/(service\/|face\/wdk)/
    if (is_wdk)
        print "#if TAGPOOL_WDK"
    while ((status = (getline line < file)) > 0) {
        if (line !~ /^[ \t]*#[ \t]*include[ \t]*"/) {
            print line
            continue
        }
        name = line
        sub(/^[^"]*"/, "", name)
        sub(/".*/, "", name)
        if (name == "tagpool.h")
            continue
        path = (name ~ /^tagpool\// ? "include/" : "src/") name
        if (path !~ /^(src|include)\/([a-z_]+\/)+[a-z_0-9]+\.h$/)
            fail(file " includes " name ", which is no header of the form folder/name.h")
        emit(path)
    }
    if (status < 0)
        fail("cannot read " file)
    if (is_wdk)
        print "#endif"
    close(file)
}
function fail(text) {
    print "amalgamate: " text > "/dev/stderr"
    failed = 1
    exit 1
}
BEGIN {
    dashes = "-----------------------------------------------------------------------------------------------------------------"
    for (i = 1; i < ARGC; i++)
        emit(ARGV[i])
    exit failed
}' $headers $sources
