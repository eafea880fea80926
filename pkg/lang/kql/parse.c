/* parse.c - the grammar: or of and of not; behind a field and a colon the same over values.
 *
 *     or     := and ("or" and)*          and  := not ("and" not)*       not := "not"? one
 *     one    := "(" or ")" | field ":" "{" or "}" | field ":" values
 *             | field ("<" | "<=" | ">" | ">=") value | value
 *     values := "(" or-of-values ")" | value
 */
#include "lang/kql/tree.h"

#include "base/str.h"
#include "base/vec.h"

#include <stdio.h>

struct parser {
    struct query_scope *s;
    struct kql_lexer lexer;
    struct kql_token token;  /* the next one */
    struct kql_token before; /* the last one that was taken */
    unsigned depth;
    size_t n_values;
};

static struct kql_node *parse_or(struct parser *p, const struct kql_token *field);

static bool advance(struct parser *p)
{
    p->before = p->token;
    return kql_lex(&p->lexer, &p->token);
}

static bool is_sign(const struct parser *p, const char *sign)
{
    return p->token.kind == KQL_T_SIGN && str_eq(p->token.text, str_from(sign));
}

static struct kql_node *expected(struct parser *p, const char *what)
{
    /* a: b <line break> c: d reads "b c" as one text. */
    const char *hint = p->before.has_break && is_sign(p, ":")
                           ? " (is 'and' or 'or' missing at the end of the line before?)"
                           : "";

    if (p->token.kind == KQL_T_END)
        diag_error(p->s->diag, p->token.at, "expected %s, found the end of the query", what);
    else
        diag_error(p->s->diag, p->token.at, "expected %s, found '%.*s'%s", what,
                   SHOWN(p->token.raw), hint);
    return NULL;
}

static bool expect_sign(struct parser *p, const char *sign, const char *where)
{
    char what[80];

    if (is_sign(p, sign))
        return advance(p);
    snprintf(what, sizeof what, "'%s' %s", sign, where);
    (void)expected(p, what);
    return false;
}

static bool enter(struct parser *p)
{
    if (p->depth == QUERY_DEPTH_MAX)
        return diag_error(p->s->diag, p->token.at, "parentheses nested deeper than %d",
                          QUERY_DEPTH_MAX);
    p->depth++;
    return advance(p);
}

static bool leave(struct parser *p, const char *sign)
{
    p->depth--;
    return expect_sign(p, sign, "or 'and', 'or'");
}

static struct kql_node *new_node(struct parser *p, enum kql_kind kind, struct place at)
{
    struct kql_node *n = ARENA_NEW(p->s->scratch, struct kql_node);

    n->kind = kind;
    n->at = at;
    return n;
}

static bool is_literal(const struct parser *p)
{
    return p->token.kind == KQL_T_TEXT || p->token.kind == KQL_T_QUOTED;
}

/* The literal at hand, stepped over; NULL after an error. */
static const struct kql_token *take_literal(struct parser *p, const char *what)
{
    struct kql_token *t;

    if (!is_literal(p)) {
        (void)expected(p, what);
        return NULL;
    }
    if (++p->n_values > QUERY_VALUES_MAX) {
        diag_error(p->s->diag, p->token.at, "more than %d values in one query", QUERY_VALUES_MAX);
        return NULL;
    }
    t = ARENA_NEW(p->s->scratch, struct kql_token);
    *t = p->token;
    return advance(p) ? t : NULL;
}

/* ---- slips that are good KQL all the same ------------------------------------------ */

static void warn_of_quotes(struct parser *p, const struct kql_token *value)
{
    struct str text = value->text;

    if (value->kind == KQL_T_TEXT && text.n > 1 && text.p[0] == '\'' && text.p[text.n - 1] == '\'')
        diag_warn(p->s->diag, value->at,
                  "single quotes are part of the value: a text is quoted by \"...\"");
}

static void warn_of_not(struct parser *p, const struct kql_token *field)
{
    if (field->kind == KQL_T_TEXT && str_starts(field->text, STR("!")))
        diag_warn(p->s->diag, field->at, "this is a field named '%.*s': not is written 'not'",
                  SHOWN(field->text));
}

static void warn_of_equals(struct parser *p, const struct kql_token *value)
{
    size_t at = str_find_char(value->text, '=', 0);

    if (value->kind == KQL_T_TEXT && at != SIZE_MAX && at > 0 &&
        str_find_char(str_trim(str_sub(value->text, 0, at)), ' ', 0) == SIZE_MAX)
        diag_warn(p->s->diag, value->at,
                  "'=' is part of the text: between a field and its value stands ':'");
}

/* ---- leaves ------------------------------------------------------------------- */

static struct kql_node *parse_value(struct parser *p, const struct kql_token *field)
{
    struct kql_node *n = new_node(p, KQL_IS, p->token.at);

