/* SPDX-License-Identifier: MIT
 *
 * shutdown.c: the three verdicts of tagpool_shutdown(), and what works after it.
 */
#include <stdio.h>
#include "tagpool.h"

#define TAG_TABLE TAGPOOL_TAG('T', 'a', 'b', 'l')
#define TAG_ENTRY TAGPOOL_TAG('E', 'n', 't', 'r')

static void say(const char *when, enum tagpool_verdict verdict)
{
    static const char *const words[] = {"clean", "leak", "not checked"};
    fprintf(stderr, "=> %s: %s\n\n", when, words[verdict]);
}

int main(void)
{
    say("before anything was allocated", tagpool_shutdown());

    void *table = tagpool_alloc(TAGPOOL_NONPAGED, 4096, TAG_TABLE);
    void *entries[3];
    for (int i = 0; i < 3; i++)
        entries[i] = tagpool_alloc(TAGPOOL_PAGED, 100, TAG_ENTRY);
    tagpool_free(entries[1]);
    say("with three blocks outstanding", tagpool_shutdown());
    say("a second time", tagpool_shutdown());

    /* The pools are closed now: nothing new, but what is there can still be used and freed. */
    fprintf(stderr, "allocate after shutdown: %s\n", tagpool_alloc(TAGPOOL_PAGED, 100, TAG_ENTRY) ? "a block" : "NULL");
    tagpool_free(table);
    tagpool_free(entries[0]);
    tagpool_free(entries[2]);

    tagpool_start(NULL); /* opens the pools again */
    void *again = tagpool_alloc(TAGPOOL_PAGED, 100, TAG_ENTRY);
    fprintf(stderr, "allocate after tagpool_start: %s\n", again ? "a block" : "NULL");
    tagpool_free(again);
    enum tagpool_verdict last = tagpool_shutdown();
    say("with everything freed", last);
    return last;
}
