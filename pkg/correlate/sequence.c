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
 * Layout: head, chains behind each stage but the last, held chains, waiting hits, tail.
 */
#include "correlate/operator.h"

#include <string.h>

#include "correlate/hit.h"
#include "correlate/span.h"
#include "correlate/tail.h"

enum { VERSION = 1, HELD_MAX = 4096 };

struct head {
    uint8_t version;
    uint8_t is_inexact; /* something found no room */
    uint16_t n_chains;
    uint32_t n_held, n_waiting;
    int64_t lead_ms; /* last hit of an item before the first stage; INT64_MIN: none */
} __attribute__((packed, may_alias));

struct chain {
    int64_t first_ms, lead_ms;
    uint8_t is_there, is_spoiled;
} __attribute__((packed, may_alias));

struct held {
    int64_t until_ms; /* told when the watermark is beyond */
} __attribute__((packed, may_alias));

struct waiting {
    int64_t t_ms;
    uint64_t value;
    uint32_t label;
} __attribute__((packed, may_alias));

struct sequence {
    struct tail tail;
    const struct correlation *c;
    struct head *head;
    struct chain *chains;
    struct held *held;
    struct waiting *waiting;
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

static uint32_t bytes_for(uint32_t n_chains, uint32_t n_held, uint32_t n_waiting)
{
    return (uint32_t)(sizeof(struct head) + n_chains * sizeof(struct chain) +
                      n_held * sizeof(struct held) + n_waiting * sizeof(struct waiting));
}

/* The cell may have moved. */
static void find_parts(struct sequence *s)
{
    s->head = (struct head *)s->tail.cell->main.p;
    s->chains = (struct chain *)(s->head + 1);
    s->held = (struct held *)(s->chains + s->head->n_chains);
    s->waiting = (struct waiting *)(s->held + s->head->n_held);
    s->tail.offset = bytes_for(s->head->n_chains, s->head->n_held, s->head->n_waiting);
}

static bool is_valid(const struct sequence *s)
{
    const struct cell_part *main = &s->tail.cell->main;
    const struct head *h = (const struct head *)main->p;

    if (main->n < sizeof *h || h->version != VERSION || h->n_chains != count_stages(s->c) - 1 ||
        h->n_held > HELD_MAX || h->n_waiting > CELL_BYTES_MAX / sizeof(struct waiting))
        return false;
    struct tail t = s->tail;
    t.offset = bytes_for(h->n_chains, h->n_held, h->n_waiting);
    return tail_is_valid(&t);
}

static bool lay_out(struct sequence *s, const struct state_op *op)
{
    struct head head = {
        .version = VERSION, .n_chains = (uint16_t)(count_stages(s->c) - 1), .lead_ms = INT64_MIN};

    if (!cell_resize(s->tail.cell, bytes_for(head.n_chains, 0, 0)))
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
    struct cell *c = s->tail.cell;
    uint32_t was = c->main.n;

    if (!cell_resize(c, was + n)) {
        s->head->is_inexact = true;
        return false;
    }
    memmove(c->main.p + offset + n, c->main.p + offset, was - offset);
    return true;
}

static void close_gap(struct sequence *s, uint32_t offset, uint32_t n)
{
    struct cell *c = s->tail.cell;

    memmove(c->main.p + offset, c->main.p + offset + n, c->main.n - offset - n);
    bool is_smaller = cell_resize(c, c->main.n - n);
    ASSERT(is_smaller);
    find_parts(s);
}

static uint32_t offset_of(const struct sequence *s, const void *at)
{
    return (uint32_t)((const uint8_t *)at - s->tail.cell->main.p);
}

/* ---- waiting hits ------------------------------------------------------------- */

/* Of one event: items from the last to the first, then what ends the sequence. */
static uint32_t turn_of(const struct sequence *s, uint32_t label)
{
    if (s->c->items[label].kind == SEQUENCE_UNTIL)
        return UINT32_MAX;
    return CORRELATION_INPUTS_MAX - label;
}

static bool is_before(const struct sequence *s, const struct waiting *a, const struct waiting *b)
{
    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms;
    if (a->value != b->value)
        return a->value < b->value;
    return turn_of(s, a->label) < turn_of(s, b->label);
}

static void wait(struct sequence *s, struct waiting w)
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
        return; /* the same event once more */
    uint32_t offset = offset_of(s, s->waiting + low);
    if (!open_gap(s, offset, sizeof w))
        return;
    memcpy(s->tail.cell->main.p + offset, &w, sizeof w);
    ((struct head *)s->tail.cell->main.p)->n_waiting++;
    find_parts(s);
}

/* ---- judging ------------------------------------------------------------------ */

static bool has_gap(const struct correlation *c, uint32_t behind)
{
    for (uint32_t i = 0; i < c->n_inputs; i++)
        if (c->items[i].kind == SEQUENCE_MISSING && place_of(c, i).stage == behind)
            return true;
    return false;
}

static void tell(struct sequence *s, int64_t t_ms)
{
    tail_emit(&s->tail, t_ms, count_stages(s->c), s->head->is_inexact);
}

static void hold(struct sequence *s, int64_t until_ms)
{
    struct held h = {until_ms};
    uint32_t offset = offset_of(s, s->held + s->head->n_held);

    if (s->head->n_held == HELD_MAX) {
        s->head->is_inexact = true;
        return;
    }
    if (!open_gap(s, offset, sizeof h))
        return;
    memcpy(s->tail.cell->main.p + offset, &h, sizeof h);
    ((struct head *)s->tail.cell->main.p)->n_held++;
    find_parts(s);
}

