#!/bin/sh
# SPDX-License-Identifier: MIT
# Driver code without a DDK: checks our own <wdm.h>, <ntddk.h>, <ntifs.h> and what they include, with every compiler that is here:
#   alone      every header alone and twice, as C11, GNU C17 and C++17, for 64 and 32 bit
#   together   all headers in both orders, and with tagpool.h before and after
#   shim       users with types of their own: TAGPOOL_WDK_NO_TYPES, and each TAGPOOL_WDK_NO_<NAME>
#   windows    windows.h before and after (mingw, compiled only)
#   example    examples/wdk, built as pkgconfig/tagpool-wdm.pc says, with each of its mistakes
# `tests/ddk.sh record` writes the example's .out files.
set -u
b=${B:-build}
record=${1:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 skipped=0
unset TAGPOOL_OPTIONS
# shellcheck disable=SC3045
ulimit -c 0 2> /dev/null

good() { passed=$((passed + 1)); }
bad() {
    echo "FAILED: $*"
    failed=$((failed + 1))
}
skip() {
    echo "skipped: $*"
    skipped=$((skipped + 1))
}

warnings='-Wall -Wextra -Wshadow -Wpedantic -Wno-multichar -Werror'
include='-Iinclude -Iinclude/tagpool/wdk/ddk'
headers=$(cd include && find tagpool/wdk -maxdepth 1 -name '*.h' | LC_ALL=C sort)
ddk='wdm.h ntddk.h ntifs.h'

works() { # compiler and flags: can it build a program with a C library?
    printf '#include <string.h>\nint main(void) { return (int)strlen(""); }\n' > "$scratch/works.c"
    # shellcheck disable=SC2086
    $1 "$scratch/works.c" -o "$scratch/works" 2> "$scratch/works.log"
}

compiles() { # what it is, compiler and flags, files...
    what=$1 with=$2
    shift 2
    # shellcheck disable=SC2086
    if $with $warnings $include -fsyntax-only "$@" 2> "$scratch/log"; then good; else
        bad "$what: $with"
        head -n 20 "$scratch/log"
    fi
}

refuses() { # words of the complaint, what it is, compiler and flags, file
    # shellcheck disable=SC2086
    if $3 $warnings $include -fsyntax-only "$4" 2> "$scratch/log"; then
        bad "$2: $3 takes it"
    elif grep -q "$1" "$scratch/log"; then good; else
        bad "$2: $3 does not say $1"
        head -n 20 "$scratch/log"
    fi
}

# ---- Which compilers ------------------------------------------------------------------------------------------------
# The one the library was built with comes first; only it can link a library with sanitizers.
host=${CC:-cc}
m32='-m32 -idirafter /usr/include/x86_64-linux-gnu'
kinds=$(echo | $host -dM -E - | cksum)
compilers=
for compiler in gcc clang "gcc $m32" "gcc-12 $m32" "clang $m32"; do
    if ! works "$compiler"; then continue; fi
    kind=$(echo | $compiler -dM -E - | cksum) # two names of one compiler are one
    case $kinds in *"$kind"*) continue ;; esac
    kinds="$kinds $kind"
    compilers="$compilers$compiler
"
done
pointer() { echo | $1 -dM -E - | awk '$2 == "__SIZEOF_POINTER__" { print $3 }'; }
each() { # command...: with every compiler as last argument
    "$@" "$host"
    while read -r compiler; do
        if [ -n "$compiler" ]; then "$@" "$compiler"; fi
    done << END
$compilers
END
}
cxx_of() { # the C++ compiler of a C compiler
    case $1 in
    clang*) echo "clang++${1#clang}" ;;
    gcc*) echo "g++${1#gcc}" ;;
    *) echo "${CXX:-${CROSS_COMPILE:-}c++}" ;;
    esac
}

# ---- Alone, together ------------------------------------------------------------------------------------------------
alone=
for header in $headers $ddk; do
    file=$scratch/alone-$(echo "$header" | tr / -)
    printf '#include <%s>\n#include <%s>\nextern int nothing;\n' "$header" "$header" > "$file.c"
    cp "$file.c" "$file.cc"
    alone="$alone $file"
