#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks that the house has floors (src/README.md): an #include goes to the same folder or to a lower floor, without
# cycles; only src/port knows the operating system; programs see the public headers only. A structure that nothing
# checks is gone after a year. Then plants one violation of each rule in a small tree of its own and wants each found.
# Usage, from the top folder: tests/floors.sh
set -u

# Prints every violation below folder $1; true iff there is none.
check() (
    cd "$1" || exit 1
    # The overlay's headers stand in for a DDK's: they include its headers and ask for the target.
    files=$(find include src examples tests -path include/tagpool/wdk/overlay -prune -o \
        \( -name '*.[ch]' -o -name '*.inc' \) -print 2> /dev/null | LC_ALL=C sort)
    [ -n "$files" ] || { echo "no source files in $1"; exit 1; }
    edges=$(mktemp)
    trap 'rm -f "$edges" "$edges.loop"' EXIT
    # shellcheck disable=SC2086
    awk -v edges="$edges" '
    BEGIN {
        split("base 0 port 1 report 2 memory 3 ledger 3 pool 4 view 4 service 5 face 6", words, " ")
        for (i = 1; i in words; i += 2)
            floor[words[i]] = words[i + 1]
        split("stdalign stdarg stdatomic stdbool stddef stdint stdnoreturn limits string", words, " ")
        for (i in words)
            plain["<" words[i] ".h>"] = 1
        os = "(^|[^A-Za-z0-9_])(_WIN32|_WIN64|__CYGWIN__|__MINGW32__|_MSC_VER|_?_?linux(__)?|__gnu_linux__|__APPLE__|__MACH__|" \
             "_?_?unix(__)?|__FreeBSD__|__NetBSD__|__OpenBSD__|__DragonFly__|__sun|__ANDROID__|__GLIBC__)([^A-Za-z0-9_]|$)"
    }
    function bad(text) {
        print FILENAME ":" FNR ": " text
        failed = 1
    }
    FNR == 1 {
        split(FILENAME, part, "/")
        # Where the file lives: a floor of the library, the public headers, a program, or what may open src/: unit tests, and what
        # the bench puts before the files of the library.
        folder = part[1] == "src" && part[2] in floor ? part[2] : ""
        kind = folder != "" ? "library" : part[1] == "include" ? "public" : \
               FILENAME ~ /^tests\/(unit|bench\/without)\// ? "unit" : "program"
        if (part[1] == "src" && folder == "" && part[2] !~ /^(tools|gdb)$/)
            bad("src/" part[2] " has no floor")
    }
    /^[ \t]*#[ \t]*(el)?if/ && $0 ~ os && folder != "port" && (kind == "library" || kind == "public") {
        bad("an #if about the operating system belongs in src/port")
    }
    /^[ \t]*#[ \t]*include/ {
        name = $0
        sub(/^[ \t]*#[ \t]*include[ \t]*/, "", name)
        sub(/[ \t]*(\/[\/*].*)?$/, "", name)
        if (name ~ /^</) {
            if ((kind == "library" && folder != "port" || kind == "public") && !(name in plain))
                bad(name " is no header of the freestanding language; src/port may include it")
            next
        }
        gsub(/"/, "", name)
        split(name, to, "/")
        if (kind == "library" && (to[1] in floor)) {
            if (to[1] != folder && floor[to[1]] >= floor[folder])
                bad("floor " floor[folder] " (" folder ") includes floor " floor[to[1]] " (" name ")")
            print FILENAME, "src/" name > edges
        } else if (name == "tagpool.h" || name ~ /^tagpool\/[a-z_\/]+\.h$/) {
            print FILENAME, "include/" name > edges
        } else if (kind == "library" || kind == "public") {
            bad("\"" name "\" is neither folder/name.h nor a public header")
        } else if (kind == "program" && (to[1] in floor || name ~ /src\//)) {
            bad("a program includes public headers only, not \"" name "\"")
        }
    }
    END { exit failed }
    ' $files || exit 1
    if ! tsort "$edges" > /dev/null 2>&1 || awk '$1 == $2 { found = 1 } END { exit !found }' "$edges"; then
        echo "headers include each other in a circle:"
        tsort "$edges" 2> "$edges.loop" > /dev/null
        cat "$edges.loop"
        awk '$1 == $2 { print $1 }' "$edges"
        exit 1
    fi
)

# Plants the line $3 in the file $2 of an otherwise clean tree; $1 says which rule that breaks.
plant() {
    rm -rf "$scratch"
    mkdir -p "$scratch/include/tagpool" "$scratch/examples" "$scratch/tests/unit" "$scratch/tests/api" \
        "$scratch/tests/bench/without"
    for folder in base port report memory ledger pool view service face; do
        mkdir -p "$scratch/src/$folder"
        printf '#include "base/leaf.h"\n' > "$scratch/src/$folder/leaf.c"
    done
    echo '#include <stdint.h>' > "$scratch/src/base/leaf.h"
    echo '#include "tagpool.h"' > "$scratch/examples/hello.c"
    printf '#include <sys/mman.h>\n#ifdef __linux__\n#endif\n' > "$scratch/src/port/posix.c"
    printf '#include "pool/pool.h"\n#include <unistd.h>\n' > "$scratch/tests/unit/pool.c"
    echo '#include "tagpool/config.h"' > "$scratch/include/tagpool.h"
    echo '#include "ledger/leaf.h"' > "$scratch/tests/bench/without/leaf.h"
    : > "$scratch/include/tagpool/config.h"
    mkdir -p "$scratch/src/attic"
    if [ -n "$2" ]; then printf '%s\n' "$3" >> "$scratch/$2"; fi
    found=$(check "$scratch")
    clean=$?
    if [ "$clean" != "$4" ]; then
        echo "self-test: $1: expected status $4, got $clean: $found"
        failed=1
    fi
}

failed=0
check . || failed=1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
plant 'a clean tree' '' '' 0
plant 'an include upwards' src/memory/leaf.c '#include "pool/pool.h"' 1
plant 'one wing sees the other' src/memory/leaf.c '#include "ledger/record.h"' 1
plant 'the other wing' src/ledger/leaf.c '  #  include "memory/slab.h" /* why not */' 1
plant 'pool sees view' src/pool/leaf.c '#include "view/leak.h"' 1
plant 'an include without folder' src/pool/leaf.c '#include "leaf.h"' 1
plant 'a folder without floor' src/attic/leaf.c '#include "base/leaf.h"' 1
plant 'an OS header above port' src/pool/leaf.c '#include <pthread.h>' 1
plant 'stdio in the core' src/report/leaf.c '#include <stdio.h>' 1
plant 'an OS header in public' include/tagpool.h '#include <windows.h>' 1
plant 'an OS #if above port' src/base/leaf.h '#if defined(__linux__) && 1' 1
plant 'an OS #elif above port' src/view/leaf.c '#elif defined _WIN32' 1
plant 'a header that includes itself' src/base/leaf.h '#include "base/leaf.h"' 1
plant 'a circle of public headers' include/tagpool/config.h '#include "tagpool.h"' 1
plant 'an example that opens src' examples/hello.c '#include "pool/pool.h"' 1
plant 'a test that opens src' tests/api/x.c '#include "../../src/base/leaf.h"' 1
plant 'a unit test that opens src' tests/unit/pool.c '#include "memory/slab.h"' 0
exit $failed
