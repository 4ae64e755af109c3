/* SPDX-License-Identifier: MIT
 *
 * intrin.h: in place of the DDK's: what Microsoft's compiler has built in and driver source or DDK headers use.
 *
 * All names are macros, for clang knows some of them itself. Instructions that only a kernel may execute act on the library's
 * simulated processor (CR8 is the IRQL) or are missing.
 */
#ifndef TAGPOOL_WDK_INTRIN_H
#define TAGPOOL_WDK_INTRIN_H

#include <crtdefs.h>
#include <string.h>

#include "interlocked.h"

/* ---- The processor ---- */

#if defined(__x86_64__) || defined(__i386__)
#define tagpool_pause() __builtin_ia32_pause()
#define __rdtsc() __builtin_ia32_rdtsc()
#define __readeflags tagpool_eflags
#define __getcallerseflags tagpool_eflags
static inline size_t tagpool_eflags(void)
{
#ifdef __x86_64__
    return (size_t)__builtin_ia32_readeflags_u64();
#else
    return __builtin_ia32_readeflags_u32();
#endif
}
#else
#define tagpool_pause() __asm__ __volatile__("" ::: "memory")
#endif

#undef _mm_pause
#undef __yield
#define _mm_pause() tagpool_pause()
#define __yield() tagpool_pause()
#define __nop() __asm__ __volatile__("nop")
#define __debugbreak() __builtin_trap()
#define __int2c() __builtin_trap()
#define __ud2() __builtin_trap()
#define __fastfail(code) ((void)(code), __builtin_trap())
#define _ReturnAddress() __builtin_return_address(0)
#define _AddressOfReturnAddress() ((void *)((void **)__builtin_frame_address(0) + 1))
#define _ReadBarrier() __asm__ __volatile__("" ::: "memory")
#define _WriteBarrier() __asm__ __volatile__("" ::: "memory")
#define _ReadWriteBarrier() __asm__ __volatile__("" ::: "memory")
#define __faststorefence() __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* The library's routines, under names that no DDK header declares. */
#define TAGPOOL_STRING(x) #x
#define TAGPOOL_SYMBOL(prefix, name) __asm__(TAGPOOL_STRING(prefix) name)
unsigned char tagpool_irql_get(void) TAGPOOL_SYMBOL(__USER_LABEL_PREFIX__, "KeGetCurrentIrql");
void tagpool_irql_raise(unsigned char irql, unsigned char *old) TAGPOOL_SYMBOL(__USER_LABEL_PREFIX__, "KeRaiseIrql");
void tagpool_irql_lower(unsigned char irql) TAGPOOL_SYMBOL(__USER_LABEL_PREFIX__, "KeLowerIrql");

#define __readcr8 tagpool_cr8_read
#define __writecr8 tagpool_cr8_write
static inline unsigned long long tagpool_cr8_read(void)
{
    return tagpool_irql_get();
}
static inline void tagpool_cr8_write(unsigned long long level)
{
    unsigned char old = tagpool_irql_get();
    if (level >= old)
        tagpool_irql_raise((unsigned char)level, &old);
    else
        tagpool_irql_lower((unsigned char)level);
}

/* ---- Bits and bytes ---- */

#define _BitScanForward tagpool_scan_forward
#define _BitScanReverse tagpool_scan_reverse
#define _BitScanForward64 tagpool_scan_forward64
#define _BitScanReverse64 tagpool_scan_reverse64
#define TAGPOOL_SCAN(suffix, type)                                                                          \
    static inline unsigned char tagpool_scan_forward##suffix(unsigned __LONG32 *index, type mask)           \
    {                                                                                                       \
        if (mask != 0)                                                                                      \
            *index = (unsigned __LONG32)__builtin_ctzll(mask);                                              \
        return mask != 0;                                                                                   \
    }                                                                                                       \
    static inline unsigned char tagpool_scan_reverse##suffix(unsigned __LONG32 *index, type mask)           \
    {                                                                                                       \
        if (mask != 0)                                                                                      \
            *index = (unsigned __LONG32)(63 - __builtin_clzll(mask));                                       \
        return mask != 0;                                                                                   \
    }
TAGPOOL_SCAN(, unsigned __LONG32)
TAGPOOL_SCAN(64, unsigned long long)
#undef TAGPOOL_SCAN

#define _bittest tagpool_bit
#define _bittestandset tagpool_bit_set
#define _bittestandreset tagpool_bit_reset
#define _bittestandcomplement tagpool_bit_complement
#define _bittest64 tagpool_bit64
#define _bittestandset64 tagpool_bit_set64
#define _bittestandreset64 tagpool_bit_reset64
#define _bittestandcomplement64 tagpool_bit_complement64
#define TAGPOOL_BIT(name, suffix, type, change)                                         \
    static inline unsigned char tagpool_bit##name##suffix(type const *words, type bit)  \
    {                                                                                   \
        unsigned bits = 8 * sizeof(type);                                               \
        type *word = (type *)words + bit / (type)bits;                                  \
        unsigned long long mask = 1ull << (unsigned)bit % bits;                         \
        unsigned char was = ((unsigned long long)*word & mask) != 0;                    \
        change;                                                                         \
        return was;                                                                     \
    }
