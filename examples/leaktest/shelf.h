/* SPDX-License-Identifier: MIT
 *
 * shelf.h: what the tests beside it test, each with another framework: a shelf of boxes. One of its error paths has a bug.
 */
#ifndef SHELF_H
#define SHELF_H

#include "tagpool/verifier.h"

#define SHELF_TAG TAGPOOL_TAG('S', 'h', 'l', 'f')
#define BOX_TAG TAGPOOL_TAG('B', 'o', 'x', ' ')

struct shelf {
    char *boxes;
};

/* One function for all tests, so that its call sites are theirs all. */
static __attribute__((noinline)) struct shelf *shelf_new(size_t boxes)
{
    struct shelf *shelf = (struct shelf *)TAGPOOL_ALLOC(TAGPOOL_PAGED, sizeof *shelf, SHELF_TAG);
    if (shelf == NULL)
        return NULL;
    shelf->boxes = (char *)TAGPOOL_ALLOC(TAGPOOL_PAGED, boxes * 16, BOX_TAG);
    if (shelf->boxes == NULL)
        return NULL; /* forgets the shelf */
    return shelf;
}

static inline void shelf_delete(struct shelf *shelf)
{
    if (shelf == NULL)
        return;
    tagpool_free_tag(shelf->boxes, BOX_TAG);
    tagpool_free_tag(shelf, SHELF_TAG);
}

#endif
