/* SPDX-License-Identifier: MIT
 *
 * codes_pool.c: the table of bug checks: damaged pool and wrong calls of it. What the core itself reports comes first, and is all
 * that firmware has.
 */
#include "report/codes.h"

static const struct code_row header_rows[] = {
    {ONE(0x21), "memory behind the end of the block was written before it was freed",
     {SUB, "block", "bytes allocated", "value found behind it"}},
#if !TAGPOOL_BARE
    {ONE(0x2), "the pattern around a block of special pool was overwritten, most likely by the block's own user",
     {SUB, "entry", "bytes in the block", RES}},
    {ONE(0x3), "the links of a list of free blocks were overwritten", {SUB, "entry", "forward link", "backward link"}},
    {ONE(0x5), "two neighbouring headers contradict each other: one of them was overwritten", {SUB, "entry", RES, "other entry"}},
    {ONE(0x6), "a header was overwritten: it claims too large a block before it", {SUB, "entry computed", RES, "bad entry"}},
    {ONE(0x7), "a header was overwritten: its size is wrong", {SUB, RES, RES, "bad entry"}},
    {ONE(0x8), "a header was overwritten: its size is zero", {SUB, RES, RES, "bad entry"}},
    {ONE(0x9), "a header was overwritten: its size is too large", {SUB, "entry computed", RES, "bad entry"}},
    {ONE(0xA), "a header was overwritten: the sizes of its page's blocks do not lead to the block",
     {SUB, "entry expected", RES, "page"}},
    {0xD, 0xF, "the header of a freed block was changed, most likely by a write past the end of the block before it",
     {SUB, RES, RES, RES}},
    {ONE(0x20), "a header was overwritten: the sizes lead past the block", {SUB, "entry expected", "next entry", RES}},
    {ONE(0x22), "a block was freed of which no allocation is recorded: freed before, or never allocated",
     {SUB, "address freed", RES, RES}},
    {0x23, 0x25, "the header of a freed block was changed, most likely by a write past the end of the block before it",
     {SUB, RES, RES, RES}},
#endif
    {ANY, "a header in pool was overwritten", {SUB, RES, RES, RES}},
};

static const struct code_row caller_rows[] = {
    {ONE(0x07), "the block has been freed already", {SUB, RES, "header's contents", "block"}},
    {ONE(0x0A), "the block was freed with a tag that is not the one it was allocated with",
     {SUB, "block", "tag allocated", "tag freed"}},
    {ONE(0x42), "an address that lies in no pool was given as a block; expected that of an outstanding block",
     {SUB, "address", RES, RES}},
    {ONE(0x44), "an address in nonpaged pool that holds no block was given as one", {SUB, "address", RES, RES}},
    {ONE(0x46), "an address where no pool can be was given as a block", {SUB, "address", RES, RES}},
    {ONE(0x48), "an address in paged pool that holds no block was given as one", {SUB, "address", RES, RES}},
    {ONE(0x99), "an address in nonpaged pool that is not the start of a block was given as one", {SUB, "address", RES, RES}},
    {ONE(0x9A), "an allocation was made from must-succeed pool, which is no more", {SUB, "pool type", "bytes", "tag"}},
    {ONE(0x9B), "an allocation was made with tag 0; expected one to four characters", {SUB, "pool type", "bytes", "caller"}},
    {ONE(0x9C), "an allocation was made with the reserved tag \"BIG\"", {SUB, "pool type", "bytes", "caller"}},
    {ONE(0x9D), "an allocation was made with a tag that has no letter or digit", {SUB, "tag", "pool type", "caller"}},
    {ONE(0x41286), "an address in paged pool that is not the start of a block was given as one",
     {SUB, RES, RES, "number of its page in paged pool"}},
#if !TAGPOOL_BARE
    {ONE(0x00), "an allocation of zero bytes was made", {SUB, RES, "pool type", "tag"}},
    {0x01, 0x02, "the header of the block was overwritten", {SUB, "header", "header's first part", RES}},
    {ONE(0x04), "the header of the block was overwritten", {SUB, "header", "header's first part", RES}},
    {ONE(0x06), "the block has been freed already", {SUB, RES, "header", "header's contents"}},
    {ONE(0x08), "an allocation was made at an IRQL too high for its pool", {SUB, "IRQL", "pool type", "bytes"}},
    {ONE(0x09), "a block was freed at an IRQL too high for its pool", {SUB, "IRQL", "pool type", "block"}},
    {0x0B, 0x0D, "a block was freed whose quota is charged to what is no process: its header was overwritten",
     {SUB, "block", "tag", "process"}},
    {ONE(0x40), "an address of user mode was given as a block", {SUB, "address", "start of system space", RES}},
    {ONE(0x41), "an address in nonpaged pool that holds no block was given as one",
     {SUB, "address", "page frame", "highest page frame"}},
    {ONE(0x43), "an address that was never in any pool was given as a block", {SUB, "address", RES, RES}},
    {ONE(0x47), "an address in nonpaged pool that holds no block was given as one",
     {SUB, "address", "page frame", "highest page frame"}},
    {ONE(0x50), "an address in paged pool that holds no block was given as one",
     {SUB, "address", "number of its page in paged pool", "bytes of paged pool"}},
    {ONE(0x60), "MmFreeContiguousMemory was given an address that is not the start of contiguous memory",
     {SUB, "address", RES, RES}},
#endif
    {ANY, "a routine of the pool was called wrongly", {SUB, RES, RES, RES}},
};

