/* SPDX-License-Identifier: MIT
 *
 * codes_other.c: the table of bug checks: faults, IRQL, locks and what else of the system's bug checks touches pool.
 */
#include "report/codes.h"

#if !TAGPOOL_BARE

#define ACCESS "access (0 read, 1 write)"

static const struct code_row irql_rows[] = {
    {ANY, "pageable or invalid memory was touched at an IRQL of DISPATCH_LEVEL or above",
     {"address", "IRQL", "access (0 read, 1 write, 8 execute)", "instruction"}},
};

static const struct code_row owned_rows[] = {
    {ANY, "a spin lock was acquired that the thread holds already", {"spin lock", "IRQL", "value of the lock", RES}},
};

static const struct code_row not_owned_rows[] = {
    {ANY, "a spin lock was released that the thread does not hold", {"spin lock", "IRQL", "value of the lock", RES}},
};

static const struct code_row memory_rows[] = {
    {ONE(0x5200), "a free page of pool was written: the list it is in was overwritten",
     {SUB, "block", "value found", "value expected"}},
    {ONE(0x5305), "an address that is no start of a region of pool was freed", {SUB, "address", "bytes of the region", RES}},
    {ONE(0x41286), "an address that is no start of a block was freed", {SUB, RES, RES, RES}},
    {ANY, "the memory manager found its data damaged", {SUB, RES, RES, RES}},
};

static const struct code_row exception_rows[] = {
    {ANY, "an exception was raised that no handler took",
     {"status", "instruction", "exception's parameter 0", "exception's parameter 1"}},
};

static const struct code_row fault_rows[] = {
    {ANY, "memory that is not there was touched, such as a block that was freed",
     {"address", "access (0 read, 2 write, 0x10 execute)", "instruction",
      "fault (0 freed, 2 no page table, 3 wrong session, 4 non-canonical, 0xF user address)"}},
};

#define LEFT_RANGE {SUB, "object", "start of the range", "end of the range"}

static const struct code_row left_rows[] = {
    {ONE(0x0), "memory was freed or unloaded that contains an active timer", LEFT_RANGE},
    {ONE(0x1), "memory was freed or unloaded that contains a queued DPC", LEFT_RANGE},
    {ONE(0x2), "memory was freed or unloaded that contains the routine of a queued DPC", LEFT_RANGE},
    {ONE(0x3), "a DPC was queued for a processor that is none",
     {SUB, "DPC", "number of the processor", "number of processors there are"}},
    {ONE(0x4), "the routine of a DPC returned with another count of disabled APCs than it was called with",
     {SUB, "routine", "count before", "count after"}},
    {ONE(0x5), "the routine of a timer's DPC returned with another count of disabled APCs than it was called with",
     {SUB, "routine", "count before", "count after"}},
    {ANY, "a timer or a DPC was left in a wrong state", {SUB, RES, RES, RES}},
};

static const struct code_row unexpected_rows[] = {
    {ANY, "a routine left the processor at another IRQL than expected",
     {"levels and place (current << 16, expected << 8, place)", RES, RES, RES}},
};

static const struct code_row io_rows[] = {
    {ONE(0x1), "IoFreeIrp was given an address that is no IRP", {SUB, "IRP", RES, RES}},
    {ONE(0x2), "an IRP was freed that is still tied to a thread", {SUB, "IRP", RES, RES}},
    {ANY, "the driver broke a rule of I/O that Driver Verifier checks", {SUB, RES, RES, RES}},
};

static const struct code_row locked_rows[] = {
    {ANY, "the driver has not unlocked pages that it locked in the process",
     {"verifier's data", RES, "MDL", "number of locked pages"}},
};

#define SPECIAL {"address", ACCESS, "instruction", RES}

static const struct code_row freed_rows[] = {{ANY, "a block of special pool was touched after it was freed", SPECIAL}};

static const struct code_row beyond_rows[] = {
    {ANY, "memory behind the end of a block of special pool was touched", SPECIAL},
};

static const struct code_row unloaded_rows[] = {
    {ANY, "the driver was unloaded and has left lookaside lists, DPCs, timers or threads that still use it", SPECIAL},
};

static const struct code_row driver_irql_rows[] = {
    {ANY, "the driver touched pageable or invalid memory at an IRQL of DISPATCH_LEVEL or above",
     {"address", "IRQL", "access (0 read, 1 write, 2 or 8 execute)", "instruction"}},
};

