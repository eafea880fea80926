/* correlation.h - `correlation:` documents to struct correlation (rule/correlation.h).
 *
 *     correlation.c            the types, their keys, rules, group-by, aliases
 *     correlation_condition.c  the condition: bounds, fields, percentile; what cannot be met
 *     seen.c                   the condition of temporal as a text over rule names
 *
 * Semantics: the Sigma correlation specification 2.1.0 with pySigma 1.5 where it is silent; ranges,
 * value_min, value_max and weir's own types (first_seen, rarity, ratio, volume, geo_velocity, risk)
 * are ours. docs/state.md, "Writing correlations", is the list for people.
 *
 * What refers to other documents stays as written, with its place; lang/link.c resolves it when all
 * files are read.
 */
#ifndef WEIR_LANG_SIGMA_CORRELATION_H
#define WEIR_LANG_SIGMA_CORRELATION_H

#include "lang/sigma/pipeline.h"
#include "lang/sigma/sigma.h"
#include "rule/correlation.h"

enum { ALIASES_MAX = 64 };

/* An alias is a name for a field that each rule calls differently. */
struct alias_field {
    struct str rule; /* id or name, as written */
    struct str field;
    struct place at;
};

struct alias {
    struct str name;
    struct place at;
    struct alias_field *fields;
    size_t n_fields;
};

/* A rule name in a condition, and the atom that waits for its number. */
struct seen_name {
    struct seen_expr *atom;
    struct str name;
    struct place at;
};

/* What the loader must settle. */
struct sigma_correlation {
    struct alias *aliases;
    size_t n_aliases;
    struct seen_name *seen;
    size_t n_seen;
    const struct place *group_at;    /* per name of correlation->group */
    struct place field_at, actor_at; /* of condition.field, of actor */
    bool generates;                  /* its rules alert by themselves too */
};

/* True and rule->correlation set, or false with errors in the diag. Results in scope->a. */
bool sigma_correlation_load(struct sigma_scope *s, const struct doc_node *document,
                            struct rule *rule, struct sigma_correlation *out);

/* Other names, as pipelines give them, for the fields of a correlation whose inputs are resolved;
 * the rule's correlation is then another. False: *why says why it is refused.
 * (pipeline_correlation.c) */
bool sigma_pipelines_correlation(const struct sigma_pipelines *p, struct arena *a,
                                 struct rule *rule, struct sigma_correlation *sigma,
                                 struct str *why);

/* ---- inside ------------------------------------------------------------------------ */

/* What a type takes as condition.field ... */
enum field_need { FIELD_NEVER, FIELD_MAY, FIELD_MUST, FIELD_TUPLE };
/* ... and as bounds. */
enum bound_need { BOUNDS_NEVER, BOUNDS_MAY, BOUNDS_MUST };

struct correlation_type {
    const char *name;
    enum operator_kind kind;
    uint32_t keys;     /* bits of the keys it may have */
    uint32_t required; /* and of those that it must have */
    enum field_need field;
    enum bound_need bounds;
    enum aggregate aggregate;
    bool wants_percentile;
    int64_t window_ms; /* if there is no timespan */
};

struct correlation_reader {
    struct sigma_scope *s;
    const struct correlation_type *type;
    struct correlation *c;
    struct sigma_correlation *out;
    const struct doc_node *node; /* the `correlation` map */
};

/* The map or text under `condition`. */
void correlation_condition_load(struct correlation_reader *r, const struct doc_node *node);
/* What needs rules and condition together: bounds that are always or never met. */
void correlation_condition_check(struct correlation_reader *r);

/* `a and not (b or c)` to r->c->seen; without `rules` the names become the inputs. */
bool seen_condition_load(struct correlation_reader *r, const struct doc_node *node);

/* Texts of a list or of one scalar, interned; at most `max`. *at (may be NULL): their places. */
bool correlation_texts(struct correlation_reader *r, const struct doc_node *node, const char *key,
                       size_t max, struct str_list *out, const struct place **at);

#endif
