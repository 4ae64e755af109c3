/* SPDX-License-Identifier: MIT
 *
 * unit.h: the first include of every unit test: what cmocka needs. A test then includes the internal headers it opens, as
 * "memory/slab.h". It is linked with objects in which internal names can be seen, of the usual or of the single-file build.
 */
#ifndef TAGPOOL_UNIT_H
#define TAGPOOL_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
