/* eql.h - the EQL front end: event queries as Elasticsearch reads them, to the rule IR.
 *
 *     process where process.name : "cmd.exe" and not user.id == "S-1-5-18"
 *
 * Sources of the meaning: Elastic's documentation of EQL's syntax and functions, and the behaviour
 * of Elasticsearch where that is silent; facts only. Where the older engine (python EQL) differs,
 * Elasticsearch decides (docs/languages.md). Inside the folder:
 *
 *     lex.c          text to tokens with places
 *     tree.h         the tree of a query
 *     parse.c        query shapes: event, sequence, sample, pipes
 *     expression.c   conditions and values, by precedence
 *     function.c     names of functions, what they take and become
 *     pattern.c      wildcards and their cheapest atoms; lucene.c: regexes, translated
 *     value.c        values to expressions (rule/expr.h), constants folded
 *     lower.c        conditions to formulas
 *     load.c         a whole text to a rule; sequence.c: with its items as rules of their own
 *
 * A field that is missing or null: equality, texts, patterns, lists and functions that need no
 * computing are false (and true under `not`); < <= > >= and whatever is computed are unknown.
 *
 * Memory   the rule in scope->a, everything else in scope->scratch, which the loader resets.
 */
#ifndef WEIR_LANG_EQL_EQL_H
#define WEIR_LANG_EQL_EQL_H

#include "base/arena.h"
#include "base/base.h"
#include "lang/diag.h"
#include "lang/names.h"
#include "rule/rule.h"

enum {
    EQL_QUERY_MAX = 1024 * 1024, /* bytes */
    EQL_DEPTH_MAX = 100,         /* parentheses, nots, calls and signs inside each other */
    EQL_VALUES_MAX = 10000,      /* literals of one query */
    EQL_STAGES_MAX = 256         /* items of a sequence, runs counted: SEQUENCE_STAGES_MAX */
};

struct eql_scope {
    struct arena *a, *scratch;
    struct names *names;
    struct diag *diag;
};

/* What a rule file may say around its query. */
struct eql_options {
    struct str category_field; /* empty: event.category */
};

/* The query as the formula of `rule`. options may be NULL. False: see scope->diag. */
bool eql_load(struct eql_scope *s, struct str query, const struct eql_options *options,
              struct rule *rule);

#endif
