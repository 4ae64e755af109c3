/* SPDX-License-Identifier: MIT
 *
 * ours.h: every public header that a program for Windows may include beside windows.h: all but tagpool/wdk/ddk/ and what only
 * these include (driver.h, interlocked.h, rtl.h), for a DDK's headers go with windows.h nowhere.
 */
#include "tagpool.h"
#include "tagpool/segment.h"
#include "tagpool/wdk.h"
#include "tagpool/wdk/bugcheck.h"
#include "tagpool/wdk/irql.h"
#include "tagpool/wdk/lookaside.h"
#include "tagpool/wdk/pool.h"
#include "tagpool/wdk/raise.h"
#include "tagpool/wdk/slist.h"
#include "tagpool/wdk/sysinfo.h"
#include "tagpool/wdk/types.h"
