/* expression.c - conditions by precedence: or, and, not, comparison, + -, * / %, sign, value.
 *
 * `not` takes a whole comparison. AND and OR are lists, however many they join, so only what is
 * really nested counts as depth.
 */
#include "lang/eql/tree.h"

#include "base/str.h"
#include "base/vec.h"

struct nodes {
    struct eql_node **items;
    size_t n, cap;
};

static void add_node(struct eql_parser *p, struct nodes *list, struct eql_node *node)
{
    list->items = vec_room(p->s->scratch, list->items, list->n, &list->cap, sizeof *list->items);
    list->items[list->n++] = node;
}

static struct eql_node *new_node(struct eql_parser *p, enum eql_kind kind, struct place at)
{
    struct eql_node *n = ARENA_NEW(p->s->scratch, struct eql_node);

    n->kind = kind;
    n->at = at;
    n->text = STR("");
    return n;
}

static struct eql_node *with_children(struct eql_node *n, const struct nodes *list)
{
    n->children = list->items;
    n->n_children = list->n;
    return n;
}

static struct eql_node *binary(struct eql_parser *p, enum eql_kind kind, enum eql_op op,
                               struct place at, struct eql_node *left, struct eql_node *right)
{
    struct eql_node *n = new_node(p, kind, at);
    struct nodes list = {0};

    n->op = op;
    add_node(p, &list, left);
    add_node(p, &list, right);
    return with_children(n, &list);
}

/* ---- depth -------------------------------------------------------------------- */

static bool enter(struct eql_parser *p)
{
    if (p->depth == QUERY_DEPTH_MAX)
        return diag_error(p->s->diag, p->token.at, "the query is nested deeper than %d",
                          QUERY_DEPTH_MAX);
    p->depth++;
    return true;
}

static struct eql_node *leave(struct eql_parser *p, struct eql_node *node)
{
    p->depth--;
    return node;
}

/* ---- values ------------------------------------------------------------------- */

static bool is_reserved(struct str word)
{
    static const char *const WORDS[] = {"and",   "or",       "not",    "in",     "in~",  "like",
                                        "like~", "regex",    "regex~", "where",  "with", "by",
                                        "until", "sequence", "sample", "maxspan"};

    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_eq(word, str_from(WORDS[i])))
            return true;
    return false;
}

static bool count_value(struct eql_parser *p)
{
    if (++p->n_values > QUERY_VALUES_MAX)
        return diag_error(p->s->diag, p->token.at, "more than %d values in one query",
                          QUERY_VALUES_MAX);
    return true;
}

static struct eql_node *literal(struct eql_parser *p, enum eql_kind kind)
{
    struct eql_node *n = new_node(p, kind, p->token.at);

    n->text = p->token.text;
    n->value = str_eq(n->text, STR("true"));
    return count_value(p) && eql_advance(p) ? n : NULL;
}

/* a[0]; behind `by`, the [ of the next item may stand here, too. */
static bool is_index(const struct eql_parser *p)
{
    size_t at = p->lexer.r.next;

    return at < p->lexer.r.text.n && p->lexer.r.text.p[at] >= '0' && p->lexer.r.text.p[at] <= '9';
}

/* The parts behind the first name of a field. */
static bool field_rest(struct eql_parser *p, struct eql_node *field)
{
    while (eql_is_sign(p, ".")) {
        if (!eql_advance(p))
            return false;
        if (p->token.kind != EQL_T_WORD && p->token.kind != EQL_T_QUOTED)
            return eql_expected(p, "a name behind '.' (`0` and other odd names in back-quotes)");
        field->text = arena_printf(p->s->scratch, "%.*s.%.*s", (int)field->text.n, field->text.p,
                                   (int)p->token.text.n, p->token.text.p);
        if (!eql_advance(p))
            return false;
    }
    if (eql_is_sign(p, "[") && is_index(p))
        return diag_unsupported(p->s->diag, p->token.at,
                                "a member of an array ([...]): not part of Elasticsearch's EQL");
    return true;
}

