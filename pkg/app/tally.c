/* tally.c - a sorter, the state stage behind it, and of each finding what its Create and its Close
 * say. */
#include "app/tally.h"

#include <stdlib.h>
#include <string.h>

#include "app/sorter.h"
#include "app/stage.h"
#include "base/buf.h"
#include "base/str.h"

struct tally {
    struct stage *stage;
    struct sorter *sorter;
    struct buf item;
    struct tallied *all; /* one for each Create, one for each Close */
    size_t n, cap;
    uint64_t n_beyond;
};

/* A stage_fn. */
static enum weir_rc note_finding(void *context, const struct finding *f,
                                 const struct stage_event *e, struct weir_err *err)
{
    struct tally *t = context;

    (void)e;
    (void)err;
    if (f->is_flood || f->activity == FINDING_UPDATE)
        return WEIR_OK;
    if (t->n == 2 * (size_t)TALLY_MAX) {
        t->n_beyond++;
        return WEIR_OK;
    }
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 1024;
        t->all = reallocarray(t->all, t->cap, sizeof *t->all);
        ASSERT(t->all);
    }
    struct tallied *x = &t->all[t->n++];
    *x = (struct tallied){.rule = f->rule, .count = f->hits, .first_ms = f->first_ms};
    memcpy(x->uid, f->uid, sizeof x->uid);
    return WEIR_OK;
}

struct tally *tally_new(const struct graph *graph, struct store *store)
{
    struct tally *t = calloc(1, sizeof *t);

    ASSERT(t);
    t->sorter = sorter_new(0);
    t->stage = stage_new(&(struct stage_options){.graph = graph,
                                                 .store = store,
                                                 .is_by_time = true,
                                                 .n_inputs = 1,
                                                 .fn = note_finding,
                                                 .context = t,
                                                 .watermark_ms = INT64_MIN});
    return t;
}

void tally_free(struct tally *t)
{
    if (!t)
        return;
    stage_free(t->stage);
    sorter_free(t->sorter);
    buf_release(&t->item);
    free(t->all);
    free(t);
}

uint64_t tally_beyond(const struct tally *t)
{
    return t->n_beyond;
}

/* What goes through the sorter: nobody cites the event, so its record stays behind. */
static struct stage_event head_of(const struct picked *e)
{
    return (struct stage_event){.ref = e->event->ref,
                                .profile = e->profile,
                                .time_ms = e->time_ms,
                                .time_is_standin = e->time_is_standin};
}

enum weir_rc tally_add(struct tally *t, const struct picked *e, struct weir_err *err)
{
    struct stage_event head = head_of(e);

    if (!e->gathered.n)
        return WEIR_OK;
    buf_clear(&t->item);
    buf_add(&t->item, (struct str){(const char *)&head, sizeof head});
    buf_add(&t->item, e->gathered);
    return sorter_add(t->sorter, &(struct sort_item){e->time_ms, e->number, buf_str(&t->item)},
                      err);
}

/* A sorter_fn. */
static enum weir_rc take_sorted(void *context, const struct sort_item *item, struct weir_err *err)
{
    struct tally *t = context;
    struct stage_event head;

    ASSERT(item->bytes.n >= sizeof head);
    memcpy(&head, item->bytes.p, sizeof head);
    return stage_add(t->stage, &head, str_sub(item->bytes, sizeof head, item->bytes.n), err);
}

static int by_uid(const void *a, const void *b)
{
    const struct tallied *x = a, *y = b;
    int order = memcmp(x->uid, y->uid, sizeof x->uid);

    return order ? order : (x->count > y->count) - (x->count < y->count);
}

enum weir_rc tally_finish(struct tally *t, struct tallied **out, size_t *n, struct weir_err *err)
{
    size_t kept = 0;

    TRY(sorter_drain(t->sorter, take_sorted, t, err));
    TRY(stage_finish(t->stage, true, err));
    if (t->n)
        qsort(t->all, t->n, sizeof *t->all, by_uid);
    for (size_t i = 0; i < t->n; i++) { /* of one finding the last: its Close counts all */
        bool is_same = kept && memcmp(t->all[kept - 1].uid, t->all[i].uid, 16) == 0;
        t->all[is_same ? kept - 1 : kept++] = t->all[i];
    }
    *out = t->all;
    *n = t->n = kept;
    return WEIR_OK;
}
