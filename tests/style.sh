#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks the house's style as far as a machine can: the licence line, no line above 130 characters, no tab in C, no blank at
# a line's end, no file of the library above 400 lines, no function of it above 60.
set -u
files=$(find include src examples tests Makefile .ci/run -name '*.[ch]' -o -name '*.sh' -o -name '*.mk' -o -name Makefile \
    -o -path .ci/run | LC_ALL=C sort)
# shellcheck disable=SC2086
exec awk '
function bad(text) {
    print FILENAME ":" FNR ": " text
    failed = 1
}
function end_of_file() {
    if (name != "" && !licensed)
        print name ": no SPDX line in the first three"
    if (name ~ /^(src|include)\// && lines > 400 && name != "include/tagpool.h")
        print name ": " lines " lines"
    if (name != "" && (!licensed || name ~ /^(src|include)\// && lines > 400 && name != "include/tagpool.h"))
        failed = 1
}
FNR == 1 {
    end_of_file()
    name = FILENAME
    licensed = start = 0
    is_c = name ~ /\.[ch]$/
}
{ lines = FNR }
FNR <= 3 && /SPDX-License-Identifier: MIT/ { licensed = 1 }
length($0) > 130 { bad(length($0) " characters in a line") }
/[ \t]$/ { bad("a blank at the end of a line") }
is_c && /\t/ { bad("a tab") }
# A function: from a { in the first column, or a line that ends in ") {" there, to the } in the first column.
is_c && (/^\{/ || /^[^ \t#}].*\) \{$/) { start = FNR }
is_c && /^\}/ {
    if (start && name ~ /^src\// && FNR - start - 1 > 60)
        bad("a function of " FNR - start - 1 " lines")
    start = 0
}
END {
    end_of_file()
    exit failed
}' $files
