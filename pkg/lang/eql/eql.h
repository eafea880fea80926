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
 *     pattern.c      wildcards and their cheapest atoms; ../lucene.h: regexes, translated
 *     value.c        values to expressions (rule/expr.h), constants folded
 *     lower.c        conditions to formulas
 *     load.c         a whole text to a rule; sequence.c: with its items as rules of their own
 *
 * A field that is missing or null: equality, texts, patterns, lists and functions that need no
 * computing are false (and true under `not`); < <= > >= and whatever is computed are unknown.
 *
 * Memory   as query.h.
 */
#ifndef WEIR_LANG_EQL_EQL_H
#define WEIR_LANG_EQL_EQL_H

#include "base/arena.h"
#include "base/base.h"
#include "lang/query.h"
#include "rule/rule.h"

enum { EQL_STAGES_MAX = 256 /* items of a sequence, runs counted: SEQUENCE_STAGES_MAX */ };

/* The query as the formula of `rule`. options may be NULL. False: see scope->diag. */
bool eql_load(struct query_scope *s, struct str query, const struct query_options *options,
              struct rule *rule);

#endif