static const struct code_row modified_rows[] = {
    {ANY, "the block was written after it was freed",
     {"address", "access (0 read, 1 write)", "mode (0 kernel, 1 user)", RES}},
};

#if !TAGPOOL_BARE
static const struct code_row special_rows[] = {
    {ONE(0x20), "a block that is not allocated was freed", {"address freed", RES, RES, SUB}},
    {0x21, 0x22, "an address was freed that is not the one its block was allocated at",
     {"address freed", "bytes requested", "bytes calculated", SUB}},
    {ONE(0x23), "memory near the block, in the same page, was written", {"address freed", "address of damage", RES, SUB}},
    {ONE(0x24), "memory behind the end of the block was written", {"address freed", "address of damage", RES, SUB}},
    {ONE(0x30), "an allocation was made at an IRQL too high for its pool", {"IRQL", "pool type", "bytes", SUB}},
    {ONE(0x31), "a block was freed at an IRQL too high for its pool", {"IRQL", "pool type", "address freed", SUB}},
    {ONE(0x32), "a single bit near the block, in the same page, was changed", {"address freed", "address of damage", RES, SUB}},
    {ANY, "memory of special pool was damaged", {RES, RES, RES, SUB}},
};

static const struct code_row quota_rows[] = {
    {ANY, "more quota was returned than the process was charged",
     {"process", "quota type", "amount to return", "amount not returned"}},
};

static const struct code_row empty_rows[] = {
    {ANY, "must-succeed pool was asked for more than is left",
     {"bytes requested", "pages of nonpaged pool used", "number of requests above a page", "pages available"}},
};

static const struct code_row session_rows[] = {
    {ANY, "the session ends, and a driver has not freed its pool in it",
     {"session", "bytes of paged pool", "bytes of nonpaged pool", "blocks (nonpaged in the upper half, paged in the lower)"}},
};

static const struct code_row session_special_rows[] = {
    {ANY, "the session ends, and a driver has not freed its special pool in it", {"session", "pages of special pool", RES, RES}},
};

static const struct code_row small_damage_rows[] = {
    {ANY, "pool was damaged before, most likely by a write past the end of a block smaller than a page",
     {"address", "IRQL", "access (0 read, 1 write)", "instruction"}},
};

static const struct code_row large_damage_rows[] = {
    {ANY, "pool was damaged before, most likely by a write past the end of a block of a page or more",
     {"address", "IRQL", "access (0 read, 1 write)", "instruction"}},
};

