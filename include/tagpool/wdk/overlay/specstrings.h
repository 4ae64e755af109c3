/* SPDX-License-Identifier: MIT
 *
 * specstrings.h: the DDK's, and the annotations that it lacks.
 */
#ifndef TAGPOOL_WDK_OVERLAY_SPECSTRINGS_H
#define TAGPOOL_WDK_OVERLAY_SPECSTRINGS_H

#include_next <specstrings.h>

#include <driverspecs.h>

#include "annotations.h"

#endif
