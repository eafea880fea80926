/* sequence.c - events of one key in the order of a list, each partial chain used once.
 *
 * The list has stages, of which one chain waits behind each: a hit of stage k takes the chain that
 * waits behind stage k - 1 and waits behind k itself, in place of what waited there (the newest
 * start wins, and no chain branches). A chain whose first event is more than the window ago is
 * lost, though it was taken. An item written with runs is as many stages. Missing items spoil: one
 * between two stages the chain that waits there, one before the first stage those that begin within
 * the window, one behind the last those that are held until the window of their first event
 * is over; one before and one behind spoil only together. What ends a sequence drops what waits,
 * but not what the same event completed.
 *
 * All of that is about the order of events: time, then hit.value, which is the same for all hits
 * of one event and sets events of one time in order. So hits are kept until the watermark has
 * passed them and judged then; of one event from the last item to the first, so that no event
 * continues what it began, and what ends comes last.
 *
 * Times told: that of the last event, or the one at which a missing item could come no more.
 *
 * A chain knows its steps: of many the first and the last few, which is what a finding cites. Their
 * capsules lie in the side part (kept.h), and are cited as far as they are there.
 *
 * Layout: head, chains behind each stage but the last, each with its steps, held chains with
 * theirs, waiting hits, tail.
 */
#include "correlate/operator.h"

#include <string.h>

#include "base/pack.h"
#include "correlate/cited.h"
#include "correlate/hit.h"
#include "correlate/kept.h"
#include "correlate/record.h"
#include "correlate/span.h"
#include "correlate/tail.h"
#include "state/capsule.h"

enum {
    VERSION = 2,
    HELD_MAX = 4096,
    STEPS_KEPT = CAPSULES_FIRST + CAPSULES_LAST,
    SIDE_BYTES = 32 * CAPSULE_BYTES, /* a remote store moves them with each batch of the key */
    TIDY_BYTES =
        16 * CAPSULE_BYTES /* of capsules: from here on each is asked whether it is needed */
};

struct head {
    uint8_t version;
    uint8_t is_inexact; /* something found no room */
    uint16_t n_chains;
    uint32_t n_held, n_waiting;
    int64_t lead_ms; /* last hit of an item before the first stage; INT64_MIN: none */
} __attribute__((packed, may_alias));

/* An event as an item of the list: a hit that waits, a step of a chain. */
struct step {
    int64_t t_ms;
    uint64_t value;
    uint32_t label;
} __attribute__((packed, may_alias));

/* Then its steps: n_steps() of them. */
struct chain {
    int64_t first_ms, lead_ms;
    uint8_t is_there, is_spoiled;
} __attribute__((packed, may_alias));

/* Then its steps. */
struct held {
    int64_t until_ms; /* told when the watermark is beyond */
} __attribute__((packed, may_alias));

struct sequence {
    struct tail tail;
    const struct correlation *c;
    uint32_t n_stages, steps_max;
    struct head *head;
    uint8_t *chains, *held;
    struct step *waiting;
};

/* A chain outside of the cell, which moves. */
struct draft {
    struct chain chain;
    uint32_t n_steps;
    struct step steps[SEQUENCE_STAGES_MAX];
};

/* Where an input stands: its first stage, or the gap behind so many stages. */
struct place_in_list {
    uint32_t stage, n_stages;
    bool is_missing, is_until;
};

static uint32_t count_stages(const struct correlation *c)
{
    uint32_t n = 0;

    for (size_t i = 0; i < c->n_inputs; i++)
        n += c->items[i].kind == SEQUENCE_STAGE ? c->items[i].runs : 0;
    return n;
}

static struct place_in_list place_of(const struct correlation *c, uint32_t label)
{
    struct place_in_list p = {.is_missing = c->items[label].kind == SEQUENCE_MISSING,
                              .is_until = c->items[label].kind == SEQUENCE_UNTIL,
                              .n_stages = c->items[label].runs};

    for (uint32_t i = 0; i < label; i++)
        p.stage += c->items[i].kind == SEQUENCE_STAGE ? c->items[i].runs : 0;
    return p;
}

/* ---- the cell ----------------------------------------------------------------- */

/* Of a chain that has come so far. */
static uint32_t n_steps(const struct sequence *s, uint32_t n_stages)
{
    return n_stages < s->steps_max ? n_stages : s->steps_max;
}

