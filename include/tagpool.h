/* SPDX-License-Identifier: MIT
 *
 * tagpool.h: tagged pools for any C program.
 *
 * A block comes from one of two pools, nonpaged or paged, and carries a tag of four characters, as blocks of the
 * Windows kernel do. Every allocation and every free is counted under its tag, always, in every build.
 *
 * Rules that hold for the whole header
 *   Start     Nothing needs to be called first. The first allocation starts the library with its defaults and with the
 *             environment variable TAGPOOL_OPTIONS; tagpool_start() starts it with options of your own.
 *   Threads   Every function may be called by any thread at any time; a block may be freed by any thread. Exceptions say so.
 *   fork      The child has a working pool with its own copy of every block and count.
 *   IRQL      These functions do not look at the simulated IRQL.
 *   NULL      A pointer argument must not be NULL unless its description allows it.
 *   Mistakes  "Bug check 0xC2/0x46" means: the report of tagpool_bugcheck_handler_set() with code 0xC2 and first
 *             parameter 0x46. The default prints it and calls abort(). If a handler returns, the call that made the
 *             mistake has no effect: an allocation yields NULL, a free frees nothing.
 *   Failure   "Fails iff" lists every way to fail. Functions that return int give 0 or a negative enum tagpool_error.
 *   Bytes     "requested" is the size the caller asked for; "charged" is what the block takes from the pool: its size class
 *             up to half a page, whole pages above.
 */
#ifndef TAGPOOL_H
#define TAGPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TAGPOOL_VERSION_MAJOR 0
#define TAGPOOL_VERSION_MINOR 1
#define TAGPOOL_VERSION_PATCH 0

#ifndef TAGPOOL_API
#if defined(__GNUC__)
#define TAGPOOL_API __attribute__((visibility("default")))
#else
#define TAGPOOL_API
#endif
#endif

/* ---- Simple: pools, tags, allocate, free ---------------------------------------------------------------------- */

/* The two pools. The values are bit 0 of the WDK's POOL_TYPE: 0 nonpaged, 1 paged. */
enum tagpool_pool { TAGPOOL_NONPAGED = 0, TAGPOOL_PAGED = 1 };

/* The unit of page rules. A fact of the contract (PAGE_SIZE), whatever the machine's own page is. */
#define TAGPOOL_PAGE_SIZE 4096u

/* A tag that displays as the four characters given, on either byte order: TAGPOOL_TAG('F','r','e','d') displays "Fred".
 * Character i is bits 8i to 8i+7. The reversed multi-character literal of driver code, 'derF', is the same number. */
#define TAGPOOL_TAG(a, b, c, d)                                                                                        \
    ((uint32_t)(unsigned char)(a) | (uint32_t)(unsigned char)(b) << 8 | (uint32_t)(unsigned char)(c) << 16 |           \
     (uint32_t)(unsigned char)(d) << 24)

/* PROTECTED_POOL of the WDK: OR this bit into a tag and the block can be freed only by tagpool_free_tag() with the same
 * tag, bit included. Statistics and displays show the tag without the bit. */
#define TAGPOOL_PROTECTED 0x80000000u

/* Allocates `bytes` bytes with unknown contents from `pool`, counted under `tag` (after ExAllocatePoolWithTag).
 * Alignment: 16 bytes (8 where pointers have 32 bits); a block of up to a page never crosses a page boundary; a request
 * above TAGPOOL_PAGE_SIZE - 32 (16 on 32-bit) bytes starts on a page and is charged whole pages. `bytes` 0 gives a block of
 * the smallest class whose requested size is 0. The tag needs a letter or a digit.
 * Fails iff there is no memory, the pool's limit would be passed, `bytes` is more than the pool's address space, or the
 * library was shut down: NULL, counted as a failure of the tag (unless not even the library's own tables could be had).
 * Bug check 0xC2/0x9B for tag 0, 0x9C for the reserved tag "BIG", 0x9D for a tag without letter or digit, 0x9A for a `pool`
 * that is not one of the two; with option free_check, 0xC6 if the memory was written to after it was freed. */
TAGPOOL_API void *tagpool_alloc(enum tagpool_pool pool, size_t bytes, uint32_t tag);

/* Like tagpool_alloc(), with exactly `bytes` bytes set to zero (after ExAllocatePoolZero). */
TAGPOOL_API void *tagpool_zalloc(enum tagpool_pool pool, size_t bytes, uint32_t tag);

