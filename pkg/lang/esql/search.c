/* search.c - what asks a field as the search bar does: KQL("..."), QSTR("..."), MATCH(field, text),
 * MATCH_PHRASE(), MULTI_MATCH(), field : text.
 *
 * MATCH with a fuzziness: lang/fuzzy.h. */
#include "lang/esql/parser.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/words.h"
#include "lang/fuzzy.h"

#include <string.h>

enum { WORDS_MAX = 1000 };

/* ---- field : text --------------------------------------------------------------------------- */

/* x::STRING asks the field itself, too: a cast says which of its types is meant. */
static bool field_and_text(struct esql_parser *p, struct place at, const struct expr **field,
                           const struct expr *value)
{
    if ((*field)->kind == EXPR_CALL && (*field)->op == EXPR_STRING)
        *field = (*field)->args[0];
    /* x.keyword, which is asked as x, too, by its name. */
    if ((*field)->kind == EXPR_CALL && (*field)->op == EXPR_COALESCE &&
        (*field)->args[0]->kind == EXPR_MEMBERS && (*field)->args[1]->kind == EXPR_MEMBERS &&
        str_starts((*field)->args[0]->text, (*field)->args[1]->text))
        *field = (*field)->args[0];
    if ((*field)->kind == EXPR_MEMBERS && (value->kind == EXPR_TEXT || value->kind == EXPR_NUMBER))
        return true;
    return diag_unsupported(p->s->diag, at,
                            "MATCH() of what is no field, or with what is no literal");
}

/* What KQL asks of a field without quotes: of one that is searched by word some word of the text,
 * of any other the text itself. Elasticsearch's template for fields that no integration describes
 * (ecs@mappings) makes *.message a text, and who matches it means words. */
static struct expr *ask(struct esql_parser *p, struct place at, const struct expr *field,
                        const struct expr *value, bool is_phrase)
{
    if (!field_and_text(p, at, &field, value))
        return NULL;
    struct str name = field->text;
    if (str_ends(name, STR(".message")))
        name = arena_printf(p->s->scratch, "%.*s.text", (int)name.n, name.p);
    struct formula *f = query_search(p->s, at, name, ":", value->text, is_phrase);
    return f ? pipe_condition(p->pipe, at, f) : NULL;
}

struct expr *esql_match(struct esql_parser *p, struct place at, const struct expr *field,
                        const struct expr *value)
{
    return ask(p, at, field, value, false);
}

/* ---- MATCH(field, text, {options}) ---------------------------------------------------------- */

struct match_options {
    const char *function; /* whose they are */
    struct place fuzziness_at;
    int64_t fuzziness, prefix; /* AUTO: -1 */
    bool has_no_swaps, is_all; /* is_all: operator AND */
    bool is_phrase;            /* MULTI_MATCH: MATCH_PHRASE() of each field */
    bool is_caseless;          /* KQL() */
};

/* What only weighs results, bounds how many terms of an index are looked at, or has its usual value
 * says nothing here. */
static bool is_idle(const char *function, struct str name, struct str value)
{
    static const char *const IDLE[][3] = {{NULL, "boost", NULL},
                                          {NULL, "lenient", NULL},
                                          {NULL, "fuzzy_rewrite", NULL},
                                          {NULL, "rewrite", NULL},
                                          {NULL, "auto_generate_synonyms_phrase_query", NULL},
                                          {NULL, "zero_terms_query", "none"},
                                          {NULL, "slop", "0"},
                                          {NULL, "time_zone", "UTC"},
                                          {NULL, "default_field", "*"},
                                          {"MULTI_MATCH", "tie_breaker", NULL},
                                          {"QSTR", "default_operator", "OR"},
                                          {"QSTR", "analyze_wildcard", NULL},
                                          {"QSTR", "allow_leading_wildcard", "true"},
                                          {"QSTR", "max_determinized_states", NULL},
                                          {"QSTR", "fuzzy_max_expansions", NULL},
                                          {"QSTR", "phrase_slop", "0"}};

    for (size_t i = 0; i < ARRAY_LEN(IDLE); i++)
        if (str_eq_ci(name, str_from(IDLE[i][1])) &&
            (!IDLE[i][0] || strcmp(IDLE[i][0], function) == 0))
            return !IDLE[i][2] || str_eq_ci(value, str_from(IDLE[i][2]));
    return false;
}

