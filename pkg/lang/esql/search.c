/* search.c - what asks a field as the search bar does: KQL("..."), QSTR("..."), MATCH(field, text),
 * field : text.
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

/* ---- KQL("..."), QSTR("...") ---------------------------------------------------------------- */

static struct expr *embedded(struct esql_parser *p, struct place at, struct str language)
{
    struct query_scope inner = *p->s;
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
    if (esql_is_sign(p, ",")) {
        diag_unsupported(p->s->diag, p->token.at,
                         "options of KQL() and QSTR(): not in this "
                         "version");
        return NULL;
    }
    return esql_expect_sign(p, ")", "behind the query") ? pipe_condition(p->pipe, at, f) : NULL;
}

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
    struct place fuzziness_at;
    int64_t fuzziness, prefix; /* AUTO: -1 */
    bool has_no_swaps, is_all; /* is_all: operator AND */
};

/* One option's value; what only weighs results, or bounds how many terms of an index are looked at,
 * says nothing here. */
static bool take_option(struct esql_parser *p, struct str name, struct match_options *o)
{
    const struct esql_token *t = &p->token;
    struct str value = t->text;
    bool is_good = true;

    if (str_eq_ci(name, STR("fuzziness"))) {
        o->fuzziness_at = t->at;
        o->fuzziness = -1;
        is_good = str_eq_ci(value, STR("auto")) ||
                  (str_to_i64(value, &o->fuzziness) && o->fuzziness >= 0 && o->fuzziness <= 2);
    } else if (str_eq_ci(name, STR("prefix_length"))) {
        is_good = str_to_i64(value, &o->prefix) && o->prefix >= 0;
    } else if (str_eq_ci(name, STR("fuzzy_transpositions"))) {
        o->has_no_swaps = str_eq_ci(value, STR("false"));
        is_good = o->has_no_swaps || str_eq_ci(value, STR("true"));
    } else if (str_eq_ci(name, STR("operator"))) {
        o->is_all = str_eq_ci(value, STR("and"));
        is_good = o->is_all || str_eq_ci(value, STR("or"));
    } else if (str_eq_ci(name, STR("max_expansions"))) {
        diag_note(p->s->diag, t->at,
                  "max_expansions is not asked: every value that is so near "
                  "counts");
    } else if (!str_eq_ci(name, STR("boost"))) {
        return diag_unsupported(p->s->diag, t->at, "the option '%.*s' of MATCH()", SHOWN(name));
    }
    return is_good ||
           diag_error(p->s->diag, t->at, "'%.*s' cannot be '%.*s'", SHOWN(name), SHOWN(value));
}

/* { "name": value, ... }, behind the comma. */
static bool read_options(struct esql_parser *p, struct match_options *o)
{
    if (!esql_expect_sign(p, "{", "before the options of MATCH()"))
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

/* The parenthesis is next. */
static struct expr *match(struct esql_parser *p, struct place at)
{
    struct match_options options = {.fuzziness = 0};
    const struct expr *field, *value;

    if (!esql_advance(p) || !(field = esql_expression(p)) ||
        !esql_expect_sign(p, ",", "behind the field of MATCH()") || !(value = esql_expression(p)))
        return NULL;
    if (esql_is_sign(p, ",") && (!esql_advance(p) || !read_options(p, &options)))
        return NULL;
    if (!esql_expect_sign(p, ")", "behind the arguments") || !field_and_text(p, at, &field, value))
        return NULL;
    if (options.is_all && analysis_of(field->text) == QUERY_SCRIPT)
        return diag_unsupported(p->s->diag, at, "MATCH() with the operator AND of this field"),
               NULL;
    if (options.is_all && options.fuzziness == 0 && analysis_of(field->text) == QUERY_WORDS)
        return match_all_words(p, at, field, value);
    return fuzzy_match(p, at, field, value, &options);
}

/* MATCH_PHRASE(field, text): the words, one behind the other. */
static struct expr *match_phrase(struct esql_parser *p, struct place at)
{
    const struct expr *field, *value;

    if (!esql_advance(p) || !(field = esql_expression(p)) ||
        !esql_expect_sign(p, ",", "behind the field of MATCH_PHRASE()") ||
        !(value = esql_expression(p)))
        return NULL;
    if (esql_is_sign(p, ","))
        return diag_unsupported(p->s->diag, p->token.at,
                                "options of MATCH_PHRASE(): not in this version"),
               NULL;
    return esql_expect_sign(p, ")", "behind the arguments") ? ask(p, at, field, value, true) : NULL;
}

struct expr *esql_search(struct esql_parser *p, struct place at, struct str name, bool *is_known)
{
    *is_known = true;
    if (str_eq_ci(name, STR("kql")))
        return embedded(p, at, STR("kql"));
    if (str_eq_ci(name, STR("qstr")))
        return embedded(p, at, STR("lucene"));
    bool is_phrase = str_eq_ci(name, STR("match_phrase"));
    if (!is_phrase && !str_eq_ci(name, STR("match"))) {
        *is_known = false;
        return NULL;
    }
    if (++p->depth > QUERY_DEPTH_MAX)
        return diag_error(p->s->diag, at, "more than %d calls inside each other", QUERY_DEPTH_MAX),
               NULL;
    struct expr *e = is_phrase ? match_phrase(p, at) : match(p, at);
    p->depth--;
    return e;
}
