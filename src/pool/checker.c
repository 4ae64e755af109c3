/* SPDX-License-Identifier: MIT
 *
 * checker.c: tells checkers of blocks (contracts in checker.h).
 */
#include "pool/checker.h"

void checker_start(void)
{
    if (!port_checkers_find())
        return;
    port_checkers_root((const void *)arena.base, arena.bytes);
    pool_feature(FEATURE_CHECKER, true);
}

void checker_alloc(const void *block, size_t bytes, bool is_zeroed)
{
    port_checkers_alloc(block, bytes, is_zeroed);
}

void checker_free(const struct place *place)
{
    port_checkers_free((const void *)place->start, place->special != NULL ? 0 : place->charged);
}

void checker_open(const struct special_block *special)
{
    port_checkers_show((const void *)special_data(special), special_charged(special));
}
