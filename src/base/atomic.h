/* SPDX-License-Identifier: MIT
 *
 * atomic.h: the few atomic operations the core uses, by the order they need. On bare metal, where there is one thread, they
 * are plain accesses: several firmware targets have no atomic instructions to call on.
 */
#ifndef BASE_ATOMIC_H
#define BASE_ATOMIC_H

#include "base/internal.h"

/* 64 bits that every target reads and writes whole: some align them to 4 bytes otherwise. */
typedef uint64_t aligned_u64 __attribute__((aligned(8)));

#if TAGPOOL_BARE

#define LOAD(p) (*(p))
#define LOAD_ACQUIRE(p) (*(p))
#define PEEK(p) (*(p))
#define STORE(p, v) ((void)(*(p) = (v)))
#define STORE_RELEASE(p, v) ((void)(*(p) = (v)))
#define ADD(p, n) ((void)(*(p) += (n)))
#define FENCE() ((void)0)
#define FENCE_AT_EXCHANGE() ((void)0)
#define FETCH(p) ((void)(p))
#define FETCH_TO_WRITE(p) ((void)(p))

static inline bool add_is_negative(aligned_u64 *p, uint64_t n)
{
    return (int64_t)(*p += n) < 0;
}

static inline uint32_t exchange_u32(uint32_t *p, uint32_t value)
{
    uint32_t old = *p;
    *p = value;
    return old;
}

static inline uint64_t exchange_u64(aligned_u64 *p, uint64_t value)
{
    uint64_t old = *p;
    *p = value;
    return old;
}

static inline bool compare_exchange_u32(uint32_t *p, uint32_t *expected, uint32_t value)
{
    if (*p == *expected) {
        *p = value;
        return true;
    }
    *expected = *p;
    return false;
}

static inline uint64_t add_fetch_u64(aligned_u64 *p, uint64_t n)
{
    return *p += n;
}

static inline bool compare_exchange_u64(aligned_u64 *p, uint64_t *expected, uint64_t value)
{
    bool same = *p == *expected;
    if (same)
        *p = value;
    else
        *expected = *p;
    return same;
}

#else

#define LOAD(p) __atomic_load_n(p, __ATOMIC_RELAXED)
#define LOAD_ACQUIRE(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define STORE(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define STORE_RELEASE(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)

/* Adds to a word that only this thread writes: a reader sees the old or the new value, and no lock is taken. One unlocked
 * instruction does that on x86-64; compilers make three of a relaxed load and store. ThreadSanitizer needs to see these. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SEEN_BY_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define SEEN_BY_SANITIZER 1
#endif
#if defined(__x86_64__) && !defined(SEEN_BY_SANITIZER)
#define ADD(p, n) __asm__("addq %1, %0" : "+m"(*(p)) : "er"((uint64_t)(n)))
_Static_assert(sizeof(size_t) == 8, "addq is for 64-bit words");
#else
#define ADD(p, n) STORE(p, LOAD(p) + (n))
#endif

/* The same; true iff the sum has its top bit set. */
static inline bool add_is_negative(aligned_u64 *p, uint64_t n)
{
#if defined(__x86_64__) && !defined(SEEN_BY_SANITIZER)
    bool is_negative;
    __asm__("addq %2, %0" : "+m"(*p), "=@ccs"(is_negative) : "er"(n));
    return is_negative;
#else
    uint64_t sum = LOAD(p) + n;
    STORE(p, sum);
    return (int64_t)sum < 0;
#endif
}

/* Loads an aligned word as LOAD() does, on the fast paths: compilers fold a plain load into the instruction that uses it, but no
 * atomic one, and those paths are bound by how many instructions they have. */
#ifdef SEEN_BY_SANITIZER
#define PEEK(p) LOAD(p)
#else
#define PEEK(p) (*(p))
#endif

/* All before it is before all after it, for all threads. ThreadSanitizer knows of no fences, and needs none. */
#ifdef SEEN_BY_SANITIZER
#define FENCE() ((void)0)
#else
#define FENCE() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

/* Fetches the cache line at an address, whatever that is. */
#define FETCH(p) __builtin_prefetch(p)

/* The same, in order to write to it. Compilers for x86 use a weaker instruction. */
#if defined(__x86_64__)
#define FETCH_TO_WRITE(p) __asm__ volatile("prefetchw %0" : : "m"(*(const char *)(p)))
#else
#define FETCH_TO_WRITE(p) __builtin_prefetch(p, 1)
#endif

/* FENCE() right behind a read-modify-write, and right before one: on x86 that is a fence by itself, and only the compiler needs
 * to be told. */
#if defined(__x86_64__) || defined(__i386__)
#define FENCE_AT_EXCHANGE() __asm__ volatile("" ::: "memory")
#else
#define FENCE_AT_EXCHANGE() FENCE()
#endif

static inline uint32_t exchange_u32(uint32_t *p, uint32_t value)
{
    return __atomic_exchange_n(p, value, __ATOMIC_ACQ_REL);
}

static inline uint64_t exchange_u64(aligned_u64 *p, uint64_t value)
{
    return __atomic_exchange_n(p, value, __ATOMIC_ACQ_REL);
}

static inline bool compare_exchange_u32(uint32_t *p, uint32_t *expected, uint32_t value)
{
    return __atomic_compare_exchange_n(p, expected, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static inline uint64_t add_fetch_u64(aligned_u64 *p, uint64_t n)
{
    return __atomic_add_fetch(p, n, __ATOMIC_RELAXED);
}

static inline bool compare_exchange_u64(aligned_u64 *p, uint64_t *expected, uint64_t value)
{
    return __atomic_compare_exchange_n(p, expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

#endif

#endif