struct eql_node *eql_field_parse(struct eql_parser *p)
{
    struct eql_node *field = new_node(p, EQL_FIELD, p->token.at);

    field->is_optional = eql_is_sign(p, "?");
    if (field->is_optional && !eql_advance(p))
        return NULL;
    if (p->token.kind != EQL_T_QUOTED &&
        (p->token.kind != EQL_T_WORD || is_reserved(p->token.text))) {
        eql_expected(p, "a field");
        return NULL;
    }
    field->text = p->token.text;
    return eql_advance(p) && field_rest(p, field) ? field : NULL;
}

static struct eql_node *addition(struct eql_parser *p);
static struct eql_node *disjunction(struct eql_parser *p);

/* a, b, c) */
static bool arguments(struct eql_parser *p, struct nodes *list)
{
    if (eql_is_sign(p, ")"))
        return eql_advance(p);
    for (;;) {
        struct eql_node *n = disjunction(p);
        if (!n)
            return false;
        add_node(p, list, n);
        if (!eql_is_sign(p, ","))
            return eql_expect_sign(p, ")", "the arguments");
        if (!eql_advance(p))
            return false;
    }
}

static struct eql_node *call(struct eql_parser *p, struct eql_token name)
{
    struct eql_node *n = new_node(p, EQL_CALL, name.at);
    struct nodes list = {0};

    n->text = name.text;
    if (n->text.p[n->text.n - 1] == '~') {
        n->is_caseless = true;
        n->text.n--;
    }
    if (!eql_advance(p) || !enter(p) || !arguments(p, &list))
        return NULL;
    return leave(p, with_children(n, &list));
}

/* A function if '(' follows, else a field. */
static struct eql_node *name(struct eql_parser *p)
{
    struct eql_token first = p->token;
    struct eql_node *field;

    if (first.kind == EQL_T_WORD && is_reserved(first.text)) {
        eql_expected(p, "a field, a value or '('");
        return NULL;
    }
    if (!eql_advance(p))
        return NULL;
    if (eql_is_sign(p, "(") && first.kind == EQL_T_WORD)
        return call(p, first);
    if (first.kind == EQL_T_WORD && first.text.p[first.text.n - 1] == '~') {
        eql_expected(p, "'(' behind a name that ends in '~'");
        return NULL;
    }
    field = new_node(p, EQL_FIELD, first.at);
    field->text = first.text;
    return field_rest(p, field) ? field : NULL;
}

static struct eql_node *parenthesis(struct eql_parser *p)
{
    struct eql_node *n;

    if (!enter(p) || !eql_advance(p) || !(n = disjunction(p)) ||
        !eql_expect_sign(p, ")", "the parenthesis"))
        return NULL;
    return leave(p, n);
}

static struct eql_node *primary(struct eql_parser *p)
{
    switch (p->token.kind) {
    case EQL_T_STRING:
        return literal(p, EQL_STRING);
    case EQL_T_NUMBER:
        return literal(p, EQL_NUMBER);
    case EQL_T_QUOTED:
        return eql_field_parse(p);
    case EQL_T_WORD:
        if (eql_is_word(p, "true") || eql_is_word(p, "false"))
            return literal(p, EQL_BOOL);
        return eql_is_word(p, "null") ? literal(p, EQL_NULL) : name(p);
    default:
        break;
    }
    if (eql_is_sign(p, "?"))
        return eql_field_parse(p);
    if (eql_is_sign(p, "("))
        return parenthesis(p);
    eql_expected(p, "a field, a value or '('");
    return NULL;
}

/* ---- values out of values ---------------------------------------------------------- */

static struct eql_node *signed_value(struct eql_parser *p)
{
    struct place at = p->token.at;
    struct nodes list = {0};
    bool is_minus = eql_is_sign(p, "-");

