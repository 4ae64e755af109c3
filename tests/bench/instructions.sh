#!/bin/sh
# SPDX-License-Identifier: MIT
# Counts instructions per pair (64 B, allocate and free) with callgrind: two runs that differ only in the number of pairs, so
# that start-up cancels out; then less the loop's own, measured with the wrapper that does nothing. No noise: the same each time.
#
#   instructions.sh FOLDER   FOLDER has the workers. PEERS=path.so,... adds peers, ROW= names another row.
set -eu
folder=${1:?usage: instructions.sh FOLDER}
row=${ROW:-pair-64-1tag}
few=81920 many=163840 # whole chunks of each row
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

command -v valgrind > /dev/null || { echo "instructions: needs valgrind"; exit 1; }

total() { # instructions of worker $1 with preload "$2" for $3 pairs
    LD_PRELOAD=$2 valgrind --tool=callgrind --callgrind-out-file="$scratch/out" "$folder/worker-$1" "$row" 1 "ops=$3" \
        > "$scratch/log" 2>&1 || { cat "$scratch/log" >&2; return 1; }
    sed -n 's/^summary: //p; s/^totals: //p' "$scratch/out" | tail -n 1
}

per_pair() { # worker, preload
    a=$(total "$1" "$2" "$few") && b=$(total "$1" "$2" "$many")
    awk -v a="$a" -v b="$b" -v n=$((many - few)) 'BEGIN { printf "%.2f", (b - a) / n }'
}

print() { # name, worker, preload
    gross=$(per_pair "$2" "$3")
    awk -v name="$1" -v gross="$gross" -v loop="$loop" 'BEGIN { printf "%-16s %8.2f\n", name, gross - loop }'
}

is_there() { # can this library be loaded before the C library?
    object=$(LD_PRELOAD=$1 "$folder/worker-malloc" who 2> /dev/null) && [ "$object" != "$plain" ]
}

plain=$("$folder/worker-malloc" who)
loop=$(per_pair null "")
base=
echo "instructions per pair, row $row, net of the loop with two empty calls ($loop)"
print tagpool tagpool ""
print glibc malloc ""
for peer in mimalloc=libmimalloc.so.2 jemalloc=libjemalloc.so.2 tcmalloc=libtcmalloc_minimal.so.4 \
    $(echo "${PEERS:-}" | tr ',' ' '); do
    path=${peer#*=} name=${peer%%=*}
    if is_there "$path"; then
        print "${name##*/}" malloc "$path"
        base=${base:-$path}
    fi
done
for wrapper in lock atomic thread; do print "$wrapper" "$wrapper" "$base"; done
echo "(wrappers over ${base:-glibc})"