static const struct code_row file_rows[] = {
    {ANY, "pool that holds the contents of a file was written past the end of a block", {RES, RES, RES, RES}},
};

static const struct code_row network_rows[] = {
    {ONE(1), "a block or MDL was given to the network's memory routines that is none of theirs",
     {SUB, "block or MDL", "page", "processor's pool"}},
    {ONE(2), "an MDL was given to the network's memory routines that is none of theirs",
     {SUB, "MDL", "processor's pool", "header"}},
    {ANY, "the network's memory routines were called wrongly", {SUB, RES, RES, RES}},
};

#define HEAP {SUB, "heap", "address", RES}

static const struct code_row heap_rows[] = {
    {ONE(0x3), "the header of a block was overwritten", HEAP},
    {ONE(0x4), "several headers of blocks were overwritten", HEAP},
    {ONE(0x5), "the header of a large block was overwritten", HEAP},
    {ONE(0x6), "memory behind the end of a block was written", HEAP},
    {ONE(0x7), "memory before the start of a block was written", HEAP},
    {ONE(0x8), "a free block was given where an outstanding one is expected", HEAP},
    {ONE(0x9), "a routine of the heap was given a wrong argument", HEAP},
    {ONE(0xA), "a block was found to be of another type than expected", HEAP},
    {ONE(0xB), "a block was written after it was freed", HEAP},
    {ONE(0xC), "a block was given to a heap that is not its own", HEAP},
    {ONE(0xD), "the list of free blocks was overwritten", HEAP},
    {ONE(0xE), "a list of the heap was overwritten", HEAP},
    {ONE(0xF), "something was done with a free block that only outstanding ones allow", HEAP},
    {0x10, 0x12, "the heap's own state was overwritten", HEAP},
    {ONE(0x13), "NULL was given as a heap; expected one that exists", HEAP},
    {ONE(0x14), "more was requested than a heap can give", HEAP},
    {ONE(0x15), "a request would pass the limit of committed memory", HEAP},
    {ONE(0x16), "the heap's own state was overwritten", HEAP},
    {ONE(0x17), "the list of blocks whose free is delayed was overwritten", HEAP},
    {ANY, "a heap of the kernel was damaged", HEAP},
};
#endif

static const struct code pool_codes[] = {
    {0x19, "BAD_POOL_HEADER", 1, CODE_ROWS(header_rows)},
    {0xC2, "BAD_POOL_CALLER", 1, CODE_ROWS(caller_rows)},
    {0xC6, "DRIVER_CAUGHT_MODIFYING_FREED_POOL", 0, CODE_ROWS(modified_rows)},
#if !TAGPOOL_BARE
    {0x21, "QUOTA_UNDERFLOW", 0, CODE_ROWS(quota_rows)},
    {0x41, "MUST_SUCCEED_POOL_EMPTY", 0, CODE_ROWS(empty_rows)},
    {0xAB, "SESSION_HAS_VALID_POOL_ON_EXIT", 0, CODE_ROWS(session_rows)},
    {0xC1, "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION", 4, CODE_ROWS(special_rows)},
    {0xC5, "DRIVER_CORRUPTED_EXPOOL", 0, CODE_ROWS(small_damage_rows)},
    {0xD0, "DRIVER_CORRUPTED_MMPOOL", 0, CODE_ROWS(large_damage_rows)},
    {0xDE, "POOL_CORRUPTION_IN_FILE_AREA", 0, CODE_ROWS(file_rows)},
    {0xEC, "SESSION_HAS_VALID_SPECIAL_POOL_ON_EXIT", 0, CODE_ROWS(session_special_rows)},
    {0x126, "NETIO_INVALID_POOL_CALLER", 1, CODE_ROWS(network_rows)},
    {0x13A, "KERNEL_MODE_HEAP_CORRUPTION", 1, CODE_ROWS(heap_rows)},
#endif
};

INTERNAL const struct code_list codes_pool = {pool_codes, sizeof pool_codes / sizeof pool_codes[0]};
