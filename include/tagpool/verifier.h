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
 *   hit_nth=K          only the K-th allocation of the tag since the program started; 0, the default: every one
 *   hit_site=HASH:K    the K-th allocation at a call site, of tracked blocks; without K each one. HASH is what reports of tracked
 *                      blocks print (see below), and the same in each run; none, the default: none
 *   track=TAG          keeps for each matching block: caller, stack, sequence number, thread, driver, file and line
 *   stack_frames=N     how many frames of a stack are kept, 0 to 64; 0 keeps the caller only; default 16
 *   log=N              how many operations the log keeps, the newest; 0 for none; default 65,536 (while anything is tracked)
 *   fault=N            fails an allocation with a probability of N in 10,000; default 0
 *   fault_seed=N       where the random numbers start; 0, the default: from the clock, and printed
 *   fault_tags=TAG     only matching allocations fail; default all
 *   fault_delay=MS     nothing fails in so many milliseconds after the start; default 0
 *   fault_nth=K        fails the K-th matching allocation, and no other; default 0, none
 *   fault_every=K      fails every K-th matching allocation; default 0, none
 *   fault_least=SIZE   only allocations of at least, at most so many bytes fail; default all
 *   fault_most=SIZE
 *   fault_stacks=off|fail|record  fails an allocation the first time its call stack is seen; record: counts but does not fail
 *   fault_log=PATH     where call stacks outlive the run, see "Systematic faults"; default none
 *   special=TAG        matching blocks come from special pool, see below; TAG:end, TAG:start, TAG:exact: with that edge
 *   special_driver=NAME  so do those that a driver of that name allocates, `*` for any driver; up to 8 names, `none` for none
 *   special_least=SIZE only blocks of at least, at most so many bytes; default all. The size class 0xN of GFlags is what has
 *   special_most=SIZE  N - 31 to N - 16 bytes (32-bit: N - 15 to N - 8) in decimal, with special=*
 *   special_sample=N   only one of N matching blocks, by chance; default 1, all
 *   special_seed=N     where that chance starts; 0, the default: from the clock, and printed
 *   special_edge=end|start|exact  which edge of a block lies at the inaccessible page; default end (verify end)
 *   special_pages=N    how many pages of blocks special pool may have, those of freed blocks included; default 262,144
 *   special_guard=mark|protect|pattern  how pages become inaccessible; default mark
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
    uint64_t nth;            /* of the allocations of this tag since the program started, from 1; 0 for a free */
    uint64_t thread;         /* the system's number of the thread */
    const char *driver;      /* in whose name it was done; NULL for nobody's */
    const char *file;        /* where the macro form was used; NULL otherwise */
    unsigned line;
    const uintptr_t *frames; /* the call stack: where the operation was called from, then that one's caller ... */
    unsigned frame_count;    /* 1 where the stack cannot be walked; 0 if no stack was kept */
};

/* ---- Hit tag ----------------------------------------------------------------------------------------------------- */

/* While a tag is set, each allocation and free of that very tag is a hit. 0, and the kernel's own default 0xFFFFFF0F, mean none.
 * A debugger writes the library's variable PoolHitTag instead, which is this: `set var PoolHitTag = ' cbA'` (lowest byte
 * first). */
TAGPOOL_API void tagpool_hit_tag_set(uint32_t tag);
TAGPOOL_API uint32_t tagpool_hit_tag(void);

/* Called at each hit: after an allocation, before a free, while the block is live; `count` says how many hits there were. Not for
 * allocations that failed. With no lock held; it may use pool: what it does itself is no hit. */
typedef void tagpool_hit_handler(const struct tagpool_operation *operation, uint64_t count, void *context);

/* Sets the handler; NULL sets the default back: breaks into the debugger if one is attached, otherwise prints the
 * operation with its stack. Call it while no other thread uses pool. */
TAGPOOL_API void tagpool_hit_handler_set(tagpool_hit_handler *handler, void *context);

/* ---- Special pool ------------------------------------------------------------------------------------------------ */

