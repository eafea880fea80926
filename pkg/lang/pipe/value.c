/* value.c - expressions, built bottom up. What needs no field is computed at once, so that whoever
 * asks next sees a literal. */
#include "lang/pipe/pipe_impl.h"

#include "base/decimal.h"
#include "base/str.h"
#include "lang/network.h"
#include "rule/expr_regex.h"

struct pipe *pipe_new(struct query_scope *s, const struct pipe_dialect *dialect)
{
    struct pipe *p = ARENA_NEW(s->scratch, struct pipe);

    p->s = s;
    p->dialect = *dialect;
    return p;
}

/* ---- leaves -------------------------------------------------------------------- */

struct expr *pipe_node(struct pipe *p, struct place at, struct expr e)
{
    struct expr *out = ARENA_NEW(p->s->a, struct expr);

    if (!e.text.p)
        e.text = STR("");
    if (!e.regex.pattern.p)
        e.regex.pattern = STR("");
    e.line = at.line;
    e.col = at.col;
    e.size = e.depth = 1;
    for (size_t i = 0; i < e.n_args; i++) {
        e.size += e.args[i]->size;
        e.depth = e.args[i]->depth >= e.depth ? e.args[i]->depth + 1 : e.depth;
    }
    *out = e;
    return out;
}

struct expr *pipe_unsupported(struct pipe *p, struct place at, const char *what)
{
    diag_unsupported(p->s->diag, at, "%s: not in this version", what);
    return NULL;
}

#define NOWHERE ((struct place){0, 0})

struct expr *pipe_null(struct pipe *p)
{
    return pipe_node(p, NOWHERE, (struct expr){.kind = EXPR_NULL});
}

struct expr *pipe_bool(struct pipe *p, bool value)
{
    return pipe_node(p, NOWHERE, (struct expr){.kind = EXPR_BOOL, .value = value});
}

struct expr *pipe_text(struct pipe *p, struct str text)
{
    return pipe_node(p, NOWHERE,
                     (struct expr){.kind = EXPR_TEXT, .text = names_intern(p->s->names, text)});
}

struct expr *pipe_number(struct pipe *p, struct place at, struct str json)
{
    if (decimal_is_number(json))
        return pipe_node(
            p, at, (struct expr){.kind = EXPR_NUMBER, .text = names_intern(p->s->names, json)});
    diag_error(p->s->diag, at, "'%.*s' is no number, or too large a one", SHOWN(json));
    return NULL;
}

struct expr *pipe_whole(struct pipe *p, int64_t n)
{
    return pipe_node(
        p, NOWHERE,
        (struct expr){.kind = EXPR_NUMBER, .text = arena_printf(p->s->a, "%lld", (long long)n)});
}

struct expr *pipe_member(struct pipe *p)
{
    return pipe_node(p, NOWHERE, (struct expr){.kind = EXPR_MEMBER});
}

struct expr *pipe_time(struct pipe *p, struct place at, struct str field)
{
    return pipe_node(p, at,
                     (struct expr){.kind = EXPR_TIME, .text = names_intern(p->s->names, field)});
}

struct expr *pipe_condition(struct pipe *p, struct place at, const struct formula *f)
{
    return f ? pipe_node(p, at, (struct expr){.kind = EXPR_CONDITION, .condition = f}) : NULL;
}

bool pipe_is_literal(const struct expr *e)
{
    return e->kind <= EXPR_TEXT;
}

bool pipe_constant(const struct expr *e, struct expr_value *out)
{
    if (!e || !pipe_is_literal(e))
        return false;
    *out = expr_eval(e, &(struct expr_scope){0});
    return true;
}

/* ---- looking inside ------------------------------------------------------------- */

bool pipe_binds(const struct expr *e)
{
    return e->op == EXPR_ANY_OF || e->op == EXPR_FILTER || e->op == EXPR_MAP;
}

bool pipe_has_member(const struct expr *e)
{
    if (e->kind == EXPR_MEMBER)
        return true;
    if (e->kind != EXPR_CALL)
        return false;
    size_t n = pipe_binds(e) ? 1 : e->n_args;
    for (size_t i = 0; i < n; i++)
        if (pipe_has_member(e->args[i]))
            return true;
    return false;
}

