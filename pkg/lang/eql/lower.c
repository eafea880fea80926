/* lower.c - conditions to formulas.
 *
 * Three classes of atoms, by what a missing field means (Elasticsearch asks its index for the first
 * two and a script for the third):
 *
 *     equality, patterns, lists, texts in a function beside literals    false, so `not` is true
 *     < <= > >= beside a number                                         unknown; `not` turns them,
 *                                                                       through and, or as well
 *     whatever is computed                                              unknown
 *
 * A field beside a literal becomes an atom that the matcher finds by table; the rest is computed
 * (ATOM_EXPR).
 */
#include "lang/eql/lower.h"

#include "base/str.h"
#include "lang/lucene.h"
#include "lang/network.h"

/* What an atom without any field is about, since an atom is about one. */
#define NO_FIELD "event.category"

static struct formula *lower(struct query_scope *s, const struct eql_node *n, bool is_negated);

/* ---- atoms -------------------------------------------------------------------- */

/* f.keyword and f.caseless are f in another index: both names are asked. */
static struct formula *atom_formula(struct query_scope *s, const struct eql_node *n,
                                    struct str field, struct atom atom)
{
    struct query_field f;

    query_field_read(field, &f);
    if (atom.op == ATOM_EXPR || f.analysis != QUERY_WHOLE || f.n_names < 2)
        return query_atom(s, n->at, field, atom);
    if (f.is_caseless)
        query_atom_caseless(&atom);
    return query_under_names(s, n->at, &f, &atom);
}

static struct formula *computed(struct query_scope *s, const struct eql_node *n,
                                const struct expr *e, const struct eql_fields *fields)
{
    struct atom atom = {.op = ATOM_EXPR,
                        .expr = e,
                        .expr_fields = {fields->items, fields->n},
                        .miss = MISS_UNKNOWN};

    if (e->kind == EXPR_BOOL)
        return formula_const(s->a, e->value);
    atom.is_gated = fields->n && expr_needs(e, 0);
    return atom_formula(s, n, fields->n ? fields->items[0] : STR(NO_FIELD), atom);
}

static struct formula *unknown(struct query_scope *s, const struct eql_node *n)
{
    static const struct expr NOTHING = {.kind = EXPR_NULL, .text = {"", 0}};
    struct eql_fields none = {0};

    return computed(s, n, &NOTHING, &none);
}

static struct formula *negated(struct query_scope *s, struct formula *f, bool is_negated)
{
    return f && is_negated ? formula_not(s->a, f) : f;
}

/* Some member has a value: lists without members, objects and null have none. */
static struct formula *has_value(struct query_scope *s, const struct eql_node *n, struct str field)
{
    return atom_formula(s, n, field, (struct atom){.op = ATOM_CONTAINS});
}

static struct formula *equals(struct query_scope *s, const struct eql_node *n, struct str field,
                              const struct expr *literal, bool is_caseless)
{
    struct atom atom = {.op = ATOM_EQ, .text = literal->text};

    switch (literal->kind) {
    case EXPR_NULL:
        return formula_not(s->a, has_value(s, n, field));
    case EXPR_BOOL:
        return atom_formula(s, n, field, (struct atom){.op = ATOM_BOOL, .is_true = literal->value});
    case EXPR_NUMBER:
        atom.op = ATOM_NUM_EQ;
        break;
    default:
        atom.fold = query_fold(literal->text, is_caseless);
        break;
    }
    return atom_formula(s, n, field, atom);
}

/* ---- comparisons -------------------------------------------------------------- */

static enum eql_op mirrored(enum eql_op op)
{
    switch (op) {
    case EQL_LT:
        return EQL_GT;
    case EQL_LE:
        return EQL_GE;
    case EQL_GT:
        return EQL_LT;
    case EQL_GE:
        return EQL_LE;
    default:
        return op;
    }
}

static enum eql_op opposite(enum eql_op op)
{
    static const enum eql_op OPS[] = {[EQL_EQ] = EQL_NE, [EQL_NE] = EQL_EQ, [EQL_LT] = EQL_GE,
                                      [EQL_LE] = EQL_GT, [EQL_GT] = EQL_LE, [EQL_GE] = EQL_LT};

    return OPS[op];
}

/* Only a written null asks whether there is a value: one that comes of computing is like a missing
 * field on that side. */
static bool is_written_null(const struct eql_node *n)
{
    return n->kind == EQL_NULL;
}

