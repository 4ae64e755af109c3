/* SPDX-License-Identifier: MIT
 *
 * string.h: this C library's, with wide strings of 16-bit characters.
 */
#include_next <string.h>

#include "wide.h"
