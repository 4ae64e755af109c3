#!/bin/sh
# SPDX-License-Identifier: MIT
# Windows: builds the library with mingw, links unmodified driver objects with it in both ways, and runs all under wine: the
# example driver, the programs of tests/mingw/, the other examples, and the mistakes.
set -u
unset MAKEFLAGS MAKELEVEL MFLAGS CPPFLAGS DISPLAY TAGPOOL_OPTIONS
prefix=x86_64-w64-mingw32-
cc=${prefix}gcc
skip() {
    echo "$*"
    exit 77
}
command -v $cc > /dev/null || skip "$cc is not installed (gcc-mingw-w64-x86-64)"
for wine in wine64 wine /usr/lib/wine/wine64 ''; do
    if [ -z "$wine" ]; then skip "wine is not installed (wine64)"; fi
    if command -v $wine > /dev/null; then break; fi
done
ddk_of() { # compiler: the DDK's headers lie beside its own
    for folder in $($1 -E -v -x c /dev/null 2>&1 | sed -n 's/^ \(\/.*\)/\1/p'); do
        if [ -f "$folder/ddk/ntddk.h" ]; then echo "$folder/ddk"; fi
    done
}
ddk=$(ddk_of $cc)
[ -n "$ddk" ] || skip "mingw's ddk/ntddk.h is not installed (mingw-w64-common)"

case ${B:-build} in /*) b=$B/mingw ;; *) b=$PWD/${B:-build}/mingw ;; esac
flags="-std=gnu11 -O2 -g -Wall -Wextra -Werror -Iinclude"
passed=0 failed=0
mkdir -p "$b/tests/mistakes" || exit 1
build() { # folder, prefix of the tools, 1 for the single file
    make -s -j"$(nproc)" B="$1" PORT=win32 CC="$2gcc" AR="$2ar" OBJCOPY="$2objcopy" NM="$2nm" SANITIZE= LDFLAGS= \
        SINGLE_FILE="${3:-}" CFLAGS='-O2 -g -Werror' > "$b.log" 2>&1 || { cat "$b.log"; exit 1; }
}
build "$b" $prefix

# A prefix of our own: 700 MB, 10 seconds once. Lines "wine: ..." are about its own services, which miss a display; what befalls
# our programs shows in their exit status.
export WINEPREFIX="$b/wine" WINEDEBUG=-all
if [ ! -f "$WINEPREFIX/system.reg" ]; then
    timeout 120 $wine wineboot -i > "$b.log" 2>&1 || { cat "$b.log"; skip "wine cannot make its prefix here"; }
fi

# One server for all programs: a program that starts while the server of the one before ends is cut off now and then.
for server in wineserver /usr/lib/wine/wineserver64 /usr/lib/wine/wineserver ''; do
    if [ -z "$server" ] || command -v $server > /dev/null; then break; fi
done
if [ -n "$server" ]; then
    timeout 60 $server -w
    $server -p900 > /dev/null 2>&1 # longer than the longest pause for compiling
    trap '$server -k' EXIT
fi

good() { passed=$((passed + 1)); }
bad() {
    echo "FAILED: $*"
    failed=$((failed + 1))
}
compile() { # object, arguments; for drivers also: the DDK's headers, which have warnings of their own
    object=$1
    shift
    # shellcheck disable=SC2086
    $cc $flags -isystem "$ddk" -Wno-multichar -Wno-unknown-pragmas -c "$@" -o "$object" || bad "compiling $*"
}
run() { # what is expected, program: compares the lines, whose order is wine's own if the C library wrote some, and the status
    expected=$1 program=$2
    (cd "$b" && timeout 60 $wine "$program") > "$b/raw" 2>&1
    status=$?
    tr -d '\r' < "$b/raw" | awk -f tests/mask.awk | grep -v -e '^$' -e '^wine: ' | LC_ALL=C sort > "$b/found"
    grep . "$expected" | LC_ALL=C sort > "$b/expected"
    if [ $status != 0 ]; then
        bad "$program ends with $status"
        cat "$b/raw"
    elif ! diff -u --label "$expected" --label "$program" "$b/expected" "$b/found"; then
        bad "$program prints something else"
    else
        good
    fi
}

# ---- The archive and the DLL show public names only, and all of them. ----
same() { # what is wrong if the files differ, files
    what=$1
    shift
    if diff -u "$@"; then good; else bad "$what"; fi
}
${prefix}nm -g --defined-only --format=posix "$b/libtagpool.a" | sed -n 's/^\([^ ]*\) [A-Z] .*/\1/p' | LC_ALL=C sort > "$b/names"
grep -E '^(_?tagpool_[A-Za-z_0-9.]+|[A-Z][A-Za-z0-9]+|__imp_[A-Z][A-Za-z0-9]+)$' "$b/names" > "$b/public"
same 'libtagpool.a shows more than public names' "$b/public" "$b/names"
grep '^[A-Z]' "$b/names" > "$b/routines"
sed -n 's/^__imp_//p' "$b/names" > "$b/pointers"
same 'libtagpool.a has not a pointer for each routine' "$b/routines" "$b/pointers"
grep -v -E '^(__imp_|_?tagpool_private_)' "$b/names" > "$b/public"
${prefix}objdump -p "$b/libtagpool.dll" | LC_ALL=C awk '
    /\[Ordinal\/Name Pointer\] Table/ { inside = 1; next }
    NF == 0 { inside = 0 }
    inside { print $NF }' | LC_ALL=C sort > "$b/exports"