/* Frees a block, whichever allocation function it came from (after ExFreePool).
 * Never fails. Bug check 0xC2: 0x46 for NULL, 0x42 for an address that is in no pool, 0x44 (nonpaged) or 0x48 (paged) for
 * pool memory that holds no block, 0x07 for a block freed before, 0x99 (nonpaged) or 0x41286 (paged) for an address that is
 * not the start of a block, outstanding or freed, 0x0A for a block allocated with TAGPOOL_PROTECTED. With option tail_check,
 * 0x19/0x21 if bytes behind the block were changed; the block is then not freed. */
TAGPOOL_API void tagpool_free(void *block);

/* Like tagpool_free(), and compares `tag` with the block's (after ExFreePoolWithTag). `tag` 0 compares nothing. On a
 * mismatch 0xC2/0x0A is reported: option wrong_tag says whether that stops (bug check), is a finding after which the block
 * is freed (the default), or is ignored. A protected block always stops. The free counts under the block's own tag. */
TAGPOOL_API void tagpool_free_tag(void *block, uint32_t tag);

/* Allocates at an address that is a multiple of `alignment`, a power of two up to 65,536; smaller alignments than
 * tagpool_alloc()'s give tagpool_alloc()'s. Fails iff tagpool_alloc() would, or `alignment` is not such a number (NULL). */
TAGPOOL_API void *tagpool_aligned_alloc(enum tagpool_pool pool, size_t alignment, size_t bytes, uint32_t tag);

/* Changes the requested size of a block; pool and tag stay, contents stay up to the smaller of both sizes. The alignment
 * given to tagpool_aligned_alloc() is not kept beyond tagpool_alloc()'s. Counts as one allocation and one free. Returns the
 * block's address, which may be the same. Fails iff tagpool_alloc() would: NULL, and the block stays as it was.
 * Bug checks as tagpool_free(), but a protected block is welcome. */
TAGPOOL_API void *tagpool_realloc(void *block, size_t bytes);

/* ---- Simple: statistics ----------------------------------------------------------------------------------------- */

/* Counts of one tag in one pool, of one pool, or of both. Each field is a total since the library was first started.
 *   blocks = allocs - frees.   The rows of a pool add up to the pool's statistics, field by field.
 * While other threads allocate, a row may miss operations in flight; after they have stopped it is exact to the unit.
 * Peaks are exact for a tag that one thread uses; with n > 1 threads on a tag the true peak may be higher by up to
 * 64 * n blocks and 64 KiB * n. The peak of a pool, the sum of its tags' peaks, is an upper bound of the highest use. */
struct tagpool_stats {
    uint64_t allocs;       /* successful allocations */
    uint64_t frees;        /* frees */
    uint64_t blocks;       /* outstanding blocks */
    uint64_t bytes;        /* outstanding bytes, requested */
    uint64_t charged;      /* outstanding bytes, charged */
    uint64_t peak_blocks;  /* highest outstanding blocks */
    uint64_t peak_charged; /* highest outstanding charged bytes */
    uint64_t failures;     /* allocations that returned NULL, for whatever reason but a bug check */
};

/* One line of a table of statistics. A tag used in both pools has two rows. */
struct tagpool_row {
    uint32_t tag; /* without TAGPOOL_PROTECTED; TAGPOOL_TAG_OVERFLOW for all tags that found the tag table full */
    enum tagpool_pool pool;
    struct tagpool_stats stats;
};

/* The tag of the row that counts every tag for which the table (65,520 tags) had no room. No caller may use it. */
#define TAGPOOL_TAG_OVERFLOW TAGPOOL_TAG('B', 'I', 'G', ' ')

/* Statistics of one tag in one pool, all zero in a pool where it was not used; TAGPOOL_PROTECTED in `tag` is ignored.
 * Fails iff the tag has no row, because it was never used or found the table full (TAGPOOL_ENOTFOUND; *stats is then all
 * zero), or `pool` is neither pool (TAGPOOL_EINVAL). */
TAGPOOL_API int tagpool_tag_stats(uint32_t tag, enum tagpool_pool pool, struct tagpool_stats *stats);

/* Statistics of one pool: the sum over its tags. Fails iff `pool` is neither pool (TAGPOOL_EINVAL). */
TAGPOOL_API int tagpool_pool_stats(enum tagpool_pool pool, struct tagpool_stats *stats);

/* Statistics of both pools together. */
TAGPOOL_API void tagpool_total_stats(struct tagpool_stats *stats);

