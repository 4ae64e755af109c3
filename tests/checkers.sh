#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs each program of tests/checkers/, which makes one mistake or none, under valgrind's memcheck, and built with
# AddressSanitizer and LeakSanitizer, and compares what is printed with what the comment of the program says. The library is
# the one that was built, without a sanitizer; some are also tried with a library that was built with AddressSanitizer, with
# the shared one, and by clang. What is not there is skipped, and said.
set -u
unset MAKEFLAGS MAKELEVEL MFLAGS TAGPOOL_OPTIONS ASAN_OPTIONS LSAN_OPTIONS
if [ -n "${SANITIZE:-}" ]; then echo "checkers are tried with the plain build"; exit 77; fi
if [ "${PORT:-posix}" != posix ]; then echo "there are no checkers on this platform"; exit 77; fi
b=${B:-build}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
ulimit -c 0
passed=0 failed=0 skipped=0
# Stacks of allocations are walked by frame pointers.
flags="${CFLAGS:--O2 -g} -O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls -std=c11 -Wall -Wextra -Iinclude"

run() { # command: to $scratch/out, and without a word of the shell about an abort
    { "$@" > "$scratch/out" 2>&1; } 2> /dev/null
}
good() { passed=$((passed + 1)); }
bad() { # what, output
    failed=$((failed + 1))
    echo "FAILED: $1"
    sed 's/^/    | /' "$2" | head -n 60
}
skip() { # what
    skipped=$((skipped + 1))
    echo "skipped: $1"
}

# Whether an output is what a program's comment says of a checker. True and silent, or it names the first line missing.
matches() { # checker, source, output
    sed -n "s|^ \* $1: \(.*\)|\1|p" "$2" | sed 's| \*/$||' > "$scratch/wanted"
    awk -v checker="$1" '
    NR == FNR { if ($0 == "clean") clean = 1; else wanted[++count] = $0; next }
    /ERROR: (Address|Leak)Sanitizer/ || (/ERROR SUMMARY: [1-9]/ && clean) { reports++ }
    at < count && $0 ~ wanted[at + 1] { at++ }
    END {
        if (at < count)
            print "not found in this order: " wanted[at + 1]
        else if (clean && reports)
            print "a report, and none is wanted"
        else if (count == 0 && !clean)
            print "the program does not say what to expect of " checker
    }' "$scratch/wanted" "$3" > "$scratch/verdict"
    [ ! -s "$scratch/verdict" ]
}

expects() { # checker, source
    grep -q "^ \* $1: " "$2"
}

compare() { # what, checker, source, output
    if matches "$2" "$3" "$4"; then good; else bad "$1: $(cat "$scratch/verdict")" "$4"; fi
}

# Nothing is told with checker=off: one mistake that would be seen is not.
unseen() { # what, command
    if run env TAGPOOL_OPTIONS=checker=off "${@:2}"; then good; else bad "$1 with checker=off" "$scratch/out"; fi
}

# ---- memcheck ----

