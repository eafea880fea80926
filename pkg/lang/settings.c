/* settings.c - a table of keys, each with a function that reads its value.
 *
 * YAML 1.1 reads a bare `off` as the boolean false, so wherever a word may be `off`, false is it.
 */
#include "lang/settings.h"

#include "base/str.h"
#include "lang/amount.h"
#include "rule/message.h"

struct reader {
    struct diag *diag;
    struct names *names;
    struct rule_settings *out;
};

/* ---- words ------------------------------------------------------------------------- */

enum { WORDS_MAX = 8 };

/* The index of the value among the words (NULL ends them); a message and false if it is none. */
static bool read_word(struct diag *d, const struct doc_node *node, const char *key,
                      const char *const *words, size_t *out)
{
    struct str known[WORDS_MAX], text = node->text;
    struct str all = STR("");
    size_t n = 0;

    if (!doc_is_scalar(node) || node->type == DOC_NULL)
        return diag_error(d, doc_place(node), "'%s' must be a word, not %s", key,
                          doc_type_name(node));
    if (node->type == DOC_BOOL && !node->is_true)
        text = STR("off");
    for (; words[n]; n++) {
        known[n] = str_from(words[n]);
        if (str_eq(text, known[n])) {
            *out = n;
            return true;
        }
        all = arena_printf(d->a, "%.*s%s%s", (int)all.n, all.p, n ? ", " : "", words[n]);
    }
    struct str hint = diag_hint(d, text, known, n);
    return diag_error(d, doc_place(node), "'%s' cannot be '%.*s'%.*s: %.*s", key, SHOWN(text),
                      SHOWN(hint), SHOWN(all));
}

/* ---- dedup --------------------------------------------------------------------------- */

static bool read_fields(struct reader *r, const struct doc_node *node)
{
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    struct str *fields = ARENA_ARRAY(r->diag->a, n, struct str);

    if (n > CORRELATION_GROUP_MAX)
        return diag_error(r->diag, doc_place(node), "more than %d fields in a dedup key",
                          CORRELATION_GROUP_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!doc_is_scalar(&items[i]) || items[i].text.n == 0)
            return diag_error(r->diag, doc_place(&items[i]), "'fields' names fields, not %s",
                              doc_type_name(&items[i]));
        fields[i] = names_intern(r->names, items[i].text);
    }
    r->out->dedup.has_fields = true; /* also none: one key for the whole rule */
    r->out->dedup.fields = fields;
    r->out->dedup.n_fields = n;
    return true;
}

static bool read_dedup_key(struct reader *r, const struct doc_key *key, const struct doc_node *node)
{
    static const struct str KEYS[] = {
        {"fields", 6}, {"period", 6}, {"anchor", 6}, {"array", 5}, {"missing", 7}};
    static const char *const ANCHORS[] = {"bucket", "first", NULL};
    static const char *const ARRAYS[] = {"first", "each", "whole", NULL}; /* enum dedup_array */
    static const char *const MISSING[] = {"group", "sole", NULL};
    size_t anchor, i;

    if (str_eq(key->text, KEYS[0]))
        return read_fields(r, node);
    if (str_eq(key->text, KEYS[1]))
        return amount_span(r->diag, node, "period", &r->out->dedup.period_ms);
    if (str_eq(key->text, KEYS[2])) {
        if (!read_word(r->diag, node, "anchor", ANCHORS, &anchor))
            return false;
        r->out->dedup.is_anchored = anchor == 1;
        return true;
    }
    if (str_eq(key->text, KEYS[3])) {
        if (!read_word(r->diag, node, "array", ARRAYS, &i))
            return false;
        r->out->dedup.array = (enum dedup_array)i;
        return true;
    }
    if (str_eq(key->text, KEYS[4])) {
        if (!read_word(r->diag, node, "missing", MISSING, &i))
            return false;
        r->out->dedup.lacking_is_sole = i == 1;
        return true;
    }
    struct str hint = diag_hint(r->diag, key->text, KEYS, ARRAY_LEN(KEYS));
    return diag_error(r->diag, (struct place){key->line, key->col},
                      "unknown key '%.*s' of 'dedup'%.*s", SHOWN(key->text), SHOWN(hint));
}

