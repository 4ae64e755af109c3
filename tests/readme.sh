#!/bin/sh
# SPDX-License-Identifier: MIT
# Does what README.md says, in a clean copy of the tree and with nothing set, as somebody would who has just cloned it:
#   ```c     whose first line is a comment with a file's name: written to that file; without one: declarations, which the
#            compiler compares with the header's
#   ```sh    run line by line; what installs packages or runs all tests is only asked for its commands (make -n)
#   ```text  what the block before it printed, with addresses masked; a line "..." stands for any lines
# Then: every option in the table is understood, every public function is named, every name and every file exists.
set -u
if [ "$(getconf LONG_BIT)" != 64 ]; then echo "the outputs in README.md come from 64 bit"; exit 77; fi
unset B CC AR CFLAGS CPPFLAGS LDFLAGS PORT SANITIZE SINGLE_FILE CMOCKA CHECKS DESTDIR PREFIX LIBDIR VERSION
unset MAKEFLAGS MAKELEVEL MFLAGS TAGPOOL_OPTIONS
top=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
tree=$scratch/tree
passed=0 failed=0

good() { passed=$((passed + 1)); }
bad() {
    echo "FAILED: $*"
    failed=$((failed + 1))
}

mkdir "$tree" "$scratch/blocks"
cp -R src include examples tests Makefile pkgconfig README.md LICENSE "$tree"

# blocks/NNN-LINE.KIND, in the order of the file.
awk -v out="$scratch/blocks" '
/^```/ && !inside {
    inside = 1
    file = sprintf("%s/%03d-%d.%s", out, ++n, FNR, substr($0, 4))
    printf "" > file
    next
}
/^```/ { inside = 0; close(file); next }
inside { print > file }
END { if (inside) { print "README.md: the last block does not end"; exit 1 } }' README.md || bad "blocks"

# True iff the expected lines, "..." standing for any, are the found ones.
matches() { # expected, found
    awk '
    function segment_at(from, to, at,  i) {
        for (i = from; i <= to; i++)
            if (expected[i] != found[at + i - from])
                return 0
        return 1
    }
    NR == FNR { expected[++e] = $0; next }
    { found[++f] = $0 }
    END {
        at = 1
        for (i = 1; i <= e; i = last + 1) {
            any = expected[i] == "..."
            first = any ? i + 1 : i
            for (last = first; last < e && expected[last + 1] != "..."; last++)
                ;
            if (first > e)
                exit 0
            while (any && at <= f && !segment_at(first, last, at))
                at++
            if (at > f || !segment_at(first, last, at)) {
                print "not found from line " at " of the output on: " expected[first]
                exit 1
            }
            at += last - first + 1
        }
        if (at <= f)
            print "more is printed: " found[at]
        exit at <= f
    }' "$1" "$2"
}

run_c() { # block
    name=$(sed -n '1s|^/\* \([a-z]*\.c\).*|\1|p' "$1")
    if [ -n "$name" ]; then
        cp "$1" "$tree/$name"
        return
    fi
    { echo '#include "tagpool.h"'; cat "$1"; } > "$scratch/declarations.c"
    if cc -std=c11 -Wall -Wextra -Werror -Iinclude -fsyntax-only "$scratch/declarations.c"; then
        good
    else
        bad "README.md:$2: these are not the declarations of the header"
    fi
}

run_sh() { # block, line
    sed -E 's/^make (deps|check|bench|long|install)/make -n \1/' "$1" > "$scratch/commands"
    if (cd "$tree" && sh -eu "$scratch/commands") > "$scratch/raw" 2>&1; then
        good
    else
        bad "README.md:$2: these commands fail:"
        cat "$1" "$scratch/raw"
    fi
}

run_text() { # block, line
    awk -f tests/mask.awk "$1" > "$scratch/expected"
    awk -f tests/mask.awk "$scratch/raw" > "$scratch/found"
    if matches "$scratch/expected" "$scratch/found"; then
        good
    else
        bad "README.md:$2: the output is another:"
        cat "$scratch/raw"
    fi
}

: > "$scratch/raw"
for block in "$scratch"/blocks/*; do
    line=${block##*-}
    line=${line%.*}
    case $block in
    *.c) run_c "$block" "$line" ;;
    *.sh) run_sh "$block" "$line" ;;
    *.text) run_text "$block" "$line" ;;
    *) bad "README.md:$line: a block of no known kind" ;;
    esac
done

# The table of options: | `name=value` | meaning |
options=$(sed -n 's/^| `\([a-z_]*=[A-Za-z0-9]*\)` .*/\1/p' README.md | tr '\n' ' ')
for name in $(sed -n 's/^ \*   \([a-z_]*\)=[A-Za-z|]* .*/\1/p' include/tagpool.h); do
    case " $options " in
    *" $name="*) good ;;
    *) bad "README.md does not show the option $name" ;;
    esac
done
for option in $options; do
    if (cd "$tree" && TAGPOOL_OPTIONS=$option ./build/examples/driver --fixed examples/driver/trace.txt) \
        > "$scratch/raw" 2>&1 && ! grep -q 'tagpool: option' "$scratch/raw"; then
        good
    else
        bad "TAGPOOL_OPTIONS=$option is not understood:"
        cat "$scratch/raw"
    fi
done

for name in $(sed -n 's/^TAGPOOL_API .*[ *]\(tagpool_[a-z_0-9]*\)(.*/\1/p' include/tagpool.h); do
    if grep -q "$name(" README.md; then good; else bad "README.md does not name $name"; fi
done
for name in $(grep -Eo '(tagpool|TAGPOOL)_[A-Za-z0-9_]+' README.md | LC_ALL=C sort -u); do
    if grep -q "$name" include/tagpool.h include/tagpool/*.h; then good; else bad "README.md names $name, which no header knows"; fi
done
for file in $(sed -n 's/.*](\([^)#:]*\)).*/\1/p' README.md | LC_ALL=C sort -u); do
    if [ -e "$top/$file" ]; then good; else bad "README.md points to $file, which does not exist"; fi
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
