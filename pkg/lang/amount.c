/* amount.c - a run of digits, then a unit out of a table. */
#include "lang/amount.h"

#include "base/decimal.h"
#include "base/str.h"

struct unit {
    struct str name;
    int64_t factor;
};

static const struct unit SPANS[] = {{{"s", 1}, 1000},
                                    {{"m", 1}, 60 * 1000},
                                    {{"h", 1}, 3600 * 1000},
                                    {{"d", 1}, INT64_C(86400) * 1000},
                                    {{"w", 1}, INT64_C(7) * 86400 * 1000},
                                    {{"M", 1}, INT64_C(2629746) * 1000},
                                    {{"y", 1}, INT64_C(31556952) * 1000}};
static const struct unit DISTANCES[] = {{{"km", 2}, 1000}, {{"m", 1}, 1}};
static const struct unit SPEEDS[] = {{{"km/h", 4}, 1000}, {{"m/s", 3}, 3600}};

/* What a kind of value is, for parsing and for its message. */
struct kind {
    const struct unit *units;
    size_t n_units;
    int64_t max;
    const char *shape;
};

/* Digits and a unit; false if the text is anything else, zero, or beyond the limit. */
static bool parse(struct str text, const struct kind *kind, int64_t *out)
{
    size_t n = 0;
    int64_t number;

    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    if (!str_to_i64(str_sub(text, 0, n), &number) || number <= 0)
        return false;
    struct str unit = str_sub(text, n, text.n);
    for (size_t i = 0; i < kind->n_units; i++)
        if (str_eq(unit, kind->units[i].name)) {
            if (number > kind->max / kind->units[i].factor)
                return false;
            *out = number * kind->units[i].factor;
            return true;
        }
    return false;
}

static bool load(struct diag *d, const struct doc_node *node, const char *key,
                 const struct kind *kind, int64_t *out)
{
    if (!doc_is_scalar(node))
        return diag_error(d, doc_place(node), "'%s' must be %s, not %s", key, kind->shape,
                          doc_type_name(node));
    if (!parse(node->text, kind, out))
        return diag_error(d, doc_place(node), "'%s' must be %s, not '%.*s'", key, kind->shape,
                          SHOWN(node->text));
    return true;
}

bool amount_span(struct diag *d, const struct doc_node *node, const char *key, int64_t *ms)
{
    static const struct kind KIND = {
        SPANS, ARRAY_LEN(SPANS), AMOUNT_SPAN_MAX_MS,
        "a whole number above 0 with a unit (s, m, h, d, w, M, y; at most 10y) such as 15m"};

    return load(d, node, key, &KIND, ms);
}

bool amount_distance(struct diag *d, const struct doc_node *node, const char *key, int64_t *m)
{
    static const struct kind KIND = {DISTANCES, ARRAY_LEN(DISTANCES), AMOUNT_METRES_MAX,
                                     "a whole number above 0 with a unit (km, m) such as 500km"};

    return load(d, node, key, &KIND, m);
}

bool amount_speed(struct diag *d, const struct doc_node *node, const char *key, int64_t *m_per_h)
{
    static const struct kind KIND = {
        SPEEDS, ARRAY_LEN(SPEEDS), AMOUNT_METRES_MAX,
        "a whole number above 0 with a unit (km/h, m/s) such as 800km/h"};

    return load(d, node, key, &KIND, m_per_h);
}

/* YAML 1.1 takes 1e6 for text (it wants a point and a sign); people take it for a number. */
static struct str number_of(const struct doc_node *node)
{
    if (node->type == DOC_INT || node->type == DOC_FLOAT)
        return node->number;
    return node->type == DOC_STRING && !node->is_quoted && decimal_is_number(node->text)
               ? node->text
               : STR("");
}

bool amount_number(struct diag *d, const struct doc_node *node, const char *key, int64_t *micro)
{
    struct str number = number_of(node);

    if (!doc_is_scalar(node))
        return diag_error(d, doc_place(node), "'%s' must be a number, not %s", key,
                          doc_type_name(node));
    if (number.n == 0)
        return diag_error(d, doc_place(node), "'%s' must be a number, not '%.*s'", key,
                          SHOWN(node->text));
    if (!decimal_to_micro(number, micro))
        return diag_error(d, doc_place(node), "'%s': the number '%.*s' is too large", key,
                          SHOWN(node->text));
    return true;
}
