/* SPDX-License-Identifier: MIT
 *
 * damage.h: what checks say of damaged data: EXPECT_DAMAGE() damages a word, compares what is said of it, and mends it. The test
 * defines `what_is_wrong`, a function that returns NULL or a sentence.
 */
#ifndef TAGPOOL_UNIT_DAMAGE_H
#define TAGPOOL_UNIT_DAMAGE_H

#define EXPECT_DAMAGE(word, value, sentence) \
    do { \
        __typeof__(word) saved_word = (word); \
        assert_null(what_is_wrong()); \
        (word) = (value); \
        const char *said_of_it = what_is_wrong(); \
        (word) = saved_word; \
        assert_non_null(said_of_it); \
        assert_string_equal(said_of_it, sentence); \
        assert_null(what_is_wrong()); \
    } while (0)

#endif
