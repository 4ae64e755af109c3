# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# What the scripts that test the bench begin with: skipped where there is no bench, a folder for scratch, a count of checks.
B=${B:-build}
# shellcheck disable=SC2034 # for the script that reads this
bench=$B/bench
passed=0 failed=0
if [ -n "${SANITIZE:-}${SINGLE_FILE:-}" ] || [ "${PORT:-posix}" != posix ]; then
    echo "the bench is for the plain hosted build"
    exit 77
fi
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

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
