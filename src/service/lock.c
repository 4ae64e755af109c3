/* SPDX-License-Identifier: MIT
 *
 * lock.c: the services' lock.
 */
#include "service/lock.h"

#include "port/port.h"

static struct {
    struct port_lock lock;
    bool has_fork_hooks;
} service = {.lock = PORT_LOCK_INITIAL};

static void before_fork(void)
{
    port_lock(&service.lock);
}

static void after_fork(void)
{
    port_unlock(&service.lock);
}

void service_lock(void)
{
    port_lock(&service.lock);
    if (!service.has_fork_hooks)
        service.has_fork_hooks = port_on_fork(before_fork, after_fork, after_fork);
}

void service_unlock(void)
{
    port_unlock(&service.lock);
}