static bool take_truth(struct str value, bool *out)
{
    *out = str_eq_ci(value, STR("true"));
    return *out || str_eq_ci(value, STR("false"));
}

/* MULTI_MATCH's: is it about each field by itself? *is_good: it is a type. */
static bool take_type(struct match_options *o, struct str value, bool *is_good)
{
    static const char *const WHOLE[] = {"cross_fields", "bool_prefix", "phrase_prefix"};

    o->is_phrase = str_eq_ci(value, STR("phrase"));
    *is_good = o->is_phrase || str_eq_ci(value, STR("best_fields")) ||
               str_eq_ci(value, STR("most_fields"));
    for (size_t i = 0; i < ARRAY_LEN(WHOLE); i++)
        if (str_eq_ci(value, str_from(WHOLE[i])))
            return false;
    return true;
}

/* One option's value. */
static bool take_option(struct esql_parser *p, struct str name, struct match_options *o)
{
    const struct esql_token *t = &p->token;
    struct str value = t->text;
    bool is_match = strstr(o->function, "MATCH") && strcmp(o->function, "MATCH_PHRASE") != 0;
    bool is_good = true, is_there = true, is_false;

    if (is_match && str_eq_ci(name, STR("fuzziness"))) {
        o->fuzziness_at = t->at;
        o->fuzziness = -1;
        is_good = str_eq_ci(value, STR("auto")) ||
                  (str_to_i64(value, &o->fuzziness) && o->fuzziness >= 0 && o->fuzziness <= 2);
    } else if (is_match && str_eq_ci(name, STR("prefix_length"))) {
        is_good = str_to_i64(value, &o->prefix) && o->prefix >= 0;
    } else if (is_match && str_eq_ci(name, STR("fuzzy_transpositions"))) {
        is_good = take_truth(value, &is_false);
        o->has_no_swaps = !is_false;
    } else if (is_match && str_eq_ci(name, STR("operator"))) {
        o->is_all = str_eq_ci(value, STR("and"));
        is_good = o->is_all || str_eq_ci(value, STR("or"));
    } else if (is_match && str_eq_ci(name, STR("max_expansions"))) {
        diag_note(p->s->diag, t->at,
                  "max_expansions is not asked: every value that is so near "
                  "counts");
    } else if (strcmp(o->function, "MULTI_MATCH") == 0 && str_eq_ci(name, STR("type"))) {
        is_there = take_type(o, value, &is_good);
    } else if (strcmp(o->function, "KQL") == 0 && str_eq_ci(name, STR("case_insensitive"))) {
        is_good = take_truth(value, &o->is_caseless);
    } else {
        is_there = is_idle(o->function, name, value);
    }
    if (!is_there)
        return diag_unsupported(p->s->diag, t->at, "the option '%.*s' of %s(), or this value of it",
                                SHOWN(name), o->function);
    return is_good ||
           diag_error(p->s->diag, t->at, "'%.*s' cannot be '%.*s'", SHOWN(name), SHOWN(value));
}

/* { "name": value, ... }, behind the comma. */
static bool read_options(struct esql_parser *p, struct match_options *o)
{
    if (!esql_expect_sign(p, "{", "before the options"))
        return false;
    while (!esql_is_sign(p, "}")) {
        struct str name = p->token.text;
        if (p->token.kind != ESQL_STRING)
            return esql_expected(p, "the name of an option in quotes");
        if (!esql_advance(p) || !esql_expect_sign(p, ":", "behind the option's name"))
            return false;
        if (p->token.kind == ESQL_END || p->token.kind == ESQL_SIGN)
            return esql_expected(p, "the option's value");
        if (!take_option(p, name, o) || !esql_advance(p))
            return false;
        if (!esql_is_sign(p, ","))
            break;
        if (!esql_advance(p))
            return false;
    }
    return esql_expect_sign(p, "}", "behind the options");
}

/* See ask(). */
static enum query_analysis analysis_of(struct str field)
{
    return str_ends(field, STR(".message")) ? QUERY_WORDS : query_analysis_of(field);
}

