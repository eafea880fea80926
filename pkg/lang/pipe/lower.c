/* lower.c - conditions to formulas.
 *
 * Where a condition must hold for the rule to match (a positive place) false and unknown are the
 * same, so comparisons of raw fields are atoms that are never unknown. Under a `not` they differ; a
 * three-valued language is computed there, since an atom takes a null that is written in the event
 * for a value. */
#include "lang/pipe/pipe_impl.h"

#include "base/decimal.h"
#include "base/str.h"

/* What an atom without any field is about, since an atom is about one. */
#define NO_FIELD "@timestamp"

/* ---- raw fields beside literals ------------------------------------------------------ */

static bool is_raw(const struct expr *e)
{
    return e->kind == EXPR_MEMBERS || e->kind == EXPR_FIELD;
}

static struct formula *atom(struct pipe *p, const struct expr *e, struct atom x)
{
    const struct expr *subject = e->args[0];

    x.array = e->is_any ? ARRAY_ANY : subject->kind == EXPR_FIELD ? ARRAY_FIRST : ARRAY_SINGLE;
    return query_atom(p->s, pipe_place(e), subject->text, x);
}

static struct formula *either(struct pipe *p, struct formula *a, struct formula *b)
{
    struct formula *both[] = {a, b};

    return formula_join(p->s->a, FORMULA_OR, both, 2);
}

static struct formula *equals(struct pipe *p, const struct expr *e, const struct expr *literal)
{
    struct atom x = {.op = ATOM_EQ, .text = literal->text};

    switch (literal->kind) {
    case EXPR_NULL:
        return formula_const(p->s->a, false);
    case EXPR_BOOL:
        return atom(p, e, (struct atom){.op = ATOM_BOOL, .is_true = literal->value});
    case EXPR_NUMBER:
        x.op = ATOM_NUM_EQ;
        return atom(p, e, x);
    default:
        break;
    }
    x.fold = query_fold(literal->text, e->fold != FOLD_NONE);
    struct formula *f = atom(p, e, x);
    if (!e->is_loose || !decimal_is_number(literal->text))
        return f;
    return either(p, f, atom(p, e, (struct atom){.op = ATOM_NUM_EQ, .text = literal->text}));
}

static struct formula *ordered(struct pipe *p, const struct expr *e)
{
    static const enum atom_op OPS[] = {[EXPR_LT] = ATOM_NUM_LT,
                                       [EXPR_LE] = ATOM_NUM_LE,
                                       [EXPR_GT] = ATOM_NUM_GT,
                                       [EXPR_GE] = ATOM_NUM_GE};
    const struct expr *literal = e->args[1];
    bool is_number = literal->kind == EXPR_NUMBER || (e->is_loose && literal->kind == EXPR_TEXT &&
                                                      decimal_is_number(literal->text));

    return is_number ? atom(p, e, (struct atom){.op = OPS[e->op], .text = literal->text}) : NULL;
}

static struct formula *texts(struct pipe *p, const struct expr *e)
{
    static const enum atom_op OPS[] = {[EXPR_STARTS] = ATOM_PREFIX,
                                       [EXPR_ENDS] = ATOM_SUFFIX,
                                       [EXPR_CONTAINS] = ATOM_CONTAINS,
                                       [EXPR_HAS_TEXT] = ATOM_CONTAINS};
    struct str text = e->args[1]->text;

    if (e->args[1]->kind != EXPR_TEXT)
        return NULL;
    if (e->op == EXPR_CONTAINS && text.n == 0)
        return formula_const(p->s->a, false);
    return atom(p, e,
                (struct atom){.op = OPS[e->op],
                              .text = text,
                              .fold = query_fold(text, e->fold != FOLD_NONE)});
}

static struct formula *listed(struct pipe *p, const struct expr *e)
{
    struct formula **parts = ARENA_ARRAY(p->s->scratch, e->n_args, struct formula *);

    for (size_t i = 1; i < e->n_args; i++)
        parts[i - 1] = e->op == EXPR_IN
                           ? equals(p, e, e->args[i])
                           : atom(p, e, (struct atom){.op = ATOM_CIDR, .text = e->args[i]->text});
    if (e->n_args == 1)
        return formula_const(p->s->a, false);
    return formula_join(p->s->a, FORMULA_OR, parts, e->n_args - 1);
}

static struct formula *patterned(struct pipe *p, const struct expr *e)
{
    struct atom x = {.op = ATOM_REGEX, .regex = e->regex};
    bool is_caseless = e->fold != FOLD_NONE;
    enum fold fold = FOLD_NONE;

    if (e->op == EXPR_GLOB) {
        for (size_t i = 0; i < e->glob.n_parts; i++) {
            enum fold own = query_fold(e->glob.parts[i].text, is_caseless);
            fold = own > fold ? own : fold;
        }
        query_glob_atom(&e->glob, fold, &x);
        x.regex.pattern = STR("");
    }
    return atom(p, e, x);
}

/* Some member has a value. */
static struct formula *is_there(struct pipe *p, const struct expr *e, bool is_negated)
{
    struct formula *f =
        query_atom(p->s, pipe_place(e), e->args[0]->text, (struct atom){.op = ATOM_CONTAINS});

    return is_negated ? formula_not(p->s->a, f) : f;
}