static bool read_dedup(struct reader *r, const struct doc_node *node)
{
    bool is_good = true;

    r->out->dedup = (struct dedup){.is_set = true};
    if (node->type != DOC_MAP) {
        r->out->dedup.is_off = doc_is_scalar(node) && ((node->type == DOC_BOOL && !node->is_true) ||
                                                       str_eq(node->text, STR("off")));
        if (r->out->dedup.is_off)
            return true;
        return diag_error(
            r->diag, doc_place(node),
            "'dedup' must be a map (fields, period, anchor, array, missing) or 'off'");
    }
    for (size_t i = 0; i < node->n_items; i++)
        is_good &= read_dedup_key(r, &node->keys[i], &node->items[i]);
    return is_good;
}

/* ---- the other keys --------------------------------------------------------------------- */

static bool read_emit(struct reader *r, const struct doc_node *node)
{
    static const char *const WORDS[] = {"early", "final", NULL};
    size_t i;

    if (!read_word(r->diag, node, "emit", WORDS, &i))
        return false;
    r->out->has_emit = true;
    r->out->emit = i ? EMIT_FINAL : EMIT_EARLY;
    return true;
}

static bool read_channel(struct reader *r, const struct doc_node *node)
{
    static const char *const WORDS[] = {"alert", "shadow", "internal", "off", NULL};
    size_t i;

    if (!read_word(r->diag, node, "channel", WORDS, &i))
        return false;
    r->out->has_channel = true;
    r->out->channel = (enum rule_channel)i; /* the words stand in its order */
    return true;
}

static bool read_count_by(struct reader *r, const struct doc_node *node)
{
    static const char *const WORDS[] = {"match", "event_id", NULL};
    size_t i;

    if (!read_word(r->diag, node, "count_by", WORDS, &i))
        return false;
    r->out->count_by = i ? COUNT_BY_EVENT_ID : COUNT_BY_MATCH;
    return true;
}

static bool read_on_missing(struct reader *r, const struct doc_node *node)
{
    static const char *const WORDS[] = {"drop", "group", NULL};
    size_t i;

    if (!read_word(r->diag, node, "on_missing", WORDS, &i))
        return false;
    r->out->has_on_missing = true;
    r->out->on_missing = i ? MISSING_GROUP : MISSING_DROP;
    return true;
}

static bool read_missing_value(struct reader *r, const struct doc_node *node)
{
    static const char *const WORDS[] = {"drop", "empty", NULL};
    size_t i;

    if (!read_word(r->diag, node, "missing_value", WORDS, &i))
        return false;
    r->out->has_missing_value = true;
    r->out->may_lack_values = i == 1;
    return true;
}

static bool read_group_case(struct reader *r, const struct doc_node *node)
{
    static const char *const WORDS[] = {"exact", "fold", NULL};
    size_t i;

    if (!read_word(r->diag, node, "group_case", WORDS, &i))
        return false;
    r->out->has_group_case = true;
    r->out->is_group_ci = i == 1;
    return true;
}

static bool read_state_version(struct reader *r, const struct doc_node *node)
{
    uint64_t version;

    if (node->type != DOC_INT || !str_to_u64(node->number, &version) || version > UINT32_MAX)
        return diag_error(r->diag, doc_place(node),
                          "'state_version' must be a whole number from 0");
    r->out->has_state_version = true;
    r->out->state_version = (uint32_t)version;
    return true;
}

static bool read_first_seen_points(struct reader *r, const struct doc_node *node)
{
    uint64_t points;

    if (node->type != DOC_INT || !str_to_u64(node->number, &points) || points > 100)
        return diag_error(r->diag, doc_place(node),
                          "'first_seen_points' must be a whole number from 0 to 100");
    r->out->has_first_seen_points = true;
    r->out->first_seen_points = (int32_t)points;
    return true;
}

