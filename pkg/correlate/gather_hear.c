/* gather_hear.c - what a correlation hears of a match: an operation for each combination of its
 * group's values and of those that it counts.
 */
#include "correlate/gather_impl.h"

#include "base/decimal.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/utf8.h"
#include "correlate/first_seen.h"
#include "correlate/geoip.h"
#include "correlate/row.h"
#include "event/profile_impl.h"

enum { TERM_HASH_BYTES = 17 };

struct listening {
    struct gatherer *w;
    struct group *group;
    const struct graph_listener *listener;
    const struct correlation *c;
    const struct numbers *numbers;
    struct str parts[CORRELATION_GROUP_MAX + CORRELATION_FIELDS_MAX + 1];
    struct packed_op op;
};

/* The operator looks at single values: these are kept per (group, value). */
static bool has_term_key(enum operator_kind kind)
{
    return kind == OPERATOR_FIRST_SEEN || kind == OPERATOR_RARITY || kind == OPERATOR_RATIO;
}

/* Numbers add up, so an event that tells one twice means it; a value is there or is not. */
static bool takes_numbers(enum operator_kind kind)
{
    return kind == OPERATOR_AGGREGATE || kind == OPERATOR_VOLUME;
}

/* Where the address of a hit is; operators about places have a database, or are off. */
static struct place place_of(const struct gatherer *w, enum operator_kind kind, struct str address)
{
    if (kind != OPERATOR_GEO_VELOCITY || !w->g->options.geoip)
        return (struct place){0};
    return geoip_lookup(w->g->options.geoip, address);
}

/* What sets events of one time in order and tells them apart: record, then member of the record; of
 * several inputs some order that stays. */
static uint64_t order_of_event(const struct gatherer *w)
{
    enum { INPUT_SHIFT = 56, MEMBER_BITS = 16 };
    const struct gather_event *at = w->at;
    uint64_t input = (hash_str(at->input) ^ at->partition) & UINT8_MAX;

    return input << INPUT_SHIFT ^ ((at->event->ref.record << MEMBER_BITS) + at->event->ref.index);
}

/* Behind what a value was cut to: its hash, in 16 digits, or in fewer of base 64 if there is no
 * room for them (11 have all of it). */
static void add_hash(struct buf *text, struct str value, size_t room)
{
    static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    enum { DIGITS_MAX = 11, DIGIT_BITS = 6 };
    uint64_t hash = hash_str(value);

    if (room >= TERM_HASH_BYTES) {
        buf_printf(text, "~%016llx", (unsigned long long)hash);
        return;
    }
    buf_add_char(text, '~');
    for (size_t i = 0; i < DIGITS_MAX && i + 1 < room; i++, hash >>= DIGIT_BITS)
        buf_add_char(text, DIGITS[hash % (1 << DIGIT_BITS)]);
}

/* The values of a term as one text: each is cut if need be, and then tells its hash. */
static struct str term_text(struct gatherer *w, const struct str *parts, size_t n)
{
    size_t room = (FIRST_SEEN_TEXT_MAX - (n - 1)) / n;
    size_t kept = room > TERM_HASH_BYTES ? room - TERM_HASH_BYTES : 0;
    struct buf *text = &w->whole;

    buf_clear(text);
    for (size_t i = 0; i < n; i++) {
        struct str part = parts[i];
        if (i)
            buf_add_char(text, FIRST_SEEN_BETWEEN);
        if (part.n <= room && str_find_char(part, FIRST_SEEN_BETWEEN, 0) == SIZE_MAX) {
            buf_add(text, part);
            continue;
        }
        size_t end = kept < part.n ? kept : part.n;
        size_t at = str_find_char(part, FIRST_SEEN_BETWEEN, 0);
        end = at < end ? at : end;
        while (end > 0 && end < part.n && utf8_is_tail((unsigned char)part.p[end]))
            end--;
        buf_add(text, str_sub(part, 0, end));
        add_hash(text, part, room);
    }
    return arena_str(w->arena, buf_str(text));
}

