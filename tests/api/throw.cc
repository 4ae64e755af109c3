/* SPDX-License-Identifier: MIT
 *
 * throw.cc: a C++ program that throws exceptions out of the bug-check handler and the raise handler, through the frames of the
 * library. */
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

#include "tagpool.h"
#include "tagpool/wdk.h"
#include "tagpool/wdk/pool.h"
#include "tagpool/wdk/raise.h"

namespace
{

const uint32_t wave = TAGPOOL_TAG('W', 'a', 'v', 'e');

struct mistake : std::runtime_error {
    explicit mistake(const tagpool_bugcheck &report) : std::runtime_error(report.sentence), first(report.parameter[0])
    {
    }
    uintptr_t first;
};

void throw_mistake(const tagpool_bugcheck *report, void *)
{
    throw mistake(*report);
}

/* What a WDK routine raises is told from a mistake by its number. */
void throw_status(uint32_t status, void *)
{
    tagpool_bugcheck report = tagpool_bugcheck();
    report.parameter[0] = status;
    report.sentence = "a routine raised a status";
    throw mistake(report);
}

/* Objects between the handler and the catch must be destroyed on the way. */
struct guard {
    explicit guard(int &count) : destroyed(count)
    {
    }
    ~guard()
    {
        destroyed++;
    }
    int &destroyed;
};

int failures;

template <typename call> void expect(const char *what, uintptr_t first, call make)
{
    int destroyed = 0;
    uintptr_t caught = 0;
    try {
        guard here(destroyed);
        make();
    } catch (const mistake &error) {
        caught = error.first;
        if (std::strlen(error.what()) < 10)
            caught = ~caught;
    }
    if (caught != first || destroyed != 1 || tagpool_validate() != 0) {
        std::fprintf(stderr, "throw: %s: caught 0x%zX, expected 0x%zX\n", what, (size_t)caught, (size_t)first);
        failures++;
    }
}

} // namespace

int main()
{
    tagpool_bugcheck_handler_set(throw_mistake, nullptr);
    tagpool_raise_handler_set(throw_status, nullptr);
    tagpool_quota_limit_set(IoGetCurrentProcess(), TAGPOOL_PAGED, 99);
    for (int round = 0; round < 100; round++) {
        char *block = static_cast<char *>(tagpool_alloc(TAGPOOL_NONPAGED, 100, wave | TAGPOOL_PROTECTED));
        char *big = static_cast<char *>(tagpool_zalloc(TAGPOOL_PAGED, 100000, wave));
        expect("free(NULL)", 0x46, [] { tagpool_free(nullptr); });
        expect("free(protected)", 0x0A, [&] { tagpool_free(block); });
        expect("free(interior)", 0x41286, [&] { tagpool_free(big + 16); });
        expect("free_tag(wrong)", 0x0A, [&] { tagpool_free_tag(block, TAGPOOL_TAG('S', 'u', 'r', 'f')); });
        expect("realloc(foreign)", 0x42, [&] { tagpool_realloc(&big, 10); });
        expect("size(interior)", 0x99, [&] { tagpool_size(block + 1); });
        expect("alloc(tag 0)", 0x9B, [] { tagpool_alloc(TAGPOOL_PAGED, 10, 0); });
        expect("alloc(pool 2)", 0x9A, [] { tagpool_alloc(static_cast<tagpool_pool>(2), 10, wave); });
        tagpool_free_tag(block, wave | TAGPOOL_PROTECTED);
        tagpool_free(big);
        expect("free(freed)", 0x07, [&] { tagpool_free(big); });
        expect("quota", 0xC0000044, [] { ExAllocatePoolWithQuotaTag(PagedPool, 100, wave); });
        expect("Pool2(tag 0)", 0xC000000D, [] { ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 100, 0); });
        expect("Pool2(too much)", 0xC000009A,
               [] { ExAllocatePool2(POOL_FLAG_PAGED | POOL_FLAG_RAISE_ON_FAILURE, SIZE_MAX / 2, wave); });
        expect("ExRaiseStatus", 0xC0000005, [] { ExRaiseStatus(static_cast<NTSTATUS>(0xC0000005)); });
    }
    tagpool_stats stats;
    tagpool_total_stats(&stats);
    if (stats.allocs != 200 || stats.frees != 200 || stats.bytes != 0)
        failures++;
    std::printf("throw: %s\n", failures ? "FAILED" : "1300 exceptions thrown through the library, counts exact");
    return failures != 0;
}
