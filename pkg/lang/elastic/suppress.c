/* suppress.c - alert_suppression: the first alert of a key opens an interval, what follows in it
 * only counts. Which alert is the first is known when the watermark has passed it.
 *
 * A list in a key field: of query rules each member is a key; of others the whole list is one
 * value. A threshold is suppressed by the fields that it groups by.
 */
#include "lang/elastic/impl.h"

#include "base/str.h"
#include "lang/settings.h"

static bool duration_load(struct elastic_scope *s, const struct doc_node *map, int64_t *ms)
{
    static const char *const UNITS[] = {"s", "m", "h", "d", NULL};
    static const int64_t UNIT_MS[] = {1000, 60000, 3600000, 86400000};
    const struct doc_node *unit = doc_get(map, STR("unit"));
    int64_t value = 0;
    size_t i;

    if (!key_number(s, map, "value", 1, 100000, &value))
        return false;
    if (!value)
        return key_missing(s, map, "value");
    if (!unit)
        return key_missing(s, map, "unit");
    if (!key_word(s, unit, "unit", UNITS, &i))
        return false;
    *ms = value * UNIT_MS[i];
    return true;
}

static bool strategy_load(struct elastic_scope *s, const struct doc_node *map, bool *is_sole)
{
    static const char *const WORDS[] = {"suppress", "doNotSuppress", NULL};
    const struct doc_node *node = doc_get(map, STR("missing_fields_strategy"));
    size_t i = 0;

    if (node && !key_word(s, node, "missing_fields_strategy", WORDS, &i))
        return false;
    *is_sole = i == 1;
    return true;
}

static bool map_load(struct reading *r, const struct doc_node *map, struct dedup *d)
{
    static const char *const KEYS[] = {"group_by", "duration", "missing_fields_strategy"};
    static const struct key_names KNOWN = {KEYS, ARRAY_LEN(KEYS)};
    struct elastic_scope *s = r->s;
    const struct doc_node *duration = key_node(s, map, "duration", DOC_MAP);
    struct str_list fields;
    bool is_good = key_check(s, map, &KNOWN, "'alert_suppression'");
    is_good &= key_texts(s, map, "group_by", ELASTIC_FIELDS_MAX, &fields);
    is_good &= strategy_load(s, map, &d->lacking_is_sole);

    if (duration)
        is_good &= duration_load(s, duration, &d->period_ms);
    d->fields = fields.items;
    d->n_fields = fields.n;
    return is_good;
}

bool suppress_load(struct reading *r, struct str_list grouped, enum dedup_array array)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *map = key_node(s, r->rule, "alert_suppression", DOC_MAP);
    bool is_threshold = str_eq(r->type, STR("threshold"));
    struct dedup d = {.is_set = true,
                      .has_fields = true,
                      .is_anchored = true,
                      .array = array,
                      .period_ms = r->interval_ms};

    if (!map)
        return !doc_get(r->rule, STR("alert_suppression")) || !diag_failed(s->diag);
    if (!map_load(r, map, &d))
        return false;
    if (!is_threshold && d.n_fields == 0)
        return key_missing(s, map, "group_by");
    if (is_threshold && d.n_fields)
        return diag_error(s->diag, doc_place(map),
                          "a threshold is suppressed by its own fields: it has no 'group_by'");
    if (is_threshold) {
        d.fields = grouped.items;
        d.n_fields = grouped.n;
    }
    rule_state_of(s->a, r->out)->dedup = d;
    return diag_note(s->diag, doc_place(map),
                     "alert_suppression: which alert opens an interval is decided at the "
                     "watermark, so alerts come later by the lateness of the source");
}
