/* SPDX-License-Identifier: MIT
 *
 * hunt.h: from "there is a leak" to "these requests leak", with the library's own means.
 */
#ifndef HUNT_H
#define HUNT_H

#include "engine.h"
#include "trace.h"

/* Replays the trace on the idle engine and prints which kinds of request leave blocks behind, then which requests the
 * leaked ioctl buffers belong to. Returns false iff there was no memory for snapshots. */
bool hunt(struct engine *engine, const struct trace *trace);

#endif