done
backward=$(for header in $headers; do echo "$header"; done | LC_ALL=C sort -r)
together() { # name, headers
    file=$scratch/together-$1
    shift
    for header; do echo "#include <$header>"; done > "$file.c"
    echo 'extern int nothing;' >> "$file.c"
    cp "$file.c" "$file.cc"
    alone="$alone $file"
}
# shellcheck disable=SC2086
{
    together forward $headers $ddk
    together backward $backward $ddk
    together ddk-first $ddk $backward
    together ddk-backward ntifs.h ntddk.h wdm.h
    together tagpool-first tagpool.h tagpool/wdk.h ntifs.h
    together tagpool-last ntifs.h tagpool/wdk.h tagpool.h
}
with() { # suffix
    for file in $alone; do echo "$file.$1"; done
}

languages() { # compiler
    # shellcheck disable=SC2046
    for language in c11 gnu17; do
        compiles "headers alone and together" "$1 -std=$language" $(with c)
    done
    cxx=$(cxx_of "$1")
    printf '#include <cstring>\n' > "$scratch/has.cc"
    # shellcheck disable=SC2086,SC2046
    if $cxx -std=c++17 -fsyntax-only "$scratch/has.cc" 2> /dev/null; then
        compiles "headers alone and together" "$cxx -std=c++17" $(with cc)
    else
        skip "C++17: $cxx has no library here"
    fi
}
each languages

# L"" has 16 bits with -fshort-wchar, and only then.
printf '#include <ntddk.h>\nDECLARE_CONST_UNICODE_STRING(Name, L"abc");\nUSHORT length(void) { return Name.Length; }\n' \
    > "$scratch/wide.c"
wide() { # compiler
    compiles 'L""' "$1 -std=c11 -fshort-wchar" "$scratch/wide.c"
    if [ "$(echo | $1 -dM -E - | awk '$2 == "__SIZEOF_WCHAR_T__" { print $3 }')" = 4 ]; then
        refuses 'wide\|incompatible' 'L"" without -fshort-wchar' "$1 -std=c11" "$scratch/wide.c"
    fi
}
each wide

# ---- Types of one's own ---------------------------------------------------------------------------------------------
cat > "$scratch/shim.h" << 'END'
#include <stddef.h>
typedef void VOID, *PVOID, *HANDLE;
typedef const void *PCVOID;
typedef unsigned char UCHAR, BOOLEAN, KIRQL, *PKIRQL, *PBOOLEAN;
typedef unsigned short USHORT;
typedef int LONG, NTSTATUS;
typedef unsigned ULONG, LOGICAL, *PULONG;
typedef unsigned long long ULONG64, POOL_FLAGS;
typedef size_t SIZE_T, ULONG_PTR, KSPIN_LOCK, *PKSPIN_LOCK;
typedef enum { NonPagedPool, PagedPool, NonPagedPoolNx = 512 } POOL_TYPE;
typedef enum { LowPoolPriority, NormalPoolPriority = 16, HighPoolPriority = 32 } EX_POOL_PRIORITY;
typedef const struct my_parameter *PCPOOL_EXTENDED_PARAMETER;
typedef struct my_create *PPOOL_CREATE_EXTENDED_PARAMS;
typedef struct my_process *PEPROCESS;
typedef struct my_queue *PKLOCK_QUEUE_HANDLE;
#define POOL_FLAG_PAGED 0x100
END
cat > "$scratch/shim.c" << 'END'
#define TAGPOOL_WDK_NO_TYPES
#include "shim.h"
#include <tagpool/wdk/bugcheck.h>
#include <tagpool/wdk/irql.h>
#include <tagpool/wdk/pool.h>
#include <tagpool/wdk/raise.h>
#include <tagpool/wdk/types.h>
#include "tagpool.h"