static bool read_lateness(struct reader *r, const struct doc_node *node)
{
    return amount_span(r->diag, node, "lateness", &r->out->lateness_ms);
}

static bool read_window(struct reader *r, const struct doc_node *node)
{
    return amount_span(r->diag, node, "window", &r->out->window_ms);
}

static bool read_text(struct reader *r, const struct doc_node *node, const char *key,
                      struct str *out)
{
    if (!doc_is_scalar(node) || node->type == DOC_NULL || str_trim(node->text).n == 0)
        return diag_error(r->diag, doc_place(node), "'%s' must be text, not %s", key,
                          doc_is_scalar(node) ? "nothing" : doc_type_name(node));
    if (node->text.n > SETTING_TEXT_MAX)
        return diag_error(r->diag, doc_place(node), "'%s' has more than %d bytes", key,
                          SETTING_TEXT_MAX);
    *out = names_intern(r->names, str_trim(node->text));
    return true;
}

static bool read_owner(struct reader *r, const struct doc_node *node)
{
    return read_text(r, node, "owner", &r->out->owner);
}

static bool read_runbook(struct reader *r, const struct doc_node *node)
{
    return read_text(r, node, "runbook", &r->out->runbook);
}

static bool read_message(struct reader *r, const struct doc_node *node)
{
    struct message_fault fault;

    if (!read_text(r, node, "message", &r->out->message))
        return false;
    if (message_check(r->out->message, &fault))
        return true;
    return diag_error(r->diag, diag_inside(r->diag, doc_place(node), node->text, fault.offset),
                      "%s", fault.text);
}

static const struct {
    const char *name;
    bool (*read)(struct reader *r, const struct doc_node *node);
    bool is_of_correlations;
} KEYS[RULE_SETTINGS] = {
    [SETTING_DEDUP] = {"dedup", read_dedup, false},
    [SETTING_EMIT] = {"emit", read_emit, false},
    [SETTING_CHANNEL] = {"channel", read_channel, false},
    [SETTING_COUNT_BY] = {"count_by", read_count_by, true},
    [SETTING_ON_MISSING] = {"on_missing", read_on_missing, true},
    [SETTING_MISSING_VALUE] = {"missing_value", read_missing_value, true},
    [SETTING_GROUP_CASE] = {"group_case", read_group_case, true},
    [SETTING_STATE_VERSION] = {"state_version", read_state_version, false},
    [SETTING_FIRST_SEEN_POINTS] = {"first_seen_points", read_first_seen_points, false},
    [SETTING_LATENESS] = {"lateness", read_lateness, false},
    [SETTING_WINDOW] = {"window", read_window, true},
    [SETTING_OWNER] = {"owner", read_owner, false},
    [SETTING_RUNBOOK] = {"runbook", read_runbook, false},
    [SETTING_MESSAGE] = {"message", read_message, false},
};

struct str rule_setting_name(enum rule_setting setting)
{
    return str_from(KEYS[setting].name);
}

static bool read_key(struct reader *r, const struct doc_key *key, const struct doc_node *node,
                     const struct str *others, size_t n_others)
{
    struct place at = {key->line, key->col};
    struct str known[RULE_SETTINGS + SETTING_OTHERS_MAX];
    size_t n = 0;

    for (; n < n_others; n++) {
        known[n] = others[n];
        if (str_eq(key->text, known[n]))
            return true;
    }
    for (size_t i = 0; i < RULE_SETTINGS; i++) {
        known[n++] = rule_setting_name((enum rule_setting)i);
        if (str_eq(key->text, known[n - 1])) {
            r->out->at[i] = at;
            return KEYS[i].read(r, node);
        }
    }
    struct str hint = diag_hint(r->diag, key->text, known, n);
    return diag_error(r->diag, at, "unknown setting '%.*s'%.*s", SHOWN(key->text), SHOWN(hint));
}

