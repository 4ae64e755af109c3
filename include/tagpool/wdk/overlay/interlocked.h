/* SPDX-License-Identifier: MIT
 *
 * interlocked.h: the interlocked routines, sequentially consistent, for every processor alike.
 */
#ifndef TAGPOOL_WDK_INTERLOCKED_H
#define TAGPOOL_WDK_INTERLOCKED_H

#define __INTERLOCKED_DECLARED /* the DDK's own declarations, which differ by processor, are not wanted */

#define TAGPOOL_INTERLOCKED(suffix, type)                                                                       \
    static inline type tagpool_interlocked_increment##suffix(type volatile *to)                                 \
    {                                                                                                           \
        return __atomic_add_fetch(to, 1, __ATOMIC_SEQ_CST);                                                     \
    }                                                                                                           \
    static inline type tagpool_interlocked_decrement##suffix(type volatile *to)                                 \
    {                                                                                                           \
        return __atomic_sub_fetch(to, 1, __ATOMIC_SEQ_CST);                                                     \
    }                                                                                                           \
    static inline type tagpool_interlocked_add##suffix(type volatile *to, type value)                           \
    {                                                                                                           \
        return __atomic_add_fetch(to, value, __ATOMIC_SEQ_CST);                                                 \
    }                                                                                                           \
    static inline type tagpool_interlocked_exchange_add##suffix(type volatile *to, type value)                  \
    {                                                                                                           \
        return __atomic_fetch_add(to, value, __ATOMIC_SEQ_CST);                                                 \
    }                                                                                                           \
    static inline type tagpool_interlocked_exchange##suffix(type volatile *to, type value)                      \
    {                                                                                                           \
        return __atomic_exchange_n(to, value, __ATOMIC_SEQ_CST);                                                \
    }                                                                                                           \
    static inline type tagpool_interlocked_and##suffix(type volatile *to, type value)                           \
    {                                                                                                           \
        return __atomic_fetch_and(to, value, __ATOMIC_SEQ_CST);                                                 \
    }                                                                                                           \
    static inline type tagpool_interlocked_or##suffix(type volatile *to, type value)                            \
    {                                                                                                           \
        return __atomic_fetch_or(to, value, __ATOMIC_SEQ_CST);                                                  \
    }                                                                                                           \
    static inline type tagpool_interlocked_xor##suffix(type volatile *to, type value)                           \
    {                                                                                                           \
        return __atomic_fetch_xor(to, value, __ATOMIC_SEQ_CST);                                                 \
    }                                                                                                           \
    static inline type tagpool_interlocked_compare##suffix(type volatile *to, type value, type expected)        \
    {                                                                                                           \
        __atomic_compare_exchange_n(to, &expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);               \
        return expected;                                                                                        \
    }
TAGPOOL_INTERLOCKED(8, char)
TAGPOOL_INTERLOCKED(16, short)
TAGPOOL_INTERLOCKED(, __LONG32)
TAGPOOL_INTERLOCKED(64, long long)
#undef TAGPOOL_INTERLOCKED

