/* SPDX-License-Identifier: MIT
 *
 * tagpool/verifier.h: what Driver Verifier, GFlags and a kernel debugger do for pools, at run time, per tag, without a reboot:
 * hit tags, tracking with call stacks, fault injection, special pool, drivers and what they leave.
 *
 * All of it is switched by options (tagpool_start(), at any time, or TAGPOOL_OPTIONS), is off by default, and then costs nothing.
 * While any of it is on, allocations and frees take a slower path. TAG is a mask: a tag in which `?` is any character and `*` any
 * number of them; without `*` it is padded with blanks. An option that takes masks may be given up to 16 times, to add one
 * each; TAG `none` empties its list.
 *
 *   hit=TAG            each allocation and free of a matching block calls the hit handler, see below
 *   hit_nth=K          only the K-th allocation of the tag, counted since the verifier was switched on; 0, the default: every one
 *   track=TAG          keeps for each matching block: caller, stack, sequence number, thread, driver, file and line
 *   stack_frames=N     how many frames of a stack are kept, 0 to 64; 0 keeps the caller only; default 16
 *   log=N              how many operations the log keeps, the newest; 0 for none; default 65,536 (while anything is tracked)
 *   fault=N            fails an allocation with a probability of N in 10,000; default 0
 *   fault_seed=N       where the random numbers start; 0, the default: from the clock. Printed when injection starts
 *   fault_tags=TAG     only matching allocations fail; default all
 *   fault_delay=MS     nothing fails in so many milliseconds after the start; default 0
 *   fault_nth=K        fails the K-th matching allocation, and no other; default 0, none
 *   fault_every=K      fails every K-th matching allocation; default 0, none
 *   fault_least=SIZE   only allocations of at least, at most so many bytes fail; default all
 *   fault_most=SIZE
 *   fault_stacks=off|fail|record  fails an allocation the first time its call stack is seen; record: counts but does not fail
 *   special=TAG        matching blocks come from special pool, between inaccessible pages
 *   special_least=SIZE only blocks of at least, at most so many bytes; default all
 *   special_most=SIZE
 *   special_sample=N   only one of N matching blocks, by chance; default 1, all
 *   special_seed=N     where that chance starts; 0, the default: from the clock
 *   special_edge=end|start  whether the block's end or its start lies at the inaccessible page; default end (verify end)
 *   special_pages=N    how many pages special pool may use, those of freed blocks included; default 262,144
 *   unload=stop|report|adopt|free  what is done about blocks that a driver leaves behind; default stop
 */
#ifndef TAGPOOL_VERIFIER_H
#define TAGPOOL_VERIFIER_H

#include "tagpool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Operations -------------------------------------------------------------------------------------------------- */

/* One allocation or free. */
struct tagpool_operation {
    bool is_free;
    enum tagpool_pool pool;
    uint32_t tag;            /* without TAGPOOL_PROTECTED */
    void *block;             /* NULL for an allocation that failed */
    size_t bytes;            /* requested */
    uint64_t sequence;       /* of all operations since the verifier was switched on, from 1 */
    uint64_t nth;            /* of the allocations of this tag since then, from 1; 0 for a free */
    uint64_t thread;         /* the system's number of the thread */
    const char *driver;      /* in whose name it was done; NULL for nobody's */
    const char *file;        /* where the macro form was used; NULL otherwise */
    unsigned line;
    const uintptr_t *frames; /* the call stack, innermost first: where the operation was called from, then that one's caller ... */
    unsigned frame_count;    /* 1 where the stack cannot be walked; 0 if no stack was kept */
};

/* ---- Hit tag ----------------------------------------------------------------------------------------------------- */

/* While a tag is set, each allocation and free of that very tag is a hit. 0, and the kernel's own default 0xFFFFFF0F, mean none.
 * A debugger writes the library's variable PoolHitTag instead, which is this: `set var PoolHitTag = ' cbA'` (lowest byte first). */
TAGPOOL_API void tagpool_hit_tag_set(uint32_t tag);
TAGPOOL_API uint32_t tagpool_hit_tag(void);

/* Called at each hit: after an allocation, before a free, while the block is live; `count` says how many hits there were. Not for
 * allocations that failed. With no lock held; it may use pool: what it does itself is no hit. */
typedef void tagpool_hit_handler(const struct tagpool_operation *operation, uint64_t count, void *context);

/* Sets the handler; NULL sets the default back: breaks into the debugger if one is attached, otherwise prints the operation with its
 * stack. Call it while no other thread uses pool. */
TAGPOOL_API void tagpool_hit_handler_set(tagpool_hit_handler *handler, void *context);

/* ---- Counters ---------------------------------------------------------------------------------------------------- */

/* Driver Verifier's counters, of all allocations while any service of the verifier was on. All but the last two add up:
 *   attempted = succeeded + failed + failed_deliberately. */
struct tagpool_verifier_counters {
    uint64_t attempted;
    uint64_t succeeded;
    uint64_t failed;
    uint64_t failed_deliberately;   /* faults injected */
    uint64_t succeeded_special;     /* of the succeeded: from special pool */
    uint64_t with_no_tag;           /* of the attempted: under the tag "None" */
};

TAGPOOL_API void tagpool_verifier_counters(struct tagpool_verifier_counters *counters);

/* Copies the newest injected failures, newest first, at most 128, to `operations`; returns how many were written. */
TAGPOOL_API size_t tagpool_faults(struct tagpool_operation *operations, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
