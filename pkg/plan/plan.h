/* plan.h - the rules of a set, linked: fields, atoms and sub-formulas by number, each once.
 *
 * Front ends hand over trees with names in them. The planner gives every field, every
 * distinct atom and every distinct sub-formula one number (formulas are hash-consed: equal
 * parts of different rules become one node), simplifies what never changes an answer
 * (nested AND in AND, double NOT, constants, repeated children), and compiles the
 * extractor for exactly the fields that the rules ask about.
 *
 * Memory   a plan lives in the arena given and is read-only; it refers to the rules.
 * Threads  immutable, shared by all.
 */
#ifndef WEIR_PLAN_PLAN_H
#define WEIR_PLAN_PLAN_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "event/extract.h"
#include "event/field.h"
#include "rule/rule.h"

enum { PLAN_NONE = UINT32_MAX };

struct plan_atom {
    const struct atom *atom;
    uint32_t field;              /* number in plan->fields; FIELD_ANY for keywords; FIELD_NONE for
                                  * ATOM_BEFORE */
    uint32_t other;              /* ATOM_FIELD_CMP: the second field, else FIELD_NONE */
    const uint32_t *expr_fields; /* ATOM_EXPR: numbers by slot, atom->expr_fields.n of them */
};

/* A node of the shared formula graph; children have smaller numbers than their parents. */
struct plan_node {
    enum formula_kind kind;
    bool value;           /* FORMULA_CONST */
    uint32_t atom;        /* FORMULA_ATOM: index into plan->atoms */
    uint32_t first_child; /* AND, OR, NOT: plan->children[first_child .. + n_children) */
    uint32_t n_children;
};

struct plan_rule {
    const struct rule *rule;
    uint32_t root;      /* index into plan->nodes */
    uint32_t logsource; /* index into plan->logsources */
};

struct plan {
    struct arena *arena;
    struct field_table *fields;
    const struct profile_set *profiles;
    const struct extractor *extractor;
    struct extract_options extract; /* as given: what it points to must outlive the plan */
    bool is_routed;                 /* false: every rule sees every event */

    struct plan_rule *rules;
    uint32_t n_rules;
    struct plan_atom *atoms;
    uint32_t n_atoms;
    struct plan_node *nodes;
    uint32_t n_nodes;
    uint32_t *children;
    uint32_t n_children;
    struct logsource *logsources; /* the distinct ones of all rules */
    uint32_t n_logsources;
};

struct plan_options {
    bool no_routing;
    struct extract_options extract;
    const struct str *fields; /* that others than rules' atoms want extracted */
    size_t n_fields;
};

/* Link n rules; their order is the order of rule numbers. */
const struct plan *plan_new(struct arena *a, struct rule *const *rules, size_t n,
                            const struct profile_set *profiles, const struct plan_options *options);

#endif
