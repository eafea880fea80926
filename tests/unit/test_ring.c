/* test_ring.c - what goes in comes out, once and in order, whoever of the two is faster; a close
 * wakes both. With SAN=thread also: what is handed over is seen whole. */
#include "tests/lib/test.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/ring.h"

enum { PASSES = 100000, WORDS = 8 };

struct message {
    uint64_t words[WORDS]; /* all the same: seen half written it would show */
};

/* Messages go round: `there` full, `back` empty, as buffers do between threads. */
struct pair {
    struct ring *there, *back;
    struct message *messages;
    uint64_t n_received, n_wrong;
    bool is_slow; /* the receiver does something in between */
};

static void receive(struct pair *p, const struct message *m)
{
    for (int i = 0; i < WORDS; i++)
        p->n_wrong += m->words[i] != p->n_received;
    p->n_received++;
    for (volatile int i = 0; p->is_slow && i < 200; i++)
        ;
}

static void *receiver(void *context)
{
    struct pair *p = context;
    struct message *m;

    while ((m = ring_pop(p->there)) != NULL) {
        receive(p, m);
        if (!ring_push(p->back, m))
            break;
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *), void *context)
{
    CHECK_EQ(pthread_create(thread, NULL, fn, context), 0);
}

static void pass_all(size_t slots, size_t n_messages, bool is_slow)
{
    struct pair p = {ring_new(slots), ring_new(n_messages), NULL, 0, 0, is_slow};
    pthread_t thread;

    p.messages = calloc(n_messages, sizeof *p.messages);
    CHECK(p.messages != NULL);
    for (size_t i = 0; i < n_messages; i++)
        CHECK(ring_push(p.back, &p.messages[i]));
    start(&thread, receiver, &p);
    for (uint64_t i = 0; i < PASSES; i++) {
        struct message *m = ring_pop(p.back);
        for (int k = 0; k < WORDS; k++)
            m->words[k] = i;
        CHECK(ring_push(p.there, m));
    }
    ring_close(p.there);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_EQ(p.n_received, PASSES);
    CHECK_EQ(p.n_wrong, 0);
    ring_free(p.there);
    ring_free(p.back);
    free(p.messages);
}

TEST(everything_arrives_once_in_order_and_whole)
{
    static const struct {
        size_t slots, messages;
        bool is_slow;
    } rows[] = {
        {1, 1, false}, {1, 2, false}, {2, 8, true}, {3, 5, false}, {64, 64, false}, {4, 64, true},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        pass_all(rows[i].slots, rows[i].messages, rows[i].is_slow);
}

TEST(a_closed_ring_gives_what_is_inside_and_takes_nothing)
{
    struct ring *r = ring_new(4);
    int a, b;

    CHECK(ring_push(r, &a));
    CHECK(ring_push(r, &b));
    ring_close(r);
    CHECK(!ring_push(r, &a));
    CHECK(ring_pop(r) == &a);
    CHECK(ring_pop(r) == &b);
    CHECK(ring_pop(r) == NULL);
    CHECK(ring_pop(r) == NULL);
    ring_free(r);
}

static void *pop_one(void *ring)
{
    return ring_pop(ring);
}

static void *push_one(void *ring)
{
    return ring_push(ring, ring) ? ring : NULL;
}

/* Whether the other thread sleeps already or comes later: it must come back. */
TEST(a_close_wakes_who_waits)
{
    for (int i = 0; i < 500; i++) {
        struct ring *empty = ring_new(1), *full = ring_new(1);
        pthread_t popper, pusher;
        void *popped, *pushed;
        CHECK(ring_push(full, empty));
        start(&popper, pop_one, empty);
        start(&pusher, push_one, full);
        ring_close(empty);
        ring_close(full);
        CHECK_EQ(pthread_join(popper, &popped), 0);
        CHECK_EQ(pthread_join(pusher, &pushed), 0);
        CHECK(popped == NULL);
        CHECK(pushed == NULL);
        ring_free(empty);
        ring_free(full);
    }
}

TEST_MAIN(ENTRY(everything_arrives_once_in_order_and_whole),
          ENTRY(a_closed_ring_gives_what_is_inside_and_takes_nothing),
          ENTRY(a_close_wakes_who_waits))
