/* book_record.c - an entry of a book as a finding: its count, names and capsules, told. */
#include "correlate/book_impl.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "correlate/cited.h"
#include "state/capsule.h"
#include "state/emissions.h"
#include "state/uid.h"

uint64_t book_count(const struct book *b, const struct entry *e)
{
    uint64_t least = b->fold->threshold;

    if (e->flags & ENTRY_CLAIMED && book_claim_of(e)->told > least)
        least = book_claim_of(e)->told;
    return e->hits > least ? e->hits : least;
}

/* A count that was told and that the hits do not reach is one of a cell that was lost. */
static bool is_exact(const struct book *b, const struct entry *e)
{
    bool is_short = e->flags & ENTRY_CLAIMED && book_claim_of(e)->told > b->fold->threshold &&
                    e->hits < book_claim_of(e)->told;

    return !(e->flags & ENTRY_INEXACT) && !is_short;
}

static void set_names(const struct book *b, struct finding *f, struct str keys)
{
    struct str parts[2 + FINDING_KEYS_MAX + 1];
    struct digest d;
    char bucket[32];
    size_t n = book_name_parts(b->fold, keys, parts);

    for (size_t i = 2; i < n; i++) {
        f->key_names[f->n_keys] =
            i - 2 < b->fold->n_key_names ? b->fold->key_names[i - 2] : STR("");
        f->keys[f->n_keys++] = parts[i];
    }
    int len = snprintf(bucket, sizeof bucket, "bucket:%lld", (long long)f->bucket_start_ms);
    parts[n++] = (struct str){bucket, (size_t)len};
    struct uid uid = uid_of_parts(&d, parts, n);
    memcpy(f->uid, uid.bytes, sizeof f->uid);
}

/* Whether it is of this bucket, or of a window that leads into it. Where matches wait for the
 * watermark the cell has later ones, too: what is told is told as of its time (until_ms). */
static bool is_behind(const struct book *b, const struct finding *f, struct str packed,
                      int64_t until_ms)
{
    bool has_start = b->fold->is_anchored && b->fold->is_of_events;
    struct capsule c;

    return capsule_unpack(packed, &c) && c.t_ms < f->bucket_end_ms && c.t_ms <= until_ms &&
           (!has_start || c.t_ms >= f->bucket_start_ms);
}

static int64_t oldest_start(const struct book *b)
{
    const struct entry *e = book_first(b);
    int64_t start = INT64_MAX;

    for (uint32_t i = book_head(b)->n; i > 0; i--, e = book_next(e))
        start = e->start_ms;
    return start;
}

/* Of those that passed the newest are told: this one and what came before it. Not what is older
 * than all buckets: it was applied and trimmed in another life of the batch. */
static void recall_passed(const struct book *b, const struct hit *hit)
{
    const struct hit *newest[CAPSULES_LAST];
    size_t n = 0;

    if (!hit || (!hit->is_passing && !hit->before))
        return;
    for (int64_t from_ms = oldest_start(b);
         hit && n < CAPSULES_LAST && book_bounded(hit->t_ms) >= from_ms; hit = hit->before)
        newest[n++] = hit;
    while (n-- > 0)
        if (newest[n]->is_passing)
            capsule_book_recall(b->cell, book_bounded(newest[n]->t_ms), newest[n]->capsule);
}

static void set_capsules(const struct book *b, struct finding *f, const struct hit *hit)
{
    struct str list[FINDING_CAPSULES_MAX];
    int64_t until_ms = b->fold->is_anchored ? f->at_ms : INT64_MAX;
    uint64_t seen;
    size_t n = b->cell->side.n ? capsule_book_list(&b->cell->side, list, &seen) : 0;

    for (;; until_ms = INT64_MAX) {
        for (size_t i = 0; i < n; i++)
            if (is_behind(b, f, list[i], until_ms))
                f->capsules[f->n_capsules++] = list[i];
        if (f->n_capsules || until_ms == INT64_MAX)
            break; /* rather one of its later events than none */
    }
    if (f->n_capsules == 0 && hit)
        f->n_capsules = (uint32_t)cited_list(hit, f->capsules, FINDING_CAPSULES_MAX);
    f->n_events = f->hits > f->n_capsules ? f->hits : f->n_capsules;
}

void book_tell(const struct book *b, const struct entry *e, const struct record *r)
{
    const struct kept *k = book_kept(b);
    const char *text = k ? (const char *)(k + 1) : NULL;
    struct str keys = k ? (struct str){text, k->n_keys} : r->hit ? r->hit->keys : STR("");
    struct str addends = r->hit && r->hit->addends.n ? r->hit->addends
                         : k                         ? (struct str){text + k->n_keys, k->n_addends}
                                                     : STR("");
    struct finding f = {.activity = r->activity,
                        .cause = r->cause,
                        .sequence = r->sequence,
                        .has_bucket = true,
                        .bucket_start_ms = e->start_ms,
                        .bucket_end_ms = book_end_of(b, e),
                        .hits = book_count(b, e),
                        .first_ms = e->start_ms + e->first,
                        .last_ms = e->start_ms + e->last,
                        .at_ms = r->at_ms,
                        .level = e->level,
                        .is_exact = is_exact(b, e),
                        .is_timer = !r->hit,
                        .detail = STR(""),
                        .measured_micro = r->measured_micro,
                        .has_measured = r->measured_micro != 0};
    struct buf bytes = {0};

    if (e->first == UINT32_MAX || (e->hits == 0 && !(e->flags & ENTRY_CLAIMED)))
        f.first_ms = f.last_ms = r->at_ms;
    f.suppressed = f.hits > r->sequence ? f.hits - r->sequence : 0;
    set_names(b, &f, keys);
    recall_passed(b, r->hit);
    set_capsules(b, &f, r->hit);
    f.n_addends = (uint32_t)finding_addends_unpack(addends, f.addends);
    if (r->hit && r->hit->value_text.n)
        f.detail = r->hit->value_text;
    finding_pack(&f, &bytes);
    emissions_add(b->out, buf_str(&bytes));
    buf_release(&bytes);
}

void book_update(const struct book *b, struct entry *e, enum finding_cause cause, int64_t at_ms,
                 const struct hit *hit)
{
    struct claim *c = book_claim_of(e);
    uint64_t count = book_count(b, e);

    c->sequence++;
    c->told = (uint32_t)count;
    while (c->next <= count && c->next < UINT32_MAX) /* both may be saturated */
        c->next = c->next > UINT32_MAX / 2 ? UINT32_MAX : c->next * 2;
    book_tell(b, e,
              &(struct record){FINDING_UPDATE, cause, at_ms, c->sequence, c->measured_micro, hit});
}