/* Orders of rows. Every order but the first is descending and breaks ties by tag, then pool: PoolMon's t a f d b m. */
enum tagpool_sort {
    TAGPOOL_BY_TAG,       /* by the characters of the tag, then nonpaged before paged */
    TAGPOOL_BY_ALLOCS,    /* by allocations */
    TAGPOOL_BY_FREES,     /* by frees */
    TAGPOOL_BY_BLOCKS,    /* by outstanding blocks (Diff) */
    TAGPOOL_BY_BYTES,     /* by outstanding charged bytes */
    TAGPOOL_BY_PER_ALLOC, /* by outstanding charged bytes per outstanding block */
};

/* Writes up to `capacity` rows, one for each (tag, pool) ever used, in the order `sort`, and returns how many there are;
 * if that is more than `capacity`, the first of the order are written. `rows` may be NULL iff `capacity` is 0.
 * A row stays when everything was freed. */
TAGPOOL_API size_t tagpool_rows(struct tagpool_row *rows, size_t capacity, enum tagpool_sort sort);

/* Prints a table of all rows in PoolMon's columns, with totals, through the sink. Bytes are charged bytes. */
TAGPOOL_API void tagpool_print(enum tagpool_sort sort);

/* ---- Simple: the verdict ---------------------------------------------------------------------------------------- */

/* What a check for outstanding blocks says. */
enum tagpool_verdict {
    TAGPOOL_CLEAN = 0,      /* nothing is outstanding */
    TAGPOOL_LEAK = 1,       /* blocks are outstanding, or at the end a lookaside list was not deleted */
    TAGPOOL_NOT_CHECKED = 2 /* there was nothing to check: never started, or shut down before */
};

/* Reports through the sink what is outstanding: a verdict line; for each tag and pool the blocks and bytes; then the blocks
 * themselves, as many as option leak_blocks allows, and how many were cut. Blocks that lookaside lists keep for reuse are no
 * leaks; they are reported apart, by list. The library goes on. */
TAGPOOL_API enum tagpool_verdict tagpool_verdict(void);

/* Reports as tagpool_verdict() does, but a lookaside list that was not deleted is a leak; then closes both pools:
 * allocations fail from now on, frees and statistics still work, blocks stay valid, unused memory goes back to the system.
 * tagpool_start() opens the pools again. Second calls return TAGPOOL_NOT_CHECKED. Blocks that other threads allocate
 * during the call may or may not be in the report. */
TAGPOOL_API enum tagpool_verdict tagpool_shutdown(void);

/* ---- Blocks ----------------------------------------------------------------------------------------------------- */

/* What is known of an outstanding block. */
struct tagpool_block {
    void *address;          /* the address the allocation returned */
    size_t bytes;           /* requested */
    size_t charged;         /* charged */
    uint32_t tag;           /* without TAGPOOL_PROTECTED */
    enum tagpool_pool pool;
    bool is_protected;      /* the tag was given with TAGPOOL_PROTECTED */
};

/* Describes the outstanding block that contains the byte at `address`; any address of its requested bytes will do, and the
 * first one for a block of size 0. Any pointer may be asked about, NULL too. The answer is true only while the block is not
 * being freed by another thread. Fails iff the byte belongs to no outstanding block (TAGPOOL_ENOTFOUND; *block is then all
 * zero). After ExQueryPoolBlockSize and the debugger's !pool. */
TAGPOOL_API int tagpool_query(const void *address, struct tagpool_block *block);

/* True iff `address` lies in the address range of one of the pools, whatever is there. */
TAGPOOL_API bool tagpool_owns(const void *address);

/* Requested size and tag of an outstanding block, by its exact address. Bug checks as tagpool_free() (size and tag are then
 * 0), but a protected block is welcome. */
TAGPOOL_API size_t tagpool_size(const void *block);
TAGPOOL_API uint32_t tagpool_tag(const void *block);

/* Called once for each block by tagpool_walk(); returns true to go on. May call any function of this header but those that
 * allocate or free pool, from this thread. */
typedef bool tagpool_walker(const struct tagpool_block *block, void *context);

/* Visits every outstanding block in the order of addresses, nonpaged pool first. Blocks that other threads allocate or free
 * meanwhile may or may not be visited. Returns how many were visited. */
TAGPOOL_API size_t tagpool_walk(tagpool_walker *walker, void *context);

/* ---- Tag text --------------------------------------------------------------------------------------------------- */

/* Writes the four characters of `tag` without TAGPOOL_PROTECTED and a closing zero to `text` and returns `text`. A byte that
 * does not print shows as a dot, as in !poolused. */
TAGPOOL_API char *tagpool_tag_text(uint32_t tag, char text[5]);

