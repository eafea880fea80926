/* net_operand.c - operands of atoms that are tested one by one: folded, compiled, parsed.
 *
 * Also formulas inside an atom (about one field of many, about one member): a tree of such atoms.
 */
#include "match/net.h"

#include "base/str.h"
#include "match/fold.h"

static struct str fold_text(struct arena *a, struct str text, enum fold fold)
{
    if (fold == FOLD_NONE)
        return text;
    char *p = arena_alloc(a, 2 * text.n + 4);
    if (fold == FOLD_SIMPLE)
        return (struct str){p, fold_simple(p, text)};
    fold_ascii(p, text.p, text.n);
    return (struct str){p, text.n};
}

static struct net_inner inner_of(struct arena *a, const struct formula *f)
{
    struct net_inner n = {.kind = f->kind, .value = f->value, .n_children = f->n_children};

    if (f->kind == FORMULA_ATOM) {
        enum atom_op op = f->atom->op;
        ASSERT(op != ATOM_REGEX && op != ATOM_FIELD_CMP && op != ATOM_EXPR); /* as rule.h says */
        n.lazy = (struct net_lazy){.atom = f->atom, .gate = NET_NONE};
        net_operand(a, &n.lazy);
    }
    struct net_inner *children = ARENA_ARRAY(a, f->n_children, struct net_inner);
    for (size_t i = 0; i < f->n_children; i++)
        children[i] = inner_of(a, f->children[i]);
    n.children = children;
    return n;
}

/* Does the letter of a name stand in the record as it is (but for \u)? A dot may be between two
 * keys, others may be written behind a backslash, and bytes beyond ASCII may stand for U+FFFD. */
static bool is_plain_letter(char c)
{
    return c >= ' ' && c <= '~' && c != '.' && c != '\\' && c != '"' && c != '/';
}

/* The longest text that the record of every name has which the pattern likes. */
static struct str part_of_name(const struct glob *g)
{
    struct str longest = {"", 0};

    for (size_t i = 0; i < g->n_parts; i++) {
        struct str text = g->parts[i].text;
        for (size_t k = 0, n = 0; g->parts[i].kind == GLOB_TEXT && k < text.n; k++) {
            n = is_plain_letter(text.p[k]) ? n + 1 : 0;
            if (n > longest.n)
                longest = (struct str){text.p + k + 1 - n, n};
        }
    }
    return longest;
}

void net_operand(struct arena *a, struct net_lazy *lazy)
{
    const struct atom *x = lazy->atom;

    lazy->op = (uint8_t)x->op;
    lazy->fold = (uint8_t)x->fold;
    lazy->array = (uint8_t)x->array;
    lazy->has_exceptions = x->except.n > 0;
    lazy->text = fold_text(a, x->text, x->fold);
    if (x->op == ATOM_GLOB || (x->op == ATOM_WORDS && x->glob.n_parts))
        lazy->glob = glob_compile(a, &x->glob, x->fold);
    if (x->op == ATOM_SOME_FIELD) {
        lazy->glob = glob_compile(a, &x->glob, FOLD_NONE);
        lazy->text = part_of_name(&x->glob);
    }
    if (x->op == ATOM_CIDR) {
        bool is_network = ip_network_parse(x->text, &lazy->network);
        ASSERT(is_network); /* checked by the front end */
    }
    if (x->inner) {
        struct net_inner *inner = ARENA_NEW(a, struct net_inner);
        *inner = inner_of(a, x->inner);
        lazy->inner = inner;
    }
}
