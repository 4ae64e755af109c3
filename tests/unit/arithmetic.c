/* SPDX-License-Identifier: MIT
 *
 * arithmetic.c: the small arithmetic that everything else stands on: base/internal, base/atomic, and the multiplications of
 * memory/span that take the place of divisions, for every class and every byte.
 */
#include "unit.h"

#include "base/atomic.h"
#include "base/internal.h"
#include "memory/big.h"
#include "memory/slab.h"
#include "random.h"

static const uint64_t edges[] = {0,
                                 1,
                                 2,
                                 3,
                                 9,
                                 10,
                                 0x7FFFFFFF,
                                 0x80000000,
                                 UINT32_MAX,
                                 UINT64_C(1) << 32,
                                 INT64_MAX,
                                 UINT64_C(1) << 63,
                                 (UINT64_C(1) << 63) + 1,
                                 UINT64_MAX - 1,
                                 UINT64_MAX};

/* "Division bit by bit": the quotient of C's own division, for every pair of edges and for random numbers of all lengths. */
static void division(void **state)
{
    uint64_t seed = 1;
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        for (size_t j = 1; j < sizeof edges / sizeof edges[0]; j++)
            assert_true(divide(edges[i], edges[j]) == edges[i] / edges[j]);
    for (int i = 0; i < 20000; i++) {
        uint64_t dividend = random_u64(&seed) >> random_below(&seed, 64);
        uint64_t divisor = random_u64(&seed) >> random_below(&seed, 64);
        if (divisor != 0)
            assert_true(divide(dividend, divisor) == dividend / divisor);
    }
}

/* "The number of the lowest bit set, by 32-bit halves." */
static void lowest_bits(void **state)
{
    uint64_t seed = 2;
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        assert_int_equal(lowest_bit(UINT64_C(1) << bit), bit);
        assert_int_equal(lowest_bit(UINT64_MAX << bit), bit);
        for (int i = 0; i < 100; i++)
            assert_int_equal(lowest_bit((random_u64(&seed) | 1) << bit), bit);
    }
}

/* "Rounds up to a multiple of `step`, a power of two." */
static void rounding_up(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 65536; step *= 2)
        for (size_t value = 0; value < 70000; value += value < 600 ? 1 : 61) {
            size_t expected = (value / step + (value % step != 0)) * step;
            assert_int_equal(round_up(value, step), expected);
        }
    assert_true(round_up(SIZE_MAX - 4095, 4096) == SIZE_MAX - 4095);
}

static void powers_of_two(void **state)
{
    (void)state;
    assert_false(is_power_of_two(0));
    for (size_t power = 1; power != 0; power <<= 1) {
        assert_true(is_power_of_two(power));
        assert_int_equal(is_power_of_two(power + 1), power == 1);
        assert_int_equal(is_power_of_two(power - 1), power == 2);
    }
}

/* "strlen is not among the four functions that firmware promises to have." */
static void lengths_of_strings(void **state)
{
    (void)state;
    assert_int_equal(string_length(""), 0);
    assert_int_equal(string_length("a"), 1);
    assert_int_equal(string_length("\xFF\x80 b\0c"), 4);
}

/* The operations that change a word tell what was there, and change it only as they say. */
static void atomic_words(void **state)
{
    uint32_t word = 7;
    uint32_t expected = 8;
    aligned_u64 sum = UINT64_MAX;
    size_t around[3] = {1, 2, 3};
    (void)state;
    assert_int_equal(exchange_u32(&word, 9), 7);
    assert_false(compare_exchange_u32(&word, &expected, 1));
    assert_int_equal(word, 9);
    assert_int_equal(expected, 9);
    assert_true(compare_exchange_u32(&word, &expected, 1));
    assert_int_equal(LOAD(&word), 1);
    ADD(&around[1], 5);
    ADD(&around[1], -(size_t)8);
    assert_true(around[0] == 1 && LOAD_ACQUIRE(&around[1]) == SIZE_MAX && around[2] == 3);
    assert_true(add_fetch_u64(&sum, 6) == 5);
    STORE(&sum, UINT64_C(1) << 40);
    assert_true(add_fetch_u64(&sum, -(UINT64_C(1) << 40)) == 0);
}

/* Where the class's own table has nothing to do with it: the number of the slot that begins at `offset`, or UINT32_MAX. "Each
 * page holds as many as fit, but at most 255, n of them. Of its 256 granules slot k begins at the first that is not below
 * 256 k / n." */
static uint32_t slot_by_division(uint32_t slot_bytes, uint32_t offset)
{
    if (slot_bytes >= PAGE_BYTES)
        return offset % slot_bytes != 0 ? UINT32_MAX : offset / slot_bytes;
    uint32_t n = slot_bytes == 16 ? 255 : (uint32_t)PAGE_BYTES / slot_bytes;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t granule = 0;
        while (granule * n < 256 * k)
            granule++;
        if (offset % PAGE_BYTES == granule * 16)
            return offset / (uint32_t)PAGE_BYTES * n + k;
    }
    return UINT32_MAX;
}

/* "The upper half is the number of the slot that it is in, or behind; and a slot begins there iff the lower half < factor": for
 * every byte of a span of every class the same as without the multiplication. Numbers are dense, from 0 on, and the inverse of
 * class_slot_offset(). A number has a note also where the class hands no slot out: the last 16 bytes, and what whole pages leave
 * over, which are never live. */
static void slots_by_multiplication(void **state)
{
    static uint32_t notes[UNIT_BYTES / 16];
    (void)state;
    class_start();
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        const struct class_info *info = &classes.info[class];
        uint32_t next = 0;
        for (uint32_t offset = 0; offset < UNIT_BYTES; offset++) {
            uint32_t expected = slot_by_division(info->slot_bytes, offset);
            bool exact = slab_is_exact(info->factor, offset);
            if (exact != (expected != UINT32_MAX))
                fail_msg("class %u (%u bytes), offset %u: exact %d", class, info->slot_bytes, offset, exact);
            uint64_t number = slab_place(info->factor, offset) >> 32;
            assert_true(number == (exact ? next : next - 1) || (next >= info->slots && number >= info->slots));
            if (!exact)
                continue;
            size_t found = (size_t)(slab_note(notes, info->factor, offset) - notes);
            if (found != expected || found != next)
                fail_msg("class %u (%u bytes), offset %u: slot %zu, not %u", class, info->slot_bytes, offset, found, expected);
            assert_int_equal(class_slot_offset(info, next), offset);
            next++;
        }
        assert_int_equal(next, slab_numbers(info->factor));
        assert_int_equal(next, info->slots + (class == 0 || UNIT_BYTES % info->slot_bytes / PAGE_BYTES > 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(division),      cmocka_unit_test(lowest_bits),        cmocka_unit_test(rounding_up),
        cmocka_unit_test(powers_of_two), cmocka_unit_test(lengths_of_strings), cmocka_unit_test(atomic_words),
        cmocka_unit_test(slots_by_multiplication),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
