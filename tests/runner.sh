#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the runner (tests/run.sh), on whose arithmetic every verdict rests: programs that pass, fail, skip, crash after a good
# last line, hang, and print their own counts, and what its closing line and exit status then are.
set -u
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=0 jobs=1

program() { # name, body
    printf '#!/bin/sh\n%s\n' "$2" > "$scratch/$1"
    chmod +x "$scratch/$1"
}
expect() { # closing line, exit status, programs...
    closing=$1 status=$2
    shift 2
    got=$(cd "$scratch" && B=$scratch TEST_TIMEOUT=1 TEST_JOBS=$jobs "$runner" "$@")
    got_status=$?
    if [ "$(echo "$got" | tail -n 1)" != "$closing" ] || [ "$got_status" != "$status" ]; then
        printf '%s: expected "%s" and %s, got status %s and:\n%s\n' "$*" "$closing" "$status" "$got_status" "$got"
        failed=1
    fi
}

runner=$PWD/tests/run.sh
program good 'exit 0'
program bad 'echo oops; exit 3'
program skip 'echo not here; exit 77'
program hang 'sleep 20'
program counts 'echo "5 passed, 0 failed, 2 skipped"'
program counts_bad 'echo "5 passed, 2 failed"; exit 1'
program counts_inside 'echo "5 passed, 2 failed"; echo "make: Error 1"; exit 2'
program nothing 'echo "0 passed, 0 failed"'
program cmocka 'echo "[==========] 3 test(s) run."; echo "[  PASSED  ] 3 test(s)." >&2'
program cmocka_bad 'echo "[==========] 3 test(s) run."; echo "[  PASSED  ] 1 test(s)."
echo "[  FAILED  ] 2 test(s), listed below:"; echo "[  FAILED  ] a"; echo; echo " 2 FAILED TEST(S)"; exit 2'
program cmocka_setup 'echo "[==========] 3 test(s) run."; echo "[  PASSED  ] 1 test(s)."; exit 2'
program cmocka_skip 'echo "[==========] 3 test(s) run."; echo "[  PASSED  ] 1 test(s)."
echo "[  SKIPPED ] 2 test(s), listed below:"'
program crash 'echo "[==========] 3 test(s) run."; echo "[  PASSED  ] 3 test(s)."; kill -SEGV $$'

expect '1 passed, 0 failed' 0 ./good
expect '1 passed, 1 failed' 1 ./good ./bad
expect '1 passed, 0 failed, 1 skipped' 0 ./good ./skip
expect '0 passed, 0 failed, 1 skipped' 1 ./skip
expect '0 passed, 1 failed' 1 ./hang
expect '5 passed, 0 failed, 2 skipped' 0 ./counts
expect '5 passed, 2 failed' 1 ./counts_bad
expect '5 passed, 2 failed' 1 ./counts_inside
expect '0 passed, 1 failed' 1 ./nothing
expect '3 passed, 0 failed' 0 ./cmocka
expect '1 passed, 2 failed' 1 ./cmocka_bad
expect '1 passed, 2 failed' 1 ./cmocka_setup
expect '1 passed, 0 failed, 2 skipped' 0 ./cmocka_skip
expect '3 passed, 1 failed' 1 ./crash
expect '0 passed, 1 failed' 1 ./absent
expect '0 passed, 0 failed' 1

# Two that wait for each other: one after the other they hang. Verdicts come in the order of the arguments.
for i in 1 2; do
    program meet$i "touch met$i; until [ -e met1 ] && [ -e met2 ]; do sleep 0.01; done"
done
expect '1 passed, 1 failed' 1 ./meet1 ./meet2
rm "$scratch/met1" "$scratch/met2"
jobs=2
expect '2 passed, 0 failed' 0 ./meet1 ./meet2
program slow 'sleep 0.5'
jobs=3
expect '12 passed, 4 failed, 3 skipped' 1 ./slow ./good ./bad ./skip ./counts ./counts_bad ./hang
jobs=none
expect '' 1 ./good
order=$(cd "$scratch" && B=$scratch TEST_TIMEOUT=1 TEST_JOBS=2 "$runner" ./slow ./bad ./good |
    sed -n 's|^[a-zA-Z]* *\./\([a-z]*\) .*|\1|p' | tr '\n' ' ')
if [ "$order" != 'slow bad good ' ]; then
    echo "verdicts come in the order: $order"
    failed=1
fi
exit $failed
