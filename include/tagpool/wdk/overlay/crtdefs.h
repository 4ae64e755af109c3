/* SPDX-License-Identifier: MIT
 *
 * crtdefs.h: in place of the DDK's, whose size_t and wchar_t are not this C library's.
 */
#ifndef _INC_CRTDEFS
#define _INC_CRTDEFS

#include <_mingw.h>
#include <stddef.h>
#include <stdint.h>

#undef _CRT_PACKING
#define _CRT_PACKING 8

typedef size_t rsize_t;
typedef int errno_t;

#endif
