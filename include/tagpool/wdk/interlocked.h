/* SPDX-License-Identifier: MIT
 *
 * tagpool/wdk/interlocked.h: the Interlocked routines, each a full barrier. Increment, Decrement and Add give the new value, all
 * others the old one.
 */
#ifndef TAGPOOL_WDK_INTERLOCKED_H
#define TAGPOOL_WDK_INTERLOCKED_H

#include "tagpool/wdk/types.h"

/* 32-bit compilers align 64 bits to 4 bytes, and would call a library for these if they were not told better. */
#define TAGPOOL_WDK_INTERLOCKED(suffix, type)                                                                          \
    typedef type tagpool_wdk_whole##suffix __attribute__((aligned(sizeof(type))));                                     \
    static inline type InterlockedIncrement##suffix(type volatile *Addend)                                             \
    {                                                                                                                  \
        return __atomic_add_fetch((tagpool_wdk_whole##suffix volatile *)Addend, 1, __ATOMIC_SEQ_CST);                  \
    }                                                                                                                  \
    static inline type InterlockedDecrement##suffix(type volatile *Addend)                                             \
    {                                                                                                                  \
        return __atomic_sub_fetch((tagpool_wdk_whole##suffix volatile *)Addend, 1, __ATOMIC_SEQ_CST);                  \
    }                                                                                                                  \
    static inline type InterlockedAdd##suffix(type volatile *Addend, type Value)                                       \
    {                                                                                                                  \
        return __atomic_add_fetch((tagpool_wdk_whole##suffix volatile *)Addend, Value, __ATOMIC_SEQ_CST);              \
    }                                                                                                                  \
    static inline type InterlockedExchangeAdd##suffix(type volatile *Addend, type Value)                               \
    {                                                                                                                  \
        return __atomic_fetch_add((tagpool_wdk_whole##suffix volatile *)Addend, Value, __ATOMIC_SEQ_CST);              \
    }                                                                                                                  \
    static inline type InterlockedExchange##suffix(type volatile *Target, type Value)                                  \
    {                                                                                                                  \
        return __atomic_exchange_n((tagpool_wdk_whole##suffix volatile *)Target, Value, __ATOMIC_SEQ_CST);             \
    }                                                                                                                  \
    static inline type InterlockedAnd##suffix(type volatile *Destination, type Value)                                  \
    {                                                                                                                  \
        return __atomic_fetch_and((tagpool_wdk_whole##suffix volatile *)Destination, Value, __ATOMIC_SEQ_CST);         \
    }                                                                                                                  \
    static inline type InterlockedOr##suffix(type volatile *Destination, type Value)                                   \
    {                                                                                                                  \
        return __atomic_fetch_or((tagpool_wdk_whole##suffix volatile *)Destination, Value, __ATOMIC_SEQ_CST);          \
    }                                                                                                                  \
    static inline type InterlockedXor##suffix(type volatile *Destination, type Value)                                  \
    {                                                                                                                  \
        return __atomic_fetch_xor((tagpool_wdk_whole##suffix volatile *)Destination, Value, __ATOMIC_SEQ_CST);         \
    }                                                                                                                  \
    static inline type InterlockedCompareExchange##suffix(type volatile *Destination, type Value, type Comparand)      \
    {                                                                                                                  \
        __atomic_compare_exchange_n((tagpool_wdk_whole##suffix volatile *)Destination, &Comparand, Value, 0,           \
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                                               \
        return Comparand;                                                                                              \
    }

TAGPOOL_WDK_INTERLOCKED(, LONG)
TAGPOOL_WDK_INTERLOCKED(16, SHORT)
TAGPOOL_WDK_INTERLOCKED(64, LONG64)

static inline PVOID InterlockedExchangePointer(PVOID volatile *Target, PVOID Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

static inline PVOID InterlockedCompareExchangePointer(PVOID volatile *Destination, PVOID Value, PVOID Comparand)
{
    __atomic_compare_exchange_n(Destination, &Comparand, Value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return Comparand;
}

#endif