    if (!is_minus && !eql_is_sign(p, "+"))
        return primary(p);
    if (!enter(p) || !eql_advance(p))
        return NULL;
    struct eql_node *n = signed_value(p);
    if (!n || !is_minus)
        return leave(p, n);
    if (n->kind == EQL_NUMBER && n->text.p[0] != '-') { /* the least number has no opposite */
        n->at = at;
        n->text = arena_printf(p->s->a, "-%.*s", (int)n->text.n, n->text.p);
        return leave(p, n);
    }
    add_node(p, &list, n);
    return leave(p, with_children(new_node(p, EQL_NEGATIVE, at), &list));
}

static enum eql_op sign_op(const struct eql_parser *p, const char *const *signs,
                           const enum eql_op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (eql_is_sign(p, signs[i]))
            return ops[i];
    return EQL_OP_NONE;
}

/* Left to right; each step makes the tree deeper, so steps count as depth. */
static struct eql_node *chain(struct eql_parser *p, const char *const *signs,
                              const enum eql_op *ops, size_t n,
                              struct eql_node *(*operand)(struct eql_parser *))
{
    struct eql_node *left = operand(p);
    unsigned depth = p->depth;
    enum eql_op op;

    while (left && (op = sign_op(p, signs, ops, n)) != EQL_OP_NONE) {
        struct place at = p->token.at;
        struct eql_node *right;
        if (!enter(p) || !eql_advance(p) || !(right = operand(p)))
            return NULL;
        left = binary(p, EQL_ARITHMETIC, op, at, left, right);
    }
    p->depth = depth;
    return left;
}

static struct eql_node *multiplication(struct eql_parser *p)
{
    static const char *const SIGNS[] = {"*", "/", "%"};
    static const enum eql_op OPS[] = {EQL_MULTIPLY, EQL_DIVIDE, EQL_MODULO};

    return chain(p, SIGNS, OPS, ARRAY_LEN(OPS), signed_value);
}

static struct eql_node *addition(struct eql_parser *p)
{
    static const char *const SIGNS[] = {"+", "-"};
    static const enum eql_op OPS[] = {EQL_ADD, EQL_SUBTRACT};

    return chain(p, SIGNS, OPS, ARRAY_LEN(OPS), multiplication);
}

/* ---- comparisons -------------------------------------------------------------- */

/* (a, b) or one value. */
static bool operands(struct eql_parser *p, struct nodes *list, bool needs_list)
{
    if (eql_is_sign(p, "(")) {
        if (!eql_advance(p))
            return false;
        if (eql_is_sign(p, ")"))
            return eql_expected(p, "a value: the list is empty");
        if (!enter(p) || !arguments(p, list))
            return false;
        p->depth--;
        return true;
    }
    if (needs_list)
        return eql_expected(p, "'(' and a list of values behind 'in'");
    struct eql_node *n = addition(p);
    if (n)
        add_node(p, list, n);
    return n != NULL;
}

/* The operator stands here; it may be written with ~. */
static struct eql_node *listed(struct eql_parser *p, struct eql_node *left, enum eql_kind kind,
                               enum eql_op op)
{
    struct eql_node *n = new_node(p, kind, p->token.at);
    struct nodes list = {0};

    n->op = op;
    n->is_caseless = op == EQL_SEQ || p->token.text.p[p->token.text.n - 1] == '~';
    add_node(p, &list, left);
    if (!eql_advance(p) || !operands(p, &list, kind == EQL_IN))
        return NULL;
    return with_children(n, &list);
}

static struct eql_node *not_in(struct eql_parser *p, struct eql_node *left)
{
    struct eql_node *not = new_node(p, EQL_NOT, p->token.at), *in;
    struct nodes list = {0};

    if (!eql_advance(p))
        return NULL;
    if (!eql_is_word(p, "in") && !eql_is_word(p, "in~")) {
        eql_expected(p, "'in' behind 'not' (other operators: not x like ...)");
        return NULL;
    }
    if (!(in = listed(p, left, EQL_IN, EQL_OP_NONE)))
        return NULL;
    add_node(p, &list, in);
    return with_children(not, &list);
}

