/* condition.c - `selection and not 1 of filter_*`: the condition language.
 *
 *     or   := and ("or" and)*          and := not ("and" not)*
 *     not  := "not" not | prim
 *     prim := "(" or ")" | ("1" | "any" | "all") "of" ("them" | pattern) | name
 *
 * Parsed by descent and lowered on the way: a selection is already a formula. A selector that
 * matches no selection leaves nothing, and what is joined with nothing is the rest alone:
 * rules with optional filters rely on it (pySigma drops such parts too).
 *
 * Operators are whole words, in any case with a warning for capitals (pySigma wants lower
 * case, and reads `notepad` as `not epad`; the specification asks for neither).
 */
#include "lang/sigma/sigma.h"

#include "base/str.h"
#include "base/vec.h"

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_OPEN, TOKEN_CLOSE };

struct token {
    enum token_kind kind;
    struct str text;
    size_t at; /* byte in the condition */
};

struct parser {
    struct sigma_scope *s;
    const struct doc_node *node;
    struct str text;
    struct token token; /* the one to look at */
    size_t next;        /* byte behind it */
    struct sigma_selection *selections;
    size_t n_selections;
    unsigned depth;
    bool is_failed;
};

/* ---- words ---------------------------------------------------------------------------- */

static struct place place_of(const struct parser *p, size_t at)
{
    return diag_inside(p->s->diag, sigma_at(p->node), p->text, at);
}

static bool is_word_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '*' || c == '.';
}

static struct sigma_formula fail(struct parser *p)
{
    p->is_failed = true;
    return (struct sigma_formula){0};
}

static void unexpected_byte(struct parser *p, size_t at)
{
    if (p->text.p[at] == '|')
        diag_unsupported(p->s->diag, place_of(p, at),
                         "an aggregation in the condition (behind '|'): Sigma has correlation "
                         "rules for this");
    else
        diag_error(p->s->diag, place_of(p, at), "'%.*s' has no meaning in a condition", 1,
                   p->text.p + at);
    p->is_failed = true;
}

static void advance(struct parser *p)
{
    size_t i = p->next;

    while (i < p->text.n && (p->text.p[i] == ' ' || (p->text.p[i] >= '\t' && p->text.p[i] <= '\r')))
        i++;
    p->token = (struct token){TOKEN_END, STR(""), i};
    p->next = i;
    if (i == p->text.n)
        return;
    size_t end = i + 1;
    if (p->text.p[i] == '(' || p->text.p[i] == ')') {
        p->token.kind = p->text.p[i] == '(' ? TOKEN_OPEN : TOKEN_CLOSE;
    } else if (is_word_byte(p->text.p[i])) {
        while (end < p->text.n && is_word_byte(p->text.p[end]))
            end++;
        p->token.kind = TOKEN_WORD;
    } else {
        unexpected_byte(p, i);
        return; /* reads as the end */
    }
    p->token.text = str_sub(p->text, i, end - i);
    p->next = end;
}

static bool is_word(const struct parser *p, const char *word)
{
    return p->token.kind == TOKEN_WORD && str_eq_ci(p->token.text, str_from(word));
}

/* Step over an operator; capitals are remarked on. */
static bool take_operator(struct parser *p, const char *word)
{
    if (!is_word(p, word))
        return false;
    if (!str_eq(p->token.text, str_from(word)))
        diag_warn(p->s->diag, place_of(p, p->token.at), "'%.*s' is written '%s' in Sigma",
                  SHOWN(p->token.text), word);
    advance(p);
    return true;
}

/* ---- joining ----------------------------------------------------------------------------- */

struct operands {
    struct formula **items;
    size_t n, cap;
    size_t n_nodes;
    unsigned depth;
    bool has_not;
};

static void add_operand(struct parser *p, struct operands *list, struct sigma_formula f)
{
    if (!f.formula)
        return;
    list->items = vec_room(p->s->scratch, list->items, list->n, &list->cap, sizeof *list->items);
    list->items[list->n++] = f.formula;
    list->n_nodes += f.n_nodes;
    list->has_not |= f.has_top_not;
    if (f.depth > list->depth)
        list->depth = f.depth;
}