static struct formula *compare_computed(struct query_scope *s, const struct eql_node *n,
                                        enum eql_op op, struct expr *left, struct expr *right,
                                        const struct eql_fields *fields)
{
    static const enum expr_op OPS[] = {[EQL_EQ] = EXPR_EQ, [EQL_NE] = EXPR_EQ, [EQL_LT] = EXPR_LT,
                                       [EQL_LE] = EXPR_LE, [EQL_GT] = EXPR_GT, [EQL_GE] = EXPR_GE};
    struct expr *args[2] = {left, right};
    struct expr call = {.op = OPS[op]};
    bool is_right = is_written_null(n->children[1]), is_left = is_written_null(n->children[0]);

    if ((is_right || is_left) && call.op == EXPR_EQ) {
        args[0] = right->kind == EXPR_NULL ? left : right;
        call.op = EXPR_IS_NULL;
    }
    struct expr *e = eql_call(s, call, args, call.op == EXPR_IS_NULL ? 1 : 2);
    return negated(s, computed(s, n, e, fields), op == EQL_NE);
}

/* A field and a literal. */
static struct formula *compare_literal(struct query_scope *s, const struct eql_node *n,
                                       enum eql_op op, struct str field, const struct expr *literal)
{
    static const enum atom_op OPS[] = {[EQL_LT] = ATOM_NUM_LT,
                                       [EQL_LE] = ATOM_NUM_LE,
                                       [EQL_GT] = ATOM_NUM_GT,
                                       [EQL_GE] = ATOM_NUM_GE};

    if (op == EQL_NE && literal->kind == EXPR_NULL)
        return has_value(s, n, field);
    if (op == EQL_EQ || op == EQL_NE)
        return negated(s, equals(s, n, field, literal, false), op == EQL_NE);
    return atom_formula(s, n, field,
                        (struct atom){.op = OPS[op], .text = literal->text, .miss = MISS_UNKNOWN});
}

static bool check_comparison(struct query_scope *s, const struct eql_node *n, enum eql_op op,
                             const struct expr *left, const struct expr *right)
{
    bool has_order = op != EQL_EQ && op != EQL_NE;

    if (left->kind == EXPR_FIELD && right->kind == EXPR_FIELD)
        return diag_error(s->diag, n->at,
                          "two fields cannot be compared: one side must be a value");
    if (has_order && (eql_type_of(left) == EQL_TYPE_BOOL || eql_type_of(right) == EQL_TYPE_BOOL))
        return diag_error(s->diag, n->at, "true and false have no order");
    if (eql_type_of(left) && eql_type_of(right) && eql_type_of(left) != eql_type_of(right))
        return diag_error(s->diag, n->at, "%s cannot be compared with %s",
                          eql_type_name(eql_type_of(left)), eql_type_name(eql_type_of(right)));
    if (has_order && right->kind == EXPR_TEXT && left->kind == EXPR_FIELD &&
        str_starts(right->text, STR("now")))
        return diag_unsupported(s->diag, n->children[1]->at,
                                "a time relative to now (\"%.*s\"): a stream has no now",
                                SHOWN(right->text));
    return !has_order || right->kind != EXPR_TEXT || left->kind != EXPR_FIELD ||
           network_no_order(s->diag, n->at, left->text, right->text);
}

static struct formula *lower_compare(struct query_scope *s, const struct eql_node *n,
                                     bool is_negated)
{
    struct eql_fields fields = {0};
    enum eql_op op = is_negated ? opposite(n->op) : n->op;
    struct expr *left = eql_value(s, n->children[0], &fields);
    struct expr *right = eql_value(s, n->children[1], &fields);

    if (!left || !right)
        return NULL;
    if (eql_is_literal(left) && right->kind == EXPR_FIELD) {
        struct expr *swap = left;
        left = right;
        right = swap;
        op = mirrored(op);
    }
    if (!check_comparison(s, n, op, left, right))
        return NULL;
    bool has_order = op != EQL_EQ && op != EQL_NE;
    bool is_null = is_written_null(n->children[0]) || is_written_null(n->children[1]);
    if (left->kind == EXPR_FIELD && eql_is_literal(right) &&
        (has_order ? right->kind == EXPR_NUMBER : is_null || right->kind != EXPR_NULL))
        return compare_literal(s, n, op, left->text, right);
    return compare_computed(s, n, op, left, right, &fields);
}

/* ---- patterns and lists ----------------------------------------------------------- */

static const char *operator_name(const struct eql_node *n)
{
    if (n->kind == EQL_IN)
        return "in";
    return n->op == EQL_SEQ ? "':'" : n->op == EQL_LIKE ? "like" : "regex";
}

/* The value of an item of a list; NULL after an error. */
static struct expr *listed_literal(struct query_scope *s, const struct eql_node *n, size_t i)
{
    struct eql_fields none = {0};
    struct expr *e = eql_value(s, n->children[i], &none);

