/* correlator_told.c - what a batch has found, told in the order of the events that made it. */
#include "correlate/correlator_impl.h"

#include <stdlib.h>
#include <string.h>

struct told {
    uint64_t order;
    uint64_t sequence;
    size_t place; /* keeps equals in order */
    uint32_t rule, shard;
    bool is_others; /* see struct origin */
    struct str record;
};

static void count_finding(struct correlator *c, const struct finding *f)
{
    c->counts.creates += f->activity == FINDING_CREATE;
    c->counts.updates += f->activity == FINDING_UPDATE;
    c->counts.closes += f->activity == FINDING_CLOSE;
    c->counts.braked += f->is_braked;
}

void correlator_note(struct correlator *c, const struct origin *from, uint32_t rule,
                     const struct finding *f, struct str record)
{
    count_finding(c, f);
    if (from->is_restored) /* published before: what it leads to is derived all the same */
        return;
    if (c->n_told == c->cap_told) {
        c->cap_told = c->cap_told ? c->cap_told * 2 : 256;
        c->told = reallocarray(c->told, c->cap_told, sizeof *c->told);
        ASSERT(c->told);
    }
    c->told[c->n_told] = (struct told){from->order, f->sequence,     c->n_told, rule,
                                       from->shard, from->is_others, record};
    c->n_told++;
    c->has_others |= from->is_others;
}

/* A Create takes the longer way, through the brake: by sequence it comes before what follows it. */
static int by_told_order(const void *x, const void *y)
{
    const struct told *a = x, *b = y;

    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    if (a->sequence != b->sequence)
        return a->sequence < b->sequence ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/* What the batch cost: told behind all, past brake and risk. */
static void tell_pressure(struct correlator *c)
{
    static const struct origin behind = {.order = ORDER_TIMER, .shard = FINDING_NO_SHARD};
    struct finding f;
    uint32_t rule;

    pressure_end_batch(c->pressure, c->timer_ms);
    while (pressure_next(c->pressure, &rule, &f)) {
        buf_clear(&c->scratch);
        finding_pack(&f, &c->scratch);
        correlator_note(c, &behind, rule, &f, arena_str(c->arena, buf_str(&c->scratch)));
    }
}

static bool is_same_record(const struct told *a, const struct told *b)
{
    struct finding x, y;

    return a->sequence == b->sequence && finding_unpack(a->record, &x) &&
           finding_unpack(b->record, &y) && x.activity == y.activity &&
           memcmp(x.uid, y.uid, sizeof x.uid) == 0;
}

/* What another set has brought to its end and this one, too, is told once. Seldom: a batch that a
 * worker with another rule set has begun. */
static void drop_doubles(struct correlator *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_told; i++) {
        bool is_double = false;
        for (size_t k = 0; k < c->n_told && c->told[i].is_others && !is_double; k++)
            is_double = (k < n || (k > i && !c->told[k].is_others)) &&
                        is_same_record(&c->told[i], &c->told[k]);
        if (!is_double)
            c->told[n++] = c->told[i];
    }
    c->n_told = n;
}

enum weir_rc correlator_tell(struct correlator *c, correlator_fn *fn, void *context,
                             struct weir_err *err)
{
    struct finding f;
    enum weir_rc rc = WEIR_OK;

    tell_pressure(c);
    if (c->has_others)
        drop_doubles(c);
    for (size_t i = 1; i < c->n_told; i++)
        if (by_told_order(&c->told[i - 1], &c->told[i]) > 0) {
            qsort(c->told, c->n_told, sizeof *c->told, by_told_order);
            break;
        }
    for (size_t i = 0; i < c->n_told && rc == WEIR_OK; i++) {
        if (!finding_unpack(c->told[i].record, &f))
            continue;
        f.rule = c->told[i].rule;
        f.shard = c->told[i].shard;
        uint64_t order = c->told[i].order;
        f.is_timer = f.is_timer || order == ORDER_TIMER;
        rc = fn(context, &f, order == ORDER_TIMER ? UINT32_MAX : (uint32_t)(order >> ORDER_BITS),
                err);
    }
    correlator_drop(c);
    return rc;
}
