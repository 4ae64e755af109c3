#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the unit and API tests once more under valgrind: no bad read or write, no jump on an undefined value, in the library
# or in the tests. Not those in which the library walks call stacks: it looks at words of the program's stack that perhaps
# nobody has written, to find out that they are no return addresses. Leak tests do as well with the caller alone.
set -u
if ! command -v valgrind > /dev/null; then echo "valgrind is not installed"; exit 77; fi
if [ -n "${SANITIZE:-}" ]; then echo "valgrind does not run what sanitizers have instrumented"; exit 77; fi
b=$(cd "${B:-build}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

echo 'int main(void) { return 0; }' > "$scratch/empty.c"
# shellcheck disable=SC2086
${CC:-cc} ${CFLAGS:-} "$scratch/empty.c" -o "$scratch/empty" || exit 1
if ! valgrind -q "$scratch/empty" > /dev/null 2>&1; then echo "valgrind cannot run what this compiler makes"; exit 77; fi

# The runner runs programs: give it one script for each test. A cmocka test that fails under valgrind only shows as status 99.
for source in tests/unit/*.c tests/api/*.c; do
    case $source in
    tests/api/asserts_unchecked.c | tests/api/drivers.c | tests/api/fault*.c | tests/api/hit.c | tests/api/leaks.c | \
        tests/api/scrub.c | tests/api/special*.c | tests/api/tracking.c)
        continue
        ;;
    esac
    options=
    case $source in tests/api/asserts*.c) options=TAGPOOL_OPTIONS=stack_frames=0 ;; esac
    program=$b/${source%.c}
    wrapped=$scratch/$(echo "${source%.c}" | tr / -)
    printf '#!/bin/sh\nexec env %s valgrind -q --error-exitcode=99 --leak-check=no --suppressions=%s "%s"\n' \
        "$options" "$PWD/tests/valgrind.supp" "$program" > "$wrapped"
    chmod +x "$wrapped"
    set -- "$@" "$wrapped"
done
# One more than there are processors: the oldest is waited for, and another may end before it.
B=$scratch TEST_JOBS=$(($(nproc) + 1)) tests/run.sh "$@"