/* A block of special pool has pages of its own, and an inaccessible page before and behind them: to touch one of these is a
 * mistake that is found at once. A block is charged its whole pages.
 *
 * Edge. `end`: the block's end lies at the page behind it, rounded up as far as its alignment needs; a request above
 * TAGPOOL_PAGE_SIZE - 32 (16 on 32-bit) bytes starts on a page all the same. `exact`: its last byte lies there, whatever
 * alignment that gives it. `start`: the block starts where its pages do, and the page before it is inaccessible. The first
 * mask that matches decides; ExAllocatePoolWithTagPriority() and ExAllocatePool3() decide for single blocks.
 * POOL_FLAG_SPECIAL_POOL asks for special pool whatever tags, sizes and samples say, with no option on at all.
 *
 * The rest of a block's pages holds a byte of chance for each block, and is checked when the block is freed: bug check 0xC1
 * with the address of the block, that of the first damaged byte, 0, and 0x23 for damage before the block, 0x32 if it is a
 * single bit, 0x24 behind its end. The block then stays outstanding. Freeing an address that is inside of a block is
 * 0xC1/0x21, any other that is no block's 0xC1/0x20 (the sub-code is the fourth parameter), a block freed before 0xC2/0x07.
 *
 * Freed blocks become inaccessible and stay so in a quarantine as long as pages last; then the oldest is let go first. If
 * that does not make room, normal pool serves the allocation: it succeeds, and `special_wanted` counts it. When less than
 * 95 % were served, a line through the sink says so, once for each value of special_pages.
 *
 * An access to an inaccessible page is a bug check with the address, 0 for a read or 1 for a write, the instruction's
 * address, and 0: 0xCD beside a block, 0xCC in a freed one; on a thread that works for a driver 0xD6 and 0xD5. The report
 * says how far from the block that is, and how the block was allocated and freed. If a handler returns, the page is
 * accessible until it is used again, and the access goes on. Faults elsewhere go to the handlers that were there before.
 *
 * Pages become inaccessible by a marker, which costs the system nothing (Linux 6.13). Where it has none, or with `protect`,
 * by protection: each block then costs two of the system's mappings, of which Linux has 65,530. Where 16,384 blocks have
 * these (not on Windows), or they run out, or with `pattern`, there are patterns instead of inaccessible pages, checked as
 * the rest of a block's pages is; freed blocks are filled, and checked when they are used again (0xC6). Between `mark` and
 * `protect` the first block decides.
 *
 * Samples. While nothing else of the verifier is on, allocations that are no samples, and all frees, are nearly as fast as
 * with nothing on at all. Each thread then counts down to its next sample: one thread's samples are the same in each run
 * with the same seed. Otherwise the seed, the tag and how many of the tag came before decide. */
struct tagpool_special_use {
    uint64_t blocks, pages;             /* outstanding; pages between blocks do not count */
    uint64_t freed_blocks, freed_pages; /* in quarantine */
    bool is_marked;                     /* pages become inaccessible by markers */
};

TAGPOOL_API void tagpool_special_read(struct tagpool_special_use *use);

/* ---- Counters ---------------------------------------------------------------------------------------------------- */

/* Driver Verifier's counters, of all allocations while any service of the verifier was on. The first four add up:
 *   attempted = succeeded + failed + failed_deliberately.
 * While only samples of special pool are on, none but these are counted. */
struct tagpool_verifier_counters {
    uint64_t attempted;
    uint64_t succeeded;
    uint64_t failed;
    uint64_t failed_deliberately;   /* faults injected */
    uint64_t succeeded_special;     /* of the succeeded: from special pool */
    uint64_t with_no_tag;           /* of the attempted: under the tag "None" */
    uint64_t faults_recorded;       /* of the attempted: would have failed but for fault_stacks=record */
    uint64_t special_wanted;        /* of the attempted: special pool was to serve them; normal pool did if it could not */
};

TAGPOOL_API void tagpool_verifier_read(struct tagpool_verifier_counters *counters);

