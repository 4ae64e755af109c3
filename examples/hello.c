/* SPDX-License-Identifier: MIT
 *
 * hello.c: two blocks, their tags, and what the library knows about them at any time.
 */
#include <stdio.h>
#include <string.h>
#include "tagpool.h"

#define TAG_NAME TAGPOOL_TAG('N', 'a', 'm', 'e')
#define TAG_DEVICE TAGPOOL_TAG('D', 'e', 'v', 'c')

int main(void)
{
    struct tagpool_block block;
    char text[5];

    void *device = tagpool_zalloc(TAGPOOL_NONPAGED, 120, TAG_DEVICE);
    char *name = tagpool_alloc(TAGPOOL_PAGED, 32, TAG_NAME);
    if (device == NULL || name == NULL)
        return 1;
    strcpy(name, "first device");

    tagpool_print(TAGPOOL_BY_TAG); /* goes to standard error, like every report */

    if (tagpool_query(name + 6, &block) == TAGPOOL_OK) /* any address inside the block will do */
        fprintf(stderr, "\"%s\" lies in a block of %zu bytes, tag %s, %s pool\n\n", name + 6, block.bytes,
                tagpool_tag_text(block.tag, text), block.pool == TAGPOOL_PAGED ? "paged" : "nonpaged");

    tagpool_free(name);
    tagpool_free_tag(device, TAG_DEVICE); /* the tag is compared with the block's */

    tagpool_print(TAGPOOL_BY_TAG);
    return tagpool_verdict() == TAGPOOL_CLEAN ? 0 : 1;
}
