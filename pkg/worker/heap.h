/* heap.h - what the C library keeps of what is free in a worker.
 *
 * librdkafka takes a buffer of a megabyte or more for each answer of a broker. By default the C
 * library maps and unmaps those, and the kernel clears every page anew: so they lie in the heaps
 * (one for each few threads), and a heap keeps its free end. malloc_trim() gives back what is free
 * between blocks, but the free end of the first heap alone; that of another goes back only while
 * some thread of it frees a large block. So ends are given for a moment now and then:
 *
 *     heap_keep_ends()                         at start
 *     heap_give_ends(), heap_give_rest() ...   who frees a block of HEAP_LARGE gives its heap's end
 *     heap_keep_ends()                         a moment later
 *
 * Threads  keep and give: one thread; give_rest from any.
 */
#ifndef WEIR_WORKER_HEAP_H
#define WEIR_WORKER_HEAP_H

#include "base/base.h"

enum { HEAP_LARGE = 128 * 1024 };

void heap_keep_ends(void);
void heap_give_ends(void);
/* All that is free between blocks, in every heap, and the end of the caller's. */
void heap_give_rest(void);

#endif
