/* SPDX-License-Identifier: MIT
 *
 * fuzz_tagtext.c: fuzz target: any text as a tag, any number as text, against the rules written out once more. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tagpool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "tagtext: %s\n", what);
    abort();
}

static void check_text(const char *input)
{
    char expected[5] = "    ", text[5];
    size_t length = strlen(input);
    int good = length >= 1 && length <= 4;
    uint32_t tag = 0xEEEEEEEE;

    for (size_t i = 0; good && i < length; i++) {
        good = input[i] >= 0x20 && input[i] <= 0x7E;
        expected[i] = input[i];
    }
    int result = tagpool_tag_from_text(input, &tag);
    require(result == (good ? TAGPOOL_OK : TAGPOOL_EINVAL), "a text is a tag or it is not");
    require(good || tag == 0, "no tag is 0");
    if (good) {
        require(tag == TAGPOOL_TAG(expected[0], expected[1], expected[2], expected[3]), "the tag is the characters, padded");
        require(strcmp(tagpool_tag_text(tag, text), expected) == 0, "the tag reads as the text");
    }
}

static void check_number(uint32_t tag)
{
    char text[5];
    require(tagpool_tag_text(tag, text) == text && text[4] == 0, "the text is returned and closed");
    for (unsigned i = 0; i < 4; i++) {
        unsigned c = (tag & ~TAGPOOL_PROTECTED) >> 8 * i & 0xFF;
        require(text[i] == (c >= 0x20 && c <= 0x7E ? (char)c : '.'), "every character is the byte or a dot");
    }
}

/* The whole input, then every piece of up to six bytes of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    check_text(text);
    free(text);
    for (size_t i = 0; i < size && i < 4096; i++) {
        char piece[7];
        uint32_t tag;
        for (size_t length = 0; length <= 6 && length <= size - i; length++) {
            memcpy(piece, data + i, length);
            piece[length] = 0;
            check_text(piece);
        }
        if (size - i >= sizeof tag) {
            memcpy(&tag, data + i, sizeof tag);
            check_number(tag);
        }
    }
    return 0;
}
