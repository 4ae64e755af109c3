/* SPDX-License-Identifier: MIT
 *
 * without/peaks.h: put before each file of the library, it leaves out that each allocation is compared with its tag's peak; but
 * for those above 32 KiB. What the fast path takes less is the price of exact peaks; such a build counts a tag from when its
 * counts are first settled.
 */
#include "ledger/ledger.h"

/* Then an allocation counts as a free does. */
#define ledger_charge(row, tally) add_is_negative(&(row)->in, tally)