static const struct code_row portion_rows[] = {
    {ANY, "the driver touched pageable code or data of its own at an IRQL of DISPATCH_LEVEL or above",
     {"address", "IRQL", ACCESS, "instruction"}},
};

static const struct code_row driver_freed_rows[] = {
    {ANY, "the driver touched a block of special pool after it was freed", SPECIAL},
};

static const struct code_row driver_beyond_rows[] = {
    {ANY, "the driver touched memory behind the end of a block of special pool", SPECIAL},
};

static const struct code_row view_rows[] = {
    {ANY, "the driver unmapped or committed an address that is in no mapped view",
     {"address", "operation (1 unmap, 2 commit)", RES, RES}},
};

static const struct code_row execute_rows[] = {
    {ANY, "memory that is not executable was executed, as all pool but NonPagedPoolExecute",
     {"address", "page table entry", RES, RES}},
};

static const struct code_row security_rows[] = {
    {ONE(3), "a LIST_ENTRY was overwritten, or removed twice", {SUB, "entry", RES, RES}},
    {ANY, "the kernel found its data damaged", {SUB, RES, RES, RES}},
};

static const struct code_row live_rows[] = {
    {ANY, "the driver broke a rule that Driver Verifier checks; a dump was taken, and the system goes on",
     {"rule", RES, RES, RES}},
};

static const struct code other_codes[] = {
    {0x0A, "IRQL_NOT_LESS_OR_EQUAL", 0, CODE_ROWS(irql_rows)},
    {0x0F, "SPIN_LOCK_ALREADY_OWNED", 0, CODE_ROWS(owned_rows)},
    {0x10, "SPIN_LOCK_NOT_OWNED", 0, CODE_ROWS(not_owned_rows)},
    {0x1A, "MEMORY_MANAGEMENT", 1, CODE_ROWS(memory_rows)},
    {0x1E, "KMODE_EXCEPTION_NOT_HANDLED", 0, CODE_ROWS(exception_rows)},
    {0x50, "PAGE_FAULT_IN_NONPAGED_AREA", 0, CODE_ROWS(fault_rows)},
    {0xC7, "TIMER_OR_DPC_INVALID", 1, CODE_ROWS(left_rows)},
    {0xC8, "IRQL_UNEXPECTED_VALUE", 0, CODE_ROWS(unexpected_rows)},
    {0xC9, "DRIVER_VERIFIER_IOMANAGER_VIOLATION", 1, CODE_ROWS(io_rows)},
    {0xCB, "DRIVER_LEFT_LOCKED_PAGES_IN_PROCESS", 0, CODE_ROWS(locked_rows)},
    {0xCC, "PAGE_FAULT_IN_FREED_SPECIAL_POOL", 0, CODE_ROWS(freed_rows)},
    {0xCD, "PAGE_FAULT_BEYOND_END_OF_ALLOCATION", 0, CODE_ROWS(beyond_rows)},
    {0xCE, "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS", 0, CODE_ROWS(unloaded_rows)},
    {0xD1, "DRIVER_IRQL_NOT_LESS_OR_EQUAL", 0, CODE_ROWS(driver_irql_rows)},
    {0xD3, "DRIVER_PORTION_MUST_BE_NONPAGED", 0, CODE_ROWS(portion_rows)},
    {0xD5, "DRIVER_PAGE_FAULT_IN_FREED_SPECIAL_POOL", 0, CODE_ROWS(driver_freed_rows)},
    {0xD6, "DRIVER_PAGE_FAULT_BEYOND_END_OF_ALLOCATION", 0, CODE_ROWS(driver_beyond_rows)},
    {0xD7, "DRIVER_UNMAPPING_INVALID_VIEW", 0, CODE_ROWS(view_rows)},
    {0xFC, "ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY", 0, CODE_ROWS(execute_rows)},
    {0x139, "KERNEL_SECURITY_CHECK_FAILURE", 1, CODE_ROWS(security_rows)},
    {0x1C4, "DRIVER_VERIFIER_DETECTED_VIOLATION_LIVEDUMP", 0, CODE_ROWS(live_rows)},
};

INTERNAL const struct code_list codes_other = {other_codes, sizeof other_codes / sizeof other_codes[0]};

#endif