/* One operation for the group values in parts[0 .. n_group) and the tuple behind them. */
static void hear_one(struct listening *l, size_t n_tuple, struct str actor)
{
    struct gatherer *w = l->w;
    const struct state_secret *secret = &w->g->options.secret;
    size_t n = l->c->n_group;

    l->op.group_key = gather_key(w, l->parts, n);
    l->op.key = l->op.group_key;
    if (n_tuple)
        l->op.value = state_value_of(secret, l->parts + n, n_tuple);
    if (l->c->kind == OPERATOR_SEQUENCE) {
        l->op.value = order_of_event(w);
        l->op.is_ordered = true;
    }
    if (l->c->actor_field.n)
        l->op.actor = state_value_of(secret, &actor, 1);
    if (has_term_key(l->c->kind))
        l->op.key = state_key_end(&w->keys_of[w->at->tenant].begun, l->parts, n + n_tuple);
    gather_pack_keys(&w->keys, l->parts, n);
    struct str text = n_tuple ? l->parts[n] : STR("");
    if (l->numbers->has_clear_terms)
        text = term_text(w, l->parts + n, n_tuple);
    struct place place = place_of(w, l->c->kind, text);
    gather_put(w, l->group, &l->op, buf_str(&w->keys), text, &place);
}

/* Number of condition.field i for the input at hand. */
static uint32_t field_number(const struct listening *l, size_t i)
{
    return l->numbers->fields[l->listener->label * l->c->n_fields + i];
}

/* One row for the group values in parts, those by which rows are kept. */
static void hear_row(struct listening *l)
{
    struct gatherer *w = l->w;
    size_t n = l->c->stats->n_columns;
    struct expr_value values[CORRELATION_COLUMNS_MAX];
    const uint32_t *numbers = l->numbers->fields + l->listener->label * n;

    for (size_t i = 0; i < n; i++)
        values[i] = derive_value(w->derive, numbers[i]);
    buf_clear(&w->row);
    row_pack(values, n, &w->row);
    l->op.group_key = l->op.key = gather_key(w, l->parts, correlation_n_kept(l->c));
    l->op.value = order_of_event(w);
    l->op.is_ordered = true;
    gather_pack_keys(&w->keys, l->parts, correlation_n_kept(l->c));
    struct place nowhere = {0};
    gather_put(w, l->group, &l->op, buf_str(&w->keys), buf_str(&w->row), &nowhere);
}

static void hear_number(struct listening *l, struct str actor)
{
    struct gatherer *w = l->w;
    struct str members[MEMBERS_MAX], *part = &l->parts[l->c->n_group];
    size_t found = gather_values(w, field_number(l, 0), members, MEMBERS_MAX);

    w->counts.missing_value += found == 0;
    for (size_t i = 0; i < found; i++) {
        int64_t number;
        *part = members[i];
        if (!decimal_to_micro(members[i], &number)) {
            w->counts.missing_value++;
            continue;
        }
        l->op.number_micro = number;
        hear_one(l, 1, actor);
    }
}

/* The tuples behind the group parts: each is a hit. */
static void hear_values(struct listening *l, struct str actor)
{
    struct gatherer *w = l->w;
    struct choices tuples;
    size_t lacking = 0, bearable = l->c->may_lack_values ? l->c->n_fields - 1 : 0;

    choices_begin(&tuples);
    for (size_t i = 0; i < l->c->n_fields; i++) {
        struct str *values = choices_room(w);
        size_t found = gather_values(w, field_number(l, i), values, MEMBERS_MAX);
        if (found == 0 && ++lacking > bearable) {
            w->counts.missing_value++;
            return;
        }
        if (found == 0)
            values[found++] = STR("");
        choices_add(w, &tuples, values, gather_distinct(values, found));
    }
    for (size_t k = 0; k < tuples.total; k++) {
        choices_take(&tuples, k, l->parts + l->c->n_group);
        hear_one(l, l->c->n_fields, actor);
    }
}