int main(void)
{
    unsigned char *bytes = ExAllocatePool2(POOL_FLAG_PAGED, 100, 'mihS');
    KIRQL irql;

    if (bytes == NULL || bytes[99] != 0)
        return 1;
    KeRaiseIrql(1, &irql);
    ExFreePoolWithTag(bytes, 'mihS');
    KeLowerIrql(irql);
    return tagpool_shutdown() == TAGPOOL_CLEAN ? 0 : 1;
}
END
shim() { compiles 'a shim with TAGPOOL_WDK_NO_TYPES' "$1 -std=c11" "$scratch/shim.c"; }
each shim
sed 1d "$scratch/shim.c" > "$scratch/shim-without.c"
refuses 'POOL_TYPE' 'a shim without TAGPOOL_WDK_NO_TYPES' "$host -std=c11" "$scratch/shim-without.c"

# A definition of one's own, and the switch that makes room for it; without the switch the compiler objects.
tested=
switch() { # name, definition, how to use it
    tested="$tested $1"
    for types in status ddk/ntifs; do
        printf '#include "tagpool/wdk/scalar.h"\n#include "tagpool/wdk/pooltype.h"\n%s\n#include "tagpool/wdk/%s.h"\n%s\n' \
            "$2" "$types" "$3" > "$scratch/switch.c"
        case $1 in POOL_TYPE | EX_POOL_PRIORITY | POOL_EXTENDED_PARAMETER) sed -i 2d "$scratch/switch.c" ;; esac
        case $1-$types in LARGE_INTEGER-status | DRIVER_OBJECT-status | KLOCK*-status | SYSTEM*-status) continue ;; esac
        for compiler in "$host" clang; do
            if [ "$compiler" = clang ] && ! works clang; then continue; fi
            compiles "TAGPOOL_WDK_NO_$1" "$compiler -std=c11 -DTAGPOOL_WDK_NO_$1" "$scratch/switch.c"
            refuses 're\(definition\|declar\)\|conflicting types' "$1 without its switch" "$compiler -std=c11" "$scratch/switch.c"
        done
    done
}
switch POOL_TYPE 'typedef enum { NonPagedPool, PagedPool, NonPagedPoolNx = 512, NonPagedPoolNxCacheAligned = 516 } POOL_TYPE;' \
    'POOL_TYPE mine = PagedPool;'
switch EX_POOL_PRIORITY 'typedef enum { LowPoolPriority, HighPoolPriority = 32 } EX_POOL_PRIORITY;' \
    'EX_POOL_PRIORITY mine = HighPoolPriority;'
switch POOL_EXTENDED_PARAMETER 'typedef const struct mine { int x; } *PCPOOL_EXTENDED_PARAMETER;
typedef struct _POOL_CREATE_EXTENDED_PARAMS *PPOOL_CREATE_EXTENDED_PARAMS;' 'PCPOOL_EXTENDED_PARAMETER mine;'
switch LIST_ENTRY 'typedef struct mine { struct mine *Flink, *Blink; } LIST_ENTRY, *PLIST_ENTRY;
typedef struct _SINGLE_LIST_ENTRY { struct _SINGLE_LIST_ENTRY *Next; } SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;' \
    'LIST_ENTRY mine;'
switch UNICODE_STRING 'typedef struct mine { USHORT Length, MaximumLength; PWSTR Buffer; } UNICODE_STRING, *PUNICODE_STRING;
typedef const struct mine *PCUNICODE_STRING;' 'UNICODE_STRING mine;'
switch ANSI_STRING 'typedef struct mine { USHORT Length, MaximumLength; PCHAR Buffer; } STRING, ANSI_STRING, *PANSI_STRING;' \
    'ANSI_STRING mine;'
switch SLIST_HEADER 'typedef struct mine { struct mine *Next; } SLIST_ENTRY, *PSLIST_ENTRY;
typedef union { LONGLONG Alignment[sizeof(void *) / 4]; } __attribute__((aligned(2 * sizeof(void *)))) SLIST_HEADER;
typedef SLIST_HEADER *PSLIST_HEADER;' \
    'SLIST_HEADER mine;'
