/* seen.c - `login and not (logout or timeout)`: which rules were seen.
 *
 *     or  := and ("or" and)*     and := not ("and" not)*
 *     not := "not" not | "(" or ")" | rule
 *
 * pySigma's extended condition. An atom is the name or id of a rule; without `rules` the names in
 * the order they appear are the rules. With `rules`, a name may be another way to say the same
 * rule: that is settled when all files are read (seen_name).
 */
#include "lang/sigma/correlation.h"

#include "base/str.h"
#include "base/vec.h"

enum { SEEN_NAMES_MAX = 1000 };

struct parser {
    struct correlation_reader *r;
    const struct doc_node *node;
    struct str text, word; /* word: the one at hand, empty at the end */
    size_t at, next;
    unsigned depth;
    bool is_failed, brings_rules;
    size_t cap_names, cap_inputs;
};

/* ---- words --------------------------------------------------------------------------- */

static struct place place_of(const struct parser *p, size_t at)
{
    return diag_inside(p->r->s->diag, sigma_at(p->node), p->text, at);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void advance(struct parser *p)
{
    size_t i = p->next;

    while (i < p->text.n && is_blank(p->text.p[i]))
        i++;
    size_t end = i;
    if (i < p->text.n && (p->text.p[i] == '(' || p->text.p[i] == ')'))
        end++;
    else
        while (end < p->text.n && !is_blank(p->text.p[end]) && p->text.p[end] != '(' &&
               p->text.p[end] != ')')
            end++;
    p->at = i;
    p->word = str_sub(p->text, i, end - i);
    p->next = end;
}

static bool take(struct parser *p, const char *word)
{
    if (!str_eq_ci(p->word, str_from(word)))
        return false;
    advance(p);
    return true;
}

static struct seen_expr *fail(struct parser *p, const char *why)
{
    if (!p->is_failed)
        diag_error(p->r->s->diag, place_of(p, p->at), "%s", why);
    p->is_failed = true;
    return NULL;
}

/* ---- atoms ----------------------------------------------------------------------------- */

static uint32_t input_named(struct parser *p, struct str name, struct place at)
{
    struct correlation *c = p->r->c;

    for (uint32_t i = 0; i < c->n_inputs; i++)
        if (str_eq(c->inputs[i].reference, name))
            return i;
    if (!p->brings_rules)
        return UINT32_MAX;
    if (c->n_inputs == CORRELATION_INPUTS_MAX) {
        fail(p, "the condition names too many rules");
        return 0;
    }
    c->inputs = vec_room(p->r->s->a, c->inputs, c->n_inputs, &p->cap_inputs, sizeof *c->inputs);
    c->inputs[c->n_inputs] =
        (struct correlation_input){.reference = name, .line = at.line, .col = at.col};
    return (uint32_t)c->n_inputs++;
}

static struct seen_expr *parse_atom(struct parser *p)
{
    struct sigma_correlation *out = p->r->out;
    struct seen_expr *e = ARENA_NEW(p->r->s->a, struct seen_expr);
    struct place at = place_of(p, p->at);
    struct str name = names_intern(p->r->s->names, p->word);

    if (out->n_seen == SEEN_NAMES_MAX)
        return fail(p, "the condition is too long");
    out->seen = vec_room(p->r->s->a, out->seen, out->n_seen, &p->cap_names, sizeof *out->seen);
    *e = (struct seen_expr){.kind = FORMULA_ATOM, .input = input_named(p, name, at)};
    out->seen[out->n_seen++] = (struct seen_name){e, name, at};
    advance(p);
    return e;
}

/* ---- the grammar ------------------------------------------------------------------------- */

static struct seen_expr *parse_or(struct parser *p);

static struct seen_expr *parse_group(struct parser *p)
{
    size_t open = p->at;

    advance(p);
    struct seen_expr *e = parse_or(p);
    if (!p->is_failed && !take(p, ")")) {
        p->at = open;
        return fail(p, "this parenthesis is not closed");
    }
    return e;
}

static struct seen_expr *parse_prim(struct parser *p)
{
    static const char *const OPERATORS[] = {"and", "or", "not", ")"};

    if (p->word.n == 0)
        return fail(p, "the condition ends too early");
    if (str_eq(p->word, STR("(")))
        return parse_group(p);
    for (size_t i = 0; i < ARRAY_LEN(OPERATORS); i++)
        if (str_eq_ci(p->word, str_from(OPERATORS[i])))
            return fail(p, "here the name of a rule should be");
    return parse_atom(p);
}

static struct seen_expr *parse_not(struct parser *p)
{
    struct seen_expr *e;

    if (++p->depth > SIGMA_CONDITION_DEPTH_MAX)
        return fail(p, "the condition is nested too deep");
    if (take(p, "not")) {
        struct seen_expr *child = parse_not(p);
        e = ARENA_NEW(p->r->s->a, struct seen_expr);
        e->kind = FORMULA_NOT;
        e->children = ARENA_ARRAY(p->r->s->a, 1, struct seen_expr *);
        e->children[0] = child;
        e->n_children = 1;
    } else {
        e = parse_prim(p);
    }
    p->depth--;
    return e;
}

static struct seen_expr *parse_join(struct parser *p, enum formula_kind kind)
{
    struct seen_expr **items = NULL;
    size_t n = 0, cap = 0;

    do {
        items = vec_room(p->r->s->a, items, n, &cap, sizeof(struct seen_expr *));
        items[n++] = kind == FORMULA_OR ? parse_join(p, FORMULA_AND) : parse_not(p);
    } while (!p->is_failed && take(p, kind == FORMULA_OR ? "or" : "and"));
    if (p->is_failed || n == 1)
        return items[0];
    struct seen_expr *e = ARENA_NEW(p->r->s->a, struct seen_expr);
    *e = (struct seen_expr){.kind = kind, .children = items, .n_children = n};
    return e;
}

static struct seen_expr *parse_or(struct parser *p)
{
    return parse_join(p, FORMULA_OR);
}

/* temporal_ordered: an `and` of names is its rules in order; nothing else has an order. */
static bool check_ordered(struct parser *p, const struct seen_expr *e)
{
    bool is_plain = e->kind == FORMULA_AND;

    for (size_t i = 0; is_plain && i < e->n_children; i++)
        is_plain = e->children[i]->kind == FORMULA_ATOM;
    if (is_plain && e->n_children == p->r->c->n_inputs)
        return true;
    return diag_unsupported(p->r->s->diag, sigma_at(p->node),
                            "temporal_ordered wants all its rules: its condition can only be an "
                            "'and' of their names");
}

bool seen_condition_load(struct correlation_reader *r, const struct doc_node *node)
{
    struct parser p = {
        .r = r, .node = node, .text = node->text, .brings_rules = r->c->n_inputs == 0};

    advance(&p);
    struct seen_expr *e = parse_or(&p);
    if (!p.is_failed && p.word.n)
        fail(&p, "'and', 'or' or the end should be here");
    if (p.is_failed)
        return false;
    if (r->c->kind == OPERATOR_ORDERED)
        return check_ordered(&p, e);
    r->c->seen = e;
    return true;
}
