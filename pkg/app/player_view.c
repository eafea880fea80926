/* player_view.c - what has come out of a play, and what went in: counts, documents, events. */
#include "app/player_impl.h"

#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "json/tree.h"

/* ---- counts --------------------------------------------------------------------------------- */

static bool is_called(const struct rule *r, struct str rule)
{
    return rule.n == 0 || str_eq(rule, r->uid) || str_eq(rule, r->name);
}

/* The rule by number is the one that is asked about. */
static bool is_asked(const struct player *p, size_t number, struct str rule)
{
    if (rule.n == 0 && p->options.is_own)
        return p->options.is_own[number];
    return is_called(p->rules[number], rule);
}

/* Published or about to be, and no history. */
static bool is_out(const struct come *x)
{
    return !x->is_dropped && !x->is_history;
}

bool player_has_rule(const struct player *p, struct str rule)
{
    for (size_t i = 0; i < p->n_rules; i++)
        if (is_called(p->rules[i], rule))
            return true;
    return false;
}

static const struct logged *logged_at(const struct player *p, size_t i)
{
    const struct arrival *a = &p->arrivals[i];

    return &p->partitions[a->partition].log[a->offset];
}

/* No later record of the finding. */
static bool is_latest(const struct player *p, size_t i)
{
    for (size_t k = i + 1; k < p->n_come; k++)
        if (is_out(&p->come[k]) &&
            memcmp(p->come[k].uid, p->come[i].uid, sizeof(p->come[i].uid)) == 0)
            return false;
    return true;
}

static void count_record(struct player_counts *c, const struct come *x, bool is_shadow)
{
    bool is_create = x->activity == FINDING_CREATE && !x->is_braked && !x->is_flood;
    bool is_raise = x->activity == FINDING_UPDATE && x->cause == CAUSE_SEVERITY;

    c->creates += is_create && !is_shadow;
    c->shadow += is_create && is_shadow;
    c->braked += x->is_braked;
    c->floods += x->is_flood;
    c->raises += is_raise;
    c->updates += x->activity == FINDING_UPDATE && !is_raise;
    c->closes += x->activity == FINDING_CLOSE;
}

static void forget_history(struct player_counts *c, const struct player_counts *history)
{
    c->dedup_hits -= history->dedup_hits;
    c->late -= history->late;
    c->missing_group -= history->missing_group;
    c->missing_value -= history->missing_value;
    c->keys_cut -= history->keys_cut;
    c->no_entity -= history->no_entity;
}

static bool matches_one(const struct player *p, const struct logged *l, struct str rule)
{
    for (size_t i = 0; i < l->n_rules; i++)
        if (is_asked(p, l->rules[i], rule))
            return true;
    return false;
}

static uint64_t count_matched(const struct player *p, struct str rule)
{
    uint64_t n = 0;

    for (size_t i = 0; i < p->n_arrivals; i++) {
        const struct logged *l = logged_at(p, i);
        n += !l->is_history && matches_one(p, l, rule);
    }
    return n;
}

struct player_counts player_counts(const struct player *p, struct str rule)
{
    struct gather_counts gathered = gather_counts(p->picker.gatherer);
    struct player_counts c = {.dedup_hits = p->dedup_hits,
                              .late = p->late_before + correlator_counts(p->correlator).late,
                              .missing_group = gathered.missing_group,
                              .missing_value = gathered.missing_value,
                              .keys_cut = gathered.keys_cut,
                              .no_entity = gathered.no_entity};

    forget_history(&c, &p->history);
    for (size_t i = 0; i < p->n_rules; i++)
        c.matches += is_asked(p, i, rule) ? p->rule_matches[i] : 0;
    c.matched = count_matched(p, rule);
    for (size_t i = 0; i < p->n_come; i++) {
        const struct come *x = &p->come[i];
        if (!is_out(x) || !is_asked(p, x->rule, rule))
            continue;
        count_record(&c, x, p->rules[x->rule]->channel == CHANNEL_SHADOW);
        c.hits += !x->is_flood && is_latest(p, i) ? x->hits : 0;
    }
    return c;
}

