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

/* These have been declared. */
#define _SIZE_T_DEFINED
#define _SSIZE_T_DEFINED
#define _INTPTR_T_DEFINED
#define _UINTPTR_T_DEFINED
#define _PTRDIFF_T_DEFINED
#define _WCHAR_T_DEFINED
#define _RSIZE_T_DEFINED
#define _ERRCODE_DEFINED
typedef size_t rsize_t;
typedef int errno_t;

#endif
