/* SPDX-License-Identifier: MIT
 *
 * pipe.h: producer and consumer: blocks allocated by one thread and freed by the other.
 */
#ifndef BENCH_PIPE_H
#define BENCH_PIPE_H

#include "loops.h"

/* Runs side 0 or 1 of the row until `budget` nanoseconds have passed on the sending sides and all that was sent is freed;
 * returns the blocks that this side sent. Both sides must call it, once per `run` (0 or 1). */
uint64_t pipe_side(struct work *work, unsigned run, unsigned side, uint64_t budget);

#endif
