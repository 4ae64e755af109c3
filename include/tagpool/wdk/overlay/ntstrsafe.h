/* SPDX-License-Identifier: MIT
 *
 * ntstrsafe.h: the DDK's, whose functions are made static, for they are defined nowhere else.
 */
#ifndef TAGPOOL_WDK_OVERLAY_NTSTRSAFE_H
#define TAGPOOL_WDK_OVERLAY_NTSTRSAFE_H

#include <ntddk.h>

#undef __CRT__NO_INLINE
#ifndef __cplusplus
#define extern static __attribute__((unused))
#endif
#include_next <ntstrsafe.h>
#undef extern

#ifndef NTSTRSAFE_UNICODE_STRING_MAX_CCH
#define NTSTRSAFE_UNICODE_STRING_MAX_CCH (0xFFFFu / sizeof(WCHAR))
#endif

#endif
