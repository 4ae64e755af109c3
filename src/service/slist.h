/* SPDX-License-Identifier: MIT
 *
 * slist.h: sequenced singly linked lists in the DDK's layout, for any number of threads.
 */
#ifndef SERVICE_SLIST_H
#define SERVICE_SLIST_H

#include "base/internal.h"
#include "tagpool/wdk/types.h"

/* False, after raising STATUS_DATATYPE_MISALIGNMENT, iff the address is not aligned to 16 on 64 bit. */
INTERNAL bool slist_may_be_at(const SLIST_HEADER *header);

/* Without effect where slist_may_be_at() is false. */
INTERNAL void slist_initialize(PSLIST_HEADER header);

/* The first entry, taken out; NULL iff there is none. */
INTERNAL void *slist_pop(PSLIST_HEADER header);

/* Puts an entry first; returns the one that was. Reports NULL, and the entry that is first already: nothing is pushed then. */
INTERNAL void *slist_push(PSLIST_HEADER header, void *entry);

/* Empties the list: its entries, chained by their first words. Their number goes to *count, which may be NULL. */
INTERNAL void *slist_flush(PSLIST_HEADER header, unsigned *count);

INTERNAL void *slist_first(const SLIST_HEADER *header);
INTERNAL unsigned slist_depth(const SLIST_HEADER *header);

/* Reports that an entry was put into a list which has it. */
INTERNAL void slist_report_pushed_twice(const void *entry);

/* Called for each entry with the list locked: touches no list. Returns false to stop. */
typedef bool slist_visitor(const void *entry, void *context);

/* Visits the entries from the first on, at most as many as the list counts: a damaged list ends as well. */
INTERNAL void slist_walk(PSLIST_HEADER header, slist_visitor *visitor, void *context);

/* Called by slist_pop(), without a lock, after each SLIST_EMPTY_POPS that found a list empty: with the last such list. */
#define SLIST_EMPTY_POPS 7u /* odd, so that it is not always the same of several lists */
INTERNAL_OBJECT void (*slist_empty_hook)(PSLIST_HEADER header);

#endif