/* Of the first n chains: chain i has come through i + 1 stages. */
static uint32_t chains_bytes(const struct sequence *s, uint32_t n)
{
    uint32_t whole = n_steps(s, n);
    uint32_t steps = whole * (whole + 1) / 2 + (n - whole) * s->steps_max;

    return n * (uint32_t)sizeof(struct chain) + steps * (uint32_t)sizeof(struct step);
}

static uint32_t held_bytes(const struct sequence *s)
{
    return (uint32_t)sizeof(struct held) + n_steps(s, s->n_stages) * (uint32_t)sizeof(struct step);
}

static struct chain *chain_at(const struct sequence *s, uint32_t i)
{
    return (struct chain *)(s->chains + chains_bytes(s, i));
}

static struct held *held_at(const struct sequence *s, uint32_t i)
{
    return (struct held *)(s->held + i * held_bytes(s));
}

static uint32_t bytes_for(const struct sequence *s, const struct head *h)
{
    return (uint32_t)sizeof *h + chains_bytes(s, h->n_chains) + h->n_held * held_bytes(s) +
           h->n_waiting * (uint32_t)sizeof(struct step);
}

/* The cell may have moved. */
static void find_parts(struct sequence *s)
{
    s->head = (struct head *)s->tail.cell->main.p;
    s->chains = (uint8_t *)(s->head + 1);
    s->held = s->chains + chains_bytes(s, s->head->n_chains);
    s->waiting = (struct step *)(s->held + s->head->n_held * held_bytes(s));
    s->tail.offset = bytes_for(s, s->head);
}

static bool is_valid(const struct sequence *s)
{
    const struct cell_part *main = &s->tail.cell->main;
    const struct head *h = (const struct head *)main->p;

    if (main->n < sizeof *h || h->version != VERSION || h->n_chains != s->n_stages - 1 ||
        h->n_held > HELD_MAX || h->n_waiting > CELL_BYTES_MAX / sizeof(struct step))
        return false;
    struct tail t = s->tail;
    t.offset = bytes_for(s, h);
    return tail_is_valid(&t);
}

static bool lay_out(struct sequence *s, const struct state_op *op)
{
    struct head head = {
        .version = VERSION, .n_chains = (uint16_t)(s->n_stages - 1), .lead_ms = INT64_MIN};

    if (!cell_resize(s->tail.cell, bytes_for(s, &head)))
        return false;
    memcpy(s->tail.cell->main.p, &head, sizeof head);
    find_parts(s);
    bool has_room = tail_init(&s->tail, op);
    if (has_room)
        find_parts(s);
    return has_room;
}

/* Room for `n` bytes at `offset`; what is behind moves up. */
static bool open_gap(struct sequence *s, uint32_t offset, uint32_t n)
{
    if (cell_open(s->tail.cell, offset, n))
        return true;
    s->head->is_inexact = true;
    return false;
}

static void close_gap(struct sequence *s, uint32_t offset, uint32_t n)
{
    cell_close(s->tail.cell, offset, n);
    find_parts(s);
}

static uint32_t offset_of(const struct sequence *s, const void *at)
{
    return (uint32_t)((const uint8_t *)at - s->tail.cell->main.p);
}

/* ---- waiting hits ------------------------------------------------------------- */

/* Which item it is. A cell that a store has damaged may name one that there is not: the first. */
static uint32_t item_of(const struct sequence *s, const struct step *w)
{
    return w->label < s->c->n_inputs ? w->label : 0;
}

/* Of one event: items from the last to the first, then what ends the sequence. */
static uint32_t turn_of(const struct sequence *s, const struct step *w)
{
    uint32_t item = item_of(s, w);

    return s->c->items[item].kind == SEQUENCE_UNTIL ? UINT32_MAX : CORRELATION_INPUTS_MAX - item;
}

static bool is_before(const struct sequence *s, const struct step *a, const struct step *b)
{
    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms;
    if (a->value != b->value)
        return a->value < b->value;
    return turn_of(s, a) < turn_of(s, b);
}

/* False: it is there, or there is no room. */
static bool wait(struct sequence *s, struct step w)
{
    uint32_t low = 0, high = s->head->n_waiting;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (is_before(s, &s->waiting[middle], &w))
            low = middle + 1;
        else
            high = middle;
    }
    if (low < s->head->n_waiting && !is_before(s, &w, &s->waiting[low]))
        return false; /* the same event once more */
    uint32_t offset = offset_of(s, s->waiting + low);
    if (!open_gap(s, offset, sizeof w))
        return false;
    memcpy(s->tail.cell->main.p + offset, &w, sizeof w);
    ((struct head *)s->tail.cell->main.p)->n_waiting++;
    find_parts(s);
    return true;
}

