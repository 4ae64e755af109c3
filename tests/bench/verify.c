/* SPDX-License-Identifier: MIT
 *
 * verify.c: asks the allocator for its counts.
 */
#include "verify.h"

#include "target.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t first_blocks;

void verify_first_block(uint32_t tag)
{
    target_free(target_alloc(1, tag));
    first_blocks++;
}

void verify_counts(uint64_t allocs, uint64_t frees)
{
    uint64_t allocs_counted, frees_counted;
    allocs += first_blocks;
    frees += first_blocks;
    if (target_counts(&allocs_counted, &frees_counted) && (allocs_counted != allocs || frees_counted != frees)) {
        fprintf(stderr, "bench worker: done: %" PRIu64 " allocs, %" PRIu64 " frees; counted: %" PRIu64 ", %" PRIu64 "\n", allocs,
                frees, allocs_counted, frees_counted);
        exit(1);
    }
}
