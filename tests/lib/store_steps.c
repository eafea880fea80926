/* store_steps.c - cells that obey: count, what to do next, and filler that shows damage. */
#include "store_steps.h"

#include "tests/lib/test.h"

#include <stdlib.h>

/* The first ORDER_BYTES of a cell. */
struct kept {
    uint32_t count;
    uint32_t key; /* of order_key() */
    int64_t then_ms;
    int64_t first_ms;
    int64_t unused;
};
_Static_assert(sizeof(struct kept) == ORDER_BYTES, "the head of a test's cell");

struct state_key order_key(uint32_t i)
{
    struct state_key k;

    /* Spread like a hash. */
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15U;
    uint64_t y = (x ^ x >> 29) * 0xbf58476d1ce4e5b9U;
    memcpy(k.bytes, &y, 8);
    memcpy(k.bytes + 8, &x, 8);
    memcpy(k.bytes, &i, sizeof i); /* for the step to know it again */
    return k;
}

static uint8_t filler(uint32_t key, uint32_t at)
{
    return (uint8_t)(key * 31 + at * 7 + 1);
}

static void check_filler(const struct cell *c, uint32_t key)
{
    for (uint32_t i = ORDER_BYTES; i < c->main.n; i++)
        CHECK_EQ(c->main.p[i], filler(key, i));
    for (uint32_t i = 0; i < c->side.n; i++)
        CHECK_EQ(c->side.p[i], filler(key + 1, i));
}

static void resize(struct cell *c, const struct order_hit *hit, uint32_t key)
{
    uint32_t was = c->main.n, side_was = c->side.n;
    uint32_t want = hit->size ? hit->size : was ? was : ORDER_BYTES;

    if (cell_resize(c, want))
        for (uint32_t i = was < ORDER_BYTES ? ORDER_BYTES : was; i < c->main.n; i++) {
            CHECK_EQ(c->main.p[i], 0);
            c->main.p[i] = filler(key, i);
        }
    if (hit->has_side && cell_resize_side(c, hit->side))
        for (uint32_t i = side_was; i < c->side.n; i++)
            c->side.p[i] = filler(key + 1, i);
}

static void emit(struct emissions *out, const char *what, const struct kept *k, int64_t t_ms,
                 const struct cell *c)
{
    char text[120];
    int n = snprintf(text, sizeof text, "%s key %u t %lld count %u n %u side %u", what, k->key,
                     (long long)t_ms, k->count, c->main.n, c->side.n);

    emissions_add(out, (struct str){text, (size_t)n});
}

static void on_timer(struct cell *c, const struct step_clock *clock, struct emissions *out)
{
    struct kept k;

    CHECK(c->main.n >= ORDER_BYTES);
    CHECK(c->due_ms <= clock->watermark_ms);
    memcpy(&k, c->main.p, sizeof k);
    check_filler(c, k.key);
    emit(out, "timer", &k, c->due_ms, c);
    c->due_ms = k.then_ms ? c->due_ms + k.then_ms : CELL_NEVER;
    k.then_ms = 0;
    memcpy(c->main.p, &k, sizeof k);
}

static void obey(struct cell *c, const struct order_hit *hit, struct kept *k)
{
    if (hit->due_ms)
        c->due_ms = hit->due_ms;
    if (hit->then_ms)
        k->then_ms = hit->then_ms;
    if (hit->idle_ms)
        c->idle_ms = hit->idle_ms;
    if (hit->weight)
        c->weight = hit->weight;
}

void order_step(void *context, const struct state_op *op, struct cell *c,
                const struct step_clock *clock, struct emissions *out)
{
    struct kept k = {0};

    (void)context;
    if (!op) {
        on_timer(c, clock, out);
        return;
    }
    const struct order_hit *hit = op->payload;
    if (c->main.n) {
        memcpy(&k, c->main.p, sizeof k);
        check_filler(c, k.key);
    } else {
        memcpy(&k.key, op->key.bytes, sizeof k.key);
        k.first_ms = op->t_ms;
    }
    resize(c, hit, k.key);
    k.count++;
    for (uint32_t i = 0; i < hit->emits; i++)
        emit(out, "op", &k, op->t_ms, c);
    obey(c, hit, &k);
    if (c->main.n)
        memcpy(c->main.p, &k, sizeof k);
    if (hit->removes)
        CHECK(cell_resize(c, 0));
}

bool order_shrink(void *context, const struct cell *c, int64_t *t_ms, uint32_t *value)
{
    struct kept k;

    (void)context;
    memcpy(&k, c->main.p, sizeof k);
    if (k.count != 1 || c->main.n != ORDER_BYTES)
        return false;
    *t_ms = k.first_ms;
    *value = k.key;
    return true;
}

void order_regrow(void *context, int64_t t_ms, uint32_t value, struct cell *c)
{
    struct kept k = {.count = 1, .key = value, .first_ms = t_ms};

    (void)context;
    if (cell_resize(c, ORDER_BYTES))
        memcpy(c->main.p, &k, sizeof k);
}

struct order_batch *order_batch_new(void)
{
    struct order_batch *b = calloc(1, sizeof *b);

    ASSERT(b);
    b->batch.clock.watermark_ms = INT64_MIN;
    order_batch_clear(b);
    return b;
}

void order_batch_free(struct order_batch *b)
{
    free(b);
}

void order_batch_clear(struct order_batch *b)
{
    struct step_clock clock = b->batch.clock;

    b->batch = (struct store_batch){.ops = b->ops, .clock = clock, .timer_ms = INT64_MIN};
}

struct order_hit *order_add(struct order_batch *b, uint32_t space, uint32_t key, int64_t t_ms)
{
    size_t i = b->batch.n_ops++;

    ASSERT(i < STORE_OPS_MAX);
    b->hits[i] = (struct order_hit){.emits = 1};
    b->ops[i] = (struct state_op){.space = space,
                                  .key = order_key(key),
                                  .t_ms = t_ms,
                                  .order = ++b->order,
                                  .at = {(uint64_t)t_ms, 0},
                                  .payload = &b->hits[i]};
    return &b->hits[i];
}

void order_apply(struct store *s, struct order_batch *b, enum store_answer want, struct buf *out)
{
    const struct emission *e;
    size_t n;
    enum store_answer answer;
    struct weir_err err = {0};

    enum weir_rc rc = store_apply(s, &b->batch, &e, &n, &answer, &err);
    if (rc != WEIR_OK)
        print_error("%s\n", err.text);
    CHECK_EQ(rc, WEIR_OK);
    CHECK_EQ(answer, want);
    for (size_t i = 0; out && i < n; i++)
        buf_printf(out, "%.*s%s\n", (int)e[i].bytes.n, e[i].bytes.p,
                   e[i].is_restored ? " restored" : "");
    for (size_t i = 1; i < n; i++)
        CHECK(e[i - 1].order <= e[i].order);
}
