/* SPDX-License-Identifier: MIT
 *
 * soak.h: a worker's part of `make soak`: steady churn, watched once a second.
 */
#ifndef BENCH_SOAK_H
#define BENCH_SOAK_H

/* worker soak SECONDS CSV
 *
 * Two threads replace blocks of a live set at random, and now and then free each other's. Writes a line to CSV each second:
 * seconds since the live set was full, resident bytes that the harness does not use itself, live requested bytes, operations
 * (an allocation and a free) per second. Prints "soak" and the number of operations. Returns the exit status. */
int soak_main(int count, char **arguments);

#endif
