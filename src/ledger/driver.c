/* SPDX-License-Identifier: MIT
 *
 * driver.c: the table of drivers and their counters.
 */
#include "ledger/driver.h"

INTERNAL PORT_THREAD_LOCAL struct driver *driver_current;

static struct {
    struct driver *driver; /* [0, count); NULL before the first */
    size_t count;
    struct port_lock lock;
} drivers = {.lock = PORT_LOCK_INITIAL};

void driver_lock(void)
{
    port_lock(&drivers.lock);
}

void driver_unlock(void)
{
    port_unlock(&drivers.lock);
}

/* The next two: pre: the lock is held. */
static bool drivers_are_there(void)
{
    size_t bytes = round_up(DRIVERS_MOST * sizeof *drivers.driver, PORT_UNIT_BYTES);
    if (drivers.driver != NULL)
        return true;
    drivers.driver = port_obtain(bytes);
    return drivers.driver != NULL;
}

static struct driver *driver_named(const char *name, size_t length)
{
    for (size_t i = 0; i < drivers.count; i++)
        if (memcmp(drivers.driver[i].name, name, length + 1) == 0)
            return &drivers.driver[i];
    if (drivers.count == DRIVERS_MOST)
        return NULL;
    struct driver *driver = &drivers.driver[drivers.count];
    memcpy(driver->name, name, length + 1);
    STORE_RELEASE(&drivers.count, drivers.count + 1);
    return driver;
}

struct driver *driver_load(const char *name)
{
    size_t length = string_length(name);
    if (length == 0 || length > DRIVER_NAME_MOST)
        return NULL;
    driver_lock();
    struct driver *driver = drivers_are_there() ? driver_named(name, length) : NULL;
    if (driver != NULL) {
        driver->loads++;
        STORE(&driver->is_loaded, 1);
    }
    driver_unlock();
    return driver;
}

void driver_unload(struct driver *driver)
{
    driver_lock();
    if (driver->is_loaded != 0) {
        driver->unloads++;
        STORE(&driver->is_loaded, 0);
    }
    driver_unlock();
}

struct driver *driver_at(size_t i)
{
    return i < LOAD_ACQUIRE(&drivers.count) ? &drivers.driver[i] : NULL;
}

unsigned driver_number(const struct driver *driver)
{
    return driver != NULL ? 1 + (unsigned)(driver - drivers.driver) : 0;
}

struct driver *driver_numbered(uint64_t number)
{
    return number != 0 ? driver_at((size_t)number - 1) : NULL;
}

static void raise_peak(aligned_u64 *peak, uint64_t value)
{
    uint64_t seen = LOAD(peak);
    while (value > seen && !compare_exchange_u64(peak, &seen, value))
        continue;
}

/* Others may have allocated and freed since `in` was read: then it is below `out`, and there is no peak. */
static uint64_t outstanding_of(uint64_t in, uint64_t out)
{
    return in > out ? in - out : 0;
}

void driver_charge(struct driver *driver, unsigned pool, size_t bytes)
{
    struct driver_side *side = &driver->side[pool];
    uint64_t in = add_fetch_u64(&side->bytes_in, bytes);
    uint64_t allocs = add_fetch_u64(&side->allocs, 1);
    raise_peak(&side->peak_bytes, outstanding_of(in, LOAD(&side->bytes_out)));
    raise_peak(&side->peak_blocks, outstanding_of(allocs, LOAD(&side->frees)));
}

void driver_discharge(struct driver *driver, unsigned pool, size_t bytes)
{
    (void)add_fetch_u64(&driver->side[pool].bytes_out, bytes);
    (void)add_fetch_u64(&driver->side[pool].frees, 1);
}
