/* SPDX-License-Identifier: MIT
 *
 * lock.c: the services' lock.
 */
#include "service/lock.h"

#include "port/port.h"

static struct {
    struct port_lock lock;
    bool has_fork_hooks;
} services = {.lock = PORT_LOCK_INITIAL};

static void services_before_fork(void)
{
    port_lock(&services.lock);
}

static void services_after_fork(void)
{
    port_unlock(&services.lock);
}

void service_lock(void)
{
    port_lock(&services.lock);
    if (!services.has_fork_hooks)
        services.has_fork_hooks = port_on_fork(services_before_fork, services_after_fork, services_after_fork);
}

void service_unlock(void)
{
    port_unlock(&services.lock);
}