same 'libtagpool.dll does not export the public names' "$b/public" "$b/exports"

# ---- The driver: its object reaches the routines by pointers, and reads its IRQL from the processor. ----
compile "$b/driver.o" examples/mingw/driver.c
compile "$b/loader.o" examples/mingw/loader.c
if ${prefix}nm -u "$b/driver.o" | grep -q '__imp_ExAllocatePoolWithTag' && ${prefix}objdump -d "$b/driver.o" | grep -q '%cr8'
then good; else bad "the driver's object is not what it would be for the kernel"; fi
for library in libtagpool.a libtagpool.dll.a; do
    $cc "$b/driver.o" "$b/loader.o" "$b/$library" -o "$b/driver-$library.exe" || bad "linking the driver with $library"
    run examples/mingw/driver.out "driver-$library.exe"
    if ${prefix}objdump -p "$b/driver-$library.exe" 2>&1 | grep 'same begin address'; then
        bad "the table of functions of driver-$library.exe is damaged"
    else
        good
    fi
done

# ---- The same with the single-file build. ----
build "$b/single" $prefix 1
$cc "$b/driver.o" "$b/loader.o" "$b/single/libtagpool.a" -o "$b/driver-single.exe" || bad "linking with the single file"
run examples/mingw/driver.out driver-single.exe

# ---- The same for 32 bit, whose names are decorated: linked only. ----
prefix32=i686-w64-mingw32-
if command -v ${prefix32}gcc > /dev/null; then
    build "$b/32" $prefix32
    for library in libtagpool.a libtagpool.dll.a; do
        # shellcheck disable=SC2086
        if ${prefix32}gcc $flags -isystem "$(ddk_of ${prefix32}gcc)" -Wno-multichar -Wno-unknown-pragmas \
            examples/mingw/*.c "$b/32/$library" -o "$b/32/driver.exe"
        then good; else bad "linking the driver with $library for 32 bit"; fi
    done
fi

# ---- Programs for Windows. ----
: > "$b/silent"
for library in libtagpool.a libtagpool.dll.a; do
    for source in tests/mingw/*.c; do
        name=$(basename "$source" .c)-$library
        # shellcheck disable=SC2086
        $cc $flags "$source" "$b/$library" -o "$b/$name.exe" || bad "compiling $source with $library"
        case $name in windows-*) ;; *) run "$b/silent" "$name.exe" ;; esac
    done
    for define in TAGPOOL_FIRST TAGPOOL_LAST; do
        # shellcheck disable=SC2086
        $cc $flags -D$define tests/mingw/windows.c "$b/$library" -o "$b/windows.exe" || bad "$define"
        (cd "$b" && timeout 60 $wine windows.exe) > "$b/raw" 2>&1 && good || { bad "windows.c, $define, $library"; cat "$b/raw"; }
    done
done

# ---- The examples of the other systems. ----
for source in examples/*.c; do
    name=$(basename "$source" .c)
    # shellcheck disable=SC2086
    $cc $flags "$source" "$b/libtagpool.a" -o "$b/$name.exe" || bad "compiling $source"
    run "examples/$name.out" "$name.exe"
done

# ---- The mistakes: each is a script that runs the program and ends as it would on POSIX: 3 is abort().
# Under wine, addresses outside the pools have six digits, one less than tests/mistakes.sh takes for an address. ----
for source in tests/mistakes/*.c; do
    name=$b/tests/mistakes/$(basename "$source" .c)
    # shellcheck disable=SC2086
    $cc $flags -Iinclude/tagpool/wdk/ddk "$source" "$b/libtagpool.a" -static -pthread -o "$name.exe" || bad "compiling $source"
    cat > "$name" << EOF
#!/bin/sh
timeout 60 $wine "$name.exe" 2> "$name.raw"
status=\$?
tr -d "\\r" < "$name.raw" | sed -E '/^wine: /d; s/0x([0-9A-Fa-f]{6})([^0-9A-Fa-f]|$)/0x0\1\2/g' >&2
if [ \$status = 3 ]; then kill -ABRT \$\$; fi
exit \$status
EOF
    chmod +x "$name"
done
B=$b tests/mistakes.sh > "$b/raw"
status=$?
sed '$d' "$b/raw"
passed=$((passed + $(sed -n '$s/ passed.*//p' "$b/raw")))
failed=$((failed + $(sed -n '$s/.*passed, \([0-9]*\) failed/\1/p' "$b/raw") + (status > 1)))

echo "$passed passed, $failed failed"
[ $failed = 0 ]