    n->field = field;
    n->value = take_literal(p, "a value or '('");
    if (!n->value)
        return NULL;
    warn_of_quotes(p, n->value);
    return n;
}

static struct kql_node *parse_nested(struct parser *p, const struct kql_token *field)
{
    struct kql_node *n = new_node(p, KQL_NESTED, field->at);

    n->field = field;
    n->children = ARENA_NEW(p->s->scratch, struct kql_node *);
    n->n_children = 1;
    if (!enter(p))
        return NULL;
    n->children[0] = parse_or(p, NULL);
    return n->children[0] && leave(p, "}") ? n : NULL;
}

/* ( values ) behind a field. */
static struct kql_node *parse_parenthesis(struct parser *p, const struct kql_token *field)
{
    if (!enter(p))
        return NULL;
    struct kql_node *n = parse_or(p, field);
    return n && leave(p, ")") ? n : NULL;
}

static bool is_range(const struct parser *p, enum atom_op *op)
{
    static const struct {
        const char *sign;
        enum atom_op op;
    } SIGNS[] = {{"<", ATOM_NUM_LT}, {"<=", ATOM_NUM_LE}, {">", ATOM_NUM_GT}, {">=", ATOM_NUM_GE}};

    for (size_t i = 0; i < ARRAY_LEN(SIGNS); i++)
        if (is_sign(p, SIGNS[i].sign)) {
            *op = SIGNS[i].op;
            return true;
        }
    return false;
}

static struct kql_node *parse_range(struct parser *p, const struct kql_token *field,
                                    enum atom_op op)
{
    struct kql_node *n = new_node(p, KQL_RANGE, field->at);

    n->field = field;
    n->op = op;
    if (!advance(p))
        return NULL;
    n->value = take_literal(p, "a value behind the comparison");
    return n->value ? n : NULL;
}

static struct kql_node *parse_expression(struct parser *p)
{
    const struct kql_token *literal = take_literal(p, "a field, a value or '('");
    enum atom_op op;

    if (!literal)
        return NULL;
    bool has_range = is_range(p, &op);
    if (!has_range && !is_sign(p, ":")) {
        struct kql_node *n = new_node(p, KQL_BARE, literal->at);
        n->value = literal;
        warn_of_equals(p, literal);
        return n;
    }
    warn_of_not(p, literal);
    p->n_values--; /* it was a name */
    if (has_range)
        return parse_range(p, literal, op);
    if (!advance(p))
        return NULL;
    if (is_sign(p, "{"))
        return parse_nested(p, literal);
    return is_sign(p, "(") ? parse_parenthesis(p, literal) : parse_value(p, literal);
}

/* ---- logic -------------------------------------------------------------------- */

static struct kql_node *parse_not(struct parser *p, const struct kql_token *field)
{
    struct place at = p->token.at;
    bool is_negated = p->token.kind == KQL_T_NOT;
    struct kql_node *n;

    if (is_negated && !advance(p))
        return NULL;
    if (is_sign(p, "("))
        n = parse_parenthesis(p, field);
    else
        n = field ? parse_value(p, field) : parse_expression(p);
    if (!n || !is_negated)
        return n;
    struct kql_node *negation = new_node(p, KQL_NOT, at);
    negation->children = ARENA_NEW(p->s->scratch, struct kql_node *);
    negation->children[0] = n;
    negation->n_children = 1;
    return negation;
}

static struct kql_node *parse_joined(struct parser *p, const struct kql_token *field,
                                     enum kql_kind kind)
{
    struct kql_node *n = new_node(p, kind, p->token.at);
    size_t cap = 0;

    for (;;) {
        struct kql_node *part =
            kind == KQL_OR ? parse_joined(p, field, KQL_AND) : parse_not(p, field);
        if (!part)
            return NULL;
        n->children =
            vec_room(p->s->scratch, n->children, n->n_children, &cap, sizeof *n->children);
        n->children[n->n_children++] = part;
        if (p->token.kind != (kind == KQL_OR ? KQL_T_OR : KQL_T_AND))
            return n->n_children == 1 ? part : n;
        if (!advance(p))
            return NULL;
    }
}

static struct kql_node *parse_or(struct parser *p, const struct kql_token *field)
{
    return parse_joined(p, field, KQL_OR);
}

bool kql_parse(struct query_scope *s, struct str text, struct kql_node **out)
{
    struct parser p = {.s = s};

    *out = NULL;
    if (!kql_lexer_init(&p.lexer, s, text) || !advance(&p))
        return false;
    if (p.token.kind == KQL_T_END)
        return true;
    *out = parse_or(&p, NULL);
    if (!*out)
        return false;
    return p.token.kind == KQL_T_END || expected(&p, "'and', 'or' or the end of the query");
}
