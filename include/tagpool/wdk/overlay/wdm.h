/* SPDX-License-Identifier: MIT
 *
 * wdm.h: the DDK's, and what newer DDKs and the library add to it.
 *
 * The DDK's ntddk.h and ntifs.h come here in their course. A file that begins with wdm.h itself gets ntddk.h too, because that
 * can no longer be had afterwards.
 */
#if !defined(_NTDDK_) && !defined(TAGPOOL_WDK_OVERLAY_WDM_H)
#include <ntddk.h>
#endif

#ifndef TAGPOOL_WDK_OVERLAY_WDM_H
#define TAGPOOL_WDK_OVERLAY_WDM_H

/* On x64 the DDK writes the IRQL into the processor, inline. The library's routines do it here, and see what it is for. */
#define KeGetCurrentIrql tagpool_ddk_KeGetCurrentIrql
#define KeLowerIrql tagpool_ddk_KeLowerIrql
#define KfRaiseIrql tagpool_ddk_KfRaiseIrql
#define KfLowerIrql tagpool_ddk_KfLowerIrql
#define KeRaiseIrqlToDpcLevel tagpool_ddk_KeRaiseIrqlToDpcLevel
#define KeRaiseIrqlToSynchLevel tagpool_ddk_KeRaiseIrqlToSynchLevel

#include_next <wdm.h>

#undef KeGetCurrentIrql
#undef KeLowerIrql
#undef KfRaiseIrql
#undef KfLowerIrql
#undef KeRaiseIrql
#undef KeRaiseIrqlToDpcLevel
#undef KeRaiseIrqlToSynchLevel

NTHALAPI KIRQL NTAPI KeGetCurrentIrql(VOID);
NTHALAPI VOID NTAPI KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql);
NTHALAPI VOID NTAPI KeLowerIrql(KIRQL NewIrql);
NTHALAPI KIRQL FASTCALL KfRaiseIrql(KIRQL NewIrql);
NTHALAPI VOID FASTCALL KfLowerIrql(KIRQL NewIrql);
NTHALAPI KIRQL NTAPI KeRaiseIrqlToDpcLevel(VOID);
NTHALAPI KIRQL NTAPI KeRaiseIrqlToSynchLevel(VOID);

#include "newer.h"
#include "tagpool/wdk/pool.h"

#endif