/* ---- capsules of steps -------------------------------------------------------- */

/* One event may be several items, and has a capsule as each of them. */
static uint64_t name_of(const struct step *step)
{
    return step->value * UINT64_C(0x9e3779b97f4a7c15) + step->label;
}

static struct str capsule_of(const struct sequence *s, const struct step *step)
{
    return kept_find(s->tail.cell, step->t_ms, name_of(step));
}

static bool is_among(const struct step *steps, uint32_t n, int64_t t_ms, uint64_t name)
{
    for (uint32_t i = 0; i < n; i++)
        if (steps[i].t_ms == t_ms && name_of(&steps[i]) == name)
            return true;
    return false;
}

/* A kept_fn. */
static bool is_needed(void *context, int64_t t_ms, uint64_t name)
{
    const struct sequence *s = context;

    for (uint32_t i = 0; i < s->head->n_chains; i++) {
        const struct chain *c = chain_at(s, i);
        if (c->is_there && is_among((const struct step *)(c + 1), n_steps(s, i + 1), t_ms, name))
            return true;
    }
    for (uint32_t i = 0; i < s->head->n_held; i++)
        if (is_among((const struct step *)(held_at(s, i) + 1), n_steps(s, s->n_stages), t_ms, name))
            return true;
    return is_among(s->waiting, s->head->n_waiting, t_ms, name);
}

static void forget_capsules(struct sequence *s)
{
    int64_t oldest_ms = s->head->n_waiting ? s->waiting[0].t_ms : INT64_MAX;

    for (uint32_t i = 0; i < s->head->n_chains; i++)
        if (chain_at(s, i)->is_there && chain_at(s, i)->first_ms < oldest_ms)
            oldest_ms = chain_at(s, i)->first_ms;
    for (uint32_t i = 0; i < s->head->n_held; i++) {
        const struct step *first = (const struct step *)(held_at(s, i) + 1);
        oldest_ms = first->t_ms < oldest_ms ? first->t_ms : oldest_ms;
    }
    kept_forget(s->tail.cell, oldest_ms);
    if (s->tail.cell->side.n > TIDY_BYTES)
        kept_select(s->tail.cell, is_needed, s);
}

/* ---- judging ------------------------------------------------------------------ */

static bool has_gap(const struct correlation *c, uint32_t behind)
{
    for (uint32_t i = 0; i < c->n_inputs; i++)
        if (c->items[i].kind == SEQUENCE_MISSING && place_of(c, i).stage == behind)
            return true;
    return false;
}

/* All steps, for those who list them: hit.value of each, 8 bytes. */
static void put_steps(const struct draft *d, struct buf *out)
{
    for (uint32_t i = 0; i < d->n_steps; i++)
        pack_u64(out, d->steps[i].value);
}

static void tell(struct sequence *s, int64_t t_ms, const struct draft *d)
{
    struct buf cited = {0}, detail = {0};
    struct str last = {0};

    for (uint32_t i = 0; i < d->n_steps; i++) {
        struct str capsule = capsule_of(s, &d->steps[i]);
        cited_add(&cited, capsule);
        last = capsule.n ? capsule : last;
    }
    if (s->tail.spec->lists_steps)
        put_steps(d, &detail);
    struct signal met = {
        .t_ms = t_ms,
        .has_measured = true,
        .measured_micro = (int64_t)s->n_stages * CORRELATION_MICRO,
        .hit = {.is_inexact = s->head->is_inexact, .capsule = last, .cited = buf_str(&cited)},
        .detail = buf_str(&detail)};
    tail_send(&s->tail, &met);
    buf_release(&cited);
    buf_release(&detail);
}

static void hold(struct sequence *s, int64_t until_ms, const struct draft *d)
{
    struct held h = {until_ms};
    uint32_t offset = offset_of(s, s->waiting);

    if (s->head->n_held == HELD_MAX) {
        s->head->is_inexact = true;
        return;
    }
    if (!open_gap(s, offset, held_bytes(s)))
        return;
    memcpy(s->tail.cell->main.p + offset, &h, sizeof h);
    memcpy(s->tail.cell->main.p + offset + sizeof h, d->steps, d->n_steps * sizeof d->steps[0]);
    ((struct head *)s->tail.cell->main.p)->n_held++;
    find_parts(s);
}