#define TAGPOOL_BITS(suffix, type)                                                      \
    TAGPOOL_BIT(, suffix, type, (void)0)                                                \
    TAGPOOL_BIT(_set, suffix, type, *word = (type)((unsigned long long)*word | mask))   \
    TAGPOOL_BIT(_reset, suffix, type, *word = (type)((unsigned long long)*word & ~mask)) \
    TAGPOOL_BIT(_complement, suffix, type, *word = (type)((unsigned long long)*word ^ mask))
TAGPOOL_BITS(, __LONG32)
TAGPOOL_BITS(64, long long)
#undef TAGPOOL_BITS
#undef TAGPOOL_BIT

#define _byteswap_ushort(x) __builtin_bswap16(x)
#define _byteswap_ulong(x) __builtin_bswap32(x)
#define _byteswap_uint64(x) __builtin_bswap64(x)
#undef _rotl
#undef _rotr
#define _rotl(x, n) tagpool_rotate(x, (unsigned)(n))
#define _rotr(x, n) tagpool_rotate(x, 32u - (unsigned)(n))
#define _lrotl _rotl
#define _lrotr _rotr
#define _rotl64(x, n) tagpool_rotate64(x, (unsigned)(n))
#define _rotr64(x, n) tagpool_rotate64(x, 64u - (unsigned)(n))
static inline unsigned tagpool_rotate(unsigned value, unsigned left)
{
    return value << left % 32 | value >> (32 - left % 32) % 32;
}
static inline unsigned long long tagpool_rotate64(unsigned long long value, unsigned left)
{
    return value << left % 64 | value >> (64 - left % 64) % 64;
}

#define __stosb(to, value, count) ((void)memset((to), (value), (count)))
#define __stosw tagpool_store16
#define __stosd tagpool_store32
#define __stosq tagpool_store64
#define TAGPOOL_STORE(bits, type)                                                        \
    static inline void tagpool_store##bits(type *to, type value, size_t count)           \
    {                                                                                    \
        while (count-- > 0)                                                              \
            *to++ = value;                                                               \
    }
TAGPOOL_STORE(16, unsigned short)
TAGPOOL_STORE(32, unsigned __LONG32)
TAGPOOL_STORE(64, unsigned long long)
#undef TAGPOOL_STORE
#define __movsb(to, from, count) ((void)memmove((to), (from), (count)))
#define __movsw(to, from, count) ((void)memmove((to), (from), 2 * (size_t)(count)))
#define __movsd(to, from, count) ((void)memmove((to), (from), 4 * (size_t)(count)))
#define __movsq(to, from, count) ((void)memmove((to), (from), 8 * (size_t)(count)))

/* Ports, segments: for a simulator to supply. */
#ifdef __cplusplus
extern "C" {
#endif
unsigned char __inbyte(unsigned short port);
unsigned short __inword(unsigned short port);
unsigned __LONG32 __indword(unsigned short port);
void __inbytestring(unsigned short port, unsigned char *to, unsigned __LONG32 count);
void __inwordstring(unsigned short port, unsigned short *to, unsigned __LONG32 count);
void __indwordstring(unsigned short port, unsigned __LONG32 *to, unsigned __LONG32 count);
void __outbyte(unsigned short port, unsigned char value);
void __outword(unsigned short port, unsigned short value);
void __outdword(unsigned short port, unsigned __LONG32 value);
void __outbytestring(unsigned short port, unsigned char *from, unsigned __LONG32 count);
void __outwordstring(unsigned short port, unsigned short *from, unsigned __LONG32 count);
void __outdwordstring(unsigned short port, unsigned __LONG32 *from, unsigned __LONG32 count);
unsigned char __readgsbyte(unsigned __LONG32 offset);
unsigned short __readgsword(unsigned __LONG32 offset);
unsigned __LONG32 __readgsdword(unsigned __LONG32 offset);
unsigned long long __readgsqword(unsigned __LONG32 offset);
unsigned char __readfsbyte(unsigned __LONG32 offset);
unsigned short __readfsword(unsigned __LONG32 offset);
unsigned __LONG32 __readfsdword(unsigned __LONG32 offset);
#ifdef __cplusplus
}
#endif

#define UnsignedMultiplyHigh __umulh
#define __umulh tagpool_multiply_high
static inline unsigned long long tagpool_multiply_high(unsigned long long a, unsigned long long b)
{
    unsigned long long low = (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
    unsigned long long middle = (a >> 32) * (b & 0xFFFFFFFFu) + (low >> 32);
    unsigned long long other = (a & 0xFFFFFFFFu) * (b >> 32) + (middle & 0xFFFFFFFFu);
    return (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
}

#endif