/* Reads a tag from 1 to 4 printing characters (0x20 to 0x7E), padded with spaces: "Abc" is the tag "Abc ". Fails iff `text` is
 * empty, longer, or has another byte (TAGPOOL_EINVAL; *tag is then 0). */
TAGPOOL_API int tagpool_tag_from_text(const char *text, uint32_t *tag);

/* ---- Snapshots -------------------------------------------------------------------------------------------------- */

/* All rows at one moment, sorted by tag. Its memory comes from neither pool. */
struct tagpool_snapshot;

/* Takes a snapshot. Fails iff there is no memory (NULL). */
TAGPOOL_API struct tagpool_snapshot *tagpool_snapshot_take(void);

/* Gives the snapshot's memory back. NULL is allowed. */
TAGPOOL_API void tagpool_snapshot_release(struct tagpool_snapshot *snapshot);

/* The rows of a snapshot, valid until it is released; their number goes to *count. */
TAGPOOL_API const struct tagpool_row *tagpool_snapshot_rows(const struct tagpool_snapshot *snapshot, size_t *count);

/* What changed under one tag in one pool between two snapshots: later minus earlier. */
struct tagpool_change {
    uint32_t tag;
    enum tagpool_pool pool;
    int64_t allocs, frees, blocks, bytes, charged, failures;
};

/* Writes up to `capacity` changes, sorted by tag, leaving out rows in which nothing changed, and returns how many there are.
 * A tag that only one snapshot knows counts as zero in the other. `changes` may be NULL iff `capacity` is 0. */
TAGPOOL_API size_t tagpool_snapshot_diff(const struct tagpool_snapshot *earlier, const struct tagpool_snapshot *later,
                                         struct tagpool_change *changes, size_t capacity);

/* ---- Expert: start, options, limits, memory ------------------------------------------------------------------------ */

enum tagpool_error {
    TAGPOOL_OK = 0,
    TAGPOOL_EINVAL = -1,    /* an argument or option is not what was expected */
    TAGPOOL_ENOMEM = -2,    /* the system has no memory or address space */
    TAGPOOL_ENOTFOUND = -3, /* there is no such thing */
    TAGPOOL_EBUSY = -4,     /* too late: the option can only be given before the first allocation */
};

/* Starts the library, or opens it again after tagpool_shutdown(), and sets options: at the first start those of the
 * environment variable TAGPOOL_OPTIONS, then those of `options` (NULL or "" for none). Options are words "name=value" with
 * spaces, commas or semicolons between them. Sizes take K, M or G.
 *   reserve=SIZE              address space of each pool, 1M to 1024G, halved until it fits; default 64G (32-bit: 256M);
 *                             before the first allocation only
 *   limit_nonpaged=SIZE       see tagpool_limit_set(); default 0, no limit
 *   limit_paged=SIZE
 *   cache=SIZE                unused memory that each pool keeps before it goes back to the system; default 64M. Each thread
 *                             keeps up to as much in freed big blocks, but at most 8M, and its partly used spans of 64K
 *   wrong_tag=report|stop|ignore  what a free with the wrong tag does; default report
 *   tail_check=on|off         pattern behind each block where its class leaves room, checked at free; default off
 *   free_check=on|off         freed blocks of up to 32 KiB are filled, and checked when reused; default off
 *   prefault=on|off           nonpaged memory is touched when it is committed; default off
 *   lock=on|off               nonpaged memory is locked into RAM when it is committed, or else not had; default off
 *   exit=ignore|report|abort  what to do at exit when blocks are outstanding; default ignore
 *   leak_blocks=N             how many blocks a leak report lists, 0 to 1000000; default 16
 *   wrong_option=skip|abort   what to do about a word that is no option; default skip
 *   checker=auto|off          auto: if the first start finds that valgrind's memcheck, AddressSanitizer or LeakSanitizer watches
 *                             the program, each block is told to it; off: none is. Before the first allocation only; default auto
 * for the verifier see tagpool/verifier.h; and for the WDK's routines (tagpool/wdk/):
 *   fill=pattern|none|zero    what is in the blocks of routines that leave contents unknown; default pattern, 0xCD
 *   strict=on|off             tag 0 in a routine that takes a POOL_TYPE is a bug check, not a finding; default off
 *   lookaside=cache|bypass    bypass: lookaside lists keep nothing, so that every entry goes through its pool; default cache
 *   force_irql=on|off         paged pool is inaccessible to a thread at DISPATCH_LEVEL or above; default off
 * A word that is no such option is reported through the sink with what was expected, and skipped; the rest counts. (With
 * wrong_option=abort, abort() is called then.) While the
 * library runs, a call only sets options.
 * Fails iff an option was not understood (TAGPOOL_EINVAL), another `reserve` or `checker` came after the first start
 * (TAGPOOL_EBUSY), or not even the smallest address range could be had (TAGPOOL_ENOMEM: the library has then not started). */
