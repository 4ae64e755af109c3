/* SPDX-License-Identifier: MIT
 *
 * fuzz_trace.c: fuzz target: any bytes as a trace of the bench. What is refused has a message; what is taken must be possible:
 * each block allocated in a free slot and freed once, nothing left; and replaying it counts as many allocations as it says. */
#define TARGET_TAGPOOL
#include "../bench/replay.c" /* with what only it sees */

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIVE_MOST (1u << 20) /* bytes; larger traces are not replayed */

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "trace: %s\n", what);
    abort();
}

/* Walks the operations and returns how many bytes live at once at most. */
static uint64_t check_ops(const struct replay *replay)
{
    uint64_t live = 0, most = 0;
    size_t allocs = 0, used = 0;
    uint32_t *bytes = calloc(replay->slots, sizeof *bytes);
    require(bytes != NULL, "there is memory");
    for (size_t i = 0; i < replay->count; i++) {
        struct replay_op op = replay->ops[i];
        require(op.slot < replay->slots, "a slot is in range");
        require((op.bytes == 0) == (bytes[op.slot] != 0), "an allocation has a free slot, a free has not");
        if (op.bytes != 0) {
            require(op.bytes >= REPLAY_BYTES_LEAST && op.bytes <= REPLAY_BYTES, "a size is in range");
            require(op.tag < replay->tags_count, "a tag is in range");
            used = op.slot >= used ? op.slot + 1u : used;
            allocs++;
        }
        live += op.bytes;
        live -= op.bytes == 0 ? bytes[op.slot] : 0;
        bytes[op.slot] = op.bytes;
        most = live > most ? live : most;
    }
    require(live == 0, "nothing is left");
    require(used == replay->slots, "every slot is used");
    require(allocs == replay->allocs && replay->count == 2 * allocs, "there are as many frees as allocations");
    require(replay->count <= replay->room, "there was room");
    free(bytes);
    return most;
}

static void check_replay(struct replay *replay)
{
    uint64_t allocs, frees, allocs_after, frees_after;
    target_counts(&allocs, &frees);
    replay_run(replay);
    target_counts(&allocs_after, &frees_after);
    require(allocs_after - allocs == replay->allocs && frees_after - frees == replay->allocs, "all of it is counted");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct replay replay;
    char error[REPLAY_ERROR] = "";
    if (!replay_decode(&replay, data, size, error)) {
        require(error[0] != '\0' && memchr(error, '\0', sizeof error) != NULL, "a refusal says why");
        require(replay.ops == NULL && replay.blocks == NULL, "nothing is kept");
        return 0;
    }
    require(error[0] == '\0', "what is good has no message");
    if (check_ops(&replay) <= LIVE_MOST)
        check_replay(&replay);
    replay_release(&replay);
    return 0;
}
