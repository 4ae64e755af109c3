/* SPDX-License-Identifier: MIT
 *
 * face.h: what the files of the face share.
 */
#ifndef FACE_FACE_H
#define FACE_FACE_H

#include "base/internal.h"

/* Starts the library, if it has not started; false iff it cannot. */
INTERNAL bool face_start(void);

/* One thread at a time switches features. Taken before every other lock. */
INTERNAL void face_lock(void);
INTERNAL void face_unlock(void);

/* Option leak_blocks. */
INTERNAL uint64_t face_leak_blocks(void);

#endif