memcheck() {
    local cc=${CC:-cc} source name origins reserve
    command -v valgrind > /dev/null || { skip "memcheck: valgrind is not installed"; return; }
    echo 'int main(void) { return 0; }' > "$scratch/empty.c"
    # shellcheck disable=SC2086
    $cc $flags "$scratch/empty.c" -o "$scratch/empty" || exit 1
    valgrind -q "$scratch/empty" > /dev/null 2>&1 || { skip "memcheck: valgrind cannot run what this compiler makes"; return; }
    for source in tests/checkers/*.c; do
        name=$(basename "$source" .c)
        # shellcheck disable=SC2086
        $cc $flags "$source" "$b/libtagpool.a" -pthread -o "$scratch/$name" || exit 1
        expects memcheck "$source" || continue
        # What is printed through two descriptors must not overtake.
        origins=no reserve=64M
        if [ "$name" = read_uninitialised ]; then origins=yes reserve=1M; fi # takes time in proportion to address space
        run env TAGPOOL_OPTIONS=reserve=$reserve valgrind --leak-check=full --track-origins=$origins --num-callers=20 \
            "$scratch/$name"
        compare "$name under memcheck" memcheck "$source" "$scratch/out"
    done
    unseen 'write_past_end under memcheck' valgrind -q --error-exitcode=9 "$scratch/write_past_end"
}

# ---- sanitizers ----

# Whether a compiler makes programs with a sanitizer, and these find what they should, with names.
works() { # program to be made, compiler, flag
    printf '#include <stdlib.h>\nstatic void *volatile p;\nint main(void) { p = malloc(10); p = malloc(20); return !p; }\n' \
        > "$scratch/leak.c"
    # shellcheck disable=SC2086
    $2 $flags "$3" "$scratch/leak.c" -o "$1" > /dev/null 2>&1 || return 1
    "$1" > "$scratch/leak.out" 2>&1 && return 1
    grep -q 'in main .*leak\.c' "$scratch/leak.out"
}

sanitized() { # sources, compiler, flag, checkers, library and flags...
    local sources=$1 cc=$2 flag=$3 checkers=$4 source name checker
    shift 4
    for source in $sources; do
        name=$(basename "$source" .c)
        for checker in $checkers; do
            expects "$checker" "$source" || continue
            # shellcheck disable=SC2086
            $cc $flags -w "$flag" "$source" "$@" -pthread -o "$scratch/$name" || exit 1
            run "$scratch/$name"
            compare "$name, $cc $flag $*" "$checker" "$source" "$scratch/out"
        done
    done
}

sanitizers() {
    local cc="${CC:-cc}" compiler leaks='' all some='' sources name
    all=$(echo tests/checkers/*.c)
    for name in checked lost read_after_free write_past_big; do some="$some tests/checkers/$name.c"; done
    # shellcheck disable=SC2086
    if [ "$(echo __SIZEOF_POINTER__ | $cc -E -P -x c - | tail -n 1)" = 8 ]; then
        leaks=lsan
    else
        skip "LeakSanitizer on 32 bit: the stacks it keeps end in tagpool_alloc(), which has no frame pointer there"
    fi
    for compiler in "$cc" "clang${cc#"${cc%% *}"}"; do
        sources=$all
        if [ "$compiler" != "$cc" ]; then sources=$some; fi
        # shellcheck disable=SC2086
        command -v ${compiler%% *} > /dev/null || { skip "$compiler is not installed"; continue; }
        if works "$scratch/leak" "$compiler" -fsanitize=address; then
            sanitized "$sources" "$compiler" -fsanitize=address "asan $leaks" "$b/libtagpool.a"
            unseen "write_past_big, $compiler" "$scratch/write_past_big"
        else
            skip "$compiler -fsanitize=address does not work here"
        fi
        if [ -n "$leaks" ] && works "$scratch/leak" "$compiler" -fsanitize=leak; then
            sanitized "$sources" "$compiler" -fsanitize=leak lsan "$b/libtagpool.a"
        elif [ -n "$leaks" ]; then
            skip "$compiler -fsanitize=leak does not work here"
        fi
    done
    works "$scratch/leak" "$cc" -fsanitize=address || return
    sanitized "$some" "$cc" -fsanitize=address "asan $leaks" -L"$b" -Wl,-rpath,"$PWD/$b" -ltagpool
    if ! make -s -j2 B="$b/checked" SANITIZE=address CFLAGS='-O1 -g' "$b/checked/libtagpool.a" > "$scratch/out" 2>&1; then
        bad "the library with a sanitizer" "$scratch/out"
        return
    fi
    sanitized "$some" "$cc" -fsanitize=address "asan $leaks" "$b/checked/libtagpool.a"
}

memcheck
sanitizers
echo "$passed passed, $failed failed$( ((skipped == 0)) || echo ", $skipped skipped")"
[[ $failed == 0 && $passed != 0 ]]
