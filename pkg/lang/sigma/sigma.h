/* sigma.h - the Sigma front end: YAML documents to the rule IR.
 *
 * Semantics: the Sigma specification 2.1.0 (public domain) with pySigma 1.5 as the reference where
 * it is silent; where weir differs, the place says so. Inside the folder:
 *
 *     parse.c      documents, metadata, log source, selections and conditions put together
 *     value.c      YAML scalars to typed values: the escape machine
 *     modifier.c   the chain behind `field|...`; encode.c and expand.c do the heavy ones
 *     lower.c      values, items, selections to formulas over atoms
 *     condition.c  the condition language
 *     pipeline.c   processing pipelines, applied item by item; pipeline_replace.c to values,
 *                  pipeline_correlation.c to correlations; pipeline_read.c reads them
 *     filter.c     Sigma filters, joined to rules when all files are read
 *     correlation.c, correlation_condition.c, seen.c: correlations (correlation.h)
 *
 * Every positive atom is false on a missing field, so `not selection` holds for events that
 * lack the field; there are no three-valued Sigma rules.
 *
 * Memory   results in scope->a, everything else in scope->scratch, which the loader resets
 *          after each document.
 */
#ifndef WEIR_LANG_SIGMA_SIGMA_H
#define WEIR_LANG_SIGMA_SIGMA_H

#include "base/arena.h"
#include "base/base.h"
#include "doc/doc.h"
#include "lang/diag.h"
#include "lang/names.h"
#include "rule/rule.h"

enum {
    EXPAND_VALUES_MAX = 10000,      /* values of one item after expansion */
    SIGMA_ATOMS_MAX = 200000,       /* atoms of one document */
    SIGMA_FORMULA_MAX = 1000000,    /* nodes of one formula, shared ones counted each time */
    SIGMA_CONDITION_DEPTH_MAX = 50, /* parentheses and nots inside each other */
    SIGMA_MODIFIERS_MAX = 16        /* modifiers of one key */
};

/* What every function of the front end is given. */
struct sigma_scope {
    struct arena *a, *scratch;
    struct names *names;
    const struct list_source *lists;         /* may be NULL */
    const struct sigma_pipelines *pipelines; /* NULL: none */
    struct sigma_run *run;                   /* of the rule being loaded; NULL: none applies */
    struct diag *diag;
    size_t n_atoms;
    bool is_filter; /* atoms go into rules of other files: their places would mislead */
};

/* A named part of `detection` (or of a filter). */
struct sigma_selection {
    struct str name;
    struct place at;
    struct formula *formula; /* NULL if it did not load */
    size_t n_nodes;
    unsigned depth;
    bool is_used;
};

struct sigma_formula {
    struct formula *formula; /* NULL: nothing is left of it */
    size_t n_nodes;
    unsigned depth;
    bool has_top_not; /* the condition is a `not`, or an `and` with a `not` in it */
};

struct sigma_filter {
    struct str_list rules; /* ids and names; empty: any */
    struct logsource logsource;
    struct sigma_formula formula;
    size_t n_applied;
    struct str title;
    const struct doc_node *body; /* where pipelines are to change it for each rule; else NULL */
};

enum sigma_kind { SIGMA_UNKNOWN, SIGMA_RULE, SIGMA_CORRELATION, SIGMA_FILTER };

static inline struct place sigma_at(const struct doc_node *node)
{
    return (struct place){node->line, node->col};
}

/* ---- for lang.c ------------------------------------------------------------------- */

enum sigma_kind sigma_kind_of(const struct doc_node *document);
/* Metadata first (also of a rule that fails), then the formula. False: see scope->diag. */
bool sigma_rule_load(struct sigma_scope *s, const struct doc_node *document, struct rule *rule);
bool sigma_filter_load(struct sigma_scope *s, const struct doc_node *document, struct rule *head,
                       struct sigma_filter *filter);
/* (Correlations: correlation.h.) */

/* True if the filter is about this rule: named (or any), and log source contained. */
bool sigma_filter_covers(const struct sigma_filter *filter, const struct rule *rule);
/* The filter as the rule's pipelines make it. False: see scope->diag. */
bool sigma_filter_pass(struct sigma_scope *s, const struct sigma_filter *filter,
                       const struct rule *rule, struct sigma_filter *out);
/* AND it (or its negation) to the rule's formula; false if that would be too deep. */
bool sigma_filter_apply(struct arena *a, const struct sigma_filter *filter, struct rule *rule,
                        bool excludes);

/* ---- inside the front end ------------------------------------------------------------ */

/* title, id, level, logsource ...: what rules, filters and correlations share. */
void sigma_metadata_load(struct sigma_scope *s, const struct doc_node *document, struct rule *rule);

/* The `weir:` map of a rule or correlation, put on the rule (lang/settings.h). */
bool sigma_settings_load(struct sigma_scope *s, const struct doc_node *document, struct rule *rule);
/* Its `parameters`, which are wanted before the rule's text is read (lang/parameter.h). */
bool sigma_parameters_load(struct sigma_scope *s, const struct doc_node *document,
                           struct rule *rule);

/* All keys of the map except `n_skip` reserved ones, lowered; NULL and 0 if there is none. */
struct sigma_selection *sigma_selections_load(struct sigma_scope *s, const struct doc_node *map,
                                              const struct str *skip, size_t n_skip, size_t *n);

/* One condition text over selections. False on error; out->formula is NULL if every selector
 * in it matched nothing. */
bool sigma_condition_load(struct sigma_scope *s, const struct doc_node *condition,
                          struct sigma_selection *selections, size_t n, struct sigma_formula *out);

/* ---- pipeline.c: what pipelines do to a rule ---------------------------------------------- */

/* Once its metadata are there: decides which transformations apply. False: they refuse it. */
bool sigma_pipelines_begin(struct sigma_scope *s, struct rule *rule);
/* The rule's formula with the conditions that they add; NULL after an error. */
struct formula *sigma_pipelines_end(struct sigma_scope *s, struct formula *formula);

/* A selection's body to a formula; NULL after an error. */
struct formula *sigma_detection_lower(struct sigma_scope *s, const struct doc_node *node);

void sigma_measure(const struct formula *f, size_t *n_nodes, unsigned *depth);

#endif
