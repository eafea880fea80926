/* first_seen_group.c - the group's side: training, and too many terms.
 *
 * Where a rule says how many terms it expects (terms_max), a new term of a group that is known is
 * judged when it is heard, with the event that brought it at hand, unless its place in time matters
 * (a group that begins, again or at all; a count that begins anew or is near its limit).
 *
 * Other terms wait in the cell until the timer that runs behind the last of them, and are then
 * judged in order of (t, term). So does the news that known terms are still there, if it came
 * behind a silence, or before its term was judged: it must not keep a group from being forgotten
 * that was silent before it. The cell: a head, the group's keys in clear, the Bloom filter if there
 * is one, the terms that wait (of fixed size, so that they can be sorted where they are).
 *
 * A fact is told with the judgement and never before: one step, one place in the outbox, one
 * transaction. So a store that is lost at any time finds a term among the facts only if its finding
 * is out.
 */
#include "correlate/first_seen.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "correlate/facts.h"
#include "correlate/final.h"
#include "correlate/kept.h"
#include "correlate/span.h"

#include <string.h>

enum { GROUP_VERSION = 3, TEXT_MAX = FIRST_SEEN_TEXT_MAX, BLOOM_HASHES = 4, FORGET_HISTORIES = 2 };

struct head {
    uint8_t version;
    uint8_t is_known; /* first_ms and the others say something */
    uint8_t is_exploded;
    uint8_t pad;
    uint32_t terms; /* new ones since count_from_ms */
    int64_t first_ms, heard_ms, count_from_ms;
    uint32_t n_waiting, bloom_n;
    uint32_t keys_n, pad2;
    struct state_key key;
};

struct waiting {
    int64_t t_ms, end_ms;
    uint64_t value;
    struct state_key term; /* of the term's cell */
    uint8_t is_still;      /* no new term: one that is there still, until end_ms */
    uint8_t text_n;
    char text[TEXT_MAX];
};

/* ---- bytes --------------------------------------------------------------------------------- */

static uint32_t bloom_at(const struct head *h)
{
    return (uint32_t)sizeof *h + h->keys_n;
}

static uint32_t waiting_at(const struct head *h)
{
    return bloom_at(h) + h->bloom_n;
}

static bool is_sound(const struct cell_part *p, const struct head *h)
{
    return h->version == GROUP_VERSION && h->n_waiting <= FIRST_SEEN_PENDING_MAX &&
           (h->bloom_n == 0 || h->bloom_n == FIRST_SEEN_BLOOM_BYTES) && h->keys_n <= UINT16_MAX &&
           p->n == waiting_at(h) + h->n_waiting * sizeof(struct waiting);
}

/* False: nothing there that this code wrote. */
static bool load(const struct cell_part *p, struct head *h)
{
    if (p->n < sizeof *h)
        return false;
    memcpy(h, p->p, sizeof *h);
    return is_sound(p, h);
}

static void put(struct cell *cell, const struct head *h)
{
    memcpy(cell->main.p, h, sizeof *h);
}

static bool begin(struct cell *cell, const struct state_op *op, struct head *h)
{
    const struct hit *hit = op->payload;

    *h = (struct head){.version = GROUP_VERSION, .heard_ms = INT64_MIN, .key = op->key};
    if (hit->keys.n <= UINT16_MAX)
        h->keys_n = (uint32_t)hit->keys.n;
    if (!cell_resize(cell, waiting_at(h)))
        return false;
    if (h->keys_n)
        memcpy(cell->main.p + sizeof *h, hit->keys.p, h->keys_n);
    put(cell, h);
    return true;
}

/* A restored cell has no keys until an event brings them. */
static void note_keys(struct cell *cell, struct head *h, struct str keys)
{
    if (h->keys_n || keys.n > UINT16_MAX || !cell_insert(cell, sizeof *h, keys))
        return;
    h->keys_n = (uint32_t)keys.n;
    put(cell, h);
}

static struct waiting waiting_get(const struct cell *cell, const struct head *h, uint32_t i)
{
    struct waiting w;

    memcpy(&w, cell->main.p + waiting_at(h) + i * sizeof w, sizeof w);
    if (w.text_n > TEXT_MAX) /* not ours */
        w.text_n = 0;
    return w;
}

