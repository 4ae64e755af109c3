/* SPDX-License-Identifier: MIT
 *
 * tagpool/segment.h: the bytes of the statistics: one table that the allocator writes and that any reader can follow, in a
 * process, in a core file, from a process of the other word size.
 *
 * Rules
 *   - All integers have fixed width and the byte order of the writer (byte_order tells). There are no pointers: places are
 *     byte offsets from the start of the segment.
 *   - Sizes of rows are in the header. A reader steps by them and ignores what it does not know; new fields use reserved bytes,
 *     which are zero.
 *   - Tags and shards are only ever added. A row is complete before the count that covers it grows; `sequence` grows with
 *     every addition and every change of `pools`, and is odd while one is under way.
 *   - A counter is written by one thread. A row's counts are in two places, the newest packed, older ones settled; they move when
 *     the packed ones fill up, and the row's `sequence` is odd meanwhile: read a row again if that is odd or has changed. (If
 *     it stays odd, the writer was stopped there.)
 *   - To sum a tag, read what was freed in all shards, then what was allocated: no block is then seen freed before it was
 *     allocated; only the bytes of a large one that is allocated meanwhile may be missing. Sums are modulo 2^64, and exact when
 *     all threads rest.
 *   - The peak of a tag is the larger one of two: what its row of peaks says; and, if one shard only counts the tag (writer), and
 *     says that it is the sole one, what may be outstanding there: what is settled, in less out, and the limits that guard has.
 *     With L bits 0 to 19 of guard, from -2^19 to 2^19 - 1, the limit of blocks is L, and that of charged bytes 16 times
 *     2^18 + ((guard - L) >> 44), both as signed numbers. Read guard, then what is settled, sole, and then the row of peaks.
 *   - A shard outlives its thread and is handed to a later one; shard 0 is written by several threads in turn, under a lock.
 */
#ifndef TAGPOOL_SEGMENT_H
#define TAGPOOL_SEGMENT_H

#include <stdint.h>

#define TAGPOOL_SEGMENT_MAGIC "TAGPOOL"     /* 8 bytes with the closing zero */
#define TAGPOOL_SEGMENT_BYTE_ORDER 0x01020304u
#define TAGPOOL_SEGMENT_VERSION 7u

/* 64 bits, 8-byte aligned on every target, so that structs have one layout and stores are whole. */
#if defined(__GNUC__)
typedef uint64_t tagpool_count __attribute__((aligned(8)));
#else
typedef uint64_t tagpool_count;
#endif

struct tagpool_segment_pool {
    tagpool_count base;     /* address range of the pool in the writing process */
    tagpool_count bytes;
    tagpool_count limit;    /* charged bytes, 0 for none */
    tagpool_count reserved;
};

/* At offset 0. */
struct tagpool_segment {
    char magic[8];
    uint32_t byte_order;
    uint32_t version;
    uint32_t header_bytes;    /* of this struct */
    uint32_t tag_bytes;       /* of a tag row */
    uint32_t counts_bytes;    /* of a row of counters */
    uint32_t pointer_bytes;   /* 4 or 8: of the writer */
    tagpool_count segment_bytes;   /* address space of the segment */
    tagpool_count used_bytes;      /* offset of the first byte not in use; most pages below it were never touched */
    uint32_t tag_capacity;    /* tag rows; the last is the overflow row */
    uint32_t tag_count;       /* tags in use, from row 0 on; the overflow row not counted */
    uint32_t shard_capacity;
    uint32_t shard_count;     /* shards in use, from 0 on */
    tagpool_count tags_offset;     /* of the tag rows */
    tagpool_count shards_offset;   /* of the shards' descriptions */
    uint32_t shard_bytes;     /* of a shard's description */
    uint32_t settled_bytes;   /* of a row of settled counts */
    uint32_t sequence;
    uint32_t overflowed;      /* 1 once a tag was counted in the overflow row */
    tagpool_count process;
    struct tagpool_segment_pool pools[2]; /* nonpaged, paged */
    tagpool_count peaks_offset[2]; /* by pool: of the rows of peaks */
    uint32_t peaks_bytes;     /* of a row of peaks */
    uint8_t reserved[1024 - 188];
};

/* A tag, and who counts it. */
struct tagpool_segment_tag {
    uint32_t tag;
    uint32_t writer;      /* 0 none, shard number + 1 while one shard counts the tag, UINT32_MAX for several */
};

/* What is known of a tag in one pool apart from the shards: a row for each tag, in the order of the tags. */
struct tagpool_segment_peaks {
    tagpool_count blocks;   /* peak, or less if one shard counts the tag */
    tagpool_count charged;  /* the same */
    tagpool_count failures;
};

/* Counts of blocks, of what they were charged, and of what of that was not requested, in one word, so that one addition counts an
 * operation: (charged bytes / 16) << 44 | slack bytes << 20 | blocks. */
#define TAGPOOL_SEGMENT_SLACK_SHIFT 20
#define TAGPOOL_SEGMENT_CHARGED_SHIFT 44
#define TAGPOOL_SEGMENT_GRANULE 16u

/* The newest counts of one tag in one pool in one shard: 32 bytes. */
struct tagpool_segment_counts {
    tagpool_count in;    /* packed: allocations that are not settled */
    tagpool_count out;   /* packed: frees; of a row in use it begins with 4 MiB charged, which no block was. Of what is charged
                            only the difference has a meaning: both may lack as much */
    tagpool_count guard; /* 0: the row is not in use. When out - in + guard has bit 19 or 63 set, there may be a new peak */
    uint32_t sequence;   /* grows with each settling, and is odd while one is under way */
    uint32_t sole;       /* 1 while no other shard counts the tag, and its limits are the tag's peaks */
};

struct tagpool_segment_sums {
    tagpool_count blocks;
    tagpool_count charged;
    tagpool_count slack; /* charged and not requested */
};

/* Its older counts: 48 bytes. Newest and older ones together, outstanding: in less out. */
struct tagpool_segment_settled {
    struct tagpool_segment_sums in;  /* allocations */
    struct tagpool_segment_sums out; /* frees */
};

/* A shard, and where its counters are: for each pool a row for each tag, in the order of the tags, of the newest counts, and so
 * of the settled ones. */
struct tagpool_segment_shard {
    uint32_t in_use;             /* a living thread holds the shard */
    uint32_t reserved;
    tagpool_count thread;        /* number of the thread that holds or held it */
    tagpool_count counts_offset[2];  /* by pool: of its rows of newest counts */
    tagpool_count settled_offset[2]; /* of its rows of settled counts */
    tagpool_count reserved_more[2];
};

#endif
