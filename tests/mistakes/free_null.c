/* SPDX-License-Identifier: MIT
 *
 * free_null.c: NULL freed. */
#include "tagpool.h"

int main(void)
{
    tagpool_free(NULL);
    return tagpool_verdict();
}