    if (!e)
        return NULL;
    if (!eql_is_literal(e)) {
        diag_error(s->diag, n->children[i]->at, "%s takes values, not fields", operator_name(n));
        return NULL;
    }
    if (n->kind == EQL_IN && e->kind == EXPR_NULL) {
        diag_error(s->diag, n->children[i]->at, "null in a list: write x == null");
        return NULL;
    }
    if (n->kind == EQL_MATCH && e->kind != EXPR_TEXT) {
        diag_error(s->diag, n->children[i]->at, "%s takes strings, not %s", operator_name(n),
                   e->kind == EXPR_NULL ? "null" : eql_type_name(eql_type_of(e)));
        return NULL;
    }
    return e;
}

static struct formula *match_field(struct query_scope *s, const struct eql_node *n, size_t i,
                                   struct str field, const struct expr *literal)
{
    const struct eql_node *item = n->children[i];
    struct atom atom = {.op = ATOM_REGEX};

    if (n->kind == EQL_IN)
        return equals(s, item, field, literal, n->is_caseless);
    if (n->op == EQL_REGEX) {
        if (!lucene_regex(s, item->at, literal->text, n->is_caseless, &atom.regex))
            return NULL;
    } else if (!eql_pattern_atom(s, item->at, literal->text, n->is_caseless, &atom)) {
        return NULL;
    }
    return atom_formula(s, item, field, atom);
}

static struct formula *match_computed(struct query_scope *s, const struct eql_node *n, size_t i,
                                      struct expr *left, struct expr *literal,
                                      const struct eql_fields *fields)
{
    struct expr *args[2] = {left, literal};
    struct expr call = {.op = n->kind == EQL_IN ? EXPR_EQ : EXPR_GLOB,
                        .fold = n->is_caseless ? FOLD_ASCII : FOLD_NONE};

    if (n->kind == EQL_MATCH && n->op == EQL_REGEX) {
        diag_unsupported(s->diag, n->at, "a regex on a computed value: not in this version");
        return NULL;
    }
    if (n->kind == EQL_MATCH && !eql_glob(s, n->children[i]->at, literal->text, &call.glob))
        return NULL;
    struct expr *e = eql_call(s, call, args, n->kind == EQL_IN ? 2 : 1);
    return computed(s, n->children[i], e, fields);
}

static bool check_matched(struct query_scope *s, const struct eql_node *n, const struct expr *left)
{
    enum eql_type type = eql_type_of(left);

    if (n->kind == EQL_MATCH && type != EQL_TYPE_ANY && type != EQL_TYPE_TEXT)
        return diag_error(s->diag, n->children[0]->at, "%s asks of a string, not of %s",
                          operator_name(n), eql_type_name(type));
    return true;
}

/* x : ("a*", "b*") and x in ("a", "b"): one or another. */
static struct formula *lower_listed(struct query_scope *s, const struct eql_node *n)
{
    size_t n_items = n->n_children - 1;
    struct formula **parts = ARENA_ARRAY(s->scratch, n_items, struct formula *);
    struct eql_fields fields = {0};
    struct expr *left = eql_value(s, n->children[0], &fields);
    bool is_good = left && check_matched(s, n, left);

    for (size_t i = 0; i < n_items && left; i++) {
        struct expr *literal = listed_literal(s, n, i + 1);
        if (literal && left->kind == EXPR_FIELD)
            parts[i] = match_field(s, n, i + 1, left->text, literal);
        else if (literal)
            parts[i] = match_computed(s, n, i + 1, left, literal, &fields);
        is_good &= parts[i] != NULL;
    }
    return is_good ? formula_join(s->a, FORMULA_OR, parts, n_items) : NULL;
}

/* ---- functions ---------------------------------------------------------------- */

static struct formula *text_call(struct query_scope *s, const struct eql_node *n,
                                 const struct expr *call)
{
    static const enum atom_op OPS[] = {
        [EXPR_STARTS] = ATOM_PREFIX, [EXPR_ENDS] = ATOM_SUFFIX, [EXPR_CONTAINS] = ATOM_CONTAINS};
    struct str text = call->args[1]->text;

    if (call->op == EXPR_CONTAINS && text.n == 0)
        return formula_const(s->a, false);
    return atom_formula(s, n, call->args[0]->text,
                        (struct atom){.op = OPS[call->op],
                                      .text = text,
                                      .fold = query_fold(text, call->fold != FOLD_NONE)});
}

