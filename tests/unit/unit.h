/* SPDX-License-Identifier: MIT
 *
 * unit.h: the first include of every unit test: what cmocka needs, and the choice of build.
 *
 * A unit test then includes the internal headers it opens, as "memory/slab.h". In the usual build it is linked with the
 * library's separate objects. In the single-file build every internal function is static, so the whole library is included
 * here, and the include guards it has kept make the internal headers empty.
 */
#ifndef TAGPOOL_UNIT_H
#define TAGPOOL_UNIT_H

#ifdef UNIT_SINGLE_FILE
#include "tagpool.c"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#endif
