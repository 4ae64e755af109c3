# SPDX-License-Identifier: MIT
# Makes outputs comparable: addresses become ADDRESS, and neighbouring lines with addresses are sorted, because threads
# decide where a block lies and so in which order a list by address shows it. Numbers of workers and threads become N, places in a
# program +OFFSET.
function flush_lines(  i, j, line) {
    for (i = 2; i <= n; i++) {
        line = lines[i]
        for (j = i - 1; j >= 1 && lines[j] > line; j--)
            lines[j + 1] = lines[j]
        lines[j + 1] = line
    }
    for (i = 1; i <= n; i++)
        print lines[i]
    n = 0
}
{
    sub(/\(0x7, 0x0, 0x[0-9a-f]+, /, "(0x7, 0x0, ADDRESS, ") # the note of the block: depends on its neighbours
    gsub(/0x[0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f]+/, "ADDRESS")
    sub(/, [0-9]+ workers$/, ", N workers")
    sub(/, thread [0-9]+/, ", thread N")
    gsub(/\+0x[0-9a-f]+$/, "+OFFSET")
}
/ADDRESS/ {
    lines[++n] = $0
    next
}
{
    flush_lines()
    print
}
END { flush_lines() }
