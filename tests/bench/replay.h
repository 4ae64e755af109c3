/* SPDX-License-Identifier: MIT
 *
 * replay.h: recorded traces of real programs: their file, loaded before the clock starts, and their replay.
 *
 * The file: REPLAY_MAGIC; then, as numbers of seven bits a byte, lowest first, the top bit set in all bytes but the last:
 *
 *   operations, blocks live at once, tags, kinds, short kinds
 *   of each kind: its tag (0 to tags - 1) and its bytes
 *
 * and then the operations. Each is one byte, or one byte and a number, with K short kinds:
 *
 *   0 to K - 1      allocate a block of this kind
 *   K, number       allocate a block of kind `number`
 *   K + 1, number   free the block in slot `number`
 *   K + 2 to 255    free the block that has 0 to 253 - K younger live blocks
 *
 * A block gets the slot freed last, or if none is free the lowest that was never used. What is live at the end the replay
 * frees, so that it can begin again.
 */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_MAGIC "TPTRACE1"
#define REPLAY_MAGIC_BYTES 8u
#define REPLAY_OPERATIONS (1u << 24)
#define REPLAY_TAGS 256u
#define REPLAY_BYTES (1u << 30) /* of a block, at most */
#define REPLAY_BYTES_LEAST 8u   /* smaller blocks are replayed with this size: the first and the last word are written */
#define REPLAY_CODES 256u
#define REPLAY_ERROR 200u

struct replay_op {
    uint32_t bytes; /* 0: a free */
    uint32_t slot : 24;
    uint32_t tag : 8;
};

struct replay {
    struct replay_op *ops;
    size_t count, room;
    size_t allocs; /* as many as frees */
    void **blocks; /* by slot */
    size_t slots;
    uint32_t tags[REPLAY_TAGS];
    unsigned tags_count;
};

/* Reads a trace, or says in `error` what is wrong with it. Its memory is mapped, not from the heap that is measured. */
bool replay_load(struct replay *replay, const char *path, char error[REPLAY_ERROR]);
bool replay_decode(struct replay *replay, const uint8_t *data, size_t size, char error[REPLAY_ERROR]);

void replay_release(struct replay *replay);

/* Does the whole trace once. */
void replay_run(struct replay *replay);

#endif