static void waiting_set(struct cell *cell, const struct head *h, uint32_t i,
                        const struct waiting *w)
{
    memcpy(cell->main.p + waiting_at(h) + i * sizeof *w, w, sizeof *w);
}

/* ---- the filter ---------------------------------------------------------------------------- */

static void bloom_open(struct cell *cell, struct head *h)
{
    uint32_t n = h->n_waiting * (uint32_t)sizeof(struct waiting), at = waiting_at(h);

    if (h->bloom_n || !cell_resize(cell, cell->main.n + FIRST_SEEN_BLOOM_BYTES))
        return; /* without it terms are told again after they were given up */
    memmove(cell->main.p + at + FIRST_SEEN_BLOOM_BYTES, cell->main.p + at, n);
    memset(cell->main.p + at, 0, FIRST_SEEN_BLOOM_BYTES);
    h->bloom_n = FIRST_SEEN_BLOOM_BYTES;
}

static void bloom_close(struct cell *cell, struct head *h)
{
    uint32_t n = h->n_waiting * (uint32_t)sizeof(struct waiting), at = waiting_at(h);

    if (h->bloom_n == 0)
        return;
    h->bloom_n = 0;
    memmove(cell->main.p + waiting_at(h), cell->main.p + at, n);
    final_shrink(cell, waiting_at(h) + n);
}

/* True: it was in already (or the filter takes it for one that was). */
static bool bloom_add(struct cell *cell, const struct head *h, uint64_t value)
{
    uint8_t *bits = cell->main.p + bloom_at(h);
    bool was_in = true;

    if (h->bloom_n == 0)
        return false;
    /* Values are keyed hashes: their halves are as good as two hash functions (Kirsch and
     * Mitzenmacher, 2006). */
    uint32_t a = (uint32_t)value, b = (uint32_t)(value >> 32) | 1;
    for (uint32_t i = 0; i < BLOOM_HASHES; i++) {
        uint32_t bit = (a + i * b) % (FIRST_SEEN_BLOOM_BYTES * 8);
        was_in &= bits[bit / 8] >> (bit % 8) & 1;
        bits[bit / 8] |= (uint8_t)(1u << (bit % 8));
    }
    return was_in;
}

/* ---- judging ------------------------------------------------------------------------------- */

struct judging {
    const struct correlation *c;
    struct str capsule; /* of what is judged at once */
    struct cell *cell;
    struct head h;
    struct emissions *out;
    int64_t history;
};

static void tell(const struct judging *j, const struct waiting *w, struct str detail)
{
    struct str keys = {(const char *)j->cell->main.p + sizeof j->h, j->h.keys_n};
    struct str capsule = j->capsule.n ? j->capsule : kept_find(j->cell, w->t_ms, w->value);

    final_tell(j->out, j->cell,
               &(struct final_met){.key = &j->h.key,
                                   .keys = keys,
                                   .t_ms = w->t_ms,
                                   .value = w->value,
                                   .value_text = {w->text, w->text_n},
                                   .detail = detail,
                                   .capsule = capsule});
}

static void tell_fact(const struct head *h, const struct waiting *w, struct emissions *out)
{
    struct signal s = {.stage = SIGNAL_FACT, .key = h->key, .t_ms = w->end_ms};

    s.hit = (struct hit){.value = w->value, .number_micro = w->t_ms, .group_key = w->term};
    final_signal(out, &s);
}

static uint32_t terms_max(const struct correlation *c)
{
    return c->terms_max ? c->terms_max : FIRST_SEEN_TERMS_MAX;
}

static void explode(struct judging *j, const struct waiting *w)
{
    struct buf text = {0};

    j->h.is_exploded = true;
    bloom_open(j->cell, &j->h);
    (void)bloom_add(j->cell, &j->h, w->value);
    buf_printf(&text, "cardinality exploded: more than %u new terms in %lld h", terms_max(j->c),
               (long long)(j->history / 3600000));
    tell(j, w, buf_str(&text));
    buf_release(&text);
}

static void begin_count(struct judging *j, int64_t t_ms)
{
    j->h.count_from_ms = t_ms;
    j->h.terms = 0;
    j->h.is_exploded = false;
    bloom_close(j->cell, &j->h);
}

