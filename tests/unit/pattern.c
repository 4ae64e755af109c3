/* SPDX-License-Identifier: MIT
 *
 * pattern.c: pool/pattern: known bytes where nobody should write, and each single byte of damage.
 */
#include "unit.h"

#include "pool/pattern.h"

#include <string.h>

enum { MOST = 96 };

/* "Behind a block": the tail is filled from the requested size to the charged one, and nothing else is touched. Any one byte of
 * it that changes is seen, and "the first wrong byte behind the block" is what was written there. */
static void tails(void **state)
{
    unsigned char block[MOST + 1];
    (void)state;
    for (size_t charged = 0; charged <= MOST; charged += 16)
        for (size_t bytes = 0; bytes <= charged; bytes++) {
            memset(block, 0x11, sizeof block);
            pattern_fill_tail(block, bytes, charged);
            for (size_t i = 0; i < bytes; i++)
                assert_int_equal(block[i], 0x11);
            assert_int_equal(block[charged], 0x11);
            assert_true(pattern_is_tail(block, bytes, charged));
            memset(block, 0x22, bytes);
            block[charged] = 0x22;
            assert_true(pattern_is_tail(block, bytes, charged));
            for (size_t i = bytes; i < charged; i++) {
                unsigned char whole = block[i];
                for (unsigned bit = 0; bit < 8; bit++) {
                    block[i] = (unsigned char)(whole ^ 1u << bit);
                    assert_false(pattern_is_tail(block, bytes, charged));
                    assert_int_equal(pattern_tail_damage(block, bytes, charged), block[i]);
                }
                block[i] = whole;
                assert_int_equal(pattern_tail_damage(block, bytes, charged), whole);
            }
        }
}

/* "In a freed one": all charged bytes; "the offset of the first wrong byte of a freed block". */
static void freed_blocks(void **state)
{
    unsigned char block[MOST + 1];
    (void)state;
    for (size_t charged = 16; charged <= MOST; charged += 16) {
        memset(block, 0x11, sizeof block);
        pattern_fill_freed(block, charged);
        assert_int_equal(block[charged], 0x11);
        assert_true(pattern_is_freed(block, charged));
        for (size_t i = 0; i < charged; i++) {
            unsigned char whole = block[i];
            block[i] ^= 0x80;
            block[charged - 1] ^= 0x01;
            assert_false(pattern_is_freed(block, charged));
            assert_int_equal(pattern_freed_damage(block, charged), i);
            block[charged - 1] ^= 0x01;
            block[i] = whole;
            assert_true(pattern_is_freed(block, charged));
        }
    }
}

/* "Not zero, not a likely character or pointer byte; different, so that a dump shows which is which." */
static void bytes_of_patterns(void **state)
{
    unsigned char tail[16], freed[16];
    (void)state;
    pattern_fill_tail(tail, 0, sizeof tail);
    pattern_fill_freed(freed, sizeof freed);
    assert_int_not_equal(tail[0], freed[0]);
    assert_true(tail[0] >= 0x80 && freed[0] >= 0x80 && tail[0] != 0xFF && freed[0] != 0xFF);
    assert_false(pattern_is_tail(freed, 0, sizeof freed));
    assert_false(pattern_is_freed(tail, sizeof tail));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails),
        cmocka_unit_test(freed_blocks),
        cmocka_unit_test(bytes_of_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
