/* SPDX-License-Identifier: MIT
 *
 * record.c: the tables of records: open addressing, linear probing, doubled when half full.
 */
#include "ledger/record.h"

#define FIRST_BYTES PORT_UNIT_BYTES
/* So many that threads seldom meet. Around a fork all are locked, and ThreadSanitizer follows no more than 64 locks. */
#define RECORD_TABLES (TAGPOOL_BARE ? 1u : 32u)

/* A slot with address 0 is free. 2 * count <= mask + 1, the slots, a power of two; mask is 0 while there is no table. No two
 * tables share a cache line. */
struct record_table {
    _Alignas(64) struct record *slots;
    size_t mask;
    size_t count;
    size_t bytes;
    struct port_lock lock;
};

#define TABLE {.lock = PORT_LOCK_INITIAL}
#define TABLES_4 TABLE, TABLE, TABLE, TABLE
#define TABLES_16 TABLES_4, TABLES_4, TABLES_4, TABLES_4
static struct record_table records[RECORD_TABLES] = {
#if TAGPOOL_BARE
    TABLE
#else
    TABLES_16, TABLES_16
#endif
};

void record_lock(void)
{
    for (unsigned i = 0; i < RECORD_TABLES; i++)
        port_lock(&records[i].lock);
}

void record_unlock(void)
{
    for (unsigned i = 0; i < RECORD_TABLES; i++)
        port_unlock(&records[i].lock);
}

/* Blocks lie at multiples of 8: the product's upper half mixes all bits of the address. */
static uint32_t record_hash(uintptr_t address)
{
    return (uint32_t)((uint64_t)address * UINT64_C(0x9E3779B97F4A7C15) >> 32);
}

static struct record_table *table_for(uintptr_t address)
{
    return &records[record_hash(address) % RECORD_TABLES];
}

static size_t home(const struct record_table *table, uintptr_t address)
{
    return record_hash(address) / RECORD_TABLES & table->mask;
}

/* The next four: pre: the table's lock is held. */

/* The slot of `address`, or the free one where it would go. pre: the table has a free slot. */
static struct record *slot_of(const struct record_table *table, uintptr_t address)
{
    size_t i = home(table, address);
    while (table->slots[i].address != address && table->slots[i].address != 0)
        i = (i + 1) & table->mask;
    return &table->slots[i];
}

static bool grow_records(struct record_table *table)
{
    struct record_table old = *table;
    size_t bytes = old.bytes == 0 ? FIRST_BYTES : old.bytes * 2;
    struct record *slots = port_obtain(bytes);
    if (slots == NULL)
        return false;
    table->slots = slots;
    table->bytes = bytes;
    for (table->mask = 1; (table->mask + 1) * 2 * sizeof *slots <= bytes; table->mask = table->mask * 2 + 1)
        continue;
    for (size_t i = 0; old.slots != NULL && i <= old.mask; i++)
        if (old.slots[i].address != 0)
            *slot_of(table, old.slots[i].address) = old.slots[i];
    if (old.slots != NULL)
        port_release(old.slots, old.bytes);
    return true;
}

/* Closes the gap at `slot`: what follows in the same chain of probes and may lie here moves here. */
static void remove_slot(struct record_table *table, struct record *slot)
{
    size_t gap = (size_t)(slot - table->slots);
    for (size_t i = (gap + 1) & table->mask; table->slots[i].address != 0; i = (i + 1) & table->mask) {
        size_t wanted = home(table, table->slots[i].address);
        if (((i - wanted) & table->mask) >= ((i - gap) & table->mask)) {
            table->slots[gap] = table->slots[i];
            gap = i;
        }
    }
    table->slots[gap].address = 0;
    table->count--;
}

static bool put_locked(struct record_table *table, const struct record *record)
{
    bool has_room = table->slots != NULL && 2 * (table->count + 1) <= table->mask + 1;
    if (!has_room && !grow_records(table) && (table->slots == NULL || slot_of(table, record->address)->address == 0))
        return false;
    struct record *slot = slot_of(table, record->address);
    table->count += slot->address == 0;
    *slot = *record;
    return true;
}

bool record_put(const struct record *record)
{
    struct record_table *table = table_for(record->address);
    port_lock(&table->lock);
    bool fits = put_locked(table, record);
    port_unlock(&table->lock);
    return fits;
}

static bool find_record(uintptr_t address, struct record *record, bool take)
{
    struct record_table *table = table_for(address);
    port_lock(&table->lock);
    struct record *slot = table->slots != NULL ? slot_of(table, address) : NULL;
    bool found = slot != NULL && slot->address != 0;
    if (found) {
        *record = *slot;
        if (take)
            remove_slot(table, slot);
    }
    port_unlock(&table->lock);
    if (!found)
        memset(record, 0, sizeof *record);
    return found;
}

bool record_get(uintptr_t address, struct record *record)
{
    return find_record(address, record, false);
}

uint32_t record_flags(uintptr_t address)
{
    struct record_table *table = table_for(address);
    port_lock(&table->lock);
    const struct record *slot = table->slots != NULL ? slot_of(table, address) : NULL;
    uint32_t flags = slot != NULL && slot->address != 0 ? slot->flags : 0;
    port_unlock(&table->lock);
    return flags;
}

bool record_take(uintptr_t address, struct record *record)
{
    return find_record(address, record, true);
}

size_t record_count(void)
{
    size_t count = 0;
    for (unsigned i = 0; i < RECORD_TABLES; i++) {
        port_lock(&records[i].lock);
        count += records[i].count;
        port_unlock(&records[i].lock);
    }
    return count;
}

void record_walk(void (*visit)(struct record *record, void *context), void *context)
{
    for (unsigned i = 0; i < RECORD_TABLES; i++) {
        struct record_table *table = &records[i];
        port_lock(&table->lock);
        for (size_t slot = 0; table->slots != NULL && slot <= table->mask; slot++)
            if (table->slots[slot].address != 0)
                visit(&table->slots[slot], context);
        port_unlock(&table->lock);
    }
}