/* ---- Systematic faults --------------------------------------------------------------------------------------------
 *
 * While option fault_stacks is `fail`, an allocation fails if fault_tags, fault_least, fault_most and fault_delay let it
 * and its call stack (of stack_frames frames) never asked before; the stack's later ones pass. So a program that is run
 * again and again fails once at each place, and ends up having seen each of its failures. With `record` nothing fails, but
 * stacks are remembered all the same. Stacks are remembered until fault_stacks is switched off or fault_log is changed.
 *
 * With option fault_log (1 to 255 characters, without blanks, commas and semicolons; `none` for none) they are remembered
 * in a file: what it lists when fault_stacks is switched on, or the log changed, counts as seen, and each new stack is
 * appended at once, as a line of its own:
 *
 *   0xaf63bd4c8601b7df failed Dsk1 disk.so+0x1a2b filter.so+0x33c program+0x1191
 *
 * hash, what was done (failed, recorded, excluded), tag of the allocation, and frames, innermost first. Frames are relative
 * to their modules, so the same stack has the same line wherever the program is loaded. A line may be deleted: its stack is
 * new again. One whose action is changed to `excluded`, or that has `exclude` put before it, is excluded: nothing fails
 * there, whatever option asks for it; `exclude` and the hash are enough. Lines that are empty or begin with # are remarks.
 * A line that is none of these is reported, with its number and what was expected, and skipped; after eight, the others are
 * only counted. A file that cannot be read or written is reported once, and injection goes on without it. Processes may
 * share a log.
 *
 * No failure is ever injected, by any option, where success is promised: an allocation with HighPoolPriority fails only if
 * memory is gone, and is not counted among the matching ones; freeing does not fail. */

/* Copies the newest injected failures, newest first, at most 128, to `operations`; returns how many were written. */
TAGPOOL_API size_t tagpool_faults(struct tagpool_operation *operations, size_t capacity);

/* ---- Tracking ------------------------------------------------------------------------------------------------------ */

/* tagpool_alloc() that notes file and line of the call, for blocks that are tracked. */
#define TAGPOOL_ALLOC(pool, bytes, tag) tagpool_alloc_at(pool, bytes, tag, __FILE__, __LINE__)
TAGPOOL_API void *tagpool_alloc_at(enum tagpool_pool pool, size_t bytes, uint32_t tag, const char *file, unsigned line);

/* How the outstanding block that contains the byte at `address` was allocated; *site_nth, unless NULL, becomes which
 * allocation of its tag at its call stack it was, from 1. True only while nobody frees the block. Fails iff the byte
 * belongs to no outstanding block, or its block was not tracked, as one from before tracking began (TAGPOOL_ENOTFOUND). */
TAGPOOL_API int tagpool_origin(const void *address, struct tagpool_operation *allocation, uint64_t *site_nth);

/* Called with an operation; returns true to go on. May not allocate or free pool. */
typedef bool tagpool_operation_visitor(const struct tagpool_operation *operation, void *context);

/* Leak reports (tagpool_verdict() and its like) and that of a driver's unload list tracked blocks by call site:
 *     2nd and 5th of 5 allocations made here, tag Buf1:
 * then the stack, each frame as module and offset, then the blocks, each with its number of the tag and of the call site, thread,
 * driver, file and line, then the options with which the next run stops at the first of them (see option hit):
 *     to stop there: TAGPOOL_OPTIONS='track=Buf1 hit=Buf1 hit_nth=3'
 * The k-th allocation of a tag may be another one in each run if several threads use the tag. That at its call site is the same
 * where only one thread at a time comes there, and its options come second, with hit_site; they count from the start, so they are
 * right if tracking was on from the start. Blocks that were not tracked come last, marked so. */

/* Visits the operations that the log has kept, newest first. */
TAGPOOL_API void tagpool_log_walk(tagpool_operation_visitor *visitor, void *context);

/* What was allocated under one tag at one call stack, since it was first tracked.
 *   blocks = allocs - frees */
