/* by_value.c - see by_value.h. */
#include "correlate/by_value.h"

#include "base/decimal.h"
#include "base/str.h"
#include "correlate/cited.h"
#include "rule/correlation.h"
#include "state/columns.h"

enum { MEMBERS_MAX = 100, SCORE_MOST = 100 };

/* Some member is this text; the empty one: any value. */
static bool holds(const struct by_value *v, const struct by_value_case *c, struct str value)
{
    struct str members[MEMBERS_MAX];
    size_t n = v->values(v->context, c, members, MEMBERS_MAX);

    for (size_t i = 0; i < n; i++)
        if (value.n == 0 || str_eq(members[i], value))
            return true;
    return false;
}

enum rule_level by_value_level(const struct by_value *v, enum rule_level otherwise)
{
    const struct rule_by_value *cases = &v->rule->by_value;
    enum rule_level level = otherwise;

    for (size_t i = 0; i < cases->n_levels; i++) {
        struct by_value_case c = {false, i, cases->levels[i].field};
        if (holds(v, &c, cases->levels[i].value))
            level = cases->levels[i].level;
    }
    return level;
}

/* The number that is the field's first value. */
static bool own_score(const struct by_value *v, const struct by_value_case *c, int64_t *score)
{
    struct str text;
    int64_t micro;

    if (!v->values(v->context, c, &text, 1) || !decimal_to_micro(text, &micro) || micro < 0 ||
        micro > INT64_C(1) * SCORE_MOST * CORRELATION_MICRO)
        return false;
    *score = micro / CORRELATION_MICRO;
    return true;
}

size_t by_value_score(const struct by_value *v, struct finding_addend *out)
{
    const struct rule *r = v->rule;
    int64_t own = r->has_score ? r->score : rule_level_score(r->level);
    size_t n = 0;

    for (size_t i = 0; i < r->by_value.n_scores; i++) {
        const struct score_case *s = &r->by_value.scores[i];
        struct by_value_case c = {true, i, s->field};
        int64_t score = s->score;
        if (!holds(v, &c, s->value) || (score == SCORE_OF_FIELD && !own_score(v, &c, &score)))
            continue;
        *out = (struct finding_addend){STR("score_of_event"), (int32_t)(score - own), s->field};
        n = 1;
    }
    return n && out->value != 0 ? 1 : 0;
}

/* ---- of what several events made ------------------------------------------------------------ */

/* A value that was cut is none: it may differ behind the cut. */
static bool field_of(const struct capsule *c, struct str field, struct str *out)
{
    for (uint32_t i = 0; i < c->n_fields; i++)
        if (str_eq(c->fields[i].name, field)) {
            *out = c->fields[i].value;
            return !c->fields[i].is_cut;
        }
    return false;
}

bool by_value_shared(const struct hit *hit, struct str field, struct str *out)
{
    struct str packed[FINDING_CAPSULES_MAX], value;
    size_t n = cited_list(hit, packed, FINDING_CAPSULES_MAX);
    struct capsule one;

    for (size_t i = 0; i < n; i++) {
        if (!capsule_unpack(packed[i], &one) || !field_of(&one, field, &value) ||
            (i > 0 && !str_eq(value, *out)))
            return false;
        *out = value;
    }
    return n > 0;
}

bool by_value_column(struct str detail, struct str name, struct str *out)
{
    struct str rest, column, values[COLUMNS_VALUES_MAX];
    size_t n;

    if (!columns_open(detail, &rest))
        return false;
    while (columns_next(&rest, &column, values, &n))
        if (str_eq(column, name) && n > 0) {
            *out = values[0];
            return true;
        }
    return false;
}

struct str by_value_added(struct arena *a, struct str addends, const struct finding_addend *more)
{
    struct finding f = {0};
    struct buf packed = {0};

    f.n_addends = (uint32_t)finding_addends_unpack(addends, f.addends);
    finding_add(&f, more);
    finding_addends_pack(f.addends, f.n_addends, &packed);
    struct str text = arena_str(a, buf_str(&packed));
    buf_release(&packed);
    return text;
}
