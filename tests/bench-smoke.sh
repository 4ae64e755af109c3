#!/bin/sh
# SPDX-License-Identifier: MIT
# The bench suite at its shortest, in all its modes: is every row there, for every contender, in table, JSON and CSV, are all
# counts right (the workers compare), and are wrong options refused? Says nothing about speed.
set -u
. tests/bench/check.sh
json=$scratch/bench.json table=$scratch/table
unset ROUNDS PAIRS ROWS CONTENDERS PEERS BASE MICROSECONDS LINKAGE CONTENDER TRACE MAKEFLAGS MFLAGS MAKELEVEL
skipped=0

rows() { # "name threads" of every row that there must be
    for tags in 1 16; do
        for threads in 1 2; do
            for size in 16 64 256 1K 4K 64K 1M; do echo "pair-$size-${tags}tag $threads"; done
            for batch in lifo-64 fifo-64 random-64 random-256; do echo "batch-$batch-${tags}tag $threads"; done
        done
    done
    for tags in 1 64 1024; do echo "live-${tags}tag 1"; echo "live-${tags}tag 2"; done
    for tags in 1 64 1024 4096; do echo "rss-${tags}tag 1"; done
    for trace in tests/bench/traces/*.trace; do
        trace=${trace##*/}
        echo "trace-${trace%.trace} 1"
        echo "trace-${trace%.trace} 2"
    done
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
    [ "$(grep -c '^geometric mean of ratios ' "$table")" = 2 ] && [ "$(grep -c '^that of real traces ' "$table")" = 2 ] &&
        [ "$(grep -Ec '^Each thread had [0-9]+ % of a processor' "$table")" = 2 ] &&
        grep -Eq '"processor_share": \{"one_thread": [01]\.[0-9]+, "two_threads": [01]\.[0-9]+\}' "$json"
}

means() { # of every contender, and exactly 1 for the base itself; of the rows that replay traces apart
    base=$(sed -n 's/^  "base": "\(.*\)",/\1/p' "$json")
    for threads in one_thread two_threads traces_one_thread traces_two_threads; do
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

linkage() { # shared or static: in table and JSON, and all that is called comes from there
    grep -q "^Linkage: $1," "$table" && grep -q "^  \"linkage\": \"$1\",$" "$json" || return 1
    case $1 in shared) from='\.so[.0-9]*' ;; static) from='\.[ao]' ;; esac
    [ "$(grep -Ec "\"entry\": \"[^\"]*$from\", \"malloc\": \"[^\"]*$from\"" "$json")" = "$(contenders | wc -l)" ]
}

no_interpreter() { # nothing of a static worker is loaded when it starts
    for worker in "$bench"/worker-static-*; do
        if readelf -l "$worker" | grep -q INTERP; then echo "$worker is not static"; return 1; fi
    done
}

scale_points() { # "scan point" of each point that QUICK measures
    for tags in 1 16 64 256 1024 4096; do echo "tags $tags"; done
    for live in 1048576 16777216; do echo "live $live"; echo "live-2K $live"; done
    for threads in 1 2 4 8 16 32 64; do echo "threads $threads"; done
}

scale_has_all() { # two contenders (one if we are compared with ourselves) and two phases at each point, and nothing else
    [ "$(head -n 1 "$scratch/scale.csv")" = \
        scan,point,phase,contender,nanoseconds,ratio,slowest_thread,fastest_thread,lowest_rate,share ] || return 1
    [ "$(grep -c 'skipped, because QUICK is set$' "$scratch/scale")" = 6 ] || return 1
    scale_points | awk -F '[ ,]' '
        NR == FNR { points[$1 " " $2] = 1; n++; next }
        FNR == 1 { next }
        NF != 10 || !(($1 " " $2) in points) || $3 !~ /^(replace|pair)$/ { print "odd line: " $0; bad = 1 }
        !($5 > 0 && $6 > 0 && $7 >= 0 && $7 <= 1 && $8 >= 1 && $9 > 0 && $9 <= 1 && $10 > 0) { print "odd numbers: " $0; bad = 1 }
        seen[$1, $2, $3, $4]++ { print "twice: " $0; bad = 1 }
        { lines++; if (!($4 in names)) { names[$4] = 1; contenders++ } }
        END {
            if (!("tagpool" in names) || contenders != 2 || lines != n * 2 * contenders) {
                print lines " lines, " contenders " contenders, " n " points"
                bad = 1
            }
            exit bad
        }' - "$scratch/scale.csv"
}