/* Each word of the text, wherever it stands. */
static struct expr *match_all_words(struct esql_parser *p, struct place at,
                                    const struct expr *field, const struct expr *value)
{
    struct expr **all = ARENA_ARRAY(p->s->scratch, WORDS_MAX, struct expr *), word = *value;
    size_t next = 0, n = 0;

    while (words_next(value->text, &next, &word.text)) {
        if (n == WORDS_MAX)
            return diag_error(p->s->diag, at, "more than %d words", WORDS_MAX), NULL;
        all[n] = esql_match(p, at, field, &word);
        if (!all[n++])
            return NULL;
    }
    if (n < 2)
        return n ? all[0] : esql_match(p, at, field, value);
    return pipe_call(p->pipe, at, &(struct expr){.op = EXPR_AND}, all, n);
}

/* Of a keyword the term is the whole value. */
static struct expr *fuzzy_match(struct esql_parser *p, struct place at, const struct expr *field,
                                const struct expr *value, struct match_options *o)
{
    size_t n = fuzzy_length(value->text);
    struct fuzzy how = {.prefix = (size_t)o->prefix, .has_no_swaps = o->has_no_swaps};

    if (o->fuzziness < 0)
        o->fuzziness = fuzzy_auto(n);
    if (o->fuzziness == 0 || (n && how.prefix >= n))
        return esql_match(p, at, field, value);
    if (o->fuzziness > 1)
        return diag_unsupported(p->s->diag, o->fuzziness_at, "MATCH() with a fuzziness of 2"), NULL;
    if (n == 0)
        return diag_unsupported(p->s->diag, at,
                                "MATCH() with a fuzziness, of an empty text or "
                                "more than %d characters",
                                FUZZY_TEXT_MAX),
               NULL;
    if (analysis_of(field->text) != QUERY_WHOLE)
        return diag_unsupported(p->s->diag, o->fuzziness_at,
                                "MATCH() with a fuzziness of a field that is searched by word"),
               NULL;
    struct formula *f = fuzzy_formula(p->s, at, field->text, value->text, &how);
    return f ? pipe_condition(p->pipe, at, f) : NULL;
}

static struct expr *matched(struct esql_parser *p, struct place at, const struct expr *field,
                            const struct expr *value, const struct match_options *o)
{
    struct match_options options = *o;

    if (!field_and_text(p, at, &field, value))
        return NULL;
    if (options.is_all && analysis_of(field->text) == QUERY_SCRIPT)
        return diag_unsupported(p->s->diag, at, "MATCH() with the operator AND of this field"),
               NULL;
    if (options.is_all && options.fuzziness == 0 && analysis_of(field->text) == QUERY_WORDS)
        return match_all_words(p, at, field, value);
    return fuzzy_match(p, at, field, value, &options);
}

/* The parenthesis is next. */
static struct expr *match(struct esql_parser *p, struct place at)
{
    struct match_options options = {.function = "MATCH"};
    const struct expr *field, *value;

    if (!esql_advance(p) || !(field = esql_expression(p)) ||
        !esql_expect_sign(p, ",", "behind the field of MATCH()") || !(value = esql_expression(p)))
        return NULL;
    if (esql_is_sign(p, ",") && (!esql_advance(p) || !read_options(p, &options)))
        return NULL;
    return esql_expect_sign(p, ")", "behind the arguments") ? matched(p, at, field, value, &options)
                                                            : NULL;
}

/* MATCH_PHRASE(field, text): the words, one behind the other. */
static struct expr *match_phrase(struct esql_parser *p, struct place at)
{
    struct match_options options = {.function = "MATCH_PHRASE"};
    const struct expr *field, *value;

    if (!esql_advance(p) || !(field = esql_expression(p)) ||
        !esql_expect_sign(p, ",", "behind the field of MATCH_PHRASE()") ||
        !(value = esql_expression(p)))
        return NULL;
    if (esql_is_sign(p, ",") && (!esql_advance(p) || !read_options(p, &options)))
        return NULL;
    return esql_expect_sign(p, ")", "behind the arguments") ? ask(p, at, field, value, true) : NULL;
}

/* MULTI_MATCH(text, field, field ...[, {options}]): some of the fields. */
static struct expr *multi_match(struct esql_parser *p, struct place at)
{
    enum { FIELDS_MAX = 100 };
    struct match_options options = {.function = "MULTI_MATCH"};
    struct expr *value = esql_advance(p) ? esql_expression(p) : NULL;
    struct expr **parts = ARENA_ARRAY(p->s->scratch, FIELDS_MAX, struct expr *);
    size_t n = 0;

