#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds and runs leak tests with each test framework that is installed, and compares what they print and how they end with
# NAME.out beside them: the examples of examples/leaktest, and tests/frameworks: fixtures, and tests that fail otherwise. Then
# looks for the message in the framework's files: XML, TAP, JUnit. Last, the header in each language and compiler that is there.
# `tests/frameworks.sh record` writes the .out files: read them before you keep them.
#
# Debian has no package of Unity: tests/unity/unity.h stands in for it. UNITY=folder takes the real one, unity.h and unity.c.
set -u
# A call site is the caller alone, whether or not the compiler keeps frame pointers. Frameworks may leave memory of their own.
export TAGPOOL_OPTIONS=stack_frames=0 ASAN_OPTIONS=detect_leaks=0
unset CK_FORK CK_XML_LOG_FILE_NAME CK_TAP_LOG_FILE_NAME CMOCKA_MESSAGE_OUTPUT GTEST_OUTPUT
b=${B:-build}
cc=${CC:-cc}
cxx=${CXX:-${CROSS_COMPILE:-}c++}
unity=${UNITY:-tests/unity}
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

compiler() { # source: the compiler and its standard
    case $1 in *.cc) echo "$cxx -std=c++11" ;; *) echo "$cc -std=c11" ;; esac
}

# Whether the framework's header and library are there.
is_installed() { # name, header, kind of source, libraries...
    name=$1 header=$2 probe=$scratch/probe.$3
    shift 3
    printf '#include <%s>\n' stdarg.h stddef.h stdint.h setjmp.h "$header" > "$probe"
    printf 'void %s(void);\nvoid %s(void) {}\n' setUp setUp tearDown tearDown >> "$probe"
    echo 'int main(void) { return 0; }' >> "$probe"
    # shellcheck disable=SC2046,SC2086
    $(compiler "$probe") ${CFLAGS:-} $sanitize "$probe" "$@" -pthread ${LDFLAGS:-} -o "$scratch/probe" > /dev/null 2>&1 && return
    echo "skipped: $name is not installed (for this target)"
    skipped=$((skipped + 1))
    return 1
}

program() { # name of the program, source, libraries...
    name=$1 source=$2
    shift 2
    # shellcheck disable=SC2046,SC2086
    $(compiler "$source") -Wall -Wextra -Wshadow -g -O1 -Iinclude ${CFLAGS:-} $sanitize "$source" "$@" "$b/libtagpool.a" \
        -pthread ${LDFLAGS:-} -o "$scratch/$name" > "$scratch/$name.log" 2>&1
    status=$?
    if [ "$status" = 0 ] && [ ! -s "$scratch/$name.log" ]; then good; else
        cat "$scratch/$name.log"
        bad "$source does not compile without a warning"
    fi
    return "$status"
}

# What differs from run to run, and from compiler to compiler: addresses, threads, processes, times, frames.
masked() {
    sed -E 's/\(0x7, 0x0, 0x[0-9A-Fa-f]+/(0x7, 0x0, NOTE/; s/0x[0-9a-fA-F]{6,}/ADDRESS/g; s/hit_site=ADDRESS/hit_site=HASH/
        s/thread [0-9]+/thread N/; s/\([0-9]+ ms( total)?\)/(TIME)/; s/[0-9]+ ms\)/TIME)/; s/:FAIL: /:FAIL:/
        s/^([^a-z]*)[^ ]*(examples\/leaktest|tests\/frameworks)/\1\2/; /^tagpool:     /d' "$1"
}

# Where pointers are smaller, so is a shelf.
words() { # program, file
    class=$(od -An -tu1 -j4 -N1 "$scratch/$1" | tr -d ' ')
    if [ "$class" = 1 ]; then
        sed -E 's/[0-9]+ bytes( charged)?/N bytes/g; s/^(tagpool:   .... (Paged|Nonp ) *[0-9]+ ) *[0-9]+/\1N/' "$2"
    else
        cat "$2"
    fi
}