switch GENERAL_LOOKASIDE 'typedef PVOID ALLOCATE_FUNCTION(POOL_TYPE, SIZE_T, ULONG);
typedef ALLOCATE_FUNCTION *PALLOCATE_FUNCTION;
typedef VOID FREE_FUNCTION(PVOID);
typedef FREE_FUNCTION *PFREE_FUNCTION;
typedef struct mine *PLOOKASIDE_LIST_EX;
typedef PVOID (*PALLOCATE_FUNCTION_EX)(POOL_TYPE, SIZE_T, ULONG, PLOOKASIDE_LIST_EX);
typedef VOID (*PFREE_FUNCTION_EX)(PVOID, PLOOKASIDE_LIST_EX);
typedef struct { PVOID Room[16]; } NPAGED_LOOKASIDE_LIST, *PNPAGED_LOOKASIDE_LIST, PAGED_LOOKASIDE_LIST;
typedef PAGED_LOOKASIDE_LIST *PPAGED_LOOKASIDE_LIST;' 'NPAGED_LOOKASIDE_LIST mine;'
switch KLOCK_QUEUE_HANDLE 'typedef struct mine { PVOID Room[3]; } KLOCK_QUEUE_HANDLE, *PKLOCK_QUEUE_HANDLE;' \
    'KLOCK_QUEUE_HANDLE mine;'
switch LARGE_INTEGER 'typedef union { LONGLONG QuadPart; } LARGE_INTEGER, *PLARGE_INTEGER;' 'LARGE_INTEGER mine;'
switch DRIVER_OBJECT 'typedef struct mine { PVOID DriverUnload; } DRIVER_OBJECT, *PDRIVER_OBJECT;' 'DRIVER_OBJECT mine;'
switch SYSTEM_INFORMATION 'typedef ULONG SYSTEM_INFORMATION_CLASS;' 'SYSTEM_INFORMATION_CLASS mine;'

# The routines have switches too. And there is no switch that nobody has tried.
echo '#include <ntifs.h>' > "$scratch/switch.c"
echo 'extern int nothing;' >> "$scratch/switch.c"
for area in SLIST LOOKASIDE; do
    compiles "TAGPOOL_WDK_NO_$area" "$host -std=c11 -DTAGPOOL_WDK_NO_$area" "$scratch/switch.c"
    tested="$tested $area"
done
for name in TYPES $tested; do echo "TAGPOOL_WDK_NO_$name"; done | sort > "$scratch/tested"
# shellcheck disable=SC2046
grep -Eho 'defined\(TAGPOOL_WDK_NO_[A-Z_]+|ifn?def TAGPOOL_WDK_NO_[A-Z_]+' $(echo "$headers" | sed 's|^|include/|') |
    sed 's/.*[( ]//' | sort -u > "$scratch/switches"
if diff "$scratch/switches" "$scratch/tested"; then good; else bad 'these switches are there, or tested, but not both'; fi

# ---- windows.h ------------------------------------------------------------------------------------------------------
# What a program takes from us beside windows.h: all that is no driver's own. sysinfo.h comes after winternl.h, not before.
program='types.h status.h pool.h lookaside.h irql.h bugcheck.h raise.h'
windows() { # compiler, suffix
    for system in windows.h 'windows.h winternl.h'; do
        for h in $system; do echo "#include <$h>"; done > "$scratch/system"
        for h in $program; do echo "#include <tagpool/wdk/$h>"; done > "$scratch/ours"
        cat "$scratch/ours" "$scratch/system" > "$scratch/after.$2"
        echo '#include <tagpool/wdk/sysinfo.h>' >> "$scratch/ours"
        cat "$scratch/system" "$scratch/ours" > "$scratch/before.$2"
        for place in before after; do
            echo 'extern ULONG nothing;' >> "$scratch/$place.$2"
            compiles "$system $place ours" "$1" "$scratch/$place.$2"
        done
    done
    printf '#include <windows.h>\n#include <ntddk.h>\n' > "$scratch/windows.$2"
    refuses 'do not go together' 'a driver with windows.h' "$1" "$scratch/windows.$2"
}
for machine in x86_64 i686; do
    if command -v $machine-w64-mingw32-gcc > /dev/null; then
        windows "$machine-w64-mingw32-gcc -std=c11" c
    else
        skip "windows.h: there is no $machine-w64-mingw32-gcc"
    fi
    if command -v $machine-w64-mingw32-g++ > /dev/null; then windows "$machine-w64-mingw32-g++ -std=c++17" cc; fi