bool pipe_has_condition(const struct expr *e)
{
    if (e->kind == EXPR_CONDITION)
        return true;
    for (size_t i = 0; e->kind == EXPR_CALL && i < e->n_args; i++)
        if (pipe_has_condition(e->args[i]))
            return true;
    return false;
}

/* ---- calls --------------------------------------------------------------------- */

static bool check_limits(struct pipe *p, struct place at, const struct expr *e)
{
    if (e->depth > EXPR_DEPTH_MAX)
        return diag_error(p->s->diag, at,
                          "a value of more than %d calls inside each other, with all that was put "
                          "into it",
                          EXPR_DEPTH_MAX);
    if (e->size > EXPR_SIZE_MAX)
        return diag_error(p->s->diag, at,
                          "a value of more than %d parts, with all that was put into it",
                          EXPR_SIZE_MAX);
    return true;
}

struct expr *pipe_call_exactly(struct pipe *p, struct place at, const struct expr *call,
                               struct expr *const *args, size_t n)
{
    struct expr e = *call;
    bool is_constant = true;

    e.kind = EXPR_CALL;
    e.args = ARENA_ARRAY(p->s->a, n, struct expr *);
    e.n_args = n;
    for (size_t i = 0; i < n; i++) {
        if (!args[i])
            return NULL;
        e.args[i] = args[i];
        is_constant &= pipe_is_literal(args[i]);
    }
    struct expr *out = pipe_node(p, at, e);
    if (!check_limits(p, at, out))
        return NULL;
    if (!is_constant)
        return out;
    struct expr_value v = expr_value_of(out, &(struct expr_scope){.space = p->s->scratch});
    return v.type == EXPR_VALUE_LIST ? out : pipe_node(p, at, query_constant(p->s, &v));
}

struct expr *pipe_of_args(struct pipe *p, const struct expr *e,
                          struct expr *(*of)(struct pipe *p, struct expr *arg))
{
    struct expr **args = ARENA_ARRAY(p->s->scratch, e->n_args, struct expr *);

    for (size_t i = 0; i < e->n_args; i++) {
        args[i] = of(p, e->args[i]);
        if (!args[i])
            return NULL;
    }
    return pipe_call_exactly(p, pipe_place(e), e, args, e->n_args);
}

/* Yes or no, of one value in the first argument. */
static bool asks_a_member(enum expr_op op)
{
    return (op >= EXPR_STARTS && op <= EXPR_GE) || op == EXPR_IN || op == EXPR_REGEX ||
           op == EXPR_HAS_TEXT;
}

/* Made of a text: in a loose language also of a number's or a truth value's. */
static bool takes_text(enum expr_op op)
{
    return op >= EXPR_LENGTH && op <= EXPR_GLOB;
}

static bool makes_number(enum expr_op op)
{
    return op <= EXPR_NEGATE || op == EXPR_NUMBER_OF || op == EXPR_ENTROPY ||
           (op >= EXPR_QUOTIENT && op <= EXPR_REAL) || op == EXPR_DISTANCE || op == EXPR_MATH ||
           (op >= EXPR_LIST_SUM && op <= EXPR_LIST_PERCENTILE);
}

struct expr *pipe_call(struct pipe *p, struct place at, const struct expr *call,
                       struct expr *const *args, size_t n)
{
    struct expr e = *call;

    if (asks_a_member(e.op)) {
        e.is_any = p->dialect.is_any_member;
        e.is_false_on_null = p->dialect.is_two_valued;
    }
    if ((e.op >= EXPR_EQ && e.op <= EXPR_GE) || e.op <= EXPR_NEGATE || e.op == EXPR_QUOTIENT ||
        e.op == EXPR_IN || takes_text(e.op))
        e.is_loose = p->dialect.is_loose;
    e.is_plain = p->dialect.is_plain && makes_number(e.op);
    return pipe_call_exactly(p, at, &e, args, n);
}

struct expr *pipe_call1(struct pipe *p, struct place at, enum expr_op op, struct expr *a)
{
    return pipe_call(p, at, &(struct expr){.op = op}, &a, 1);
}

struct expr *pipe_call2(struct pipe *p, struct place at, enum expr_op op, struct expr *a,
                        struct expr *b)
{
    struct expr *args[] = {a, b};

