/* SPDX-License-Identifier: MIT
 *
 * heap.c: a heap as a whole: start, emptying, invariants.
 */
#include "memory/heap.h"

#include "memory/big.h"
#include "memory/slab.h"

void heap_start(struct heap *heap)
{
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (unsigned class = 0; class < CLASS_COUNT; class ++)
            heap->bin[class][pool] = &no_span;
}

void heap_empty(struct heap *heap)
{
    heap_flush(heap);
    heap_collect(heap);
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (unsigned class = 0; class < CLASS_COUNT; class ++)
            slab_retire(heap, pool, class);
    big_empty(heap);
}

const char *heap_check(const struct heap *heap)
{
    for (unsigned pool = 0; pool < POOLS; pool++)
        for (unsigned class = 0; class < CLASS_COUNT; class ++) {
            const struct span *span = heap->bin[class][pool];
            uint32_t before = 0;
            while (span != &no_span) {
                if (span->kind != SPAN_SLAB || span->owner != heap || span->class != class || span_pool(span) != pool)
                    return "a bin's list holds a span of another heap, pool or class";
                if (span->prev != before || (span->flags & SPAN_LINKED) == 0)
                    return "a bin's list is broken";
                const char *wrong = slab_check(span);
                if (wrong != NULL)
                    return wrong;
                before = span_to_link(span);
                span = span->next != 0 ? span_from_link(span->next) : &no_span;
            }
        }
    return NULL;
}
