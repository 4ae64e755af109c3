/* SPDX-License-Identifier: MIT
 *
 * scale.h: a worker's part of `make bench-scale`: one point of a scan.
 */
#ifndef BENCH_SCALE_H
#define BENCH_SCALE_H

/* worker scale TAGS LIVE MEDIAN THREADS MICROSECONDS
 *
 * Holds LIVE bytes in blocks of log-normal sizes, replaces some at random, then allocates and frees pairs beside them, for
 * that long each. Prints "replace" and "pair", each with
 *   nanoseconds of a processor per operation: of all processors that the threads could have used, idle or not;
 *   operations of the slowest and of the fastest thread, relative to the mean;
 *   operations for its own processor time of the thread that has the fewest, relative to the mean: what is missing to 1 in the
 *   numbers before, but not in this one, is how the system deals out its processors;
 *   the share of that processor time that the threads really had.
 * Returns the exit status. */
int scale_main(int count, char **arguments);

#endif