static void judge(struct judging *j, const struct waiting *w)
{
    struct head *h = &j->h;
    const struct correlation *c = j->c;
    int64_t training = c->training_ms > c->activation_ms ? c->training_ms : c->activation_ms;

    if (w->is_still) {
        if (w->end_ms > h->heard_ms)
            h->heard_ms = w->end_ms;
        return;
    }
    if (!h->is_known || w->t_ms > span_add(h->heard_ms, FORGET_HISTORIES * j->history)) {
        h->is_known = true;
        h->first_ms = w->t_ms;
        begin_count(j, w->t_ms);
    }
    if (w->t_ms > h->heard_ms)
        h->heard_ms = w->t_ms;
    if (w->t_ms > span_add(h->count_from_ms, j->history))
        begin_count(j, w->t_ms);
    if (h->is_exploded && bloom_add(j->cell, h, w->value))
        return;
    h->terms++;
    if (!h->is_exploded && h->terms > terms_max(c)) {
        explode(j, w);
        return;
    }
    if (w->t_ms < span_add(h->first_ms, training))
        return;
    struct buf text = {0};
    buf_add(&text, STR("new: "));
    for (size_t i = 0; i < w->text_n; i++)
        buf_add(&text, w->text[i] == FIRST_SEEN_BETWEEN ? STR(", ") : (struct str){&w->text[i], 1});
    tell(j, w, buf_str(&text));
    buf_release(&text);
}

static bool comes_before(const struct waiting *a, const struct waiting *b)
{
    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms;
    if (a->is_still != b->is_still)
        return b->is_still;
    return a->value != b->value ? a->value < b->value : a->end_ms < b->end_ms;
}

/* Where they are, without memory: Shell's sort. They are mostly in order already. */
static void sort(struct cell *cell, const struct head *h)
{
    static const uint32_t gaps[] = {4181, 1597, 610, 233, 89, 34, 13, 5, 1};

    for (size_t g = 0; g < ARRAY_LEN(gaps); g++)
        for (uint32_t i = gaps[g], gap = gaps[g]; i < h->n_waiting; i++) {
            struct waiting w = waiting_get(cell, h, i);
            uint32_t k = i;
            for (; k >= gap; k -= gap) {
                struct waiting before = waiting_get(cell, h, k - gap);
                if (!comes_before(&w, &before))
                    break;
                waiting_set(cell, h, k, &before);
            }
            waiting_set(cell, h, k, &w);
        }
}

static void set_times(struct cell *cell, const struct judging *j)
{
    int64_t due = CELL_NEVER;

    for (uint32_t i = 0; i < j->h.n_waiting; i++) {
        struct waiting w = waiting_get(cell, &j->h, i);
        if (w.t_ms < due)
            due = span_add(w.t_ms, 1);
    }
    cell->due_ms = due;
    cell->idle_ms =
        j->h.n_waiting ? CELL_NEVER : span_add(j->h.heard_ms, FORGET_HISTORIES * j->history + 1);
    cell->weight = 200; /* without it the whole group would have to learn again */
}

static void settle(struct judging *j, int64_t watermark_ms)
{
    struct cell *cell = j->cell;
    uint32_t done = 0;

    cell->due_ms = CELL_NEVER;
    if (!load(&cell->main, &j->h))
        return;
    sort(cell, &j->h);
    for (; done < j->h.n_waiting; done++) {
        struct waiting w = waiting_get(cell, &j->h, done);
        if (w.t_ms >= watermark_ms)
            break;
        judge(j, &w);
        tell_fact(&j->h, &w, j->out);
    }
    uint8_t *at = cell->main.p + waiting_at(&j->h);
    uint32_t left = (j->h.n_waiting - done) * (uint32_t)sizeof(struct waiting);
    memmove(at, at + done * sizeof(struct waiting), left);
    j->h.n_waiting -= done;
    final_shrink(cell, waiting_at(&j->h) + left);
    put(cell, &j->h);
    kept_forget(cell, watermark_ms);
    set_times(cell, j);
}

/* ---- operations ---------------------------------------------------------------------------- */

static void restore(struct head *h, const struct hit *hit, int64_t last_ms)
{
    int64_t first_ms = hit->fact->first_ms;

    if (!h->is_known || first_ms < h->first_ms)
        h->first_ms = first_ms;
    if (last_ms > h->heard_ms)
        h->heard_ms = last_ms;
    if (!h->is_known || first_ms < h->count_from_ms)
        h->count_from_ms = first_ms;
    h->is_known = true;
    h->terms += hit->count > 0;
}