/* The different values of group part i; an absent one is the empty text, if the rule says so. */
static size_t group_values(struct listening *l, size_t i, struct str *values)
{
    uint32_t field = l->numbers->group[l->listener->label * l->c->n_group + i];
    bool is_optional = l->c->inputs[l->listener->label].optional >> i & 1;
    size_t found = gather_values(l->w, field, values, MEMBERS_MAX);

    if (found == 0 && (is_optional || l->c->on_missing != MISSING_DROP))
        values[found++] = STR("");
    for (size_t k = 0; k < found && l->c->is_group_ci; k++)
        values[k] = arena_lower(l->w->arena, values[k]);
    return gather_distinct(values, found);
}

/* For the group values in parts[0 .. n_group). */
static void hear_parts(struct listening *l, struct str actor)
{
    if (l->c->kind == OPERATOR_GROUP)
        hear_row(l);
    else if (takes_numbers(l->c->kind) && l->c->n_fields)
        hear_number(l, actor);
    else if (l->c->n_fields)
        hear_values(l, actor);
    else
        hear_one(l, 0, actor);
}

/* False: the input has one, and the event lacks it. */
static bool find_actor(struct listening *l, struct str *actor)
{
    uint32_t number = l->numbers->actor[l->listener->label];

    *actor = STR("");
    if (number == FIELD_NONE || gather_value(l->w, number, actor))
        return true;
    l->w->counts.missing_value++;
    return false;
}

/* As it is mostly: each part of the group has one value, which becomes parts[i]. False: not here.
 */
static bool has_single_parts(struct listening *l)
{
    size_t n = correlation_n_kept(l->c);
    const uint32_t *fields = l->numbers->group + l->listener->label * l->c->n_group;

    for (size_t i = 0; i < n; i++) {
        if (gather_single(l->w, fields[i], &l->parts[i]) != 1)
            return false;
        if (l->c->is_group_ci)
            l->parts[i] = arena_lower(l->w->arena, l->parts[i]);
    }
    return true;
}

/* All combinations of the group's values, part by part. */
static void hear_group(struct listening *l)
{
    struct gatherer *w = l->w;
    struct choices groups;
    struct str actor;

    choices_begin(&groups);
    for (size_t i = 0; i < correlation_n_kept(l->c); i++) {
        struct str *values = choices_room(w);
        size_t found = group_values(l, i, values);
        if (found == 0) {
            w->counts.missing_group++;
            return;
        }
        choices_add(w, &groups, values, found);
    }
    if (!find_actor(l, &actor))
        return;
    for (size_t k = 0; k < groups.total; k++) {
        choices_take(&groups, k, l->parts);
        hear_parts(l, actor);
    }
}

/* Audit sources that tell one request in several stages: their profiles say so. */
static bool counts_by_id(const struct gatherer *w, const struct correlation *c)
{
    if (c->kind != OPERATOR_COUNT && c->kind != OPERATOR_DISTINCT)
        return false;
    return c->count_by == COUNT_BY_EVENT_ID ||
           (c->count_by == COUNT_BY_DEFAULT && w->at->profile && w->at->profile->is_staged);
}

void gather_hear(struct gatherer *w, struct group *group, const struct graph_listener *listener)
{
    const struct graph_rule *r = &w->g->rules[listener->rule];
    struct listening l; /* parts are set as they are needed */
    struct str actor;

    l.w = w;
    l.group = group;
    l.listener = listener;
    l.c = r->rule->correlation;
    l.numbers = &w->numbers[listener->rule - w->first];
    l.op = (struct packed_op){.space = r->stages, .rule = listener->rule, .label = listener->label};
    if (counts_by_id(w, l.c))
        l.op.event_id = gather_event_id(w);
    if (!has_single_parts(&l))
        hear_group(&l);
    else if (find_actor(&l, &actor))
        hear_parts(&l, actor);
}
