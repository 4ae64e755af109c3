#!/bin/sh
# SPDX-License-Identifier: MIT
# Recorded traces: are the ones of the bench replayed by every worker with counts that agree, is a file that is no good trace
# refused with what is wrong, and does the recorder see every call? Says nothing about speed.
set -u
. tests/bench/check.sh
trace=$scratch/trace

own() { # replays $trace
    TRACE=$trace "$bench/worker-${1:-tagpool}" trace-own 1 ops=100
}

refused() { # message: $trace must be refused with just this
    echo "bench worker: trace \"$trace\": $1" > "$scratch/expected"
    if own > "$scratch/out" 2> "$scratch/said"; then
        echo "was replayed"
        return 1
    fi
    [ ! -s "$scratch/out" ] && diff "$scratch/expected" "$scratch/said"
}

bad() { # bytes after the magic, message
    # shellcheck disable=SC2059 # the bytes are a format
    printf "TPTRACE1$1" > "$trace"
    check "$2" refused "$2"
}

# Two kinds, the first one short: code 0 allocates it, 1 and a number any kind, 2 and a number frees a slot, 3 the youngest.
kinds='\0\100\1\144'
four="\\4\\2\\2\\2\\1$kinds"
good="$four"'\0\1\1\2\0\3'

bad '' 'the file ends within the number of operations'
bad '\0\2\2\2\1' 'the number of operations is 0, should be 1 to 16777215'
bad '\377\377\377\377\17\2\2\2\1' 'the number of operations is 4294967295, should be 1 to 16777215'
bad '\204\200\200\200\200\0\2' 'the number of operations has more than 5 bytes'
bad '\4\5\2\2\1' 'the number of live blocks is 5, should be 1 to 4'
bad '\4\2\0\2\1' 'the number of tags is 0, should be 1 to 256'
bad '\4\2\201\2\2\1' 'the number of tags is 257, should be 1 to 256'
bad '\4\2\2\5\1' 'the number of kinds is 5, should be 1 to 4'
bad '\4\2\2\2\3' 'the number of short kinds is 3, should be 0 to 2'
bad '\4\2\2\2' 'the file ends within the number of short kinds'
bad '\4\2\2\2\1\0\100' 'is too short: 2 bytes follow the numbers, 4 operations of 2 kinds need at least 8'
bad '\4\2\2\2\1\0\100\2\144\0\1\1\2\0\3' 'the tag of kind 1 is 2, should be 0 to 1'
bad '\4\2\2\2\1\0\100\1\201\200\200\200\4\0\1\1' 'the size of kind 1 is 1073741825, should be 0 to 1073741824'
bad "$four"'\0\1\1\0\3' 'operation 2 makes more blocks live than the 2 that the file says'
bad "$four"'\0\1\2\2\0' 'the kind of operation 1 is 2, should be 0 to 1'
bad "$four"'\0\1\1\2\2\3' 'the slot of operation 2 is 2, should be 0 to 1'
bad "$four"'\0\2\1\0\3' 'operation 1 frees slot 1, which never had a block'
bad "$four"'\0\1\1\2\0\2\0' 'operation 3 frees slot 0, which is free already'
bad "$four"'\0\1\1\5\3' 'operation 2 frees a block with 2 younger ones, but not so many are live'
bad "$four"'\3\0\0\3' 'operation 0 frees a block with 0 younger ones, but not so many are live'
bad "$four"'\0\1\1\2\0' 'ends after 3 operations, should have 4'
bad '\3\2\2\2\1'"$kinds"'\0\1\1\2' 'the file ends within the slot of operation 2'
bad "$good"'\0' 'goes on for 1 bytes after the last operation'
bad "$four"'\0\3\0\3' 'has 1 blocks live at once, but says 2'
printf 'TPTRACE2' > "$trace"
check "another version" refused 'does not begin with TPTRACE1: no trace, or one of another version'
: > "$trace"
check "an empty file" refused 'does not begin with TPTRACE1: no trace, or one of another version'
rm "$trace"
check "no file" refused 'No such file or directory'
mkdir "$trace"
check "a folder" refused 'is no file of bytes'
rmdir "$trace"

replays() { # worker: the good trace, with all that it allocates in each of 50 turns
    own "$1" > "$scratch/out" && grep -q ' ops 100$' "$scratch/out"
}