soak_is_whole() { # a line for each second; about as much live as is planned, all of it resident; the verdict
    [ "$(head -n 1 "$scratch/soak.csv")" = seconds,resident_bytes,live_bytes,operations_per_second ] &&
        grep -Eq '^creep: [+-][0-9]+\.[0-9]+ % over [0-9]+\.[0-9]+ minutes ' "$scratch/soak" &&
        awk -F , 'NR == 1 { next }
            NF != 4 || $1 != NR - 1 || $2 < $3 || $3 < 50e6 || $3 > 90e6 || $4 <= 0 { print "odd line: " $0; bad = 1 }
            END { exit bad || NR != 5 }' "$scratch/soak.csv"
}

# A worker that only says it soaks, and writes a curve on which resident bytes grow by 1,000 each second, or one line too few.
fake_worker() {
    mkdir -p "$scratch/fake"
    cat > "$scratch/fake/worker-tagpool" << 'END'
#!/bin/sh
case $1 in
who) echo one two ;;
soak)
    echo seconds,resident_bytes,live_bytes,operations_per_second > "$3"
    i=0
    while [ $i -lt $(($2 - ${FEWER:-0})) ]; do
        i=$((i + 1))
        echo "$i,$((1000000 + 1000 * i)),900000,5" >> "$3"
    done
    echo soak 7 ;;
esac
END
    chmod +x "$scratch/fake/worker-tagpool"
    cp "$scratch/fake/worker-tagpool" "$scratch/fake/worker-malloc"
}

soak_judges() { # seconds 11 to 40 rise from 1,011,000 to 1,040,000 bytes: by 2.87 %
    "$bench/soak" "$scratch/fake" "$scratch/fake.csv" 40 > "$scratch/fake.out" || return 1
    cat "$scratch/fake.out"
    grep -q '^creep: +2\.87 % over 0\.5 minutes (live bytes: +0\.00 %)$' "$scratch/fake.out" &&
        ! FEWER=1 "$bench/soak" "$scratch/fake" "$scratch/fake.csv" 40
}

# What the verifier costs: a line for each name, with so many positive figures behind it, that begin in column 29.
figures_are_there() { # file, figures, names...
    file=$1 figures=$2
    shift 2
    for name in "$@"; do
        awk -v name="$name" -v figures="$figures" 'index($0, name "  ") == 1 {
                n++; count = split(substr($0, 29), figure, /[ ,]+/) - 1
                for (i = 2; i <= count + 1; i++) bad = bad || !(figure[i] > 0)
            } END { exit n != 1 || bad || count != figures }' "$file" || { echo "$name: not one good line"; return 1; }
    done
}

tracking_is_whole() {
    QUICK=1 PAIRS=2000 "$bench/tracking" > "$scratch/tracking" && cat "$scratch/tracking" &&
        figures_are_there "$scratch/tracking" 5 "nothing on" "tracked, 16 frames" "tracked, 16 frames, no log" \
            "tracked, caller only"
}

special_is_whole() {
    QUICK=1 PAIRS=200 "$bench/special" > "$scratch/special" && cat "$scratch/special" &&
        figures_are_there "$scratch/special" 3 "special, markers" "special, 100 pages" "special, caller only" \
            "special, protection" "special, in reserve" "special, patterns" "samples, 1 in 10,000" "samples, 1 in 1,000,000"
}