/* All stages are there: what can still spoil it? */
static void complete(struct sequence *s, const struct draft *d, int64_t t_ms)
{
    const struct chain *chain = &d->chain;
    int64_t window_ms = s->tail.spec->window_ms;
    bool has_trail = has_gap(s->c, s->n_stages), has_lead = chain->lead_ms != INT64_MIN;
    bool is_lead_near = has_lead && span_add(chain->lead_ms, window_ms) >= t_ms;

    if (chain->is_spoiled)
        return;
    if (has_gap(s->c, 0)) {
        if (has_trail && is_lead_near)
            hold(s, span_add(chain->lead_ms, window_ms), d);
        else if (has_trail || !is_lead_near)
            tell(s, t_ms, d);
    } else if (has_trail) {
        hold(s, span_add(chain->first_ms, window_ms), d);
    } else {
        tell(s, t_ms, d);
    }
}

/* What waits behind so many stages does so no more. */
static void take(struct sequence *s, uint32_t n_stages, struct draft *d)
{
    struct chain *at = chain_at(s, n_stages - 1);

    d->chain = *at;
    d->n_steps = n_steps(s, n_stages);
    memcpy(d->steps, at + 1, d->n_steps * sizeof d->steps[0]);
    *at = (struct chain){0};
}

/* In a full list the first and the last ones stay. */
static void add_step(const struct sequence *s, struct draft *d, const struct step *step)
{
    if (d->n_steps == s->steps_max) {
        memmove(&d->steps[CAPSULES_FIRST], &d->steps[CAPSULES_FIRST + 1],
                (d->n_steps - CAPSULES_FIRST - 1) * sizeof *step);
        d->n_steps--;
    }
    d->steps[d->n_steps++] = *step;
}

static void reach(struct sequence *s, uint32_t stage, const struct step *step)
{
    struct draft d;

    d.n_steps = 0;
    d.chain = (struct chain){.first_ms = step->t_ms, .lead_ms = s->head->lead_ms, .is_there = true};
    if (stage > 0) {
        take(s, stage, &d);
        if (!d.chain.is_there || step->t_ms > span_add(d.chain.first_ms, s->tail.spec->window_ms))
            return;
    }
    add_step(s, &d, step);
    if (stage == s->head->n_chains) {
        complete(s, &d, step->t_ms);
        return;
    }
    struct chain *at = chain_at(s, stage);
    *at = d.chain;
    memcpy(at + 1, d.steps, d.n_steps * sizeof d.steps[0]);
}

static void drop_held(struct sequence *s, uint32_t i)
{
    uint32_t offset = offset_of(s, held_at(s, i));

    s->head->n_held--;
    close_gap(s, offset, held_bytes(s));
}

/* An item that must be missing has come. */
static void spoil(struct sequence *s, uint32_t behind, int64_t t_ms)
{
    if (behind == 0) {
        s->head->lead_ms = t_ms;
        return;
    }
    if (behind <= s->head->n_chains) {
        chain_at(s, behind - 1)->is_spoiled = true;
        return;
    }
    for (uint32_t i = s->head->n_held; i-- > 0;)
        if (held_at(s, i)->until_ms >= t_ms)
            drop_held(s, i);
}

static void judge_hit(struct sequence *s, const struct step *w)
{
    struct place_in_list p = place_of(s->c, item_of(s, w));

    if (p.is_until) {
        memset(s->chains, 0, chains_bytes(s, s->head->n_chains));
    } else if (p.is_missing) {
        spoil(s, p.stage, w->t_ms);
    } else {
        for (uint32_t i = p.n_stages; i-- > 0;)
            reach(s, p.stage + i, w);
    }
}

static void tell_held(struct sequence *s, int64_t watermark_ms)
{
    struct draft d;

    for (uint32_t i = 0; i < s->head->n_held;) {
        int64_t until_ms = held_at(s, i)->until_ms;
        if (until_ms >= watermark_ms) {
            i++;
            continue;
        }
        d.n_steps = n_steps(s, s->n_stages);
        memcpy(d.steps, held_at(s, i) + 1, d.n_steps * sizeof d.steps[0]);
        tell(s, until_ms, &d);
        drop_held(s, i);
    }
}

