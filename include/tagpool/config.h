/* SPDX-License-Identifier: MIT
 *
 * tagpool/config.h: every build-time knob, with meaning, unit, default and range. Each may be defined on the compiler's
 * command line instead. A value out of range stops the build. No knob changes a public struct.
 */
#ifndef TAGPOOL_CONFIG_H
#define TAGPOOL_CONFIG_H

#include <stdint.h>

/* 1: no operating system (PORT=bare): one thread, no atomics, no thread-local storage, small tables. */
#ifndef TAGPOOL_BARE
#define TAGPOOL_BARE 0
#endif

/* 1: the single-file build has the WDK's routines too. (In the archive they are an object of their own.) */
#ifndef TAGPOOL_WDK
#define TAGPOOL_WDK !TAGPOOL_BARE
#endif

/* How many different tags are counted apart; more go to the overflow row. Multiple of 16, 16 to 65,520. */
#ifndef TAGPOOL_TAGS
#define TAGPOOL_TAGS (TAGPOOL_BARE ? 64 : UINTPTR_MAX > 0xFFFFFFFFu ? 65520 : 4096)
#endif

/* How many threads can have a heap and counters of their own at one time; more share one, behind a lock. 2 to 65,536, on
 * 32 bit to 32,766. */
#ifndef TAGPOOL_THREADS
#define TAGPOOL_THREADS (TAGPOOL_BARE ? 2 : UINTPTR_MAX > 0xFFFFFFFFu ? 1024 : 128)
#endif

/* Default address space of each pool, bytes; a power of two from 1 MiB (bare: 64 KiB) to 1 TiB. Option `reserve`. */
#ifndef TAGPOOL_RESERVE
#define TAGPOOL_RESERVE                                                                                                \
    (TAGPOOL_BARE ? UINT64_C(0x10000) : UINTPTR_MAX > 0xFFFFFFFFu ? UINT64_C(64) << 30 : UINT64_C(256) << 20)
#endif

/* Address space for the counters of all threads, bytes, 160 for each tag and thread; less where address space is short. 64 KiB
 * (bare: 16 KiB) to 64 GiB. A thread that finds it full shares a heap and counters with others, behind a lock. */
#ifndef TAGPOOL_SEGMENT
#define TAGPOOL_SEGMENT                                                                                                \
    (TAGPOOL_BARE ? UINT64_C(0x8000) : UINTPTR_MAX > 0xFFFFFFFFu ? UINT64_C(11) << 30 : UINT64_C(88) << 20)
#endif

/* Default of option `cache`: unused bytes that each pool keeps before memory goes back to the system. */
#ifndef TAGPOOL_CACHE
#define TAGPOOL_CACHE (UINT64_C(64) << 20)
#endif

/* Entries of each thread's cache from tag to counters; a power of two, 16 to 16,384. */
#ifndef TAGPOOL_TAG_CACHE
#define TAGPOOL_TAG_CACHE (TAGPOOL_BARE ? 16 : 16384)
#endif

#if TAGPOOL_TAGS < 16 || TAGPOOL_TAGS > 65520 || TAGPOOL_TAGS % 16 != 0
#error "TAGPOOL_TAGS must be a multiple of 16 from 16 to 65520"
#endif
#if TAGPOOL_THREADS < 2 || TAGPOOL_THREADS > 65536
#error "TAGPOOL_THREADS must be from 2 to 65536"
#endif
#if TAGPOOL_TAG_CACHE < 16 || TAGPOOL_TAG_CACHE > 16384 || (TAGPOOL_TAG_CACHE & (TAGPOOL_TAG_CACHE - 1)) != 0
#error "TAGPOOL_TAG_CACHE must be a power of two from 16 to 16384"
#endif

#endif