parts_are_left_out() { # each such build takes part when asked for, and that without counts has counted nothing
    parts=$scratch/parts.json
    make -s "$bench/worker-without-counts" "$bench/worker-without-peaks" &&
        QUICK=1 ROWS='pair-64-*,pipe-*,rss-1tag' CONTENDERS='tagpool,without-*' "$bench/bench" "$bench" "$parts" || return 1
    for part in without-counts without-peaks; do
        [ "$(grep -c "\"$part\": {\"median\": [0-9]" "$parts")" = 9 ] || { echo "$part is not in all rows"; return 1; }
    done
    ! LD_LIBRARY_PATH=$bench/without-counts "$bench/worker-tagpool" pair-64-1tag 1 ops=1000 2> "$scratch/uncounted" &&
        grep -q 'counted: 0, 0$' "$scratch/uncounted"
}

limits_are_whole() { # a line for each kind of loop, each of which does something in a cycle
    QUICK=1 "$bench/limits" > "$scratch/limits" && cat "$scratch/limits" &&
        awk 'NR == 1 { bad = !/^A cycle takes [0-9.]+ nanoseconds/; next } !($1 > 0) { bad = 1 } END { exit bad || NR != 12 }' \
            "$scratch/limits"
}

verifier_refused() {
    ! ROUNDS=many "$bench/tracking" && ! PAIRS=0 "$bench/special"
}

static_refused() { # make bench-static, with these settings, must say no, and why
    text=$1
    shift
    ! env QUICK=1 ROWS=pair-64-1tag "$@" make -s bench-static > "$scratch/refusal" 2>&1 && grep -q "$text" "$scratch/refusal"
}

static_is_possible() {
    # shellcheck disable=SC2086
    echo 'int main(void) { return 0; }' | ${CC:-cc} ${CFLAGS:-} -static -x c - -o "$scratch/static" 2> /dev/null
}

run_static() {
    QUICK=1 make -s bench-static > "$table"
}

run_scale() {
    QUICK=1 "$bench/sweep" "$bench" "$scratch/scale.csv" > "$scratch/scale"
}

run_soak() {
    "$bench/soak" "$bench" "$scratch/soak.csv" 4 > "$scratch/soak"
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
check "linkage is shared" linkage shared
check "unknown row is refused" refused ROWS=no-such-row
check "unknown base is refused" refused BASE=no-such-peer
check "missing peer is refused" refused "PEERS=$scratch/missing.so"
check "bad number is refused" refused ROUNDS=many
check "unknown linkage is refused" refused LINKAGE=dynamic
check "scale run" run_scale
check "scale has all points" scale_has_all
check "soak run" run_soak
check "soak is whole" soak_is_whole
check "tracking has all figures" tracking_is_whole
check "special pool has all figures" special_is_whole
check "wrong numbers are refused there" verifier_refused
check "builds without a part" parts_are_left_out
case $(${CC:-cc} -dumpmachine) in x86_64*) check "limits of the processor" limits_are_whole ;; esac
fake_worker
check "soak judges a known curve" soak_judges
if static_is_possible; then
    json=$B/bench-static.json table=$scratch/static-table
    check "static run" run_static
    check "static: contenders" takes_part
    check "static: JSON is valid" json_is_valid
    check "static: JSON has all rows" json_has_all
    check "static: table has all rows" table_has_all
    check "static: linkage" linkage static
    check "static: workers are static" no_interpreter
    check "static: a peer without malloc is refused" static_refused 'so that it replaces malloc' "PEERS=x=$B/libtagpool.a"
    check "static: a shared peer is refused" static_refused 'should be an archive' PEERS=x=x.so
    check "static: a peer without a name is refused" static_refused 'should be name=path' PEERS=x.a
else
    echo "static linkage is not tested: the compiler cannot link static programs"
    skipped=1
fi
if [ $skipped = 0 ]; then closing=; else closing=", $skipped skipped"; fi
echo "$passed passed, $failed failed$closing"
[ "$failed" = 0 ]
