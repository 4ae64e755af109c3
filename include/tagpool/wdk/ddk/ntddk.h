/* SPDX-License-Identifier: MIT
 *
 * ntddk.h: in the place of the DDK's header of that name; all is in <wdm.h>. ExFreePool is a function here too, where the
 * DDK has a macro: so its address can be taken.
 */
#ifndef TAGPOOL_WDK_NTDDK_H
#define TAGPOOL_WDK_NTDDK_H

#include "tagpool/wdk/ddk/wdm.h"

#endif
