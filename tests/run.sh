#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the test programs and scripts given as arguments, one line each, and closes with the line "N passed, N failed".
#
# A cmocka program counts with its number of tests; a script that prints closing lines like this one counts with the last
# one's numbers; anything else counts as one. Exit status 77 means skipped, with the reason in the last line of output.
# A failure's output is shown, the rest stays in $B/tests/log. TEST_TIMEOUT: seconds for each, 300 unless told. TEST_JOBS: so many
# run at one time, 1 unless told; their lines come in the order of the arguments all the same, when all have ended.
set -u
limit=${TEST_TIMEOUT:-300}
jobs=${TEST_JOBS:-1}
case $jobs in 0* | *[!0-9]*) echo "TEST_JOBS is \"$jobs\"; expected a number from 1 on" >&2; exit 1 ;; esac
logs=${B:-build}/tests/log
passed=0 failed=0 skipped=0
mkdir -p "$logs" || exit 1

number() { # the number in the last line of the log that matches $1, or 0
    n=$(sed -n "s/$1/\\1/p" "$log" | tail -n 1)
    echo "${n:-0}"
}

count() { # sets p, f and s from the log of a program that ended with $status
    last=$(tail -n 1 "$log")
    s=0
    if grep -q '^\[==========\] .*test(s) run\.' "$log"; then
        p=$(number '^\[  PASSED  \] \([0-9]*\) test(s)\..*')
        s=$(number '^\[  SKIPPED \] \([0-9]*\) test(s).*')
        # Neither passed nor skipped: failed, or could not even be set up, which cmocka does not add up.
        f=$(($(number '^\[==========\].* \([0-9]*\) test(s) run\..*') - p - s))
    elif grep -Eq '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log"; then
        p=$(number '^\([0-9]*\) passed, .*')
        f=$(number '^[0-9]* passed, \([0-9]*\) failed.*')
        s=$(number '^[0-9]* passed, [0-9]* failed, \([0-9]*\) skipped$')
    elif [ "$status" = 77 ]; then
        p=0 f=0 s=1
    else
        p=$((status == 0)) f=$((status != 0))
    fi
    # What died after its last good test has failed all the same.
    if [ "$status" != 0 ] && [ "$status" != 77 ] && [ "$f" = 0 ]; then f=1; fi
    # A program that says that nothing failed and nothing passed has tested nothing.
    if [ $((p + f + s)) = 0 ]; then f=1; fi
}

name_log() { # sets name and log for a program
    name=${1#"${B:-build}"/}
    log=$logs/$(echo "$name" | tr / -).log
}

run() { # program: leaves its exit status and seconds beside its log
    name_log "$1"
    started=$(date +%s)
    timeout -k 10 "$limit" "$1" > "$log" 2>&1 < /dev/null
    echo "$? $(($(date +%s) - started))" > "$log.end"
}

if [ "${1-}" = --only-run ]; then # of several: this script calls itself so
    run "$2"
    exit 0
fi

report() { # program that has run: its line, and its output if it failed
    name_log "$1"
    read -r status seconds < "$log.end" || status=1 seconds=0
    count
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    if [ "$f" != 0 ]; then
        case $status in 124 | 137) why="time out after $limit s" ;; *) why="exit status $status" ;; esac
        printf 'FAILED   %-32s %s, %s of %s failed\n' "$name" "$why" "$f" $((p + f))
        sed 's/^/    | /' "$log" | tail -n 200
    elif [ "$p" = 0 ]; then
        printf 'skipped  %-32s %s\n' "$name" "$last"
    else
        printf 'passed   %-32s %5s  %3s s\n' "$name" "$p" "$seconds"
    fi
}

# What is left of an earlier run must not be taken for an end of this one.
for program; do
    name_log "$program"
    rm -f "$log.end"
done
# One at a time runs in the foreground, where it can be interrupted, and is told of at once.
if [ "$jobs" != 1 ] && [ $# != 0 ]; then printf '%s\n' "$@" | TEST_JOBS=1 xargs -n 1 -P "$jobs" "$0" --only-run; fi
for program; do
    if [ "$jobs" = 1 ]; then run "$program"; fi
    report "$program"
done

closing="$passed passed, $failed failed"
if [ "$skipped" != 0 ]; then closing="$closing, $skipped skipped"; fi
echo "$closing"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
