/* sequence_line.c - see sequence_line.h. */
#include "app/sequence_line.h"

#include <stdlib.h>

#include "base/pack.h"
#include "json/write.h"

/* ---- rules --------------------------------------------------------------------------------- */

static bool is_sequence(const struct rule *r)
{
    return r->correlation && r->correlation->kind == OPERATOR_SEQUENCE && r->channel != CHANNEL_OFF;
}

/* It tells nobody; but for a sequence, it hears nobody either. */
static struct rule *silent(struct arena *a, const struct rule *r)
{
    struct rule *copy = ARENA_NEW(a, struct rule);

    *copy = *r;
    copy->channel = CHANNEL_INTERNAL;
    if (!is_sequence(r))
        copy->correlation = NULL;
    return copy;
}

struct rule *const *sequence_line_rules(struct arena *a, struct rule *const *rules, size_t n)
{
    struct rule **out = ARENA_ARRAY(a, n, struct rule *);
    bool has_any = false;

    for (size_t i = 0; i < n; i++) {
        has_any |= is_sequence(rules[i]);
        bool is_step = rules[i]->is_part && !rules[i]->correlation; /* known by its address */
        out[i] = is_step ? rules[i] : silent(a, rules[i]);
    }
    return has_any ? out : NULL;
}

bool sequence_line_is_step(const struct graph *g, uint32_t rule)
{
    return g->rules[rule].n_listeners > 0;
}

/* ---- lines --------------------------------------------------------------------------------- */

const struct rule *sequence_line_rule(const struct graph *g, uint32_t space, const struct signal *s)
{
    const struct graph_space *from = &g->spaces[space];
    const struct rule *rule = g->rules[from->rule].rule;
    bool is_met = from->role == SPACE_OPERATOR && s->stage == SIGNAL_MET;

    return is_met && is_sequence(rule) ? rule : NULL;
}

size_t sequence_line_events(const struct signal *s, uint64_t *out)
{
    struct unpack u = unpack_from(s->detail);
    size_t n = 0;

    while (n < SEQUENCE_STAGES_MAX && unpack_left(&u) >= sizeof(uint64_t))
        out[n++] = unpack_u64(&u);
    return n;
}

void sequence_line_steps(const struct correlation *c, size_t n, uint32_t *out)
{
    size_t at = 0;

    for (uint32_t i = 0; i < c->n_inputs; i++)
        for (uint32_t k = 0; c->items[i].kind == SEQUENCE_STAGE && k < c->items[i].runs; k++)
            if (at < n)
                out[at++] = i;
    ASSERT(at == n);
}

void sequence_line_put(struct buf *out, struct str uid, const uint64_t *events, size_t n)
{
    buf_add(out, STR("{\"events\":["));
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s%llu", i ? "," : "", (unsigned long long)events[i]);
    buf_add(out, STR("],\"rule\":\""));
    json_escape(out, uid);
    buf_add(out, STR("\"}"));
}

/* ---- texts of steps ------------------------------------------------------------------------ */

struct step_text {
    uint64_t number;
    const struct rule *rule;
    size_t at, n; /* in text */
};

struct step_texts {
    struct step_text items[STEP_TEXTS_MAX];
    size_t n;
    struct buf text;
};

struct step_texts *step_texts_new(void)
{
    struct step_texts *t = calloc(1, sizeof *t);

    ASSERT(t);
    return t;
}

void step_texts_free(struct step_texts *t)
{
    if (t)
        buf_release(&t->text);
    free(t);
}

bool step_texts_has_room(const struct step_texts *t)
{
    return t->n < STEP_TEXTS_MAX;
}

void step_texts_add(struct step_texts *t, uint64_t number, const struct rule *rule, struct str text)
{
    if (!step_texts_has_room(t))
        return;
    t->items[t->n++] = (struct step_text){number, rule, t->text.n, text.n};
    buf_add(&t->text, text);
}

struct str step_texts_find(const struct step_texts *t, uint64_t number, const struct rule *rule)
{
    size_t low = 0, high = t->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->items[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < t->n && t->items[low].number == number; low++)
        if (t->items[low].rule == rule)
            return (struct str){t->text.p + t->items[low].at, t->items[low].n};
    return STR("");
}
