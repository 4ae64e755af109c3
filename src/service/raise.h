/* SPDX-License-Identifier: MIT
 *
 * raise.h: raising exceptions on behalf of the WDK routines.
 */
#ifndef SERVICE_RAISE_H
#define SERVICE_RAISE_H

#include "base/internal.h"

/* Raises `status`, an NTSTATUS: jumps to the innermost __try frame of the calling thread, else calls the user's handler, else
 * reports bug check 0x1E. Returns only if the handler, or the bug check's handler, does. pre: no lock is held. */
INTERNAL void raise_status(uint32_t status);

#endif
