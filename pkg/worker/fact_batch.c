/* fact_batch.c - facts as they were heard, packed when they are asked for. */
#include "worker/fact_batch.h"

#include "base/slack.h"
#include "correlate/facts.h"

#include <stdlib.h>

struct fact_batch {
    const struct graph *graph;
    struct fact *facts;
    size_t n, cap;
    struct slack slack;
    uint8_t name[FACT_NAME_BYTES];
    struct buf packed;
};

struct fact_batch *fact_batch_new(void)
{
    struct fact_batch *f = calloc(1, sizeof *f);

    ASSERT(f);
    return f;
}

void fact_batch_free(struct fact_batch *f)
{
    if (!f)
        return;
    free(f->facts);
    buf_release(&f->packed);
    free(f);
}

static void add(struct fact_batch *f, const struct fact *fact)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->facts = reallocarray(f->facts, f->cap, sizeof *f->facts);
        ASSERT(f->facts);
    }
    f->facts[f->n++] = *fact;
}

/* Named by the space of the terms, whichever stage tells it. */
static void hear(void *context, uint32_t space, const struct signal *s)
{
    struct fact_batch *f = context;
    const struct graph_space *from = &f->graph->spaces[space];
    const struct graph_rule *rule = &f->graph->rules[from->rule];
    struct fact fact;

    if (from->role == SPACE_OPERATOR &&
        fact_of_signal(s, f->graph->spaces[rule->stages].spec.identity, &fact))
        add(f, &fact);
}

void fact_batch_listen(struct fact_batch *f, const struct graph *g, struct correlator *c)
{
    f->graph = g;
    correlator_hear(c, hear, f);
}

void fact_batch_clear(struct fact_batch *f)
{
    if (slack_is_too_much(&f->slack, f->n * sizeof *f->facts, f->cap * sizeof *f->facts)) {
        free(f->facts);
        f->facts = NULL;
        f->cap = 0;
    }
    f->n = 0;
}

size_t fact_batch_count(const struct fact_batch *f)
{
    return f->n;
}

void fact_batch_record(struct fact_batch *f, size_t i, struct str *key, struct str *value)
{
    ASSERT(i < f->n);
    fact_name(&f->facts[i], f->name);
    buf_clear(&f->packed);
    fact_pack(&f->facts[i], &f->packed);
    *key = (struct str){(const char *)f->name, sizeof f->name};
    *value = buf_str(&f->packed);
}
