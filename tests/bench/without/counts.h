/* SPDX-License-Identifier: MIT
 *
 * without/counts.h: put before each file of the library, it leaves out what the fast paths count. What they take less than the
 * library is the price of exact counts, peaks included; the statistics of such a build say nothing.
 */
#include "ledger/ledger.h"
#include "memory/slab.h"

/* Whatever is asked for is not even worked out; nobody need settle anything, or is asked whether a tag is counted yet. */
#define ledger_charge(row, tally) ((void)sizeof(row), (void)sizeof(tally), false)
#define ledger_charge_run(row, charge, rest) ((void)sizeof(row), (void)sizeof(charge), (void)sizeof(rest), false)
#define ledger_discharge(row, tally) ((void)sizeof(row), (void)sizeof(tally), false)
#define ledger_is_joined(row) ((void)sizeof(row), true)

/* No row is settled, which is when a bin may become hot: here the one is that has got blocks last. */
#define free_way_refilled(bin) (free_way_refilled(bin), free_way_cool(), free_way_heat(bin, (bin)->top->block))
#define slab_put_back(bin, block, note, state) \
    (slab_put_back(bin, block, note, state), free_way_cool(), free_way_heat(bin, block))
