/* query_load.c - which language reads a query: the one table of them. */
#include "lang/query.h"

#include "base/buf.h"
#include "base/str.h"
#include "lang/cql/cql.h"
#include "lang/eql/eql.h"
#include "lang/esql/esql.h"
#include "lang/kql/kql.h"
#include "lang/lucene/lucene.h"
#include "lang/spl/spl.h"

struct query_language {
    struct str name;
    struct str ending; /* of files, beside the name; may be empty */
    bool (*load)(struct query_scope *s, struct str query, const struct query_options *options,
                 struct rule *rule);
    struct formula *(*condition)(struct query_scope *s, struct str query); /* NULL: it has none */
};

static const struct query_language LANGUAGES[] = {
    {{"eql", 3}, {"", 0}, eql_load, NULL},
    {{"kql", 3}, {"", 0}, kql_load, kql_condition},
    {{"cql", 3}, {"logscale", 8}, cql_load, NULL},
    {{"spl", 3}, {"", 0}, spl_load, NULL},
    {{"esql", 4}, {"", 0}, esql_load, NULL},
    {{"lucene", 6}, {"", 0}, lucene_load, lucene_condition},
};

static const struct query_language *language_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(LANGUAGES); i++)
        if (str_eq(LANGUAGES[i].name, name))
            return &LANGUAGES[i];
    return NULL;
}

struct str query_language_at(size_t i)
{
    return i < ARRAY_LEN(LANGUAGES) ? LANGUAGES[i].name : STR("");
}

bool query_language_is_known(struct str language)
{
    return language_of(language) != NULL;
}

struct str query_language_named(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(LANGUAGES); i++)
        if (str_eq_ci(LANGUAGES[i].name, word) || (word.n && str_eq_ci(LANGUAGES[i].ending, word)))
            return LANGUAGES[i].name;
    return STR("");
}

bool query_load(struct query_scope *s, struct str language, struct str query,
                const struct query_options *options, struct rule *rule)
{
    const struct query_language *l = language_of(language);

    ASSERT(l);
    return l->load(s, query, options, rule);
}

struct formula *query_condition(struct query_scope *s, struct str language, struct str query)
{
    const struct query_language *l = language_of(language);

    ASSERT(l && l->condition);
    return l->condition(s, query);
}

/* ---- what other languages ask as KQL does ------------------------------------------------------
 */

/* Without quotes: what would mean something there is escaped. */
static void escape(struct buf *out, struct str text, const char *signs)
{
    static const char *const WORDS[] = {"and", "or", "not"};
    struct str rest = text, word;
    bool is_first = true;

    for (; rest.n || is_first; is_first = false) {
        str_cut(rest, ' ', &word, &rest);
        if (!is_first)
            buf_add_char(out, ' ');
        for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
            if (str_eq_ci(word, str_from(WORDS[i])))
                buf_add_char(out, '\\');
        for (size_t i = 0; i < word.n; i++) {
            if (strchr(signs, word.p[i]))
                buf_add_char(out, '\\');
            buf_add_char(out, word.p[i]);
        }
    }
}

#define VALUE_SIGNS "\\():<>\"*{}"
#define FIELD_SIGNS "\\():<>\"{}"

static void add_quoted(struct buf *out, struct str text)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, text.p[i]);
    }
    buf_add_char(out, '"');
}

static struct formula *ask(struct query_scope *s, struct place at, struct buf *query)
{
    struct query_scope inner = *s;

    inner.at = at;
    inner.quoted = NULL;
    struct formula *f = query_condition(&inner, STR("kql"), arena_str(s->scratch, buf_str(query)));
    buf_release(query);
    return f;
}

static void add_field(struct buf *out, struct str field, const char *sign)
{
    if (field.n == 0)
        return;
    escape(out, field, FIELD_SIGNS);
    buf_printf(out, " %s ", sign);
}

struct formula *query_search(struct query_scope *s, struct place at, struct str field,
                             const char *sign, struct str value, bool is_quoted)
{
    struct buf query = {0};

    add_field(&query, field, sign);
    if (is_quoted || value.n == 0 || str_eq_ci(value, STR("null")))
        add_quoted(&query, value);
    else
        escape(&query, value, VALUE_SIGNS);
    return ask(s, at, &query);
}

struct formula *query_under_names(struct query_scope *s, struct place at,
                                  const struct query_field *f, const struct atom *atom)
{
    struct formula *parts[ARRAY_LEN(f->names)];

    for (size_t i = 0; i < f->n_names; i++)
        parts[i] = query_atom(s, at, f->names[i], *atom);
    return formula_join(s->a, FORMULA_OR, parts, f->n_names);
}

struct formula *query_pattern(struct query_scope *s, struct place at, struct str field,
                              const struct glob *g, bool is_caseless)
{
    struct query_field f;
    struct atom atom = {.op = ATOM_WORDS, .glob = *g};

    query_field_read(field, &f);
    if (g->n_parts == 1 && g->parts[0].kind == GLOB_ANY)
        return query_search_glob(s, at, field, g);
    if (f.analysis == QUERY_SCRIPT) {
        diag_unsupported(s->diag, at, "a pattern of the words of '%.*s'", SHOWN(field));
        return NULL;
    }
    for (size_t i = 0; i < g->n_parts; i++) {
        enum fold own =
            query_fold(g->parts[i].text, is_caseless || f.is_caseless || f.analysis == QUERY_WORDS);
        atom.fold = own > atom.fold ? own : atom.fold;
    }
    if (f.analysis == QUERY_WHOLE) {
        atom.glob = (struct glob){0};
        query_glob_atom(g, atom.fold, &atom);
    }
    return query_under_names(s, at, &f, &atom);
}

struct formula *query_search_glob(struct query_scope *s, struct place at, struct str field,
                                  const struct glob *g)
{
    struct buf query = {0};

    add_field(&query, field, ":");
    for (size_t i = 0; i < g->n_parts; i++) {
        ASSERT(g->parts[i].kind == GLOB_ANY || g->parts[i].kind == GLOB_TEXT);
        if (g->parts[i].kind == GLOB_ANY)
            buf_add_char(&query, '*');
        else
            escape(&query, g->parts[i].text, VALUE_SIGNS);
    }
    return ask(s, at, &query);
}