compare() { # program, file with what is expected
    { sh -c 'exec "$0" > "$1" 2>&1' "$scratch/$1" "$scratch/raw"; status=$?; } > /dev/null 2>&1
    echo "status $status" >> "$scratch/raw"
    masked "$scratch/raw" > "$scratch/found"
    if [ "$record" = record ]; then cp "$scratch/found" "$2"; fi
    words "$1" "$2" > "$scratch/expected"
    words "$1" "$scratch/found" > "$scratch/compared"
    if diff -u "$scratch/expected" "$scratch/compared"; then good; else bad "$1 prints something else than $2"; fi
}

# Whether a file has the first line of a message, its table, and the line that makes the next run stop there.
has_message() { # what, file
    for pattern in 'leak: 2 blocks, [0-9]+ bytes not freed in test forgets_a_shelf' 'Box  Paged +1 +128  .*shelf\.h:[0-9]+' \
        'to stop there: TAGPOOL_OPTIONS=.*track=Box hit=Box hit_nth=[0-9]'; do
        if grep -qE "$pattern" "$2"; then good; else
            cat "$2"
            bad "$1 lacks '$pattern'"
        fi
    done
}

both() { # framework, extension, libraries...: its example, and its fixtures
    framework=$1 extension=$2
    shift 2
    program "$framework" "examples/leaktest/$framework.$extension" "$@" && compare "$framework" "examples/leaktest/$framework.out"
    program "$framework-fixtures" "tests/frameworks/$framework.$extension" "$@" &&
        compare "$framework-fixtures" "tests/frameworks/$framework.out"
}

# shellcheck disable=SC2086
if is_installed cmocka cmocka.h c ${CMOCKA:--lcmocka}; then
    both cmocka c ${CMOCKA:--lcmocka}
    for format in STDOUT XML TAP SUBUNIT; do
        CMOCKA_MESSAGE_OUTPUT=$format "$scratch/cmocka" > "$scratch/raw" 2> /dev/null < /dev/null
        if [ "$format" = STDOUT ]; then CMOCKA_MESSAGE_OUTPUT=STDOUT "$scratch/cmocka" > "$scratch/raw" 2>&1; fi
        has_message "cmocka's $format" "$scratch/raw"
    done
fi

if is_installed Check check.h c -lcheck -lsubunit -lm -lrt; then
    both check c -lcheck -lsubunit -lm -lrt
    for kind in XML TAP; do
        env "CK_${kind}_LOG_FILE_NAME=$scratch/raw" "$scratch/check" > /dev/null 2>&1
        has_message "Check's $kind" "$scratch/raw"
    done
    export CK_FORK=no
    compare check-fixtures tests/frameworks/check-nofork.out
    unset CK_FORK
fi

if [ -e "$unity/unity.c" ]; then set -- "-I$unity" "$unity/unity.c"; else set -- "-I$unity"; fi
if is_installed Unity unity.h c "$@"; then both unity c "$@"; fi
program plain examples/leaktest/plain.c && compare plain examples/leaktest/plain.out

if is_installed CppUTest CppUTest/TestHarness.h cc -lCppUTest; then
    both cpputest cc -lCppUTest
    (cd "$scratch" && ./cpputest -ojunit > /dev/null 2>&1)
    has_message "CppUTest's JUnit" "$scratch/cpputest_shelf.xml"
fi

if is_installed GoogleTest gtest/gtest.h cc -lgtest; then
    both gtest cc -lgtest
    "$scratch/gtest" "--gtest_output=xml:$scratch/raw" > /dev/null 2>&1
    has_message "GoogleTest's XML" "$scratch/raw"
fi

# The header alone, in every language it is for, as strictly as a user may compile.
for language in gcc:c11 gcc:c17 clang:c11 clang:c17 g++:c++11 g++:c++14 g++:c++17 g++:c++20 clang++:c++11 clang++:c++14 \
    clang++:c++17 clang++:c++20; do
    command -v "${language%:*}" > /dev/null || continue
    case $language in *++*) kind=c++ ;; *) kind=c ;; esac
    # shellcheck disable=SC2086
    if ${language%:*} -x $kind "-std=${language#*:}" -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -Iinclude \
        -fsyntax-only tests/frameworks/all.inc; then good; else bad "tests/frameworks/all.inc: $language"; fi
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
