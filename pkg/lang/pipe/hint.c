/* hint.c - plain conditions that must hold wherever a computed one does.
 *
 * `to_lower(x) like "nikto*"` cannot be true unless x starts with nikto, case aside. Beside the
 * exact condition such a plain one costs little, and the matcher wakes the rule by it. Sound, not
 * complete: NULL wherever nothing is known. */
#include "lang/pipe/pipe_impl.h"

#include "base/str.h"

static struct formula *hint_of(struct pipe *p, const struct expr *e, struct expr *subject);

static bool is_caseless_already(const struct expr *e)
{
    for (size_t i = 1; i < e->n_args; i++)
        for (size_t k = 0; k < e->args[i]->text.n; k++)
            if ((unsigned char)e->args[i]->text.p[k] >= 0x80)
                return false;
    return e->op != EXPR_REGEX;
}

/* e with another first argument. */
static struct expr asked_of(struct pipe *p, const struct expr *e, struct expr *subject)
{
    struct expr out = *e;

    out.args = ARENA_ARRAY(p->s->scratch, e->n_args, struct expr *);
    memcpy(out.args, e->args, e->n_args * sizeof *e->args);
    out.args[0] = subject;
    return out;
}

/* of(LOWER(x)): the same of x, case aside. */
static struct formula *recased(struct pipe *p, const struct expr *e, struct expr *subject)
{
    struct expr caseless = asked_of(p, e, subject->args[0]);

    if (!is_caseless_already(e) || (e->op >= EXPR_LT && e->op <= EXPR_GE))
        return NULL; /* what is less does not look at case */
    caseless.fold = FOLD_ASCII;
    return hint_of(p, &caseless, subject->args[0]);
}

/* What is asked of a value that has branches: that e is true, or that it is false. */
struct question {
    const struct expr *e;
    bool is_negated;
};

static bool holds(struct pipe *p, const struct question *q, struct expr *literal)
{
    struct expr asked = asked_of(p, q->e, literal);
    struct expr_value v = expr_eval(&asked, &(struct expr_scope){.space = p->s->scratch});

    return v.type == EXPR_VALUE_BOOL && v.is_true != q->is_negated;
}

/* A plain condition that holds where this one does, or the condition. */
static struct formula *needed(struct pipe *p, struct expr *condition)
{
    struct formula *f = condition ? pipe_hint(p, condition) : NULL;

    return f || !condition ? f : pipe_lower(p, condition, true);
}

/* The value may come of `value` if `condition` (NULL: always). False: nothing is known. */
static bool add_way(struct pipe *p, const struct question *q, struct expr *condition,
                    struct expr *value, struct formula **ways, size_t *n)
{
    const struct expr *e = q->e;
    struct formula *f;

    if (pipe_is_literal(value)) {
        bool is_constant = true;
        for (size_t i = 1; i < e->n_args; i++)
            is_constant &= pipe_is_literal(e->args[i]);
        if (is_constant && !holds(p, q, value))
            return true;
        f = needed(p, condition);
    } else {
        f = q->is_negated ? NULL : hint_of(p, e, value);
        if (!f)
            f = needed(p, condition);
    }
    ways[*n] = f;
    *n += f != NULL;
    return f != NULL;
}

static struct formula *branches(struct pipe *p, const struct question *q,
                                const struct expr *subject)
{
    bool is_case = subject->op == EXPR_CASE;
    struct formula **ways = ARENA_ARRAY(p->s->scratch, subject->n_args + 1, struct formula *);
    size_t n = 0, i = 0;

    for (; is_case && i + 1 < subject->n_args; i += 2)
        if (!add_way(p, q, subject->args[i], subject->args[i + 1], ways, &n))
            return NULL;
    for (; i < subject->n_args; i++)
        if (!add_way(p, q, NULL, subject->args[i], ways, &n))
            return NULL;
    return n ? formula_join(p->s->a, FORMULA_OR, ways, n) : formula_const(p->s->a, false);
}

/* A part of a text is there only if the regex matches the text. */
static struct formula *captured(struct pipe *p, const struct expr *subject)
{
    struct expr test = *subject;

    test.op = EXPR_REGEX;
    test.is_any = false;
    return pipe_atoms(p, &test, true);
}

