/* SPDX-License-Identifier: MIT
 *
 * wdm.h: in the place of the DDK's header of that name, for driver code that is compiled without a DDK: what code around pool
 * needs, and no more. types.h has the switches for who brings types of his own.
 *
 * Compile with -fshort-wchar where wchar_t has more than 16 bits, and with -Wno-multichar for tags: `pkg-config --cflags
 * tagpool-wdm` says so.
 */
#ifndef TAGPOOL_WDK_WDM_H
#define TAGPOOL_WDK_WDM_H

#if defined(_WDMDDK_) || defined(_NTDDK_)
#error "this is tagpool's <wdm.h>, but a DDK's has been included before: leave this folder out of the include path"
#endif
#ifdef _WINDOWS_
#error "a driver's <wdm.h> and <windows.h> do not go together: a program includes tagpool/wdk/pool.h and its like"
#endif

#include "tagpool/wdk/types.h"

#include "tagpool/wdk/sal.h"
#include "tagpool/wdk/status.h"

#include "tagpool/wdk/bugcheck.h"
#include "tagpool/wdk/irql.h"
#include "tagpool/wdk/lookaside.h"
#include "tagpool/wdk/pool.h"
#include "tagpool/wdk/raise.h"
#include "tagpool/wdk/slist.h"

#include "tagpool/wdk/driver.h"
#include "tagpool/wdk/interlocked.h"
#include "tagpool/wdk/list.h"
#include "tagpool/wdk/rtl.h"

#endif