cut_short() { # each beginning of the good trace must be refused, unless it is all of it
    size=$(wc -c < "$scratch/good")
    while [ "$size" -gt 0 ]; do
        size=$((size - 1))
        head -c "$size" "$scratch/good" > "$trace"
        own > "$scratch/out" 2>&1 && echo "$size bytes were replayed" && return 1
        grep -q '^bench worker: trace ' "$scratch/out" || return 1
    done
}

# shellcheck disable=SC2059
printf "TPTRACE1$good" | tee "$trace" > "$scratch/good"
for worker in malloc tagpool lock atomic thread; do
    check "the good trace with $worker" replays "$worker"
    for row in cc1 python sqlite redis; do
        check "$row with $worker" "$bench/worker-$worker" "trace-$row" 2 ops=1
    done
done
check "every cut is refused" cut_short
check "a trace of one's own has a row" env QUICK=1 ROWS='trace-*' TRACE="$scratch/good" "$bench/bench" "$bench" "$scratch/json"
check "own is measured" grep -q '"row": "trace-own", "threads": 2,' "$scratch/json"

# Ten operations in each turn: five allocations and their frees. The second realloc does not leave its step of sizes.
cat > "$scratch/calls.c" << 'EOF'
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

static void *turns(void *count)
{
    for (int i = atoi(count); i > 0; i--) {
        void *blocks[4] = {malloc(24), calloc(3, 8), aligned_alloc(64, 128)};
        if (posix_memalign(&blocks[3], 256, 100) != 0)
            return NULL;
        blocks[0] = realloc(realloc(blocks[0], 4000), 4001);
        for (int b = 0; b < 4; b++)
            free(blocks[b]);
    }
    return count;
}

int main(int count, char **arguments)
{
    pthread_t thread;
    void *result;
    return count != 2 || !turns(arguments[1]) || pthread_create(&thread, NULL, turns, arguments[1]) != 0 ||
           pthread_join(thread, &result) != 0 || !result;
}
EOF

recorded() { # turns, name of a trace: records and converts
    rm -f "$scratch"/raw.*
    BENCH_RECORD=$scratch/raw LD_PRELOAD=$(cd "$bench" && pwd)/librecorder.so "$scratch/calls" "$1" &&
        "$bench/convert" "$scratch"/raw.* "$scratch/$2" > "$scratch/$2.text" && cat "$scratch/$2.text"
}

number_of() { # word after the number, name of a trace
    sed -n "s/.*[ :]\\([0-9]*\\) $1.*/\\1/p" "$scratch/$2.text"
}

records_all() { # the turns of both threads, and nothing else that depends on them
    recorded 1 few && recorded 1001 many || return 1
    [ $(($(number_of operations many) - $(number_of operations few))) = 20000 ] &&
        [ $(($(number_of allocations many) - $(number_of allocations few))) = 10000 ] &&
        [ "$(number_of 'blocks live' many)" = "$(number_of 'blocks live' few)" ] &&
        [ "$(number_of tags many)" -ge 5 ] && TRACE=$scratch/many "$bench/worker-tagpool" trace-own 1 ops=1
}

stretch() { # skip and count take that many calls; what lived before comes in addition
    "$bench/convert" "$scratch"/raw.* "$scratch/part" skip=6000 count=1000 tags=3 > "$scratch/part.text" || return 1
    cat "$scratch/part.text"
    [ "$(number_of tags part)" = 3 ] && [ "$(number_of operations part)" -ge 900 ] &&
        [ "$(number_of operations part)" -le 1010 ] && TRACE=$scratch/part "$bench/worker-tagpool" trace-own 1 ops=1
}

convert_says() { # message, arguments...: the converter must say no, with this
    message=$1
    shift
    ! "$bench/convert" "$@" > "$scratch/said" 2>&1 && grep -qF "$message" "$scratch/said"
}

# shellcheck disable=SC2086 # a compiler with its options
check "the program to record is built" ${CC:-cc} -O0 -pthread "$scratch/calls.c" -o "$scratch/calls"
check "all calls are recorded" records_all
check "a stretch is cut out" stretch
check "no recording" convert_says "is no recording" "$scratch/calls.c" "$scratch/x"
check "a skip too far" convert_says "skip leaves none" "$scratch"/raw.* "$scratch/x" skip=100000000
check "a bad number" convert_says "should be a number" "$scratch"/raw.* "$scratch/x" count=many
check "an unknown option" convert_says "should be skip=N, count=N or tags=N" "$scratch"/raw.* "$scratch/x" depth=3
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