/* A place in a text, perhaps with a number added, compares as asked only if the part is there. */
static struct formula *located(struct pipe *p, const struct expr *e, const struct expr *subject)
{
    if (pipe_is_call(subject, EXPR_ADD) && pipe_is_literal(subject->args[1]))
        subject = subject->args[0];
    if (e->op < EXPR_EQ || e->op > EXPR_GE || !pipe_is_call(subject, EXPR_INDEX_OF) ||
        subject->args[1]->kind != EXPR_TEXT || subject->args[1]->text.n == 0)
        return NULL;
    struct expr test = *subject;
    test.op = EXPR_CONTAINS;
    test.n_args = 2;
    return hint_of(p, &test, subject->args[0]);
}

/* What must hold for e, asked of `subject` instead of its first argument. */
static struct formula *hint_of(struct pipe *p, const struct expr *e, struct expr *subject)
{
    struct expr asked = asked_of(p, e, subject);
    struct formula *f = pipe_atoms(p, &asked, true);

    /* A value that is asked for being null may be so in ways that are none of its parts. */
    if (f || subject->kind != EXPR_CALL || e->op == EXPR_IS_NULL)
        return f;
    switch (subject->op) {
    case EXPR_LOWER:
    case EXPR_UPPER:
        return recased(p, e, subject);
    case EXPR_CASE:
    case EXPR_COALESCE:
        return branches(p, &(struct question){.e = e}, subject);
    case EXPR_CAPTURE:
        return captured(p, subject);
    case EXPR_ADD:
    case EXPR_INDEX_OF:
        return located(p, e, subject);
    default:
        return NULL;
    }
}

/* The condition with the field itself for each member. */
static struct expr *of_field(struct pipe *p, struct expr *e, struct expr *field)
{
    struct expr copy = *e;

    if (e->kind == EXPR_MEMBER)
        return field;
    if (e->kind != EXPR_CALL)
        return e;
    struct expr **args = ARENA_ARRAY(p->s->scratch, e->n_args, struct expr *);
    for (size_t i = 0; i < e->n_args; i++)
        args[i] = of_field(p, e->args[i], field);
    copy.args = args;
    copy.is_any |= e->n_args && e->args[0]->kind == EXPR_MEMBER;
    return pipe_call_exactly(p, pipe_place(e), &copy, args, e->n_args);
}

/* Only the plain conditions of an AND: whatever is negated or computed may differ by member. */
static struct formula *some_member(struct pipe *p, const struct expr *e)
{
    struct expr *condition = e->args[1], *field = e->args[0];
    struct formula **parts;
    size_t n = 0;

    if (field->kind != EXPR_MEMBERS)
        return NULL;
    bool is_and = pipe_is_call(condition, EXPR_AND);
    struct expr *const *args = is_and ? condition->args : &condition;
    size_t n_args = is_and ? condition->n_args : 1;
    parts = ARENA_ARRAY(p->s->scratch, n_args, struct formula *);
    for (size_t i = 0; i < n_args; i++) {
        struct expr *asked = of_field(p, args[i], field);
        parts[n] = asked ? pipe_atoms(p, asked, true) : NULL;
        n += parts[n] != NULL;
    }
    return n ? formula_join(p->s->a, FORMULA_AND, parts, n) : NULL;
}

struct formula *pipe_hint(struct pipe *p, struct expr *e)
{
    if (e->kind != EXPR_CALL || e->n_args == 0)
        return NULL;
    if (e->op == EXPR_ANY_OF)
        return some_member(p, e);
    if (e->op >= EXPR_AND && e->op <= EXPR_MAP && e->op != EXPR_IN)
        return NULL;
    return hint_of(p, e, e->args[0]);
}

struct formula *pipe_hint_against(struct pipe *p, struct expr *e)
{
    const struct expr *subject = e->kind == EXPR_CALL && e->n_args ? e->args[0] : NULL;

    if (!subject || subject->kind != EXPR_CALL || e->op < EXPR_EQ || e->op > EXPR_GE ||
        (subject->op != EXPR_CASE && subject->op != EXPR_COALESCE) || e->is_false_on_null)
        return NULL; /* the last: what is null is as asked, too */
    return branches(p, &(struct question){.e = e, .is_negated = true}, subject);
}