static struct sigma_formula join(struct parser *p, const struct operands *list,
                                 enum formula_kind kind)
{
    if (list->n == 0)
        return (struct sigma_formula){0};
    if (list->n_nodes > SIGMA_FORMULA_MAX) {
        diag_error(p->s->diag, sigma_at(p->node), "the condition repeats more than %d parts",
                   SIGMA_FORMULA_MAX);
        return fail(p);
    }
    return (struct sigma_formula){.formula = formula_join(p->s->a, kind, list->items, list->n),
                                  .n_nodes = list->n_nodes + (list->n > 1),
                                  .depth = list->depth + (list->n > 1),
                                  .has_top_not =
                                      list->has_not && (kind == FORMULA_AND || list->n == 1)};
}

static struct sigma_formula use(struct sigma_selection *selection)
{
    selection->is_used = true;
    return (struct sigma_formula){selection->formula, selection->n_nodes, selection->depth, false};
}

/* ---- selectors ----------------------------------------------------------------------------- */

static bool matches_pattern(struct str name, struct str pattern)
{
    size_t i = 0, k = 0, star = SIZE_MAX, mark = 0;

    while (i < name.n) {
        if (k < pattern.n && pattern.p[k] == '*') {
            star = k++;
            mark = i;
        } else if (k < pattern.n && pattern.p[k] == name.p[i]) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            k = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (k < pattern.n && pattern.p[k] == '*')
        k++;
    return k == pattern.n;
}

/* Names with a leading underscore are private: only a pattern that has one too finds them. */
static bool is_selected(struct str name, struct str pattern, bool is_them)
{
    bool is_private = name.n && name.p[0] == '_';

    if (is_them)
        return !is_private;
    return matches_pattern(name, pattern) && (!is_private || pattern.p[0] == '_');
}

static struct sigma_formula parse_selector(struct parser *p, bool is_all)
{
    struct operands found = {0};
    size_t n_found = 0;

    if (p->token.kind != TOKEN_WORD) {
        diag_error(p->s->diag, place_of(p, p->token.at),
                   "'of' needs 'them' or a pattern such as selection_*");
        return fail(p);
    }
    struct token pattern = p->token;
    bool is_them = str_eq_ci(pattern.text, STR("them"));
    advance(p);
    for (size_t i = 0; i < p->n_selections; i++) {
        if (!is_selected(p->selections[i].name, pattern.text, is_them))
            continue;
        n_found++;
        add_operand(p, &found, use(&p->selections[i]));
    }
    if (n_found == 0)
        diag_warn(p->s->diag, place_of(p, pattern.at),
                  "no selection matches '%.*s': the part is dropped", SHOWN(pattern.text));
    return join(p, &found, is_all ? FORMULA_AND : FORMULA_OR);
}

/* "1 of", "any of", "all of": a look ahead, since these words may also be names. */
static bool is_quantifier(struct parser *p)
{
    if (!is_word(p, "1") && !is_word(p, "any") && !is_word(p, "all"))
        return false;
    struct parser ahead = *p;
    size_t i = ahead.next;
    while (i < p->text.n && (p->text.p[i] == ' ' || (p->text.p[i] >= '\t' && p->text.p[i] <= '\r')))
        i++;
    size_t end = i;
    while (end < p->text.n && is_word_byte(p->text.p[end]))
        end++;
    return str_eq_ci(str_sub(p->text, i, end - i), STR("of"));
}

/* ---- the grammar --------------------------------------------------------------------------- */

static struct sigma_formula parse_or(struct parser *p);

static struct sigma_formula unknown_name(struct parser *p, struct token name)
{
    struct str *names = ARENA_ARRAY(p->s->scratch, p->n_selections, struct str);

    for (size_t i = 0; i < p->n_selections; i++)
        names[i] = p->selections[i].name;
    struct str hint = diag_hint(p->s->diag, name.text, names, p->n_selections);
    bool is_count = name.text.p[0] >= '2' && name.text.p[0] <= '9' && is_word(p, "of");
    diag_error(p->s->diag, place_of(p, name.at),
               is_count ? "'%.*s of' is not Sigma: only '1 of', 'any of' and 'all of'%.*s"
                        : "no selection '%.*s'%.*s",
               SHOWN(name.text), SHOWN(hint));
    return fail(p);
}

static struct sigma_formula parse_name(struct parser *p)
{
    struct token name = p->token;

    advance(p);
    for (size_t i = 0; i < p->n_selections; i++)
        if (str_eq(p->selections[i].name, name.text))
            return use(&p->selections[i]);
    return unknown_name(p, name);
}

static struct sigma_formula parse_group(struct parser *p)
{
    size_t at = p->token.at;

    advance(p);
    struct sigma_formula f = parse_or(p);
    if (p->is_failed)
        return f;
    if (p->token.kind != TOKEN_CLOSE) {
        diag_error(p->s->diag, place_of(p, at), "this parenthesis is not closed");
        return fail(p);
    }
    advance(p);
    return f;
}

static struct sigma_formula parse_prim(struct parser *p)
{
    if (p->token.kind == TOKEN_OPEN)
        return parse_group(p);
    if (is_quantifier(p)) {
        bool is_all = is_word(p, "all");
        advance(p);
        take_operator(p, "of");
        return parse_selector(p, is_all);
    }
    bool is_operator =
        is_word(p, "and") || is_word(p, "or") || is_word(p, "not") || is_word(p, "of");
    if (p->token.kind == TOKEN_WORD && !is_operator)
        return parse_name(p);
    if (!p->is_failed) {
        if (p->token.kind == TOKEN_END)
            diag_error(p->s->diag, place_of(p, p->token.at), "the condition ends too early");
        else
            diag_error(p->s->diag, place_of(p, p->token.at), "'%.*s' where a selection should be",
                       SHOWN(p->token.text));
    }
    return fail(p);
}

static struct sigma_formula negate(struct parser *p, struct sigma_formula f)
{
    if (!f.formula)
        return f;
    return (struct sigma_formula){formula_not(p->s->a, f.formula), f.n_nodes + 1, f.depth + 1,
                                  true};
}

static struct sigma_formula parse_not(struct parser *p)
{
    struct sigma_formula f;

    if (++p->depth > SIGMA_CONDITION_DEPTH_MAX) {
        diag_error(p->s->diag, place_of(p, p->token.at), "nested deeper than %d",
                   SIGMA_CONDITION_DEPTH_MAX);
        return fail(p);
    }
    if (take_operator(p, "not")) {
        f = parse_not(p);
        if (!p->is_failed)
            f = negate(p, f);
    } else {
        f = parse_prim(p);
    }
    p->depth--;
    return f;
}

static struct sigma_formula parse_and(struct parser *p)
{
    struct operands list = {0};

    do
        add_operand(p, &list, parse_not(p));
    while (!p->is_failed && take_operator(p, "and"));
    return p->is_failed ? (struct sigma_formula){0} : join(p, &list, FORMULA_AND);
}

static struct sigma_formula parse_or(struct parser *p)
{
    struct operands list = {0};

    do
        add_operand(p, &list, parse_and(p));
    while (!p->is_failed && take_operator(p, "or"));
    return p->is_failed ? (struct sigma_formula){0} : join(p, &list, FORMULA_OR);
}

bool sigma_condition_load(struct sigma_scope *s, const struct doc_node *condition,
                          struct sigma_selection *selections, size_t n, struct sigma_formula *out)
{
    struct parser p = {.s = s,
                       .node = condition,
                       .text = condition->text,
                       .selections = selections,
                       .n_selections = n};

    advance(&p);
    if (!p.is_failed && p.token.kind == TOKEN_END)
        return diag_error(s->diag, sigma_at(condition), "the condition is empty");
    struct sigma_formula f = p.is_failed ? (struct sigma_formula){0} : parse_or(&p);
    if (!p.is_failed && p.token.kind != TOKEN_END) {
        diag_error(s->diag, place_of(&p, p.token.at),
                   "'%.*s' where 'and', 'or' or the end should be", SHOWN(p.token.text));
        p.is_failed = true;
    }
    if (p.is_failed)
        return false;
    *out = f;
    return true;
}
