/* SPDX-License-Identifier: MIT
 *
 * unload.h: what a driver leaves behind.
 */
#ifndef POOL_UNLOAD_H
#define POOL_UNLOAD_H

#include "ledger/driver.h"
#include "pool/pool.h"
#include "report/option.h"

/* Lists the blocks that the driver has outstanding, at most `most_blocks` of them one by one, and does about them what
 * option `unload` says. pre: nobody works for the driver any more. */
INTERNAL enum tagpool_verdict unload_verdict(struct driver *driver, uint64_t most_blocks);

INTERNAL void unload_policy_set(enum unload_policy policy);

/* Reports that a driver which is not loaded allocates. */
INTERNAL void unload_report_late(const struct driver *driver);

#endif