/* Networks are checked here, also where the address is computed. */
static bool read_networks(struct query_scope *s, const struct eql_node *n, struct expr *call)
{
    bool is_good = true;

    for (size_t i = 1; i < call->n_args; i++) {
        struct place at = n->children[i]->at;
        if (call->args[i]->kind != EXPR_TEXT)
            is_good = diag_error(s->diag, at, "cidrMatch() takes networks written as strings");
        else
            is_good &= network_read(s->diag, at, STR(""), call->args[i]->text, HOST_BITS_CLEARED,
                                    &call->args[i]->text);
    }
    return is_good;
}

static struct formula *network_call(struct query_scope *s, const struct eql_node *n,
                                    const struct expr *call)
{
    struct formula **parts = ARENA_ARRAY(s->scratch, call->n_args, struct formula *);

    for (size_t i = 1; i < call->n_args; i++)
        parts[i - 1] = atom_formula(s, n, call->args[0]->text,
                                    (struct atom){.op = ATOM_CIDR, .text = call->args[i]->text});
    return formula_join(s->a, FORMULA_OR, parts, call->n_args - 1);
}

static struct formula *lower_call(struct query_scope *s, const struct eql_node *n)
{
    struct eql_fields fields = {0};
    struct expr *e = eql_value(s, n, &fields);

    if (!e)
        return NULL;
    if (e->kind == EXPR_NULL)
        return unknown(s, n);
    if (eql_type_of(e) != EQL_TYPE_BOOL) {
        diag_error(s->diag, n->at, "%s is no condition: compare it with something",
                   eql_type_name(eql_type_of(e)));
        return NULL;
    }
    if (e->kind != EXPR_CALL)
        return formula_const(s->a, e->value);
    if (e->op == EXPR_IN_NETWORK && !read_networks(s, n, e))
        return NULL;
    if (e->args[0]->kind != EXPR_FIELD)
        return computed(s, n, e, &fields);
    if (e->op == EXPR_IN_NETWORK)
        return network_call(s, n, e);
    return e->args[1]->kind == EXPR_TEXT ? text_call(s, n, e) : computed(s, n, e, &fields);
}

/* ---- logic -------------------------------------------------------------------- */

/* < and its like somewhere below: `not` has to reach them. */
static bool has_order(const struct eql_node *n)
{
    if (n->kind == EQL_COMPARE)
        return n->op != EQL_EQ && n->op != EQL_NE;
    for (size_t i = 0; i < n->n_children; i++)
        if (has_order(n->children[i]))
            return true;
    return false;
}

static struct formula *lower_joined(struct query_scope *s, const struct eql_node *n,
                                    bool is_negated)
{
    struct formula **parts = ARENA_ARRAY(s->scratch, n->n_children, struct formula *);
    bool goes_in = is_negated && has_order(n), is_good = true;

    for (size_t i = 0; i < n->n_children; i++) {
        parts[i] = lower(s, n->children[i], goes_in);
        is_good &= parts[i] != NULL;
    }
    if (!is_good)
        return NULL;
    bool is_and = (n->kind == EQL_AND) != goes_in;
    struct formula *f = formula_join(s->a, is_and ? FORMULA_AND : FORMULA_OR, parts, n->n_children);
    return negated(s, f, is_negated && !goes_in);
}

static struct formula *no_condition(struct query_scope *s, const struct eql_node *n)
{
    enum eql_type type = n->kind == EQL_STRING ? EQL_TYPE_TEXT : EQL_TYPE_NUMBER;

    diag_error(s->diag, n->at, "%s is no condition: compare it with something",
               eql_type_name(type));
    return NULL;
}

/* is_negated: a `not` stands right before it, and is part of it from here on. */
static struct formula *lower(struct query_scope *s, const struct eql_node *n, bool is_negated)
{
    switch (n->kind) {
    case EQL_NULL:
        return unknown(s, n);
    case EQL_BOOL:
        return formula_const(s->a, n->value != is_negated);
    case EQL_FIELD:
        return negated(s,
                       atom_formula(s, n, n->text, (struct atom){.op = ATOM_BOOL, .is_true = true}),
                       is_negated);
    case EQL_COMPARE:
        return lower_compare(s, n, is_negated);
    case EQL_MATCH:
    case EQL_IN:
        return negated(s, lower_listed(s, n), is_negated);
    case EQL_CALL:
        return negated(s, lower_call(s, n), is_negated);
    case EQL_NOT:
        return lower(s, n->children[0], !is_negated);
    case EQL_AND:
    case EQL_OR:
        return lower_joined(s, n, is_negated);
    default:
        return no_condition(s, n);
    }
}

struct formula *eql_condition_lower(struct query_scope *s, const struct eql_node *condition)
{
    return lower(s, condition, false);
}
