/* SPDX-License-Identifier: MIT
 *
 * wchar.h: this C library's, with wide strings of 16-bit characters.
 */
#include_next <wchar.h>

#include "wide.h"