/* All stages are there: what can still spoil it? */
static void complete(struct sequence *s, const struct chain *chain, int64_t t_ms)
{
    int64_t window_ms = s->tail.spec->window_ms;
    bool has_trail = has_gap(s->c, count_stages(s->c)), has_lead = chain->lead_ms != INT64_MIN;
    bool is_lead_near = has_lead && span_add(chain->lead_ms, window_ms) >= t_ms;

    if (chain->is_spoiled)
        return;
    if (has_gap(s->c, 0)) {
        if (has_trail && is_lead_near)
            hold(s, span_add(chain->lead_ms, window_ms));
        else if (has_trail || !is_lead_near)
            tell(s, t_ms);
    } else if (has_trail) {
        hold(s, span_add(chain->first_ms, window_ms));
    } else {
        tell(s, t_ms);
    }
}

static void reach(struct sequence *s, uint32_t stage, int64_t t_ms)
{
    struct chain chain = {.first_ms = t_ms, .lead_ms = s->head->lead_ms, .is_there = true};

    if (stage > 0) {
        chain = s->chains[stage - 1];
        s->chains[stage - 1] = (struct chain){0};
        if (!chain.is_there || t_ms > span_add(chain.first_ms, s->tail.spec->window_ms))
            return;
    }
    if (stage == s->head->n_chains)
        complete(s, &chain, t_ms);
    else
        s->chains[stage] = chain;
}

static void drop_held(struct sequence *s, uint32_t i)
{
    uint32_t offset = offset_of(s, s->held + i);

    s->head->n_held--;
    close_gap(s, offset, sizeof *s->held);
}

/* An item that must be missing has come. */
static void spoil(struct sequence *s, uint32_t behind, int64_t t_ms)
{
    if (behind == 0) {
        s->head->lead_ms = t_ms;
        return;
    }
    if (behind <= s->head->n_chains) {
        s->chains[behind - 1].is_spoiled = true;
        return;
    }
    for (uint32_t i = s->head->n_held; i-- > 0;)
        if (s->held[i].until_ms >= t_ms)
            drop_held(s, i);
}

static void judge_hit(struct sequence *s, const struct waiting *w)
{
    struct place_in_list p = place_of(s->c, w->label);

    if (p.is_until) {
        memset(s->chains, 0, s->head->n_chains * sizeof *s->chains);
    } else if (p.is_missing) {
        spoil(s, p.stage, w->t_ms);
    } else {
        for (uint32_t i = p.n_stages; i-- > 0;)
            reach(s, p.stage + i, w->t_ms);
    }
}

static void tell_held(struct sequence *s, int64_t watermark_ms)
{
    for (uint32_t i = 0; i < s->head->n_held;) {
        int64_t until_ms = s->held[i].until_ms;
        if (until_ms >= watermark_ms) {
            i++;
            continue;
        }
        tell(s, until_ms);
        drop_held(s, i);
    }
}

static void forget(struct sequence *s, int64_t watermark_ms)
{
    int64_t window_ms = s->tail.spec->window_ms;

    for (uint32_t i = 0; i < s->head->n_chains; i++)
        if (s->chains[i].is_there && span_add(s->chains[i].first_ms, window_ms) < watermark_ms)
            s->chains[i] = (struct chain){0};
    if (s->head->lead_ms != INT64_MIN && span_add(s->head->lead_ms, window_ms) < watermark_ms)
        s->head->lead_ms = INT64_MIN;
}

static void judge(struct sequence *s, int64_t watermark_ms)
{
    uint32_t n = 0;

    for (; n < s->head->n_waiting && s->waiting[n].t_ms < watermark_ms; n++) {
        struct waiting w = s->waiting[n];
        judge_hit(s, &w);
    }
    if (n) {
        uint32_t offset = offset_of(s, s->waiting);
        s->head->n_waiting -= n;
        close_gap(s, offset, n * (uint32_t)sizeof *s->waiting);
    }
    tell_held(s, watermark_ms);
    forget(s, watermark_ms);
}

/* ---- steps -------------------------------------------------------------------- */

static uint8_t weight_of(const struct sequence *s)
{
    uint32_t furthest = 0;

    for (uint32_t i = 0; i < s->head->n_chains; i++)
        if (s->chains[i].is_there)
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
        due = s->held[i].until_ms < due ? s->held[i].until_ms : due;
    for (uint32_t i = 0; i < s->head->n_chains; i++)
        if (s->chains[i].is_there && s->chains[i].first_ms > newest)
            newest = s->chains[i].first_ms;
    if (due == CELL_NEVER && newest == INT64_MIN) {
        tail_drop(s->tail.cell);
        return;
    }
    s->tail.cell->due_ms = due == CELL_NEVER ? CELL_NEVER : span_add(due, 1);
    s->tail.cell->idle_ms =
        due == CELL_NEVER ? span_add(span_add(newest, window_ms), 1) : CELL_NEVER;
    s->tail.cell->weight = weight_of(s);
}

static void sequence_step(void *context, const struct state_op *op, struct cell *cell,
                          const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    const struct hit *hit = op ? op->payload : NULL;
    struct sequence s = {.tail = {.spec = spec, .cell = cell, .clock = clock, .out = out},
                         .c = spec->correlation};
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
        tail_note(&s.tail, op);
        wait(&s, (struct waiting){span_bounded(op->t_ms), hit->value, hit->label});
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
