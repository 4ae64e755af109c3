#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs into an empty folder, builds programs there as a user would (with pkg-config, shared and static; the archive inside
# a shared library of the user's own; the library opened at run time), runs them, and checks that uninstall leaves no file.
set -eu
unset MAKEFLAGS MAKELEVEL MFLAGS
export ASAN_OPTIONS=detect_leaks=0 # these programs leave a block
b=${B:-build}
cc=${CC:-cc}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
flags="${CFLAGS:-} ${LDFLAGS:-} ${SANITIZE:+-fsanitize=$SANITIZE}"

make -s B="$b" install DESTDIR="$root" PREFIX=/opt/tagpool
for file in include/tagpool.h include/tagpool/config.h lib/libtagpool.a lib/libtagpool.so lib/pkgconfig/tagpool.pc; do
    [ -s "$root/opt/tagpool/$file" ] || { echo "not installed: $file"; exit 1; }
done

if command -v pkg-config > /dev/null; then
    export PKG_CONFIG_SYSROOT_DIR="$root" PKG_CONFIG_LIBDIR="$root/opt/tagpool/lib/pkgconfig"
    cflags=$(pkg-config --cflags tagpool)
    shared=$(pkg-config --libs tagpool)
    static=$(pkg-config --static --libs tagpool)
    case $static in *-pthread*) ;; *) echo "pkg-config --static lacks -pthread: $static"; exit 1 ;; esac
    [ "$(pkg-config --modversion tagpool)" = "$VERSION" ] || { echo "tagpool.pc has another version"; exit 1; }
else
    echo "no pkg-config here: flags by hand"
    cflags=-I$root/opt/tagpool/include shared="-L$root/opt/tagpool/lib -ltagpool" static="$shared -pthread"
fi

cat > "$root/hello.c" << 'END'
#include <stdio.h>
#include <string.h>
#include <tagpool.h>
int hello(void);
int hello(void)
{
    struct tagpool_stats stats;
    void *block = tagpool_alloc(TAGPOOL_PAGED, 100, TAGPOOL_TAG('H', 'e', 'l', 'o'));
    if (block == NULL || tagpool_tag_stats(TAGPOOL_TAG('H', 'e', 'l', 'o'), TAGPOOL_PAGED, &stats) != 0)
        return 1;
    memset(block, 1, 100);
    tagpool_free(block);
    printf("%s: %d block of %d bytes\n", tagpool_version(), (int)stats.blocks, (int)stats.bytes);
    return !(stats.blocks == 1 && stats.bytes == 100);
}
END
printf 'int hello(void);\nint main(void)\n{\n    return hello();\n}\n' > "$root/main.c"
cat > "$root/open.c" << 'END'
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
    void *(*alloc)(int, size_t, unsigned);
    if (library == NULL)
        return printf("%s\n", dlerror()), 1;
    *(void **)&alloc = dlsym(library, "tagpool_alloc");
    return alloc == NULL || alloc(0, 100, 0x64636261) == NULL;
}
END

try() { # name, then the command that runs it
    name=$1
    shift
    if output=$(cd "$root" && "$@" 2>&1); then
        echo "$name: $output"
    else
        echo "$name failed: $output"
        exit 1
    fi
}

cd "$root"
export LD_LIBRARY_PATH="$root/opt/tagpool/lib"
# Flags are words on purpose here.
# shellcheck disable=SC2086
{
    $cc $flags $cflags hello.c main.c $shared -o shared
    try shared ./shared
    $cc $flags $cflags hello.c main.c -Wl,-Bstatic $static -Wl,-Bdynamic -o static
    try static env LD_LIBRARY_PATH= ./static
    $cc $flags $cflags -shared -fPIC hello.c -Wl,-z,text -Wl,-Bstatic $static -Wl,-Bdynamic -o libplugin.so
    $cc $flags main.c -L. -lplugin -o plugin
    try 'inside a shared library' env LD_LIBRARY_PATH=. ./plugin
    $cc $flags open.c -ldl -o open
    try 'opened at run time' ./open "$LD_LIBRARY_PATH/libtagpool.so.${VERSION%%.*}"
}

cd "$OLDPWD"
make -s B="$b" uninstall DESTDIR="$root" PREFIX=/opt/tagpool
left=$(find "$root/opt" ! -type d)
[ -z "$left" ] || { echo "uninstall leaves $left"; exit 1; }
[ ! -e "$root/opt/tagpool/include/tagpool" ] || { echo "uninstall leaves the folder include/tagpool"; exit 1; }