static inline void *tagpool_interlocked_exchange_pointer(void *volatile *to, void *value)
{
    return __atomic_exchange_n(to, value, __ATOMIC_SEQ_CST);
}
static inline void *tagpool_interlocked_compare_pointer(void *volatile *to, void *value, void *expected)
{
    __atomic_compare_exchange_n(to, &expected, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}
static inline unsigned char tagpool_interlocked_bit_set(__LONG32 volatile *to, __LONG32 bit)
{
    __LONG32 mask = (__LONG32)(1u << (bit & 31));
    return (__atomic_fetch_or(to + bit / 32, mask, __ATOMIC_SEQ_CST) & mask) != 0;
}
static inline unsigned char tagpool_interlocked_bit_reset(__LONG32 volatile *to, __LONG32 bit)
{
    __LONG32 mask = (__LONG32)(1u << (bit & 31));
    return (__atomic_fetch_and(to + bit / 32, ~mask, __ATOMIC_SEQ_CST) & mask) != 0;
}

#define _interlockedbittestandset tagpool_interlocked_bit_set
#define _interlockedbittestandreset tagpool_interlocked_bit_reset

#define _InterlockedIncrement8 tagpool_interlocked_increment8
#define _InterlockedIncrement16 tagpool_interlocked_increment16
#define _InterlockedIncrement tagpool_interlocked_increment
#define _InterlockedIncrement64 tagpool_interlocked_increment64
#define _InterlockedDecrement8 tagpool_interlocked_decrement8
#define _InterlockedDecrement16 tagpool_interlocked_decrement16
#define _InterlockedDecrement tagpool_interlocked_decrement
#define _InterlockedDecrement64 tagpool_interlocked_decrement64
#define _InterlockedAdd8 tagpool_interlocked_add8
#define _InterlockedAdd16 tagpool_interlocked_add16
#define _InterlockedAdd tagpool_interlocked_add
#define _InterlockedAdd64 tagpool_interlocked_add64
#define _InterlockedExchange8 tagpool_interlocked_exchange8
#define _InterlockedExchange16 tagpool_interlocked_exchange16
#define _InterlockedExchange tagpool_interlocked_exchange
#define _InterlockedExchange64 tagpool_interlocked_exchange64
#define _InterlockedExchangeAdd8 tagpool_interlocked_exchange_add8
#define _InterlockedExchangeAdd16 tagpool_interlocked_exchange_add16
#define _InterlockedExchangeAdd tagpool_interlocked_exchange_add
#define _InterlockedExchangeAdd64 tagpool_interlocked_exchange_add64
#define _InterlockedCompareExchange8 tagpool_interlocked_compare8
#define _InterlockedCompareExchange16 tagpool_interlocked_compare16
#define _InterlockedCompareExchange tagpool_interlocked_compare
#define _InterlockedCompareExchange64 tagpool_interlocked_compare64
#define _InterlockedAnd8 tagpool_interlocked_and8
#define _InterlockedAnd16 tagpool_interlocked_and16
#define _InterlockedAnd tagpool_interlocked_and
#define _InterlockedAnd64 tagpool_interlocked_and64
#define _InterlockedOr8 tagpool_interlocked_or8
#define _InterlockedOr16 tagpool_interlocked_or16
#define _InterlockedOr tagpool_interlocked_or
#define _InterlockedOr64 tagpool_interlocked_or64
#define _InterlockedXor8 tagpool_interlocked_xor8
#define _InterlockedXor16 tagpool_interlocked_xor16
#define _InterlockedXor tagpool_interlocked_xor
#define _InterlockedXor64 tagpool_interlocked_xor64
#define _InterlockedExchangePointer tagpool_interlocked_exchange_pointer
#define _InterlockedCompareExchangePointer tagpool_interlocked_compare_pointer

#define InterlockedIncrement16 tagpool_interlocked_increment16
#define InterlockedIncrement tagpool_interlocked_increment
#define InterlockedIncrement64 tagpool_interlocked_increment64
#define InterlockedDecrement16 tagpool_interlocked_decrement16
#define InterlockedDecrement tagpool_interlocked_decrement
#define InterlockedDecrement64 tagpool_interlocked_decrement64
#define InterlockedAdd16 tagpool_interlocked_add16
#define InterlockedAdd tagpool_interlocked_add
#define InterlockedAdd64 tagpool_interlocked_add64
#define InterlockedExchange8 tagpool_interlocked_exchange8
#define InterlockedExchange16 tagpool_interlocked_exchange16
#define InterlockedExchange tagpool_interlocked_exchange
#define InterlockedExchange64 tagpool_interlocked_exchange64
#define InterlockedExchangeAdd16 tagpool_interlocked_exchange_add16
#define InterlockedExchangeAdd tagpool_interlocked_exchange_add
#define InterlockedExchangeAdd64 tagpool_interlocked_exchange_add64
#define InterlockedCompareExchange16 tagpool_interlocked_compare16
#define InterlockedCompareExchange tagpool_interlocked_compare
#define InterlockedCompareExchange64 tagpool_interlocked_compare64
#define InterlockedAnd8 tagpool_interlocked_and8
#define InterlockedAnd16 tagpool_interlocked_and16
#define InterlockedAnd tagpool_interlocked_and
#define InterlockedAnd64 tagpool_interlocked_and64
#define InterlockedOr8 tagpool_interlocked_or8
#define InterlockedOr16 tagpool_interlocked_or16
#define InterlockedOr tagpool_interlocked_or
#define InterlockedOr64 tagpool_interlocked_or64
#define InterlockedXor8 tagpool_interlocked_xor8
#define InterlockedXor16 tagpool_interlocked_xor16
#define InterlockedXor tagpool_interlocked_xor
#define InterlockedXor64 tagpool_interlocked_xor64
#define InterlockedExchangePointer tagpool_interlocked_exchange_pointer
#define InterlockedCompareExchangePointer tagpool_interlocked_compare_pointer

#define InterlockedIncrementAcquire tagpool_interlocked_increment
#define InterlockedIncrementRelease tagpool_interlocked_increment
#define InterlockedIncrementNoFence tagpool_interlocked_increment
#define InterlockedDecrementAcquire tagpool_interlocked_decrement
#define InterlockedDecrementRelease tagpool_interlocked_decrement
#define InterlockedDecrementNoFence tagpool_interlocked_decrement
#define InterlockedAddAcquire tagpool_interlocked_add
#define InterlockedAddRelease tagpool_interlocked_add
#define InterlockedAddNoFence tagpool_interlocked_add
#define InterlockedExchangeAcquire tagpool_interlocked_exchange
#define InterlockedExchangeRelease tagpool_interlocked_exchange
#define InterlockedExchangeNoFence tagpool_interlocked_exchange
#define InterlockedExchangeAddAcquire tagpool_interlocked_exchange_add
#define InterlockedExchangeAddRelease tagpool_interlocked_exchange_add
#define InterlockedExchangeAddNoFence tagpool_interlocked_exchange_add
#define InterlockedCompareExchangeAcquire tagpool_interlocked_compare
#define InterlockedCompareExchangeRelease tagpool_interlocked_compare
#define InterlockedCompareExchangeNoFence tagpool_interlocked_compare
#define InterlockedAndAcquire tagpool_interlocked_and
#define InterlockedAndRelease tagpool_interlocked_and
#define InterlockedAndNoFence tagpool_interlocked_and
#define InterlockedOrAcquire tagpool_interlocked_or
#define InterlockedOrRelease tagpool_interlocked_or
#define InterlockedOrNoFence tagpool_interlocked_or
#define InterlockedXorAcquire tagpool_interlocked_xor
#define InterlockedXorRelease tagpool_interlocked_xor
#define InterlockedXorNoFence tagpool_interlocked_xor
#define InterlockedExchangePointerAcquire tagpool_interlocked_exchange_pointer
#define InterlockedExchangePointerRelease tagpool_interlocked_exchange_pointer
#define InterlockedExchangePointerNoFence tagpool_interlocked_exchange_pointer
#define InterlockedCompareExchangePointerAcquire tagpool_interlocked_compare_pointer
#define InterlockedCompareExchangePointerRelease tagpool_interlocked_compare_pointer
#define InterlockedCompareExchangePointerNoFence tagpool_interlocked_compare_pointer

#if __SIZEOF_POINTER__ == 8
#define InterlockedExchangeAddSizeT(to, value) InterlockedExchangeAdd64((long long volatile *)(to), (long long)(value))
#define InterlockedIncrementSizeT(to) InterlockedIncrement64((long long volatile *)(to))
#define InterlockedDecrementSizeT(to) InterlockedDecrement64((long long volatile *)(to))
#else
#define InterlockedExchangeAddSizeT(to, value) InterlockedExchangeAdd((__LONG32 volatile *)(to), (__LONG32)(value))
#define InterlockedIncrementSizeT(to) InterlockedIncrement((__LONG32 volatile *)(to))
#define InterlockedDecrementSizeT(to) InterlockedDecrement((__LONG32 volatile *)(to))
#endif

#endif