    while (value && esql_is_sign(p, ",")) {
        if (!esql_advance(p))
            return NULL;
        if (esql_is_sign(p, "{")) {
            if (!read_options(p, &options))
                return NULL;
            break;
        }
        if (n == FIELDS_MAX)
            return diag_error(p->s->diag, at, "more than %d fields", FIELDS_MAX), NULL;
        parts[n] = esql_expression(p);
        if (!parts[n++])
            return NULL;
    }
    if (!value || !esql_expect_sign(p, ")", "behind the arguments"))
        return NULL;
    if (n == 0)
        return diag_error(p->s->diag, at, "MULTI_MATCH() takes a text and fields"), NULL;
    if (options.is_phrase && options.fuzziness)
        return diag_error(p->s->diag, options.fuzziness_at,
                          "MULTI_MATCH() of phrases has no fuzziness"),
               NULL;
    for (size_t i = 0; i < n; i++)
        if (!(parts[i] = options.is_phrase ? ask(p, at, parts[i], value, true)
                                           : matched(p, at, parts[i], value, &options)))
            return NULL;
    return n == 1 ? parts[0] : pipe_call(p->pipe, at, &(struct expr){.op = EXPR_OR}, parts, n);
}

/* ---- KQL("..."), QSTR("...") ---------------------------------------------------------------- */

static struct formula *caseless(struct arena *a, const struct formula *f);

static const struct atom *caseless_atom(struct arena *a, const struct atom *atom)
{
    struct atom *out = ARENA_NEW(a, struct atom);

    *out = *atom;
    if (atom->inner)
        out->inner = caseless(a, atom->inner);
    query_atom_caseless(out);
    return out;
}

/* The same, texts compared case aside. */
static struct formula *caseless(struct arena *a, const struct formula *f)
{
    struct formula *out = ARENA_NEW(a, struct formula);

    *out = *f;
    if (f->kind == FORMULA_ATOM)
        out->atom = caseless_atom(a, f->atom);
    if (f->n_children)
        out->children = ARENA_ARRAY(a, f->n_children, struct formula *);
    for (size_t i = 0; i < f->n_children; i++)
        out->children[i] = caseless(a, f->children[i]);
    return out;
}

static struct expr *embedded(struct esql_parser *p, struct place at, struct str language,
                             const char *function)
{
    struct query_scope inner = *p->s;
    struct match_options options = {.function = function};
    struct esql_token t;

    if (!esql_advance(p))
        return NULL;
    t = p->token;
    if (t.kind != ESQL_STRING)
        return esql_expected(p, "a query in quotes"), NULL;
    inner.at = t.inside;
    inner.quoted = NULL;
    struct formula *f = query_condition(&inner, language, t.text);
    if (!f || !esql_advance(p))
        return NULL;
    if (esql_is_sign(p, ",") && (!esql_advance(p) || !read_options(p, &options)))
        return NULL;
    if (!esql_expect_sign(p, ")", "behind the query"))
        return NULL;
    return pipe_condition(p->pipe, at, options.is_caseless ? caseless(p->s->a, f) : f);
}

struct expr *esql_search(struct esql_parser *p, struct place at, struct str name, bool *is_known)
{
    static const struct {
        const char *name;
        struct expr *(*read)(struct esql_parser *p, struct place at);
    } FUNCTIONS[] = {
        {"match", match}, {"match_phrase", match_phrase}, {"multi_match", multi_match}};

    *is_known = true;
    if (str_eq_ci(name, STR("kql")))
        return embedded(p, at, STR("kql"), "KQL");
    if (str_eq_ci(name, STR("qstr")))
        return embedded(p, at, STR("lucene"), "QSTR");
    for (size_t i = 0; i < ARRAY_LEN(FUNCTIONS); i++) {
        if (!str_eq_ci(name, str_from(FUNCTIONS[i].name)))
            continue;
        if (++p->depth > QUERY_DEPTH_MAX)
            return diag_error(p->s->diag, at, "more than %d calls inside each other",
                              QUERY_DEPTH_MAX),
                   NULL;
        struct expr *e = FUNCTIONS[i].read(p, at);
        p->depth--;
        return e;
    }
    *is_known = false;
    return NULL;
}
