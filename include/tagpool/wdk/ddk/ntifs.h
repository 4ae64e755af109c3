/* SPDX-License-Identifier: MIT
 *
 * ntifs.h: in the place of the DDK's header of that name; all is in <wdm.h>, the routines for file systems (FsRtl, Ps) too.
 * What NtQuerySystemInformation() says about pool comes with it.
 */
#ifndef TAGPOOL_WDK_NTIFS_H
#define TAGPOOL_WDK_NTIFS_H

#include "tagpool/wdk/ddk/ntddk.h"
#include "tagpool/wdk/sysinfo.h"

#endif
