#!/bin/sh
# SPDX-License-Identifier: MIT
# Compiles driver source for this system against a real DDK's headers, those of mingw-w64, with gcc and clang, by what
# `pkg-config --cflags --libs tagpool-wdk` of an installed tree says and nothing else; runs it and checks what it says.
# DDK: where the headers are, if not where Debian's mingw-w64-common has them.
set -u
unset MAKEFLAGS MAKELEVEL MFLAGS
b=${B:-build}
ddk=${DDK:-/usr/share/mingw-w64/include}
if [ ! -f "$ddk/ddk/wdm.h" ]; then echo "no DDK headers in $ddk (Debian: mingw-w64-common)"; exit 77; fi
if ! command -v pkg-config > /dev/null; then echo "no pkg-config here"; exit 77; fi
compilers=
for cc in gcc clang clang-14; do
    if command -v $cc > /dev/null && { [ $cc != clang-14 ] || ! command -v clang > /dev/null; }; then
        compilers="$compilers $cc"
    fi
done
if [ -z "$compilers" ]; then echo "neither gcc nor clang here"; exit 77; fi
case "${CC:-cc} ${CFLAGS:-}" in *-m32* | *mingw* | *musl*) echo "another target: ${CC:-cc} ${CFLAGS:-}"; exit 77 ;; esac

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
make -s B="$b" install PREFIX="$root/installed" || exit 1
export PKG_CONFIG_PATH="$root/installed/lib/pkgconfig" LD_LIBRARY_PATH="$root/installed/lib"
cflags=$(pkg-config --define-variable=ddk="$ddk" --cflags tagpool-wdk) || exit 1
libs=$(pkg-config --libs tagpool-wdk) || exit 1
sanitize=${SANITIZE:+-fsanitize=$SANITIZE}
passed=0 failed=0

good() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    echo "$*"
}

# Compiles the files $2... by the compiler line $1 to $root/program, without a word of warning.
compile() {
    line=$1
    shift
    # shellcheck disable=SC2086
    if $line -Wall -Wextra -Werror $sanitize $cflags "$@" $libs -o "$root/program" 2> "$root/log"; then
        good
    else
        bad "$line does not compile $*:"
        cat "$root/log"
        return 1
    fi
}

# Runs the program and wants exit status $1, and each further argument in its output.
run() {
    status=$1
    shift
    timeout 60 "$root/program" > "$root/log" 2>&1
    found=$?
    if [ $found != "$status" ]; then
        bad "$line: exit status $found, expected $status:"
        cat "$root/log"
        return 1
    fi
    for words; do
        if grep -qF -- "$words" "$root/log"; then
            good
        else
            bad "$line: not said: $words"
            cat "$root/log"
        fi
    done
}

for cc in $compilers; do
    for level in -O0 -O2; do
        compile "$cc $level" tests/overlay/seh.c && run 0 ', 0 failed'
    done
    compile "$cc -O2" tests/overlay/ddk.c && run 0 ', 0 failed'
    compile "$cc -O1 -g" examples/overlay/journal.c examples/overlay/loader.c &&
        run 2 'completed with 0x00000000, 15 bytes' 'completed with 0xC0000044, 0 bytes' '"The first line."' \
            '1 block' 'JRec'
    for header in wdm.h ntddk.h ntifs.h fltKernel.h; do
        printf '#include <%s>\nint main(void)\n{\n    return sizeof(WCHAR) != 2 || sizeof(ULONG) != 4;\n}\n' $header \
            > "$root/header.c"
        compile "$cc" "$root/header.c" && run 0
    done
    # Without what newer DDKs add, as source wants that was made for mingw-w64.
    printf '#include <ntifs.h>\ntypedef struct _FILE_ID_128 { int own; } FILE_ID_128;\nint main(void)\n{\n    return 0;\n}\n' \
        > "$root/header.c"
    compile "$cc -DTAGPOOL_WDK_NO_NEWER" "$root/header.c" && run 0
done

# The folder of the DDK's headers can be given.
case $(pkg-config --define-variable=ddk=/elsewhere --cflags tagpool-wdk) in
*"-idirafter /elsewhere/ddk -idirafter /elsewhere "*) good ;;
*) bad 'pkg-config does not heed the variable ddk' ;;
esac

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