TAGPOOL_API int tagpool_start(const char *options);

/* Limits the charged bytes outstanding in one pool: an allocation that would pass the limit fails. 0 lifts the limit. What
 * is outstanding already stays, even if it is more. Exact while other threads pause during this call; otherwise
 * off by what they had in flight. While any limit is set, allocations share one counter and are slower.
 * Fails iff `pool` is neither pool (TAGPOOL_EINVAL) or the library could not start (TAGPOOL_ENOMEM). */
TAGPOOL_API int tagpool_limit_set(enum tagpool_pool pool, uint64_t bytes);

/* The limit in force, 0 for none or for a `pool` that is neither pool. */
TAGPOOL_API uint64_t tagpool_limit(enum tagpool_pool pool);

/* Gives all memory that holds no block back to the system, as far as this thread may: its own and the common one. Returns
 * the bytes given back. */
TAGPOOL_API size_t tagpool_trim(void);

/* Checks every invariant of the library's own data; other threads must not allocate or free meanwhile. In a forked child, what
 * belonged to other threads of the parent is left out. Returns 0, or after a line through the sink that names what was
 * wrong: TAGPOOL_EINVAL if an invariant does not hold, TAGPOOL_ENOMEM if there was no memory for the check. */
TAGPOOL_API int tagpool_validate(void);

/* The version of the library that runs, as "major.minor.patch". */
TAGPOOL_API const char *tagpool_version(void);

/* ---- Expert: mistakes and output ------------------------------------------------------------------------------------ */

struct tagpool_operation; /* tagpool/verifier.h */

/* A mistake of the caller, in the terms of KeBugCheckEx. */
struct tagpool_bugcheck {
    uint32_t code;                /* as 0xC2 */
    const char *name;             /* as "BAD_POOL_CALLER"; empty for a code that no entry of the table below is about */
    uintptr_t parameter[4];
    const char *sentence;         /* what went wrong, in words */
    bool stops;                   /* false: a finding; the call goes on after the handler returns */
    bool has_block;               /* `block` is filled in: the block concerned, perhaps already freed */
    struct tagpool_block block;
    /* What the verifier knows besides of a block of special pool; each NULL if nothing: */
    const void *touched;          /* the address that was touched, or was found damaged */
    const struct tagpool_operation *allocated, *freed;
};

/* Called with each mistake, on the thread that made it, with no lock held. It may return, longjmp or throw a C++ exception. */
typedef void tagpool_bugcheck_handler(const struct tagpool_bugcheck *bugcheck, void *context);

/* Sets the handler; NULL sets the default back, which prints the report and calls abort() if it stops. Handlers see findings
 * too. Call it while no other thread makes mistakes. */
TAGPOOL_API void tagpool_bugcheck_handler_set(tagpool_bugcheck_handler *handler, void *context);

/* Prints a report as the default handler does, for use in handlers. */
TAGPOOL_API void tagpool_bugcheck_print(const struct tagpool_bugcheck *bugcheck);

/* What the library knows of a bug check: of a code, or of some of its sub-codes. */
struct tagpool_bugcheck_entry {
    uint32_t code;
    const char *name;             /* as "BAD_POOL_CALLER" */
    unsigned sub_code_in;         /* which parameter holds the sub-code, 1 to 4; 0: whatever no other entry of the code covers */
    uint32_t first_sub_code, last_sub_code;
    const char *sentence;         /* what the caller did */
    const char *parameter[4];     /* what each parameter means; "reserved" if nothing, or nothing known */
};

/* Describes entry `index`, from 0, of the table of bug checks: all those of Windows that concern pool (bare metal: those that
 * this header names). Fails iff there are no more (TAGPOOL_ENOTFOUND; *entry is then all zero). */
TAGPOOL_API int tagpool_bugcheck_describe(size_t index, struct tagpool_bugcheck_entry *entry);

/* Receives a piece of output: whole lines, `length` bytes, not closed by a zero. Must not allocate or free pool. */
typedef void tagpool_sink(const char *text, size_t length, void *context);

/* Sets where reports go; NULL sets the default back: standard error. Call it while no other thread prints. */
TAGPOOL_API void tagpool_sink_set(tagpool_sink *sink, void *context);

#ifdef __cplusplus
}
#endif

#endif
