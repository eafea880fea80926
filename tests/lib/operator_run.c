/* operator_run.c - signals of one stage are the operations of the next. */
#include "tests/lib/operator_run.h"

#include "base/str.h"
#include "correlate/cited.h"
#include "state/capsule.h"
#include "tests/lib/step_runner.h"

#include <stdlib.h>
#include <string.h>

struct operator_run {
    struct step_runner *steps;
    uint32_t n_stages;
    struct met *met;
    size_t n, cap;
    struct signal *facts;
    size_t n_facts, cap_facts;
    uint64_t order;
};

struct operator_run *operator_run_new(const struct operator_kind_info *info,
                                      struct operator_spec *spec)
{
    struct operator_run *r = calloc(1, sizeof *r);

    ASSERT(r);
    r->steps = step_runner_new();
    r->n_stages = info->n_stages;
    for (uint32_t i = 0; i < info->n_stages; i++)
        ASSERT(step_runner_add(r->steps, info->steps[i], spec) == i);
    return r;
}

void operator_run_free(struct operator_run *r)
{
    step_runner_free(r->steps);
    free(r->met);
    for (size_t i = 0; i < r->n_facts; i++)
        free((char *)(uintptr_t)r->facts[i].detail.p);
    free(r->facts);
    free(r);
}

static void copy_text(char *to, size_t size, struct str from)
{
    size_t n = from.n < size - 1 ? from.n : size - 1;

    if (n)
        memcpy(to, from.p, n);
    to[n] = 0;
}

static void note_cited(struct met *m, const struct hit *hit)
{
    struct str capsules[MET_CITED];
    struct capsule c;
    size_t n = cited_list(hit, capsules, MET_CITED);

    for (size_t i = 0; i < n; i++)
        if (capsule_unpack(capsules[i], &c))
            m->cited[m->n_cited++] = c.offset;
}

static void note_met(struct operator_run *r, const struct signal *s)
{
    if (r->n == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 64;
        r->met = reallocarray(r->met, r->cap, sizeof *r->met);
        ASSERT(r->met);
    }
    struct met *m = &r->met[r->n++];
    *m = (struct met){
        .t_ms = s->t_ms, .key = s->key, .value = s->hit.value, .measured_micro = s->measured_micro};
    copy_text(m->keys, sizeof m->keys, s->hit.keys);
    note_cited(m, &s->hit);
    copy_text(m->text, sizeof m->text, s->hit.value_text);
    copy_text(m->detail, sizeof m->detail, s->detail);
}

static void note_fact(struct operator_run *r, const struct signal *s)
{
    if (r->n_facts == r->cap_facts) {
        r->cap_facts = r->cap_facts ? r->cap_facts * 2 : 64;
        r->facts = reallocarray(r->facts, r->cap_facts, sizeof *r->facts);
        ASSERT(r->facts);
    }
    struct signal *f = &r->facts[r->n_facts++];
    *f = *s;
    f->detail.p = s->detail.n ? memcpy(malloc(s->detail.n), s->detail.p, s->detail.n) : NULL;
    f->hit.keys = f->hit.value_text = f->hit.capsule = f->hit.addends = (struct str){0};
}

/* True: there was something for another stage. */
static bool route(struct operator_run *r)
{
    size_t n;
    const struct emission *told = step_runner_take(r->steps, &n);
    bool is_more = false;

    /* Steps emit into the other buffer meanwhile: what was taken stays. */
    for (size_t i = 0; i < n; i++) {
        struct signal s;
        ASSERT(record_kind_of(told[i].bytes) == RECORD_SIGNAL);
        bool is_sound = signal_unpack(told[i].bytes, &s);
        ASSERT(is_sound);
        if (s.stage == SIGNAL_MET) {
            note_met(r, &s);
            continue;
        }
        if (s.stage == SIGNAL_FACT) {
            note_fact(r, &s);
            continue;
        }
        ASSERT(s.stage > told[i].space && s.stage < r->n_stages);
        struct state_op op = {
            .space = s.stage, .key = s.key, .t_ms = s.t_ms, .order = r->order++, .payload = &s.hit};
        step_runner_apply(r->steps, &op);
        is_more = true;
    }
    return is_more;
}

void operator_run_hit(struct operator_run *r, struct state_key key, int64_t t_ms,
                      const struct hit *hit)
{
    struct state_op op = {.key = key, .t_ms = t_ms, .order = r->order++, .payload = hit};

    step_runner_apply(r->steps, &op);
    while (route(r))
        ;
}

void operator_run_watermark(struct operator_run *r, int64_t ms)
{
    do
        step_runner_watermark(r->steps, ms);
    while (route(r));
}

void operator_run_sweep(struct operator_run *r)
{
    step_runner_sweep(r->steps);
}

struct step_runner *operator_run_steps(struct operator_run *r)
{
    return r->steps;
}

static int by_time(const void *x, const void *y)
{
    const struct met *a = x, *b = y;

    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms ? -1 : 1;
    int order = memcmp(&a->key, &b->key, sizeof a->key);
    if (order)
        return order;
    return a->value < b->value ? -1 : a->value > b->value;
}

const struct met *operator_run_met(struct operator_run *r, size_t *n)
{
    if (r->n)
        qsort(r->met, r->n, sizeof *r->met, by_time);
    *n = r->n;
    return r->met;
}

const struct signal *operator_run_facts(const struct operator_run *r, size_t *n)
{
    *n = r->n_facts;
    return r->facts;
}

struct state_key operator_run_key(uint32_t a, uint32_t b)
{
    struct state_key key = {0};

    for (int i = 0; i < 4; i++) { /* big-endian: keys sort as their numbers */
        key.bytes[i] = (uint8_t)(a >> (24 - 8 * i));
        key.bytes[i + 4] = (uint8_t)(b >> (24 - 8 * i));
    }
    return key;
}

static int by_arrival(const void *x, const void *y)
{
    const struct arrival *a = x, *b = y;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

void arrivals_shuffle(struct rng *rng, const int64_t *times, size_t n, int64_t lateness_ms,
                      struct arrival *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (struct arrival){times[i] + rng_below(rng, (uint32_t)lateness_ms + 1), times[i],
                                  (uint32_t)i};
    qsort(out, n, sizeof *out, by_arrival);
}