done

# ---- The example ----------------------------------------------------------------------------------------------------
sanitize=${SANITIZE:+-fsanitize=$SANITIZE}
for name in tagpool tagpool-wdm; do
    sed "s|@PREFIX@|$PWD|; s|@LIBDIR@|$b|; s|@VERSION@|1|" pkgconfig/$name.pc.in > "$scratch/$name.pc"
done
if command -v pkg-config > /dev/null; then
    flags=$(PKG_CONFIG_PATH=$scratch pkg-config --cflags tagpool-wdm) || bad 'pkg-config --cflags tagpool-wdm'
else
    skip 'pkg-config is not here'
    flags="-Iinclude $(sed -n "s|[$]{includedir}|include|g; s/^Cflags: //p" pkgconfig/tagpool-wdm.pc.in)"
fi
size=$(pointer "$host")
words() { # the .out files come from 64 bit: elsewhere the same words, but other sizes and so another order
    if [ "$size" = 4 ]; then sed -E 's/0x[0-9A-Fa-f]+|[0-9]+/N/g; s/ +/ /g' "$1" | LC_ALL=C sort; else cat "$1"; fi
}

runs() { # what it is, program: with every mistake, output and status as expected
    for mistake in none name buffer request list; do
        expected=examples/wdk/$mistake.out
        if [ $mistake = none ]; then set -- "$1" "$2"; else set -- "$1" "$2" $mistake; fi
        # The word of the shell about an abort goes nowhere.
        { sh -c 'exec "$@" > "$0" 2>&1' "$scratch/raw" "$2" ${3:+"$3"}; status=$?; } > /dev/null 2>&1
        echo "status $status" >> "$scratch/raw"
        awk -f tests/mask.awk "$scratch/raw" > "$scratch/found"
        if [ "$record" = record ]; then cp "$scratch/found" "$expected"; fi
        words "$expected" > "$scratch/expected"
        words "$scratch/found" > "$scratch/compared"
        if diff -u --label "$expected" --label "$1 $mistake" "$scratch/expected" "$scratch/compared"; then good; else
            bad "$1 $mistake prints something else"
        fi
    done
    record=
}

example() { # compiler
    if [ "$(pointer "$1")" != "$size" ]; then return; fi
    # shellcheck disable=SC2086
    if $1 -std=c11 $warnings ${CFLAGS:-} $sanitize $flags examples/wdk/*.c "$b/libtagpool.a" ${LDFLAGS:-} -pthread \
        -o "$scratch/example" 2> "$scratch/log"; then
        runs "$1" "$scratch/example"
    else
        bad "examples/wdk with $1"
        head -n 20 "$scratch/log"
    fi
}
runs make "$b/examples/wdk/pending"

# The driver is C++ as well, and its assertions compile.
driver() { # compiler
    # shellcheck disable=SC2086
    compiles 'the driver with DBG' "$1 -std=c11 $flags -DDBG=1" examples/wdk/pending.c
    cxx=$(cxx_of "$1")
    if $cxx -std=c++17 -fsyntax-only "$scratch/has.cc" 2> /dev/null; then
        compiles 'the driver as C++' "$cxx -x c++ -std=c++17 $flags -DDBG=1" examples/wdk/pending.c
    fi
}
each driver
if [ -n "$sanitize" ]; then example "$host"; else each example; fi

# The shim's program runs.
# shellcheck disable=SC2086
if $host -std=c11 ${CFLAGS:-} $sanitize -Iinclude -Wno-multichar "$scratch/shim.c" "$b/libtagpool.a" ${LDFLAGS:-} -pthread \
    -o "$scratch/shim" && "$scratch/shim"; then good; else bad 'the program with a shim'; fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
