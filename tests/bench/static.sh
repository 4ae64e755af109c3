#!/bin/sh
# SPDX-License-Identifier: MIT
# Links one fully static worker for each allocator: tagpool, the C library's, what the compiler finds of mimalloc, jemalloc and
# tcmalloc, those in PEERS=name=path.a,..., and the wrappers over BASE. Makes sure that malloc comes from where it should.
#
#   static.sh FOLDER LIBTAGPOOL LINK...   FOLDER/static has the objects; LINK is the command that links a static program
set -eu
folder=${1:?usage: static.sh FOLDER LIBTAGPOOL LINK...}
tagpool=$2
shift 2
link=$*
objects=$folder/static
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
rm -f "$folder"/worker-static-*

fail() {
    echo "bench-static: $*" >&2
    exit 1
}

found_in() { # symbol: the object or archive that the linker took it from
    sed -n "s/: definition of $1\$//p" "$scratch/log" | sed 's/^.*ld[a-z.]*: //; s/([^()]*)$//' | head -n 1
}

is_from() { # symbol, file
    found=$(found_in "$1")
    [ -n "$found" ] && [ "$(readlink -f "$found")" = "$(readlink -f "$2")" ] ||
        { echo "$1 comes from ${found:-nowhere}, not from $2" >> "$scratch/log"; return 1; }
}

# The whole archive is linked, so that its malloc wins over the C library's. The worker is told where its functions come from.
worker() { # name, function that it calls, file which that comes from, file that malloc comes from, archive or "", objects...
    name=$1 symbol=$2 entry=$3 malloc=$4 whole=$5
    shift 5
    echo "const char linked_entry[] = \"$entry\", linked_malloc[] = \"$malloc\";" > "$scratch/origin.c"
    runtime=
    if [ -n "$whole" ] && nm -u "$whole" 2> /dev/null | grep -q ' _Z'; then runtime=-lstdc++; fi
    # shellcheck disable=SC2086
    $link "$@" "$scratch/origin.c" -Wl,--whole-archive $whole -Wl,--no-whole-archive $runtime -ldl -lm \
        -Wl,-y,malloc "-Wl,-y,$symbol" -o "$scratch/program" > "$scratch/log" 2>&1 || return 1
    is_from "$symbol" "$entry" && is_from malloc "$malloc" || return 1
    "$scratch/program" who > /dev/null 2>> "$scratch/log" || return 1
    mv "$scratch/program" "$folder/worker-static-$name"
}

peer() { # name, archive or object
    worker "$1" malloc "$2" "$2" "$2" "$objects/malloc.o" || return 1
    known="$known $1=$2"
}

log_show() {
    grep -v ': reference to ' "$scratch/log" >&2 || true
}

# shellcheck disable=SC2086
libc=$($link -print-file-name=libc.a)
worker glibc malloc "$libc" "$libc" "" "$objects/malloc.o" ||
    { log_show; fail "cannot link a static program: is the static C library (libc.a) installed?"; }
worker tagpool tagpool_alloc "$tagpool" "$libc" "$tagpool" "$objects/tagpool.o" || { log_show; fail "cannot link $tagpool"; }

# The peers given first: one that is called mimalloc takes the place of the installed one.
known=
for given in $(echo "${PEERS:-}" | tr ',' ' '); do
    name=${given%%=*} path=${given#*=}
    case $given in *=*) ;; *) fail "PEERS: \"$given\" should be name=path.a" ;; esac
    case $name in *[!A-Za-z0-9_.-]* | '') fail "PEERS: \"$name\" should be a name of letters, digits, _, . and -" ;; esac
    case $name in lock | atomic | thread | null | *-glibc) fail "PEERS: the name \"$name\" is a wrapper's" ;; esac
    case $path in *.a | *.o) ;; *) fail "PEERS: $path should be an archive (.a) or an object (.o)" ;; esac
    [ -r "$path" ] || fail "PEERS: $path is not there"
    [ ! -e "$folder/worker-static-$name" ] || fail "PEERS: the name \"$name\" is taken"
    peer "$name" "$path" || { log_show; fail "PEERS: cannot link $path so that it replaces malloc"; }
done
for installed in mimalloc=libmimalloc.a jemalloc=libjemalloc.a tcmalloc=libtcmalloc_minimal.a; do
    name=${installed%=*}
    # shellcheck disable=SC2086
    path=$($link -print-file-name="${installed#*=}")
    if [ -e "$folder/worker-static-$name" ] || [ "$path" = "${installed#*=}" ]; then continue; fi
    peer "$name" "$path" || { log_show; echo "bench-static: $path does not link: left out" >&2; }
done

base=$libc archive=
for each in $known; do
    if [ "${each%%=*}" = "${BASE:-mimalloc}" ]; then base=${each#*=} archive=$base; fi
done
for kind in lock atomic thread null; do
    worker "$kind" wrap_alloc "$objects/wrap_$kind.o" "$base" "$archive" "$objects/wrap.o" "$objects/wrap_$kind.o" &&
        worker "$kind-glibc" wrap_alloc "$objects/wrap_$kind.o" "$libc" "" "$objects/wrap.o" "$objects/wrap_$kind.o" ||
        { log_show; fail "cannot link the wrapper $kind"; }
done
