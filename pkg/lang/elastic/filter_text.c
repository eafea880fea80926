/* filter_text.c - conditions of the search DSL that analyse a text, and what changes a condition.
 *
 * A `match` on a field that is searched by word asks some of its words, or all, or so many; on any
 * other field it is one text. What an option of a condition would change and weir does not do is
 * refused by name; those that only weigh or tune change nothing here.
 */
#include "lang/elastic/impl.h"

#include "base/decimal.h"
#include "base/str.h"

enum { CHOICES_MAX = 8, FIELDS_MAX = 100 };

/* ---- options ------------------------------------------------------------------------- */

static const struct option {
    const char *clause; /* NULL: all others */
    const char *key;
    const char *usual; /* it changes nothing with this value; NULL: with any, or it is read */
} OPTIONS[] = {
    {"kql", "case_insensitive", "false"},
    {"kql", "time_zone", "UTC"},
    {"match", "cutoff_frequency", NULL},
    {"match", "minimum_should_match", NULL},
    {"match", "operator", NULL},
    {"match", "type", NULL},
    {"multi_match", "fields", NULL},
    {"multi_match", "minimum_should_match", NULL},
    {"multi_match", "operator", NULL},
    {"multi_match", "tie_breaker", NULL},
    {"multi_match", "type", NULL},
    {"query_string", "allow_leading_wildcard", NULL},
    {"query_string", "analyze_wildcard", NULL},
    {"query_string", "default_field", "*"},
    {"query_string", "default_operator", "OR"},
    {"query_string", "escape", "false"},
    {"query_string", "max_determinized_states", NULL},
    {"query_string", "tie_breaker", NULL},
    {"query_string", "time_zone", "UTC"},
    {"query_string", "type", "best_fields"},
    {"regexp", "flags", "ALL"},
    {"regexp", "max_determinized_states", NULL},
    {"wildcard", "wildcard", NULL},
    {NULL, "_name", NULL},
    {NULL, "auto_generate_synonyms_phrase_query", NULL},
    {NULL, "boost", NULL},
    {NULL, "case_insensitive", NULL},
    {NULL, "fuzziness", "0"},
    {NULL, "fuzzy_max_expansions", NULL},
    {NULL, "fuzzy_prefix_length", NULL},
    {NULL, "fuzzy_rewrite", NULL},
    {NULL, "fuzzy_transpositions", NULL},
    {NULL, "lenient", NULL},
    {NULL, "max_expansions", NULL},
    {NULL, "phrase_slop", "0"},
    {NULL, "prefix_length", NULL},
    {NULL, "query", NULL},
    {NULL, "rewrite", NULL},
    {NULL, "slop", "0"},
    {NULL, "value", NULL},
    {NULL, "zero_terms_query", "none"},
};

static const struct option *option_of(struct str clause, struct str key)
{
    for (size_t i = 0; i < ARRAY_LEN(OPTIONS); i++)
        if (str_eq(key, str_from(OPTIONS[i].key)) &&
            (!OPTIONS[i].clause || str_eq(clause, str_from(OPTIONS[i].clause))))
            return &OPTIONS[i];
    return NULL;
}

bool options_check(struct elastic_scope *s, struct str clause, const struct doc_node *map)
{
    bool is_good = true;

    for (size_t i = 0; i < map->n_items; i++) {
        const struct option *o = option_of(clause, map->keys[i].text);
        const struct doc_node *value = &map->items[i];
        if (!(o &&
              (!o->usual || value->type == DOC_NULL || str_eq_ci(value->text, str_from(o->usual)))))
            is_good = diag_unsupported(s->diag, (struct place){map->keys[i].line, map->keys[i].col},
                                       "'%.*s' in the condition '%.*s'", SHOWN(map->keys[i].text),
                                       SHOWN(clause));
    }
    return is_good;
}

/* ---- so many of ... -------------------------------------------------------------------- */

bool least_of(struct elastic_scope *s, const struct doc_node *node, size_t n, size_t *out)
{
    struct str text = node->type == DOC_INT ? node->number : node->text;
    bool is_percent = text.n > 1 && text.p[text.n - 1] == '%';
    int64_t k;

    if (!str_to_i64(str_sub(text, 0, text.n - is_percent), &k) || k < -1000000 || k > 1000000)
        return diag_unsupported(s->diag, doc_place(node), "minimum_should_match: %.*s",
                                SHOWN(text));
    if (is_percent) /* rounded down, also what may be missing */
        k = k * (int64_t)n / 100;
    k = k < 0 || (k == 0 && text.p[0] == '-') ? (int64_t)n + k : k;
    *out = k < 0 ? 0 : (size_t)k;
    return true;
}

/* So many of the parts from i on. */
static struct formula *some_of(struct arena *a, struct formula **parts, size_t n, size_t least)
{
    if (least == 0)
        return formula_const(a, true);
    if (least == 1)
        return formula_join(a, FORMULA_OR, parts, n);
    if (least == n)
        return formula_join(a, FORMULA_AND, parts, n);
    struct formula *with[] = {parts[0], some_of(a, parts + 1, n - 1, least - 1)};
    struct formula *either[] = {formula_join(a, FORMULA_AND, with, 2),
                                some_of(a, parts + 1, n - 1, least)};
    return formula_join(a, FORMULA_OR, either, 2);
}

