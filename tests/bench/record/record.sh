#!/bin/sh
# SPDX-License-Identifier: MIT
# Records the four traces in tests/bench/traces/ anew: a compiler, an interpreter, a database and a server at real work. Each is
# cut to a stretch of steady work. `make bench-record` runs it.
#
#   record.sh BUILD FOLDER [compiler|interpreter|database|server...]
#
# BUILD has librecorder.so and convert; FOLDER gets the traces. Needs gcc, python3, sqlite3, redis-server and redis-benchmark.
set -eu
usage="usage: record.sh BUILD FOLDER [compiler|interpreter|database|server...]"
build=$(cd "${1:?$usage}" && pwd) folder=$(cd "${2:?$usage}" && pwd)
shift 2
here=$(dirname "$0")
scratch=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null; rm -rf "$scratch"' EXIT

record() { # depth of call sites, program: runs and records it
    depth=$1
    shift
    BENCH_RECORD=$scratch/raw BENCH_RECORD_DEPTH=$depth LD_PRELOAD=$build/librecorder.so "$@"
}

convert() { # name and options: makes its trace of the longest recording
    # shellcheck disable=SC2012 # names of our own making
    raw=$(ls -S "$scratch"/raw.* | head -n 1)
    name=$1
    shift
    "$build/convert" "$raw" "$folder/$name.trace" "$@"
    rm -f "$scratch"/raw.*
}

compiler() {
    record 3 "$(gcc -print-prog-name=cc1)" -quiet -O2 -Iinclude -Isrc src/pool/pool.c -o "$scratch/out.s"
    convert cc1
}

interpreter() { # with its own allocator switched off, as its developers do to find leaks
    PYTHONMALLOC=malloc record 3 python3 "$here/work.py" src
    convert python skip=300000 count=110000
}

database() {
    cp "$here/work.sql" "$scratch/sql"
    awk 'BEGIN {
        for (i = 1; i <= 3000; i++) {
            n = i * 7919 % 3000 + 1
            printf "INSERT INTO sale (item, day, amount) VALUES (%d, %d, %d);\n", n, 100 + i / 50, i % 7
            printf "UPDATE item SET price = price + 1 WHERE name = \047item %d\047;\n", i * 31 % 3000 + 1
            printf "SELECT name, price FROM item WHERE id = %d;\n", n
            if (i % 5 == 0)
                printf "SELECT name, sum(amount) FROM sale JOIN item ON item.id = item WHERE item = %d GROUP BY day;\n", n
            if (i % 20 == 0)
                printf "SELECT day, count(*), max(length(text)) FROM sale JOIN item ON item.id = item " \
                       "WHERE name LIKE \047item %d%%\047 GROUP BY day ORDER BY 2 DESC LIMIT 3;\n", i % 100
            if (i % 50 == 0)
                printf "DELETE FROM sale WHERE day < %d;\n", i / 50
        }
    }' >> "$scratch/sql"
    record 6 sqlite3 "$scratch/database" < "$scratch/sql" > "$scratch/out"
    convert sqlite skip=50000 count=130000
}

clients= # that run

load() { # redis-benchmark with random keys, in the background
    redis-benchmark -s "$scratch/socket" -q -r 5000 -c 10 "$@" > "$scratch/out" &
    clients="$clients $!"
}

load_wait() {
    for client in $clients; do wait "$client"; done
    clients=
}

server() { # all kinds of commands at once, after the keys are there
    record 4 redis-server --port 0 --unixsocket "$scratch/socket" --save "" --dir "$scratch" > "$scratch/log" &
    server=$!
    for try in 1 2 3 4 5 6 7 8 9 10; do
        redis-cli -s "$scratch/socket" ping > "$scratch/out" 2>&1 && break
        [ "$try" != 10 ] || { cat "$scratch/log"; exit 1; }
        sleep 0.5
    done
    load -n 10000 -d 100 set key:__rand_int__ __data__
    load -n 5000 -d 30 hset hash:__rand_int__ field __data__
    load_wait
    load -n 12000 -d 150 set key:__rand_int__ __data__
    load -n 12000 get key:__rand_int__
    load -n 4000 incr counter:__rand_int__
    load -n 6000 -d 30 hset hash:__rand_int__ field:__rand_int__ __data__
    load -n 3000 del hash:__rand_int__
    load -n 6000 zadd ranks __rand_int__ member:__rand_int__
    load -n 3000 zrem ranks member:__rand_int__
    load -n 6000 -d 60 lpush queue __data__
    load -n 6000 rpop queue
    load -n 3000 -d 500 set session:__rand_int__ __data__ px 50
    load_wait
    redis-cli -s "$scratch/socket" shutdown nosave
    wait "$server" || true
    server=
    convert redis skip=350000 count=150000
}

[ $# != 0 ] || set -- compiler interpreter database server
for program; do
    case $program in
    compiler | interpreter | database | server) "$program" ;;
    *) echo "record.sh: no \"$program\": $usage" >&2 && exit 1 ;;
    esac
done
