/* grammar.h - random texts from a grammar: queries of a language, and events for them.
 *
 *     static const struct grammar_rule GRAMMAR[] = {
 *         {"query", "{term}\n{term} OR {query}"},
 *         {"term", "a=1\nNOT {term}"},
 *     };
 *
 * A rule has an alternative a line; {name} stands for a text of that rule. Below GRAMMAR_DEPTH
 * rules inside each other the first alternative is taken: it must come to an end. A tree of
 * choices, so a seed repeats it; test_cql_random and test_spl_random have one language each.
 */
#ifndef WEIR_TESTS_LIB_GRAMMAR_H
#define WEIR_TESTS_LIB_GRAMMAR_H

#include "base/buf.h"
#include "tests/lib/rng.h"

enum { GRAMMAR_DEPTH = 12 };

struct grammar_rule {
    const char *name, *alternatives;
};

/* Appends a text of the rule; a rule that is not there fails the test. */
void grammar_text(struct buf *out, struct rng *r, const struct grammar_rule *rules, size_t n,
                  const char *rule);

/* So many random queries of the language (rule "query"), each on events of rule "event" (JSON):
 * reference and compiled matcher must agree. A query that does not load is counted, and fails the
 * test if more than one in `bad_most` does; so do queries that hardly ever, or nearly always,
 * match. */
void grammar_engines_agree(const char *language, const struct grammar_rule *rules, size_t n,
                           unsigned queries, unsigned bad_most);

#endif
