/* query_load.c - which language reads a query: the one table of them. */
#include "lang/query.h"

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
