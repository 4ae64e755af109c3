#!/bin/sh
# SPDX-License-Identifier: MIT
# Counts instructions per operation (an allocation and its free) with callgrind: two runs that differ only in the number of
# operations, so that start-up cancels out; less the loop's own, measured with the wrapper that does nothing. No noise: the
# same each time.
#
#   instructions.sh FOLDER        our own rows, then row ROW (pair-64-1tag) with everybody, and how many of the instructions read
#                                 memory, write it, or are conditional branches; PEERS=path.so,... adds peers
#   instructions.sh FOLDER rows   only lines "row figure" of our own: what tests/instructions.sh compares
#
# FOLDER has the workers.
set -eu
folder=${1:?usage: instructions.sh FOLDER [rows]}
what=${2:-all}
row=${ROW:-pair-64-1tag}
rows='pair-16-1tag pair-64-1tag pair-64-16tag pair-1K-1tag pair-4K-1tag pair-64K-1tag pair-1M-1tag batch-random-64-16tag'
# The worker rounds up to whole chunks, and says how many operations it did. Before any is counted, so many that tags have been
# settled, from when on a bin may be hot: after 2^18 blocks of 16 bytes, or 2^16 of 64, of each tag.
few=280000 few_of_16_tags=1150000 more=60000
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

command -v valgrind > /dev/null || { echo "instructions: needs valgrind" >&2; exit 1; }

kinds=Ir simulated= # what callgrind is to count, as it calls that, and what it must simulate to do so

total() { # worker, preload, row, operations, file: writes what was counted, and operations
    # shellcheck disable=SC2086
    LD_PRELOAD=$2 valgrind --tool=callgrind $simulated --callgrind-out-file="$5.callgrind" "$folder/worker-$1" "$3" 1 "ops=$4" \
        > "$5.log" 2>&1 || { cat "$5.log" >&2; return 1; }
    counted=$(awk -v kinds="$kinds" '
        $1 == "events:" { for (i = 2; i <= NF; i++) at[$i] = i }
        $1 == "summary:" || $1 == "totals:" { split($0, last) }
        END {
            for (i = split(kinds, kind, " "); i > 0; i--) {
                if (last[at[kind[i]]] == "")
                    exit # nothing of that kind, or nothing at all
                line = last[at[kind[i]]] " " line
            }
            print line
        }' "$5.callgrind")
    operations=$(sed -n 's/^ns .* ops \([0-9]*\)$/\1/p' "$5.log")
    echo "${counted:?callgrind says nothing} ${operations:?the worker says nothing}" > "$5"
}

per_operation() { # worker, preload, row
    case $3 in
    *-16tag) before=$few_of_16_tags ;;
    *) before=$few ;;
    esac
    total "$1" "$2" "$3" "$before" "$scratch/few" &
    other=$!
    total "$1" "$2" "$3" $((before + more)) "$scratch/many" || { wait $other; return 1; }
    wait $other || return 1
    awk '
        NR == 1 { split($0, few) }
        NR == 2 { for (i = 1; i < NF; i++) printf "%.2f ", ($i - few[i]) / ($NF - few[NF]) }' "$scratch/few" "$scratch/many"
}

net() { # worker, preload, row
    loop=$(per_operation null "" "$3") && gross=$(per_operation "$1" "$2" "$3") || return 1
    printf '%s\n%s\n' "$loop" "$gross" | awk '
        NR == 1 { split($0, loop) }
        NR == 2 { for (i = 1; i <= NF; i++) printf " %8.2f", $i - loop[i] }'
}

own_rows() {
    for each in $rows; do
        figure=$(net tagpool "" "$each") || exit 1
        printf '%-24s%s\n' "$each" "$figure"
    done
}

print() { # name, worker, preload
    figure=$(net "$2" "$3" "$row") || exit 1
    printf '%-24s%s\n' "$1" "$figure"
}

is_there() { # can this library be loaded before the C library?
    object=$(LD_PRELOAD=$1 "$folder/worker-malloc" who 2> /dev/null) && [ "$object" != "$plain" ]
}

if [ "$what" = rows ]; then
    own_rows
    exit
fi
[ "$what" = all ] || { echo "instructions: \"$what\" should be \"rows\" or nothing" >&2; exit 1; }

echo "tagpool: instructions per allocation and free, net of the loop with two empty calls"
own_rows
echo
kinds="Ir Dr Dw Bc" simulated="--cache-sim=yes --branch-sim=yes"
echo "row $row, everybody"
printf '%-24s %8s %8s %8s %8s\n' "" "in all" reads writes branches
plain=$("$folder/worker-malloc" who)
base=
print tagpool tagpool ""
for part in counts peaks; do print "  without $part" "without-$part" ""; done
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