static bool add_waiting(struct cell *cell, struct head *h, const struct waiting *w)
{
    if (h->n_waiting == FIRST_SEEN_PENDING_MAX ||
        !cell_resize(cell, cell->main.n + (uint32_t)sizeof *w))
        return false;
    waiting_set(cell, h, h->n_waiting++, w);
    return true;
}

/* The rule expects more terms than can wait (terms_max), and nothing that is older can change what
 * becomes of this one. Beside others that wait, it does too. */
static bool can_be_judged(const struct judging *j, const struct waiting *w)
{
    const struct head *h = &j->h;

    return j->c->terms_max && h->is_known && !h->is_exploded && h->n_waiting == 0 &&
           w->t_ms <= span_add(h->heard_ms, FORGET_HISTORIES * j->history) &&
           w->t_ms <= span_add(h->count_from_ms, j->history) &&
           h->terms + FIRST_SEEN_PENDING_MAX < terms_max(j->c);
}

/* One too many will never be judged: its fact is out at once. */
static void wait(struct judging *j, const struct state_op *op)
{
    struct cell *cell = j->cell;
    struct head *h = &j->h;
    struct emissions *out = j->out;
    const struct hit *hit = op->payload;
    struct str text = utf8_cut(hit->value_text, TEXT_MAX);
    struct waiting w = {.t_ms = op->t_ms,
                        .end_ms = op->t_ms,
                        .value = hit->value,
                        .term = hit->group_key,
                        .text_n = (uint8_t)text.n};

    note_keys(cell, h, hit->keys);
    if (text.n)
        memcpy(w.text, text.p, text.n);
    if (can_be_judged(j, &w)) {
        j->capsule = hit->capsule;
        judge(j, &w);
        tell_fact(h, &w, out);
    } else if (add_waiting(cell, h, &w)) {
        kept_add(cell, op->t_ms, hit->value, hit->capsule);
    } else if (h->n_waiting == FIRST_SEEN_PENDING_MAX) {
        h->terms++;
        tell_fact(h, &w, out);
    }
    put(cell, h);
}

static bool is_waiting(const struct cell *cell, const struct head *h, const struct state_key *term)
{
    for (uint32_t i = 0; i < h->n_waiting; i++) {
        struct waiting w = waiting_get(cell, h, i);
        if (memcmp(&w.term, term, sizeof *term) == 0)
            return true;
    }
    return false;
}

/* A known term is there still: no gap between its beginning and op->t_ms is longer than the
 * history. That may be told before what is older has been judged, and must not hide a silence
 * before the beginning. */
static void still(struct cell *cell, struct head *h, const struct state_op *op, int64_t history,
                  struct emissions *out)
{
    const struct hit *hit = op->payload;
    struct waiting w = {.t_ms = hit->number_micro,
                        .end_ms = op->t_ms,
                        .value = hit->value,
                        .term = hit->group_key,
                        .is_still = true};
    bool is_after_silence =
        !h->is_known || w.t_ms > span_add(h->heard_ms, FORGET_HISTORIES * history);
    bool is_early = is_waiting(cell, h, &w.term);

    if ((!is_after_silence && !is_early) || !add_waiting(cell, h, &w)) {
        if (w.end_ms > h->heard_ms)
            h->heard_ms = w.end_ms;
        if (!is_early)
            tell_fact(h, &w, out);
    }
    put(cell, h);
}

void first_seen_group_step(void *context, const struct state_op *op, struct cell *cell,
                           const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    struct judging j = {.c = spec->correlation,
                        .cell = cell,
                        .out = out,
                        .history = first_seen_history_ms(spec->correlation)};

    if (!op) {
        settle(&j, clock->watermark_ms);
        return;
    }
    const struct hit *hit = op->payload;
    if (!load(&cell->main, &j.h) && !begin(cell, op, &j.h))
        return;
    if (hit->fact) {
        restore(&j.h, hit, op->t_ms);
        put(cell, &j.h);
    } else if (hit->label == FIRST_SEEN_STILL) {
        still(cell, &j.h, op, j.history, out);
    } else {
        wait(&j, op);
    }
    set_times(cell, &j);
}
