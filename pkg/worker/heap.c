/* heap.c - thresholds of malloc, and a look at every heap. A threshold is one word that malloc
 * reads where a large block is freed: other threads meet the old one or the new one. */
#include "worker/heap.h"

#include <malloc.h>
#include <stdlib.h>

enum { MAPPED_FROM = 32 * 1024 * 1024, KEPT_END = 512 * 1024 * 1024 };

void heap_keep_ends(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_END);
}

void heap_give_ends(void)
{
    (void)mallopt(M_TRIM_THRESHOLD, HEAP_LARGE);
}

void heap_give_rest(void)
{
    malloc_trim(0);
    void *volatile last = aligned_alloc(64, HEAP_LARGE); /* for the sake of being freed */
    free(last);
}
