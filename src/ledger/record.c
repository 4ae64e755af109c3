/* SPDX-License-Identifier: MIT
 *
 * record.c: the table of records: open addressing, linear probing, doubled when it is half full.
 */
#include "ledger/record.h"

#define FIRST_BYTES PORT_UNIT_BYTES

static struct {
    struct record *slots; /* a slot with address 0 is free */
    size_t mask;          /* slots - 1, a power of two minus one; 0 while there is no table */
    size_t count;
    size_t bytes;
    struct port_lock lock;
} records = {.lock = PORT_LOCK_INITIAL};

void record_lock(void)
{
    port_lock(&records.lock);
}

void record_unlock(void)
{
    port_unlock(&records.lock);
}

/* Blocks lie at multiples of 8: the product's upper half mixes all bits of the address into a place. */
static size_t home(uintptr_t address)
{
    return (size_t)((uint64_t)address * UINT64_C(0x9E3779B97F4A7C15) >> 32) & records.mask;
}

/* The slot of `address`, or the free one where it would go. pre: the table has a free slot. */
static struct record *slot_of(uintptr_t address)
{
    size_t i = home(address);
    while (records.slots[i].address != address && records.slots[i].address != 0)
        i = (i + 1) & records.mask;
    return &records.slots[i];
}

/* Slots of a table of so many bytes: the largest power of two. */
static size_t slots_in(size_t bytes)
{
    size_t slots = 1;
    while (slots * 2 * sizeof(struct record) <= bytes)
        slots *= 2;
    return slots;
}

static bool grow_records(void)
{
    size_t bytes = records.bytes == 0 ? FIRST_BYTES : records.bytes * 2;
    struct record *slots = port_reserve(bytes);
    if (slots == NULL)
        return false;
    if (!port_commit(slots, bytes)) {
        port_release(slots, bytes);
        return false;
    }
    struct record *old = records.slots;
    size_t old_slots = old == NULL ? 0 : records.mask + 1;
    size_t old_bytes = records.bytes;
    records.slots = slots;
    records.mask = slots_in(bytes) - 1;
    records.bytes = bytes;
    for (size_t i = 0; i < old_slots; i++)
        if (old[i].address != 0)
            *slot_of(old[i].address) = old[i];
    if (old != NULL)
        port_release(old, old_bytes);
    return true;
}

/* Closes the gap at `slot`: what follows in the same chain of probes and may lie here moves here. */
static void remove_slot(struct record *slot)
{
    size_t gap = (size_t)(slot - records.slots);
    for (size_t i = (gap + 1) & records.mask; records.slots[i].address != 0; i = (i + 1) & records.mask) {
        size_t wanted = home(records.slots[i].address);
        if (((i - wanted) & records.mask) >= ((i - gap) & records.mask)) {
            records.slots[gap] = records.slots[i];
            gap = i;
        }
    }
    records.slots[gap].address = 0;
    records.count--;
}

bool record_put(const struct record *record)
{
    record_lock();
    bool fits = records.slots != NULL && 2 * (records.count + 1) <= records.mask + 1;
    if (!fits)
        fits = grow_records() || (records.slots != NULL && slot_of(record->address)->address != 0);
    if (fits) {
        struct record *slot = slot_of(record->address);
        records.count += slot->address == 0;
        *slot = *record;
    }
    record_unlock();
    return fits;
}

static bool find_record(uintptr_t address, struct record *record, bool take)
{
    memset(record, 0, sizeof *record);
    record_lock();
    struct record *slot = records.slots != NULL ? slot_of(address) : NULL;
    bool found = slot != NULL && slot->address != 0;
    if (found) {
        *record = *slot;
        if (take)
            remove_slot(slot);
    }
    record_unlock();
    return found;
}

bool record_get(uintptr_t address, struct record *record)
{
    return find_record(address, record, false);
}

bool record_take(uintptr_t address, struct record *record)
{
    return find_record(address, record, true);
}

size_t record_count(void)
{
    record_lock();
    size_t count = records.count;
    record_unlock();
    return count;
}