    return pipe_call(p, at, &(struct expr){.op = op}, args, ARRAY_LEN(args));
}

struct expr *pipe_call3(struct pipe *p, struct place at, enum expr_op op, struct expr *a,
                        struct expr *b, struct expr *c)
{
    struct expr *args[] = {a, b, c};

    return pipe_call(p, at, &(struct expr){.op = op}, args, ARRAY_LEN(args));
}

/* ---- patterns ------------------------------------------------------------------- */

struct expr *pipe_regex(struct pipe *p, struct place at, enum expr_op op, const struct regex *re,
                        uint32_t group, struct expr *const *args, size_t n)
{
    struct expr call = {.op = op, .regex = *re, .group = group};
    struct regex_fault fault;

    call.regex.pattern = names_intern(p->s->names, re->pattern);
    if (expr_regex_new(p->s->a, &call.regex, &call.compiled, &fault) != WEIR_OK) {
        diag_error(p->s->diag, at, "not a valid regex: %s", fault.text);
        return NULL;
    }
    ASSERT(group <= expr_regex_groups(call.compiled));
    return pipe_call(p, at, &call, args, n);
}

static enum glob_kind kind_at(struct str s, size_t at, char any, char one)
{
    return s.p[at] == any && any ? GLOB_ANY : s.p[at] == one && one ? GLOB_ONE : GLOB_TEXT;
}

/* The text part that starts at *i, without its escapes; *i moves behind it. */
static struct str text_part(struct pipe *p, struct str s, size_t *i, const char signs[3])
{
    char *out = arena_alloc(p->s->scratch, s.n);
    size_t n = 0;

    for (; *i < s.n && kind_at(s, *i, signs[0], signs[1]) == GLOB_TEXT; (*i)++) {
        *i += signs[2] && s.p[*i] == signs[2] && *i + 1 < s.n;
        out[n++] = s.p[*i];
    }
    return names_intern(p->s->names, (struct str){out, n});
}

bool pipe_glob(struct pipe *p, struct place at, struct str s, char any, char one, char escape,
               struct glob *out)
{
    struct glob_part *parts =
        ARENA_ARRAY(p->s->a, s.n < GLOB_PARTS_MAX ? s.n : GLOB_PARTS_MAX, struct glob_part);
    const char signs[3] = {any, one, escape};
    size_t n = 0;

    for (size_t i = 0; i < s.n;) {
        enum glob_kind kind = kind_at(s, i, any, one);
        if (kind == GLOB_ANY && n && parts[n - 1].kind == GLOB_ANY) {
            i++;
            continue;
        }
        if (n == GLOB_PARTS_MAX)
            return diag_error(p->s->diag, at, "more than %d wildcards and texts in one pattern",
                              GLOB_PARTS_MAX);
        parts[n++] =
            (struct glob_part){kind, kind == GLOB_TEXT ? text_part(p, s, &i, signs) : STR("")};
        i += kind != GLOB_TEXT;
    }
    *out = (struct glob){parts, n};
    return true;
}

struct expr *pipe_match_glob(struct pipe *p, struct place at, struct expr *subject,
                             const struct glob *g, enum fold fold)
{
    return pipe_call(p, at, &(struct expr){.op = EXPR_GLOB, .glob = *g, .fold = fold}, &subject, 1);
}

struct expr *pipe_in_networks(struct pipe *p, struct place at, struct expr *subject,
                              const struct str *networks, size_t n)
{
    struct expr **args = ARENA_ARRAY(p->s->scratch, n + 1, struct expr *);

    args[0] = subject;
    for (size_t i = 0; i < n; i++) {
        struct str text;
        if (!network_read(p->s->diag, at, STR(""), networks[i], HOST_BITS_CLEARED, &text))
            return NULL;
        args[i + 1] = pipe_text(p, text);
    }
    return pipe_call(p, at, &(struct expr){.op = EXPR_IN_NETWORK}, args, n + 1);
}

struct expr *pipe_geo(struct pipe *p, struct place at, const char *construct, struct expr *address,
                      enum geo_part part)
{
    struct expr call = {.op = EXPR_GEO, .geo = p->s->geo, .geo_part = part};
    struct expr *member = pipe_member(p);
    struct expr *args[] = {address, NULL};

