#!/bin/sh
# SPDX-License-Identifier: MIT
# Counts the instructions of allocate and free again, and compares them with the recorded figures: a row that needs more fails.
# So does one that needs far less than recorded: a record that nobody renews would let all of the gain be lost again.
#
#   UPDATE=1 B=build tests/instructions.sh   builds what is measured, counts, and records
#
# Instructions depend on compiler, flags and architecture: with others than recorded there is nothing to compare.
set -u
B=${B:-build}
record=tests/bench/instructions.txt
more=3 far_less=10 # percent that a figure may be above the record, and below it

skip() {
    echo "$*"
    exit 77
}

[ -z "${SANITIZE:-}" ] || skip "instructions are counted without sanitizers"
[ -z "${SINGLE_FILE:-}" ] || skip "instructions are counted in the build of many files"
[ "${PORT:-posix}" = posix ] || skip "instructions are counted in the hosted build"
[ "${CFLAGS:--O2 -g}" = "-O2 -g" ] || skip "instructions are counted with CFLAGS=-O2 -g"
[ -z "${CPPFLAGS:-}${LDFLAGS:-}" ] || skip "instructions are counted without CPPFLAGS and LDFLAGS"
command -v valgrind > /dev/null || skip "valgrind is not installed"
if [ -n "${UPDATE:-}" ]; then
    make -s B="$B" all bench-programs || exit 1
fi
grep -qs -e '-Wpedantic  *-O2 -g -Iinclude  *-MMD' "$B/flags" || skip "$B was not built with the default flags"

cc=$(sed 's/ -std=.*//' "$B/flags")
compiler() { # architecture, name and major version of what made $B; the recorded figures hold for these
    $cc -dM -E - < /dev/null | awk '
        $2 == "__x86_64__" { arch = "x86_64" }
        $2 == "__ILP32__" { narrow = 1 }
        $2 == "__i386__" { arch = "i386" }
        $2 == "__aarch64__" { arch = "aarch64" }
        $2 == "__GNUC__" { gcc = $3 }
        $2 == "__clang_major__" { clang = $3 }
        END {
            if (arch == "x86_64" && narrow)
                arch = "x32"
            print arch == "" ? "unknown" : arch, clang != "" ? "clang " clang : "gcc " gcc, "-O2"
        }'
}

found=$(compiler)
if [ -n "${UPDATE:-}" ]; then
    figures=$(tests/bench/instructions.sh "$B/bench" rows) || exit 1
    {
        echo "# SPDX-License-Identifier: MIT"
        echo "# Instructions per allocation and free, net of the loop, counted by tests/bench/instructions.sh; recorded by"
        echo "# UPDATE=1 tests/instructions.sh, which also compares. They hold for:"
        echo "# $found"
        echo "$figures"
    } > "$record"
    cat "$record"
    exit
fi

recorded=$(sed -n '4s/^# //p' "$record")
[ -n "$recorded" ] || { echo "$record: line 4 should name architecture, compiler and -O2"; exit 1; }
[ "$found" = "$recorded" ] || skip "recorded with $recorded, this is $found"
echo 'int main(void) { return 0; }' | $cc -x c - -o "$B/bench/empty" &&
    valgrind -q "$B/bench/empty" > /dev/null 2>&1 || skip "valgrind cannot run what this compiler makes"

counted=$(tests/bench/instructions.sh "$B/bench" rows) || { echo "cannot count"; exit 1; }
echo "$counted" | awk -v more=$more -v far_less=$far_less -v record="$record" '
FILENAME != "-" { if (!/^#/ && NF == 2) { recorded[$1] = $2; rows++ } next }
{
    counted++
    if (!($1 in recorded)) {
        print "FAILED: " $1 " is not recorded in " record
        failed++
        next
    }
    percent = 100 * ($2 - recorded[$1]) / recorded[$1]
    verdict = sprintf("%-24s %8.2f, recorded %8.2f, %+.1f %%", $1, $2, recorded[$1], percent)
    if (percent > more) {
        print "FAILED: " verdict ": more than recorded"
        failed++
    } else if (percent < -far_less) {
        print "FAILED: " verdict ": far less: renew the record"
        failed++
    } else {
        print verdict (percent < -more ? ": less: renew the record" : "")
        passed++
    }
}
END {
    if (counted != rows) {
        print "FAILED: " rows " rows are recorded, " counted " were counted"
        failed++
    }
    if (failed)
        print "to renew the record: UPDATE=1 tests/instructions.sh"
    print passed + 0 " passed, " failed + 0 " failed"
    exit failed != 0
}' "$record" -
