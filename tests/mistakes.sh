#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs every program of tests/mistakes/, each of which makes one mistake, and compares what it prints and how it ends with
# NAME.expect. Tags are shown as text; each different address becomes ADDRESS1, ADDRESS2 ... in the order of appearance, so
# that a report which names the wrong block differs. What a freed block's note holds (0x07, parameter 3) is nobody's business.
# Of special pool's reports the code's addresses are CODE: which of them are the same is the compiler's affair.
#
# UPDATE=1 writes the expectations anew: read them before you keep them.
set -u
b=${B:-build}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
export TAGPOOL_OPTIONS=checker=off # a sanitizer would see some first, and moves the first block of a pool
# shellcheck disable=SC3045
ulimit -c 0 2> /dev/null

masked() {
    awk '{
        gsub(/0x[Cc]000009[Aa]/, "STATUS_INSUFFICIENT_RESOURCES")
        gsub(/0x65766157/, "\"Wave\""); gsub(/0x[Ee]5766157/, "\"Wave\"+protected"); gsub(/0x66727553/, "\"Surf\"")
        gsub(/0x20474942/, "\"BIG \""); gsub(/0x2[Ee]2[Ee]2[Ee]2[Ee]/, "\"....\"")
        sub(/\(0x7, 0x0, 0x[0-9A-Fa-f]+,/, "(0x7, 0x0, NOTE,")
        gsub(/thread [0-9]+/, "thread N")
        if (/bug check 0x/)
            special = /bug check 0x(CC|CD|D5|D6) / && sub(/, 0x[0-9A-Fa-f]+, 0x0\)$/, ", CODE, 0x0)")
        if (special)
            sub(/instruction 0x[0-9A-Fa-f]+/, "instruction CODE")
        sub(/^tagpool:     0x[0-9A-Fa-f]+$/, "tagpool:     CODE")
        rest = $0; line = ""
        while (match(rest, /0x[0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f]+/)) {
            address = tolower(substr(rest, RSTART, RLENGTH))
            if (!(address in known))
                known[address] = "ADDRESS" ++count
            line = line substr(rest, 1, RSTART - 1) known[address]
            rest = substr(rest, RSTART + RLENGTH)
        }
        print line rest
    }' "$1"
}

for source in tests/mistakes/*.c; do
    name=$(basename "$source" .c)
    expect=${source%.c}.expect
    # The word of the shell about an abort goes nowhere.
    { sh -c 'exec "$0" 2> "$1"' "$b/tests/mistakes/$name" "$scratch/$name"; status=$?; } > /dev/null 2>&1
    echo "status $status" >> "$scratch/$name"
    masked "$scratch/$name" > "$scratch/$name.masked"
    if [ -n "${UPDATE:-}" ]; then
        cp "$scratch/$name.masked" "$expect"
    fi
    if diff -u "$expect" "$scratch/$name.masked"; then
        passed=$((passed + 1))
    else
        echo "mistakes: $name differs from $expect"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
