#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every example and compares what it prints with its .out file; the driver also with other numbers of workers, which
# must not change a count, with too little memory, and with bad trace files. `tests/examples.sh record` writes the .out files.
set -u
unset TAGPOOL_OPTIONS
export ASAN_OPTIONS=detect_leaks=0 # some leak on purpose, and LeakSanitizer would say so
b=${B:-build}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
driver=$b/examples/driver
trace=examples/driver/trace.txt
record=${1:-}
passed=0 failed=0

good() { passed=$((passed + 1)); }
bad() {
    echo "FAILED: $*"
    failed=$((failed + 1))
}

# The .out files come from 64 bit. Where pointers are smaller the same words must appear, but bytes may differ.
class=$(od -An -tu1 -j4 -N1 "$b/examples/hello" | tr -d ' ')
words() {
    if [ "$class" = 1 ]; then sed -E 's/[0-9]+/N/g; s/ +/ /g' "$1"; else cat "$1"; fi
}

# Compares the output of a command with a file: same FILE STATUS COMMAND...
same() {
    expected=$1 wanted=$2
    shift 2
    "$@" > "$scratch/raw" 2>&1
    status=$?
    awk -f tests/mask.awk "$scratch/raw" > "$scratch/found"
    if [ "$record" = record ]; then cp "$scratch/found" "$expected"; fi
    words "$expected" > "$scratch/expected"
    words "$scratch/found" > "$scratch/compared"
    if [ "$status" != "$wanted" ]; then
        bad "$* ended with $status, not with $wanted"
        tail -n 20 "$scratch/raw"
    elif ! diff -u --label "$expected" --label "$*" "$scratch/expected" "$scratch/compared"; then
        bad "$* prints something else"
    else
        good
    fi
}

for source in examples/*.c; do
    name=$(basename "$source" .c)
    same "examples/$name.out" 0 "$b/examples/$name"
    lines=$(wc -l < "$source")
    if [ "$lines" -le 60 ]; then good; else bad "$source has $lines lines, more than 60"; fi
done

same examples/driver/driver.out 0 "$driver" "$trace"
same examples/driver/fixed.out 0 "$driver" --fixed "$trace"
record=
for workers in 1 2 3 8 16; do
    same examples/driver/driver.out 0 "$driver" --workers "$workers" "$trace"
    same examples/driver/fixed.out 0 "$driver" "$trace" --fixed --workers "$workers"
done

# Too little memory fails requests, and nothing else: no block is lost on the way.
export TAGPOOL_OPTIONS
for limit in limit_paged=2K limit_nonpaged=64K; do
    TAGPOOL_OPTIONS=$limit
    if ! "$driver" --fixed --workers 1 "$trace" > "$scratch/limited" 2>&1; then
        bad "the driver does not survive $limit"
    elif awk '$1 == "read" && $2 == 69 && $3 > 4 { found = 1 } END { exit !found }' "$scratch/limited" &&
        grep -q 'Verdict: clean' "$scratch/limited"; then
        good
    else
        bad "with $limit"
        cat "$scratch/limited"
    fi
done
unset TAGPOOL_OPTIONS

# Little address space makes the pools smaller, not useless (a sanitizer needs terabytes of it).
if [ -z "${SANITIZE:-}" ]; then
    for kilobytes in 1000000 4000000 20000000; do
        # shellcheck disable=SC3045 # not POSIX, but every sh that Linux uses has it
        if (ulimit -v $kilobytes && "$b/examples/hello") > "$scratch/raw" 2>&1; then
            good
        else
            bad "hello with $kilobytes KiB of address space"
        fi
    done
fi

# A trace that cannot be read ends with status 1 and says where, what was expected and what was found.
rejects() { # what the trace says, what the complaint says after the file's name
    printf '%b' "$1" > "$scratch/bad.txt"
    "$driver" "$scratch/bad.txt" > "$scratch/raw" 2>&1
    status=$?
    if [ $status = 1 ] && [ "$(cat "$scratch/raw")" = "$scratch/bad.txt:$2" ]; then
        good
    else
        bad "the trace '$1' ends with $status and says:"
        cat "$scratch/raw"
    fi
}

rejects '0 attach C: 1M A\n1 eject C:\n' \
    '2: expected attach, read, write, flush, trim, ioctl, decay or detach, found "eject"'
rejects '0 attach C: 1M\n' '1: expected a word of at most 31 characters, found the end of the line'
rejects '0 attach C: 1M A B\n' '1: expected the end of the line, as in "0 attach C: 64M System", found "B"'
rejects '0 attach C: big A\n' '1: expected the size of the volume such as 64M, found "big"'
rejects '\n# comment\n9 flush C:\n8 flush C:\n' \
    '4: expected a time in milliseconds, not before that of the line above, found "8"'
rejects '0 read c: 0 4K\n' '1: expected a volume from A: to Z:, found "c:"'
rejects '0 read C: -4K 4K\n' '1: expected an offset in bytes such as 128K or 0x20000, found "-4K"'
rejects '0 read C: 0 4096M\n' '1: expected a length in bytes such as 4096 or 64K, found "4096M"'
rejects '0 ioctl C: a-name-of-more-than-thirty-one-characters 4\n' \
    '1: expected a word of at most 31 characters, found "a-name-of-more-than-thirty-one-characters"'
rejects '# nothing\n' ' expected requests, found none'

refuses() { # exit status, words of the complaint, arguments
    wanted=$1 complaint=$2
    shift 2
    "$driver" "$@" > "$scratch/raw" 2>&1
    status=$?
    if [ $status = "$wanted" ] && grep -q "$complaint" "$scratch/raw"; then
        good
    else
        bad "driver $* ends with $status and says:"
        cat "$scratch/raw"
    fi
}

refuses 1 'no-such-file: cannot open' no-such-file
refuses 2 'expected the name of a trace file'
refuses 2 'expected a number from 1 to 16 after --workers' --workers 17 "$trace"
refuses 2 'did not expect "--fast"' --fast "$trace"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