static struct eql_node *order(struct eql_parser *p, struct eql_node *left)
{
    static const char *const SIGNS[] = {"==", "!=", "<", "<=", ">", ">="};
    static const enum eql_op OPS[] = {EQL_EQ, EQL_NE, EQL_LT, EQL_LE, EQL_GT, EQL_GE};
    enum eql_op op = sign_op(p, SIGNS, OPS, ARRAY_LEN(OPS));
    struct place at = p->token.at;
    struct eql_node *right;

    if (op == EQL_OP_NONE)
        return left;
    if (!eql_advance(p) || !(right = addition(p)))
        return NULL;
    if (sign_op(p, SIGNS, OPS, ARRAY_LEN(OPS)) != EQL_OP_NONE) {
        diag_error(p->s->diag, p->token.at, "comparisons cannot be chained: write a < b and b < c");
        return NULL;
    }
    return binary(p, EQL_COMPARE, op, at, left, right);
}

/* x:length() is not how Elasticsearch's EQL calls. */
static struct eql_node *no_method(struct eql_parser *p, struct eql_node *match)
{
    const struct eql_node *call = match && match->n_children == 2 ? match->children[1] : NULL;

    if (!call || call->kind != EQL_CALL)
        return match;
    diag_unsupported(p->s->diag, call->at,
                     "a call behind ':' (x:length()): not part of Elasticsearch's EQL; write "
                     "length(x)");
    return NULL;
}

static struct eql_node *comparison(struct eql_parser *p)
{
    struct eql_node *left = addition(p);

    if (!left)
        return NULL;
    if (eql_is_sign(p, ":"))
        return no_method(p, listed(p, left, EQL_MATCH, EQL_SEQ));
    if (eql_is_word(p, "like") || eql_is_word(p, "like~"))
        return listed(p, left, EQL_MATCH, EQL_LIKE);
    if (eql_is_word(p, "regex") || eql_is_word(p, "regex~"))
        return listed(p, left, EQL_MATCH, EQL_REGEX);
    if (eql_is_word(p, "in") || eql_is_word(p, "in~"))
        return listed(p, left, EQL_IN, EQL_OP_NONE);
    if (eql_is_word(p, "not"))
        return not_in(p, left);
    if (eql_is_sign(p, "=")) {
        diag_error(p->s->diag, p->token.at,
                   "'=' is no operator: '==' compares as written, ':' case aside");
        return NULL;
    }
    return order(p, left);
}

/* ---- logic -------------------------------------------------------------------- */

static struct eql_node *negation(struct eql_parser *p)
{
    struct place at = p->token.at;
    struct nodes list = {0};
    struct eql_node *n;

    if (!eql_is_word(p, "not"))
        return comparison(p);
    if (!enter(p) || !eql_advance(p) || !(n = negation(p)))
        return NULL;
    add_node(p, &list, n);
    return leave(p, with_children(new_node(p, EQL_NOT, at), &list));
}

static struct eql_node *joined(struct eql_parser *p, const char *word, enum eql_kind kind,
                               struct eql_node *(*operand)(struct eql_parser *))
{
    struct place at = p->token.at;
    struct nodes list = {0};

    for (;;) {
        struct eql_node *n = operand(p);
        if (!n)
            return NULL;
        add_node(p, &list, n);
        if (!eql_is_word(p, word))
            break;
        if (!eql_advance(p))
            return NULL;
    }
    return list.n == 1 ? list.items[0] : with_children(new_node(p, kind, at), &list);
}

static struct eql_node *conjunction(struct eql_parser *p)
{
    return joined(p, "and", EQL_AND, negation);
}

static struct eql_node *disjunction(struct eql_parser *p)
{
    return joined(p, "or", EQL_OR, conjunction);
}

struct eql_node *eql_condition_parse(struct eql_parser *p)
{
    p->depth = 0;
    return disjunction(p);
}