static void forget(struct sequence *s, int64_t watermark_ms)
{
    int64_t window_ms = s->tail.spec->window_ms;

    for (uint32_t i = 0; i < s->head->n_chains; i++) {
        struct chain *c = chain_at(s, i);
        if (c->is_there && span_add(c->first_ms, window_ms) < watermark_ms)
            *c = (struct chain){0};
    }
    if (s->head->lead_ms != INT64_MIN && span_add(s->head->lead_ms, window_ms) < watermark_ms)
        s->head->lead_ms = INT64_MIN;
}

static void judge(struct sequence *s, int64_t watermark_ms)
{
    uint32_t n = 0;

    for (; n < s->head->n_waiting && s->waiting[n].t_ms < watermark_ms; n++) {
        struct step w = s->waiting[n];
        judge_hit(s, &w);
    }
    if (n) {
        uint32_t offset = offset_of(s, s->waiting);
        s->head->n_waiting -= n;
        close_gap(s, offset, n * (uint32_t)sizeof *s->waiting);
    }
    tell_held(s, watermark_ms);
    forget(s, watermark_ms);
    forget_capsules(s);
}

/* ---- steps -------------------------------------------------------------------- */

static uint8_t weight_of(const struct sequence *s)
{
    uint32_t furthest = 0;

    for (uint32_t i = 0; i < s->head->n_chains; i++)
        if (chain_at(s, i)->is_there)
            furthest = i + 1;
    return s->head->n_held ? UINT8_MAX : tail_weight(furthest, s->head->n_chains + 1u);
}

/* When there is something to judge, and when all that waits is lost. */
static void settle(struct sequence *s)
{
    int64_t window_ms = s->tail.spec->window_ms;
    int64_t due = s->head->n_waiting ? s->waiting[0].t_ms : CELL_NEVER;
    int64_t newest = s->head->lead_ms;

    for (uint32_t i = 0; i < s->head->n_held; i++)
        due = held_at(s, i)->until_ms < due ? held_at(s, i)->until_ms : due;
    for (uint32_t i = 0; i < s->head->n_chains; i++)
        if (chain_at(s, i)->is_there && chain_at(s, i)->first_ms > newest)
            newest = chain_at(s, i)->first_ms;
    if (due == CELL_NEVER && newest == INT64_MIN) {
        tail_drop(s->tail.cell);
        return;
    }
    s->tail.cell->due_ms = due == CELL_NEVER ? CELL_NEVER : span_add(due, 1);
    s->tail.cell->idle_ms =
        due == CELL_NEVER ? span_add(span_add(newest, window_ms), 1) : CELL_NEVER;
    s->tail.cell->weight = weight_of(s);
}

static void add(struct sequence *s, const struct state_op *op)
{
    const struct hit *hit = op->payload;
    struct step step = {span_bounded(op->t_ms), hit->value, hit->label};

    bool is_stage = s->c->items[hit->label].kind == SEQUENCE_STAGE;
    if (wait(s, step) && is_stage && s->tail.cell->side.n < SIDE_BYTES)
        kept_add(s->tail.cell, step.t_ms, name_of(&step), hit->capsule);
}

static void sequence_step(void *context, const struct state_op *op, struct cell *cell,
                          const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    const struct hit *hit = op ? op->payload : NULL;
    struct sequence s = {.tail = {.spec = spec, .cell = cell, .clock = clock, .out = out},
                         .c = spec->correlation,
                         .n_stages = count_stages(spec->correlation),
                         .steps_max = spec->lists_steps ? SEQUENCE_STAGES_MAX : STEPS_KEPT};
    bool is_late = op && op->t_ms < clock->watermark_ms;

    if (hit && hit->label >= s.c->n_inputs)
        return;
    if (cell->main.n && !is_valid(&s))
        tail_drop(cell); /* not ours, or damaged: begin anew */
    if (cell->main.n) {
        find_parts(&s);
    } else if (!op || is_late || !lay_out(&s, op)) {
        tail_drop(cell);
        return;
    }
    if (op && !is_late) {
        add(&s, op);
    } else if (!op) {
        judge(&s, clock->watermark_ms);
    }
    settle(&s);
}

const struct operator_kind_info operator_sequence = {
    .kind = OPERATOR_SEQUENCE,
    .name = "sequence",
    .n_stages = 1,
    .steps = {sequence_step},
    .always_final = true,
};
