/* SPDX-License-Identifier: MIT
 *
 * engine.h: the threads around the driver: requests go in at one end and are counted when they come out at the other.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "driver.h"

enum { ENGINE_WORKERS_MAX = 16 };

struct engine;

/* How many requests of a kind came back, how many of them with an error, and how many sectors they were about. */
struct tally {
    unsigned requests, failed, sectors;
};

/* Starts the workers and the completion thread. On failure says so on standard error and returns NULL. */
struct engine *engine_start(struct driver *driver, unsigned workers);

/* Hands one request to the worker of its volume. The entry must stay until the engine is idle. */
void engine_submit(struct engine *engine, const struct trace_entry *entry);

/* Waits until every request has come back and its memory is free. */
void engine_wait_idle(struct engine *engine);

/* Waits, stops the threads, gives everything back. */
void engine_stop(struct engine *engine);

/* The counts of one kind. Call it while the engine is idle. */
struct tally engine_tally(const struct engine *engine, enum trace_kind kind);

#endif
