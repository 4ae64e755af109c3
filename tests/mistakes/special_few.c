/* SPDX-License-Identifier: MIT
 *
 * special_few.c: special pool has too few pages: normal pool serves the rest, and the user is told once. */
#include "tagpool.h"

#define WAVE TAGPOOL_TAG('W', 'a', 'v', 'e')

int main(void)
{
    tagpool_start("special=Wave special_pages=4");
    for (int i = 0; i < 10; i++)
        if (tagpool_alloc(TAGPOOL_PAGED, 100, WAVE) == NULL)
            return 1;
    return 5; /* not 3, which is how abort() ends on Windows */
}
