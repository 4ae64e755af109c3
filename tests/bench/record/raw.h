/* SPDX-License-Identifier: MIT
 *
 * raw.h: what the recorder writes and the converter reads: one record for each call, in the order in which they happened.
 */
#ifndef BENCH_RECORD_RAW_H
#define BENCH_RECORD_RAW_H

#include <stdint.h>

#define RAW_MAGIC 0x31574152454C4F50u /* block of the first record, which is no call */

enum raw_op { RAW_END, RAW_ALLOC, RAW_FREE, RAW_REALLOC };

struct raw_record {
    uint64_t block; /* address that was allocated or freed */
    uint64_t old;   /* address given to realloc */
    uint64_t site;  /* who called: the return addresses above the call, made one number */
    uint32_t bytes; /* UINT32_MAX: so many or more */
    uint16_t thread;
    uint16_t op;
};

#endif
