/* message_part.c - the message by the rule's template (rule/message.h): its slots filled from the
 * event that completed the finding and what its rule computes of it, else from the finding's key,
 * the columns of a group, or the newest event that was kept.
 *
 * What an event says passes redaction as everywhere. A value that was cut when its event was kept
 * is not shown: a secret may stand across the cut.
 */
#include "alert/document.h"

#include "base/str.h"
#include "base/time.h"
#include "match/derived.h"
#include "rule/message.h"
#include "state/columns.h"

static bool has_text(const struct field_value *v)
{
    return v->text.n > 0 && v->kind != JSON_NULL && v->kind != JSON_OBJECT;
}

/* False: the event does not have the field. */
static bool from_trigger(struct document *d, struct str field, struct safe *out)
{
    struct field_values values;

    if (!d->trigger)
        return false;
    values = event_lookup(d->arena, d->trigger->event, field);
    for (size_t i = 0; i < values.n; i++)
        if (has_text(&values.items[i])) {
            *out = document_safe(d, field, values.items[i].text, d->limits->text);
            return true;
        }
    return false;
}

static bool from_computed(struct document *d, struct str field, struct safe *out)
{
    uint32_t i =
        d->trigger && d->trigger_rule ? rule_derived_find(d->trigger_rule, field) : RULE_NO_DERIVED;
    struct str text;

    if (i == RULE_NO_DERIVED)
        return false;
    struct expr_value v = derived_of_event(d->arena, d->trigger_rule, &d->trigger_rule->derived[i],
                                           d->trigger->event, d->trigger->time_ms);
    if (!expr_value_string(d->arena, &v, &text) || text.n == 0)
        return false;
    *out = document_safe(d, field, text, d->limits->text);
    return true;
}

/* The first value of the column. */
static bool from_columns(struct document *d, struct str field, struct safe *out)
{
    struct str rest, name, values[COLUMNS_VALUES_MAX];
    size_t n;

    if (!columns_open(d->finding->detail, &rest))
        return false;
    while (columns_next(&rest, &name, values, &n))
        if (n && str_eq(name, field)) {
            *out = document_safe(d, field, values[0], d->limits->text);
            return true;
        }
    return false;
}

static bool from_key(struct document *d, struct str field, struct safe *out)
{
    for (size_t i = 0; i < d->finding->n_keys; i++)
        if (str_eq(document_key_name(d, i), field)) {
            *out = document_key(d, i);
            return true;
        }
    return false;
}

static bool from_capsules(struct document *d, struct str field, struct safe *out)
{
    for (size_t i = 0; i < d->n_witnesses; i++) {
        const struct capsule *c = d->witnesses[i].capsule;
        for (uint32_t k = 0; c && k < c->n_fields; k++) {
            if (!str_eq(c->fields[k].name, field) || c->fields[k].is_cut)
                continue;
            redactor_use_profile(d->redactor, d->witnesses[i].profile);
            *out = document_safe(d, field, c->fields[k].value, d->limits->text);
            redactor_use_profile(d->redactor, document_profile(d));
            return true;
        }
    }
    return false;
}

static struct str time_text(struct document *d, int64_t ms)
{
    char *text = arena_alloc(d->arena, TIME_TEXT_MAX);

    return (struct str){text, time_format_ms(ms, text)};
}

static struct str field_text(struct document *d, const struct message_part *part)
{
    struct safe value = {0};

    if (!from_trigger(d, part->text, &value) && !from_computed(d, part->text, &value) &&
        !from_key(d, part->text, &value) && !from_columns(d, part->text, &value) &&
        !from_capsules(d, part->text, &value))
        return part->other;
    return value.is_dropped || value.text.n == 0 ? part->other : value.text;
}

static struct str part_text(struct document *d, const struct message_part *part)
{
    switch (part->slot) {
    case MESSAGE_TEXT:
        return part->text;
    case MESSAGE_FIELD:
        return field_text(d, part);
    case MESSAGE_TITLE:
        return str_sub(d->rule->title, 0, d->limits->text);
    case MESSAGE_RULE:
        return str_sub(d->rule->uid, 0, d->limits->text);
    case MESSAGE_LEVEL:
        return str_from(rule_level_name((enum rule_level)d->finding->level));
    case MESSAGE_COUNT:
        return document_number(d->arena, d->finding->hits);
    case MESSAGE_TENANT:
        return d->tenant.n ? d->tenant : part->other;
    case MESSAGE_FIRST:
        return time_text(d, document_first_ms(d));
    case MESSAGE_LAST:
        return time_text(d, d->finding->last_ms);
    }
    return STR("");
}

struct str message_text(struct document *d)
{
    struct buf text = {0};
    struct message_part part;

    for (size_t at = 0; message_next(d->rule->message, &at, &part);) {
        struct str piece = part_text(d, &part);
        if (text.n + piece.n > d->limits->desc) { /* whole parts: no slot is cut in two */
            document_cut(d, "message");
            break;
        }
        buf_add(&text, piece);
    }
    struct str out = arena_str(d->arena, buf_str(&text));
    buf_release(&text);
    return out;
}
