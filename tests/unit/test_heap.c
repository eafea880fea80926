/* test_heap.c - the free end of a thread's heap goes back to the system when it is to, and stays
 * else. */
#include "worker/heap.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "tests/lib/resident.h"
#include "tests/lib/test.h"

enum { PIECES = 64, PIECE = 256 * 1024, ALL = PIECES * PIECE };

struct seen {
    size_t full, kept, trimmed, given;
};

/* In a heap of its own, whose end is all that it takes. */
static void *take_and_free(void *context)
{
    struct seen *s = context;
    void *pieces[PIECES];

    (void)resident_bytes(); /* what that takes of the heap lies in front of them */
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = malloc(PIECE);
        if (pieces[i])
            memset(pieces[i], 'x', PIECE);
    }
    s->full = resident_bytes();
    for (size_t i = 0; i < PIECES; i++)
        free(pieces[i]);
    s->kept = resident_bytes();
    malloc_trim(0);
    s->trimmed = resident_bytes();
    heap_give_ends();
    heap_give_rest();
    s->given = resident_bytes();
    heap_keep_ends();
    return NULL;
}

TEST(the_free_end_of_a_heap_goes_back_only_when_it_is_to)
{
    pthread_t thread;
    struct seen s;

    heap_keep_ends();
    CHECK_EQ(pthread_create(&thread, NULL, take_and_free, &s), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    print_message("KiB: %zu full, %zu freed, %zu trimmed, %zu given\n", s.full / 1024,
                  s.kept / 1024, s.trimmed / 1024, s.given / 1024);
    if (TEST_IS_SANITIZED) /* has a malloc of its own */
        return;
    CHECK(s.kept > s.full - ALL / 4);
    CHECK(s.trimmed > s.full - ALL / 4); /* what heap_give_ends() is for */
    CHECK(s.given < s.full - ALL / 4 * 3);
}

TEST_MAIN(ENTRY(the_free_end_of_a_heap_goes_back_only_when_it_is_to))