struct formula *pipe_atoms(struct pipe *p, const struct expr *e, bool is_positive)
{
    if (e->kind != EXPR_CALL || e->n_args == 0 || !is_raw(e->args[0]))
        return NULL;
    if (e->op == EXPR_IS_NULL || e->op == EXPR_IS_THERE)
        return is_there(p, e, e->op == EXPR_IS_NULL);
    if (!is_positive && !e->is_false_on_null)
        return NULL;
    for (size_t i = 1; i < e->n_args; i++)
        if (!pipe_is_literal(e->args[i]))
            return NULL;
    switch (e->op) {
    case EXPR_EQ:
        return equals(p, e, e->args[1]);
    case EXPR_LT:
    case EXPR_LE:
    case EXPR_GT:
    case EXPR_GE:
        return ordered(p, e);
    case EXPR_STARTS:
    case EXPR_ENDS:
    case EXPR_CONTAINS:
    case EXPR_HAS_TEXT:
        return texts(p, e);
    case EXPR_IN:
    case EXPR_IN_NETWORK:
        return listed(p, e);
    case EXPR_GLOB:
    case EXPR_REGEX:
        return patterned(p, e);
    default:
        return NULL;
    }
}

/* ---- computed ------------------------------------------------------------------------- */

static struct formula *computed(struct pipe *p, struct expr *e)
{
    struct pipe_bound b;
    struct atom x = {.op = ATOM_EXPR, .miss = MISS_UNKNOWN};

    e = pipe_without_conditions(p, e);
    if (!e)
        return NULL;
    b = pipe_bind(p, e);
    x.expr = b.expr;
    x.expr_fields = b.fields;
    x.is_gated = b.fields.n && expr_requires(b.expr, 0);
    return query_atom(p->s, pipe_place(e), b.fields.n ? b.fields.items[0] : STR(NO_FIELD), x);
}

static struct formula *computed_call(struct pipe *p, struct expr *e, bool is_positive)
{
    struct formula *parts[2] = {computed(p, e), NULL};

    if (!parts[0] || !is_positive)
        return parts[0];
    parts[1] = parts[0];
    parts[0] = pipe_hint(p, e);
    return parts[0] ? formula_join(p->s->a, FORMULA_AND, parts, 2) : parts[1];
}

/* ---- logic ----------------------------------------------------------------------------- */

static struct formula *joined(struct pipe *p, struct expr *e, bool is_positive)
{
    struct formula **parts = ARENA_ARRAY(p->s->scratch, e->n_args, struct formula *);

    for (size_t i = 0; i < e->n_args; i++) {
        parts[i] = pipe_lower(p, e->args[i], is_positive);
        if (!parts[i])
            return NULL;
    }
    return formula_join(p->s->a, e->op == EXPR_AND ? FORMULA_AND : FORMULA_OR, parts, e->n_args);
}

static struct formula *negated(struct pipe *p, struct expr *e, bool is_positive)
{
    struct formula *parts[2] = {NULL, pipe_lower(p, e->args[0], !is_positive)};

    if (!parts[1])
        return NULL;
    parts[1] = formula_not(p->s->a, parts[1]);
    if (is_positive)
        parts[0] = pipe_hint_against(p, e->args[0]);
    return parts[0] ? formula_join(p->s->a, FORMULA_AND, parts, 2) : parts[1];
}

static enum expr_op mirrored(enum expr_op op)
{
    switch (op) {
    case EXPR_LT:
        return EXPR_GT;
    case EXPR_LE:
        return EXPR_GE;
    case EXPR_GT:
        return EXPR_LT;
    case EXPR_GE:
        return EXPR_LE;
    default:
        return op;
    }
}

/* "a" == f as f == "a". */
static struct expr *literal_last(struct pipe *p, struct expr *e)
{
    struct expr turned = *e;

    if (e->kind != EXPR_CALL || e->op < EXPR_EQ || e->op > EXPR_GE ||
        !pipe_is_literal(e->args[0]) || pipe_is_literal(e->args[1]))
        return e;
    struct expr *args[] = {e->args[1], e->args[0]};
    turned.op = mirrored(e->op);
    return pipe_call_exactly(p, pipe_place(e), &turned, args, 2);
}

struct formula *pipe_lower(struct pipe *p, struct expr *e, bool is_positive)
{
    struct formula *f;
    struct expr field = {.kind = EXPR_CALL, .line = e->line, .col = e->col};

    /* not null: asked as what it is, which has hints */
    if (pipe_is_call(e, EXPR_NOT) && pipe_is_call(e->args[0], EXPR_IS_NULL))
        e = pipe_call1(p, pipe_place(e), EXPR_IS_THERE, e->args[0]->args[0]);
    e = literal_last(p, e);
    switch (e->kind) {
    case EXPR_BOOL:
        return formula_const(p->s->a, e->value);
    case EXPR_NULL:
        return is_positive ? formula_const(p->s->a, false) : computed(p, e);
    case EXPR_CONDITION:
        return (struct formula *)(uintptr_t)e->condition;
    case EXPR_FIELD:
    case EXPR_MEMBERS:
        field.args = &e;
        field.is_any = p->dialect.is_any_member;
        return is_positive || p->dialect.is_two_valued
                   ? atom(p, &field, (struct atom){.op = ATOM_BOOL, .is_true = true})
                   : computed(p, e);
    case EXPR_CALL:
        break;
    default: /* a text, a number: no truth value */
        return computed(p, e);
    }
    if (e->op == EXPR_AND || e->op == EXPR_OR)
        return joined(p, e, is_positive);
    if (e->op == EXPR_NOT)
        return negated(p, e, is_positive);
    f = pipe_atoms(p, e, is_positive);
    return f ? f : computed_call(p, e, is_positive);
}