    if (!p->s->geo) {
        diag_unsupported(p->s->diag, at, "%s: no GeoIP database is given (--geoip FILE)",
                         construct);
        return NULL;
    }
    if (!address || address->kind != EXPR_MEMBERS)
        return pipe_call(p, at, &call, &address, 1);
    args[1] = pipe_call(p, at, &call, &member, 1);
    return pipe_call(p, at, &(struct expr){.op = EXPR_MAP}, args, 2);
}

/* ---- conditions of other languages as expressions ----------------------------------- */

static struct expr *from_formula(struct pipe *p, struct place at, const struct formula *f);

static struct expr *from_atom(struct pipe *p, struct place at, const struct atom *x)
{
    static const enum expr_op OPS[] = {
        [ATOM_EQ] = EXPR_EQ,           [ATOM_PREFIX] = EXPR_STARTS,
        [ATOM_SUFFIX] = EXPR_ENDS,     [ATOM_CONTAINS] = EXPR_HAS_TEXT,
        [ATOM_GLOB] = EXPR_GLOB,       [ATOM_REGEX] = EXPR_REGEX,
        [ATOM_CIDR] = EXPR_IN_NETWORK, [ATOM_NUM_EQ] = EXPR_EQ,
        [ATOM_NUM_LT] = EXPR_LT,       [ATOM_NUM_LE] = EXPR_LE,
        [ATOM_NUM_GT] = EXPR_GT,       [ATOM_NUM_GE] = EXPR_GE};
    struct expr call = {.is_any = true, .is_false_on_null = true};
    struct expr *args[2] = {NULL, pipe_text(p, x->text)};

    if (str_eq(x->field, STR(FIELD_ANY_NAME)) || x->op > ATOM_IS_NULL || x->miss != MISS_FALSE ||
        str_find_char(x->field, '*', 0) != SIZE_MAX)
        return pipe_unsupported(p, at, "a search in all fields inside a value");
    args[0] = pipe_node(p, at, (struct expr){.kind = EXPR_MEMBERS, .text = x->field});
    if (x->op == ATOM_EXISTS || x->op == ATOM_IS_NULL) {
        struct expr *is_null = pipe_call1(p, at, EXPR_IS_NULL, args[0]);
        return x->op == ATOM_IS_NULL ? is_null : pipe_call1(p, at, EXPR_NOT, is_null);
    }
    if (x->op >= ATOM_NUM_EQ && x->op <= ATOM_NUM_GE)
        args[1] = pipe_number(p, at, x->text);
    if (x->op == ATOM_BOOL)
        args[1] = pipe_bool(p, x->is_true);
    call.op = x->op == ATOM_BOOL ? EXPR_EQ : OPS[x->op];
    call.fold = x->fold == FOLD_NONE ? FOLD_NONE : FOLD_ASCII;
    call.glob = x->glob;
    if (x->op == ATOM_REGEX)
        return pipe_regex(p, at, EXPR_REGEX, &x->regex, 0, args, 1);
    return pipe_call_exactly(p, at, &call, args, x->op == ATOM_GLOB ? 1 : 2);
}

static struct expr *from_formula(struct pipe *p, struct place at, const struct formula *f)
{
    static const enum expr_op OPS[] = {
        [FORMULA_AND] = EXPR_AND, [FORMULA_OR] = EXPR_OR, [FORMULA_NOT] = EXPR_NOT};
    struct expr **args = ARENA_ARRAY(p->s->scratch, f->n_children, struct expr *);

    if (f->kind == FORMULA_CONST)
        return pipe_bool(p, f->value);
    if (f->kind == FORMULA_ATOM)
        return from_atom(p, at, f->atom);
    for (size_t i = 0; i < f->n_children; i++)
        args[i] = from_formula(p, at, f->children[i]);
    return pipe_call_exactly(p, at, &(struct expr){.op = OPS[f->kind]}, args, f->n_children);
}

struct expr *pipe_without_conditions(struct pipe *p, struct expr *e)
{
    if (!e || !pipe_has_condition(e))
        return e;
    if (e->kind == EXPR_CONDITION)
        return from_formula(p, pipe_place(e), e->condition);
    return pipe_of_args(p, e, pipe_without_conditions);
}