bool rule_settings_load(struct diag *d, struct names *names, const struct doc_node *map,
                        const struct str *others, size_t n_others, struct rule_settings *out)
{
    struct reader r = {d, names, out};
    bool is_good = true;

    ASSERT(n_others <= SETTING_OTHERS_MAX);
    *out = (struct rule_settings){0};
    if (map->type != DOC_MAP)
        return diag_error(d, doc_place(map), "the settings must be a map, not %s",
                          doc_type_name(map));
    for (size_t i = 0; i < map->n_items; i++)
        is_good &= read_key(&r, &map->keys[i], &map->items[i], others, n_others);
    return is_good;
}

/* ---- does it fit? -------------------------------------------------------------------------- */

static bool fits(struct diag *d, enum rule_setting setting, struct place at,
                 const struct rule *rule)
{
    const struct correlation *c = rule->correlation;
    const char *name = KEYS[setting].name;
    bool is_group = rule->state && rule->state->dedup.is_group;

    if (setting == SETTING_WINDOW && !c && is_group)
        return true;
    if (!KEYS[setting].is_of_correlations)
        return true;
    if (!c)
        return diag_error(d, at, "the setting '%s' is for correlations only", name);
    if (setting == SETTING_COUNT_BY && c->kind != OPERATOR_COUNT && c->kind != OPERATOR_DISTINCT)
        return diag_error(d, at, "the setting '%s' is for event_count and value_count, not for %s",
                          name, correlation_type_name(c));
    if (setting == SETTING_MISSING_VALUE && c->n_fields < 2)
        return diag_error(d, at, "the setting '%s' is for a condition with several fields", name);
    return true;
}

bool rule_settings_fit(struct diag *d, const struct rule_settings *settings,
                       const struct rule *rule)
{
    bool is_good = true;

    for (size_t i = 0; i < RULE_SETTINGS; i++)
        if (settings->at[i].line)
            is_good &= fits(d, (enum rule_setting)i, settings->at[i], rule);
    return is_good;
}

/* ---- applying ----------------------------------------------------------------------------- */

struct rule_state *rule_state_of(struct arena *a, struct rule *rule)
{
    if (!rule->state)
        rule->state = ARENA_NEW(a, struct rule_state);
    return rule->state;
}

static void apply_to_state(const struct rule_settings *s, struct rule_state *state)
{
    if (s->window_ms && state->dedup.is_group)
        state->dedup.period_ms = s->window_ms;
    if (s->dedup.is_set)
        state->dedup = s->dedup;
    if (s->has_emit) {
        state->has_emit = true;
        state->emit = s->emit;
    }
    if (s->has_first_seen_points)
        state->first_seen_points = s->first_seen_points;
    if (s->has_state_version)
        state->state_version = s->state_version;
    if (s->lateness_ms)
        state->lateness_ms = s->lateness_ms;
}

static void apply_to_correlation(const struct rule_settings *s, struct correlation *c)
{
    if (s->count_by != COUNT_BY_DEFAULT)
        c->count_by = s->count_by;
    if (s->has_on_missing)
        c->on_missing = s->on_missing;
    if (s->has_missing_value)
        c->may_lack_values = s->may_lack_values;
    if (s->has_group_case)
        c->is_group_ci = s->is_group_ci;
    if (s->window_ms)
        c->window_ms = s->window_ms;
}

void rule_settings_apply(struct arena *a, const struct rule_settings *s, struct rule *rule)
{
    struct rule_state *state = ARENA_NEW(a, struct rule_state);
    if (rule->state)
        *state = *rule->state;
    apply_to_state(s, state);
    rule->state = state;
    if (s->has_channel)
        rule->channel = s->channel;
    if (s->owner.n)
        rule->owner = s->owner;
    if (s->runbook.n)
        rule->runbook = s->runbook;
    if (s->message.n)
        rule->message = s->message;
    if (rule->correlation) {
        struct correlation *c = ARENA_NEW(a, struct correlation);
        *c = *rule->correlation;
        apply_to_correlation(s, c);
        rule->correlation = c;
    }
}
