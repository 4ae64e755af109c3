#!/bin/sh
# SPDX-License-Identifier: MIT
# The bench suite at its shortest: is every row there, for every contender, in table and JSON, and are wrong options refused?
# Says nothing about speed.
set -u
B=${B:-build}
bench=$B/bench
passed=0 failed=0
if [ -n "${SANITIZE:-}" ] || [ "${PORT:-posix}" != posix ]; then
    echo "the bench is for the plain hosted build"
    exit 77
fi
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
json=$scratch/bench.json table=$scratch/table
unset ROUNDS ROWS CONTENDERS PEERS BASE MICROSECONDS

check() { # what, command...
    what=$1
    shift
    if "$@" > "$scratch/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $what"
        cat "$scratch/log"
    fi
}

rows() { # "name threads" of every row that there must be
    for tags in 1 16; do
        for threads in 1 2; do
            for size in 16 64 256 1K 4K 64K 1M; do echo "pair-$size-${tags}tag $threads"; done
            for batch in lifo-64 fifo-64 random-64 random-256; do echo "batch-$batch-${tags}tag $threads"; done
        done
    done
    for tags in 1 64 1024; do echo "live-${tags}tag 1"; echo "live-${tags}tag 2"; done
    for tags in 1 64 1024 4096; do echo "rss-${tags}tag 1"; done
    for way in oneway bothways; do echo "pipe-$way-64 2"; echo "pipe-$way-256 2"; done
}

contenders() {
    sed -n 's/^    {"name": "\([^"]*\)", "entry": .*/\1/p' "$json"
}

json_is_valid() {
    if command -v python3 > /dev/null; then
        python3 -m json.tool "$json"
    elif command -v jq > /dev/null; then
        jq . "$json"
    else
        [ "$(head -n 1 "$json")" = "{" ] && [ "$(tail -n 1 "$json")" = "}" ] && ! grep -Eq 'nan|inf' "$json"
    fi
}

json_has_all() { # each row with a positive median and ratio for each contender
    rows | while read -r row threads; do
        awk -v row="\"row\": \"$row\", \"threads\": $threads," 'index($0, row) { on = 1; next } on && /"row":/ { exit } on' \
            "$json" > "$scratch/row"
        for contender in $(contenders); do
            line=$(grep "\"$contender\": {\"median\":" "$scratch/row") || { echo "$row $threads: no $contender"; exit 1; }
            echo "$line" | grep -Eq '"median": [0-9]+\.[0-9]+, "ratio": [0-9]+\.[0-9]+, "samples": \[[0-9]+\.[0-9]+\]' &&
                ! echo "$line" | grep -Eq '"median": 0+\.0+,' || { echo "$row $threads: $line"; exit 1; }
        done || exit 1
    done
}

table_has_all() { # each row as often as it has thread counts; each line with one column per contender
    columns=$(contenders | wc -l)
    rows | cut -d ' ' -f 1 | sort | uniq -c | while read -r times row; do
        n=$(sed 's/([^)]*)//g' "$table" | awk -v row="$row" -v columns="$columns" '
            /^two threads \/ one/ { exit_at = NR } /^resident/ { exit_at = 0 }
            !exit_at && $1 == row { good = NF == columns + 1; for (i = 2; i <= NF; i++) good = good && $i + 0 > 0; n += good }
            END { print n + 0 }')
        [ "$n" = "$times" ] || { echo "$row: $n good lines, should be $times"; exit 1; }
    done
}

sections() {
    for text in "one thread" "two threads" "two threads / one" "resident / live bytes"; do
        grep -q "^$text  " "$table" || { echo "no section $text"; return 1; }
    done
    [ "$(grep -c '^geometric mean of ratios ' "$table")" = 2 ] &&
        [ "$(grep -Ec '^Each thread had [0-9]+ % of a processor' "$table")" = 2 ] &&
        grep -Eq '"processor_share": \{"one_thread": [01]\.[0-9]+, "two_threads": [01]\.[0-9]+\}' "$json"
}

means() { # of every contender, and exactly 1 for the base itself
    base=$(sed -n 's/^  "base": "\(.*\)",/\1/p' "$json")
    for threads in one_thread two_threads; do
        line=$(grep "\"$threads\": {" "$json") || return 1
        for contender in $(contenders); do
            echo "$line" | grep -Eq "\"$contender\": [0-9]+\.[0-9]+" || { echo "$threads: no $contender"; return 1; }
        done
        echo "$line" | grep -q "\"$base\": 1.0000" || { echo "$threads: $base is not 1"; return 1; }
    done
}

takes_part() {
    for contender in tagpool glibc lock atomic thread; do
        contenders | grep -qx "$contender" || { echo "$contender does not take part"; return 1; }
    done
}

refused() { # the bench, with these settings, must say no
    ! env QUICK=1 ROWS=pair-64-1tag "$@" "$bench/bench" "$bench" "$scratch/refused.json"
}

run_quick() {
    QUICK=1 "$bench/bench" "$bench" "$json" > "$table"
}

check "quick run" run_quick
check "contenders" takes_part
check "JSON is valid" json_is_valid
check "JSON has all rows" json_has_all
check "table has all rows" table_has_all
check "table has all sections" sections
check "geometric means" means
check "unknown row is refused" refused ROWS=no-such-row
check "unknown base is refused" refused BASE=no-such-peer
check "missing peer is refused" refused "PEERS=$scratch/missing.so"
check "bad number is refused" refused ROUNDS=many
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