/* In the order of values_of(). */
static const char *const count_names[] = {
    "alerts",  "creates",       "raises",        "updates",    "closes",    "braked",
    "floods",  "shadow",        "hits",          "dedup_hits", "late",      "matches",
    "matched", "missing_group", "missing_value", "keys_cut",   "no_entity",
};

size_t player_count_names(struct str out[PLAYER_COUNTS_MAX])
{
    _Static_assert(ARRAY_LEN(count_names) <= PLAYER_COUNTS_MAX, "room for all names");
    for (size_t i = 0; i < ARRAY_LEN(count_names); i++)
        out[i] = str_from(count_names[i]);
    return ARRAY_LEN(count_names);
}

bool player_count_named(const struct player_counts *c, struct str name, uint64_t *out)
{
    const uint64_t values[ARRAY_LEN(count_names)] = {c->creates + c->raises,
                                                     c->creates,
                                                     c->raises,
                                                     c->updates,
                                                     c->closes,
                                                     c->braked,
                                                     c->floods,
                                                     c->shadow,
                                                     c->hits,
                                                     c->dedup_hits,
                                                     c->late,
                                                     c->matches,
                                                     c->matched,
                                                     c->missing_group,
                                                     c->missing_value,
                                                     c->keys_cut,
                                                     c->no_entity};

    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        if (str_eq(name, str_from(count_names[i]))) {
            *out = values[i];
            return true;
        }
    return false;
}

bool player_document(const struct player *p, struct str rule, struct str activity, struct str *out)
{
    static const char *const names[] = {"", "create", "update", "close"};

    for (size_t i = p->n_come; i-- > 0;) {
        const struct come *x = &p->come[i];
        if (!is_out(x) || !is_asked(p, x->rule, rule) ||
            (activity.n && !str_eq(activity, str_from(names[x->activity]))))
            continue;
        *out = x->document;
        return true;
    }
    return false;
}

void player_documents(struct player *p, struct buf *out)
{
    for (size_t i = 0; i < p->n_come; i++) {
        if (!is_out(&p->come[i]))
            continue;
        buf_add(out, p->come[i].document);
        buf_add_char(out, '\n');
    }
}

/* ---- what went in --------------------------------------------------------------------------- */

size_t player_event_count(const struct player *p)
{
    return p->n_arrivals;
}

struct player_event_view player_event_at(const struct player *p, size_t i)
{
    const struct logged *l = logged_at(p, i);

    return (struct player_event_view){l->json, l->t_ms, l->is_history, l->is_late};
}

bool player_event_matched(const struct player *p, size_t i, size_t rule)
{
    const struct logged *l = logged_at(p, i);

    for (size_t k = 0; k < l->n_rules; k++)
        if (l->rules[k] == rule)
            return true;
    return false;
}

bool player_event_matched_by(const struct player *p, size_t i, struct str rule)
{
    return matches_one(p, logged_at(p, i), rule);
}

bool player_event_tree(struct player *p, struct arena *a, size_t i, struct event_tree *out)
{
    struct json_node *root;

    if (json_tree_parse(a, logged_at(p, i)->json, &root, NULL) != JSON_OK)
        return false;
    event_tree_init(out, p->book->profiles, root,
                    origin_options(p->picker.origin, p->arrivals[i].partition));
    if (p->options.has_clock) {
        out->has_at = true;
        out->at_ms = logged_at(p, i)->t_ms;
    }
    return true;
}

struct rule *const *player_rules(const struct player *p, size_t *n)
{
    *n = p->n_rules;
    return p->rules;
}

uint64_t player_rule_creates(const struct player *p, size_t rule)
{
    uint64_t n = 0;

    for (size_t i = 0; i < p->n_come; i++)
        n += is_out(&p->come[i]) && p->come[i].rule == rule &&
             p->come[i].activity == FINDING_CREATE && !p->come[i].is_flood;
    return n;
}