struct formula *at_least(struct elastic_scope *s, const struct doc_node *at, struct formula **parts,
                         size_t n, size_t least)
{
    if (least > n)
        return formula_const(s->a, false);
    if (least <= 1 || least == n || n <= CHOICES_MAX)
        return some_of(s->a, parts, n, least);
    diag_unsupported(s->diag, doc_place(at), "%zu of %zu conditions: at most of %d", least, n,
                     CHOICES_MAX);
    return NULL;
}

/* ---- match ----------------------------------------------------------------------------- */

/* A condition for each word of one text. */
static bool is_by_word(const struct formula *f)
{
    for (size_t i = 0; f->kind == FORMULA_OR && i < f->n_children; i++)
        if (f->children[i]->kind != FORMULA_ATOM || f->children[i]->atom->op != ATOM_WORDS)
            return false;
    return f->kind == FORMULA_OR && f->n_children > 0;
}

/* How the words of `map` are asked of one field. */
static struct formula *words(struct elastic_scope *s, const struct doc_node *map,
                             const struct doc_node *text, struct str field)
{
    static const char *const OPERATORS[] = {"or", "and", "OR", "AND", NULL};
    const struct doc_node *operator= doc_get(map, STR("operator"));
    const struct doc_node *least = doc_get(map, STR("minimum_should_match"));
    struct query_scope q = query_scope_of(s, text);
    size_t i = 0, n = 1;

    if (operator&& !key_word(s, operator, "operator", OPERATORS, &i))
        return NULL;
    struct formula *f = query_search(&q, doc_place(text), field, ":", text->text, false);
    if (!f || !is_by_word(f))
        return f;
    n = i % 2 ? f->n_children : 1;
    if (least && !(i % 2) && !least_of(s, least, f->n_children, &n))
        return NULL;
    return n <= 1 ? f : at_least(s, text, f->children, f->n_children, n);
}

struct formula *match_words(struct elastic_scope *s, const struct doc_node *map,
                            const struct doc_node *text, struct str field)
{
    const struct doc_node *type = doc_get(map, STR("type"));

    if (type && str_eq(type->text, STR("phrase"))) /* as it was once written */
        return text_is(s, text, field);
    if (type && !str_eq(type->text, STR("boolean"))) {
        diag_unsupported(s->diag, doc_place(type), "a match of type '%.*s'", SHOWN(type->text));
        return NULL;
    }
    return words(s, map, text, field);
}

/* ---- multi_match: some field of several --------------------------------------------------- */

static struct formula *in_field(struct elastic_scope *s, const struct doc_node *body,
                                const struct doc_node *text, struct str field, bool is_phrase)
{
    struct query_scope q = query_scope_of(s, text);

    field = str_sub(field, 0, str_find_char(field, '^', 0)); /* its weight */
    if (text->type != DOC_STRING && field.n == 0)
        return query_search(&q, doc_place(text), field, ":", text->text, false);
    return is_phrase ? text_is(s, text, field) : words(s, body, text, field);
}

struct formula *multi_match(struct elastic_scope *s, const struct doc_node *body)
{
    static const char *const TYPES[] = {"best_fields", "most_fields", "phrase", NULL};
    const struct doc_node *type = doc_get(body, STR("type")), *text = doc_get(body, STR("query"));
    struct str_list fields;
    bool is_good = true;
    size_t i = 0;

    if (body->type != DOC_MAP || !text || !doc_is_scalar(text) || text->type == DOC_NULL) {
        diag_error(s->diag, doc_place(body), "multi_match without its 'query'");
        return NULL;
    }
    if (!options_check(s, STR("multi_match"), body) ||
        !key_texts(s, body, "fields", FIELDS_MAX, &fields))
        return NULL;
    if (type &&
        (str_eq(type->text, STR("cross_fields")) || str_eq(type->text, STR("bool_prefix")) ||
         str_eq(type->text, STR("phrase_prefix")))) {
        diag_unsupported(s->diag, doc_place(type), "a multi_match of type '%.*s'",
                         SHOWN(type->text));
        return NULL;
    }
    if (type && !key_word(s, type, "type", TYPES, &i))
        return NULL;
    if (fields.n == 0)
        return in_field(s, body, text, STR(""), i == 2);
    struct formula **parts = ARENA_ARRAY(s->scratch, fields.n, struct formula *);
    for (size_t k = 0; k < fields.n; k++) {
        struct str field = str_eq(fields.items[k], STR("*")) ? STR("") : fields.items[k];
        parts[k] = in_field(s, body, text, field, i == 2);
        is_good &= parts[k] != NULL;
    }
    return is_good ? formula_join(s->a, FORMULA_OR, parts, fields.n) : NULL;
}

/* ---- queries as texts ------------------------------------------------------------------------
 */

/* query_string is Lucene's syntax; "fields" would be the default ones. */
struct formula *query_text(struct elastic_scope *s, struct str word, const struct doc_node *body)
{
    const struct doc_node *text = body->type == DOC_MAP ? doc_get(body, STR("query")) : body;

    if (!text || text->type != DOC_STRING) {
        diag_error(s->diag, doc_place(body), "%.*s without its 'query'", SHOWN(word));
        return NULL;
    }
    if (body->type == DOC_MAP && !options_check(s, word, body))
        return NULL;
    struct query_scope q = query_scope_of(s, text);
    return query_condition(&q, str_eq(word, STR("kql")) ? word : STR("lucene"), text->text);
}