struct tagpool_site {
    uint32_t tag;
    const uintptr_t *frames; /* innermost first */
    unsigned frame_count;
    uint64_t allocs, frees;
    uint64_t blocks, bytes;  /* outstanding, requested */
};

/* Writes up to `capacity` call sites, those with most outstanding bytes first, and returns how many there are. `sites` may
 * be NULL iff `capacity` is 0. */
TAGPOOL_API size_t tagpool_sites(struct tagpool_site *sites, size_t capacity);

/* ---- Consistency --------------------------------------------------------------------------------------------------- */

/* Looks at up to `blocks` blocks, outstanding and freed ones, in the order of their addresses, and goes on where the last call
 * stopped, whichever thread made it: a background thread may call it now and then. Returns how many it looked at; fewer than
 * asked iff it came to the end of both pools, and the next call starts anew. *findings, unless NULL, becomes how many of them
 * are damaged. Each of these is reported as a finding, in each round anew: 0x19/0x21 if bytes behind an outstanding block were
 * changed (blocks allocated under option tail_check), 0xC6 if a freed block was (freed under free_check), 0x13A/0x3 (pool,
 * block, 0) if note, record and owner map of an outstanding block contradict each other. Safe while other threads use pool: a
 * block that is freed or allocated meanwhile is no finding. Special pool, which its pages guard, is left out. Call it below
 * DISPATCH_LEVEL. */
TAGPOOL_API size_t tagpool_scrub(size_t blocks, size_t *findings);

/* ---- Drivers ------------------------------------------------------------------------------------------------------- */

/* In whose name memory is taken. A thread works for one driver at a time, or for nobody; what it allocates meanwhile is
 * the driver's, whoever frees it. Once a driver was loaded, every allocation takes the slower path. */
struct tagpool_driver;

/* Loads a driver; one of that name that was loaded before comes back, with its counts. Fails iff the name is empty or
 * longer than 63 characters, or there have been 1,024 others (NULL). */
TAGPOOL_API struct tagpool_driver *tagpool_driver_load(const char *name);

/* From now on the calling thread works for `driver`, or for nobody (NULL). Returns for whom it did before. */
TAGPOOL_API struct tagpool_driver *tagpool_driver_enter(struct tagpool_driver *driver);

/* Unloads a driver. If blocks of its are outstanding they are listed through the sink (option leak_blocks), with where each was
 * allocated, and option `unload` decides: `stop`, bug check 0xC4/0x62 (name, 0, number of blocks); `report`, a finding of
 * that code, and they stay the driver's; `adopt`, a finding, and they are nobody's from now on; `free`, a finding, and
 * they are freed. (0xC4/0x60, bytes in place of the name, is what older kernels say of the same; it is not raised.)
 * An allocation in the name of a driver that is not loaded is bug check 0xC4/0x61 (its paged bytes,
 * nonpaged bytes, blocks). Returns TAGPOOL_CLEAN, TAGPOOL_LEAK, or TAGPOOL_NOT_CHECKED if the driver is not loaded. No
 * thread may be working for it. */
TAGPOOL_API enum tagpool_verdict tagpool_driver_unload(struct tagpool_driver *driver);

/* Counts of a driver in one pool; bytes are requested bytes. Peaks are exact if one thread at a time works for it. */
struct tagpool_driver_use {
    uint64_t allocs, frees;
    uint64_t blocks, bytes; /* outstanding */
    uint64_t peak_blocks, peak_bytes;
};

struct tagpool_driver_stats {
    const char *name;
    bool is_loaded;
    uint64_t loads, unloads;
    struct tagpool_driver_use pool[2]; /* by enum tagpool_pool */
};

/* Statistics of a driver, loaded or not. */
TAGPOOL_API void tagpool_driver_read(const struct tagpool_driver *driver, struct tagpool_driver_stats *stats);

/* The `index`-th driver that was ever loaded, from 0; NULL if there were not so many. */
TAGPOOL_API struct tagpool_driver *tagpool_driver_at(size_t index);

#ifdef __cplusplus
}
#endif

#endif
