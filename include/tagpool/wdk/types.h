/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/types.h: the types and constants that the WDK's pool routines speak, for code that has no DDK headers. All else
 * that a driver's source wants is behind <wdm.h> in ddk/.
 *
 * Modes, found out by itself
 *   DDK headers seen (_WDMDDK_)   declares only what older DDKs lack: POOL_FLAGS and what came with it.
 *   windows.h seen                uses its types, declares only what it lacks. It may as well come later.
 *   otherwise                     declares all: typedefs as windows.h has them, so that C11 lets both stand.
 * Switches, for who has a definition of his own
 *   TAGPOOL_WDK_NO_TYPES          declares nothing but TAGPOOL_WDK_CALL and TAGPOOL_WDK_API.
 *   TAGPOOL_WDK_NO_<NAME>         leaves out one struct or enum, which must have been declared before its first use:
 *     here       POOL_TYPE, EX_POOL_PRIORITY, POOL_EXTENDED_PARAMETER (and what belongs to it), LIST_ENTRY (and
 *                SINGLE_LIST_ENTRY), UNICODE_STRING, ANSI_STRING (and STRING), SLIST_HEADER (and SLIST_ENTRY),
 *                GENERAL_LOOKASIDE (and all lookaside lists)
 *     elsewhere  KLOCK_QUEUE_HANDLE, LARGE_INTEGER, DRIVER_OBJECT, SYSTEM_INFORMATION; SLIST and LOOKASIDE leave out the routines
 */
#ifndef TAGPOOL_WDK_TYPES_H
#define TAGPOOL_WDK_TYPES_H

#include "tagpool/wdk/layout.h"

#endif
