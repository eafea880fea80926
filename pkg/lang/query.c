/* query.c - reading a query text byte by byte, and building its atoms. */
#include "lang/query.h"

#include "base/letter.h"
#include "base/str.h"
#include "rule/regex_check.h"

bool query_reader_init(struct query_reader *r, struct query_scope *s, struct str text)
{
    *r = (struct query_reader){
        .text = text, .line = s->at.line, .first_col = s->at.col, .quoted = s->quoted};
    if (text.n > QUERY_BYTES_MAX)
        return diag_error(s->diag, s->at, "the query is larger than 1 MiB");
    return true;
}

struct place query_place(const struct query_reader *r, size_t at)
{
    if (r->quoted)
        return quoted_place(r->quoted, at);
    return (struct place){r->line, (uint32_t)(at - r->line_start) + r->first_col};
}

void query_step(struct query_reader *r)
{
    if (r->text.p[r->next++] != '\n')
        return;
    r->line++;
    r->line_start = r->next;
    r->first_col = 1;
}

bool query_has(const struct query_reader *r, size_t at, const char *what)
{
    return str_starts(str_sub(r->text, at, SIZE_MAX), str_from(what));
}

int query_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- atoms -------------------------------------------------------------------- */

struct formula *query_atom(struct query_scope *s, struct place at, struct str field,
                           struct atom atom)
{
    struct atom *out = ARENA_NEW(s->a, struct atom);

    atom.field = names_intern(s->names, field);
    atom.line = at.line;
    atom.col = at.col;
    atom.text = atom.text.p ? names_intern(s->names, atom.text) : STR("");
    atom.other = STR("");
    if (!atom.regex.pattern.p)
        atom.regex.pattern = STR("");
    *out = atom;
    return formula_atom(s->a, out);
}

enum fold query_fold(struct str text, bool is_caseless)
{
    if (!is_caseless)
        return FOLD_NONE;
    return letter_has_cased(text) ? FOLD_SIMPLE : FOLD_ASCII;
}

void query_atom_caseless(struct atom *atom)
{
    if (atom->op == ATOM_REGEX)
        atom->regex.is_caseless = true;
    else if (atom->op <= ATOM_CONTAINS && atom->fold == FOLD_NONE)
        atom->fold = query_fold(atom->text, true);
    for (size_t i = 0; atom->op == ATOM_GLOB && i < atom->glob.n_parts; i++) {
        enum fold fold = query_fold(atom->glob.parts[i].text, true);
        atom->fold = fold > atom->fold ? fold : atom->fold;
    }
}

void query_glob_atom(const struct glob *g, enum fold fold, struct atom *atom)
{
    bool front = g->n_parts && g->parts[0].kind == GLOB_ANY;
    bool back = g->n_parts > front && g->parts[g->n_parts - 1].kind == GLOB_ANY;
    size_t n_middle = g->n_parts - front - back;

    atom->fold = fold;
    atom->text = n_middle ? g->parts[front].text : STR("");
    if (n_middle > 1 || (n_middle == 1 && g->parts[front].kind != GLOB_TEXT)) {
        atom->op = ATOM_GLOB;
        atom->glob = *g;
        atom->text = STR("");
        return;
    }
    atom->op = front && back            ? ATOM_CONTAINS
               : front && n_middle == 0 ? ATOM_CONTAINS
               : front                  ? ATOM_SUFFIX
               : back                   ? ATOM_PREFIX
                                        : ATOM_EQ;
}

struct expr query_constant(struct query_scope *s, const struct expr_value *v)
{
    struct expr e = {.kind = EXPR_NULL};

    if (v->type == EXPR_VALUE_BOOL) {
        e.kind = EXPR_BOOL;
        e.value = v->is_true;
    } else if (v->type != EXPR_VALUE_NULL) {
        e.kind = v->type == EXPR_VALUE_TEXT ? EXPR_TEXT : EXPR_NUMBER;
        (void)expr_value_string(s->a, v, &e.text);
        e.text = names_intern(s->names, e.text);
    }
    return e;
}

static unsigned depth_of(const struct formula *f)
{
    unsigned deepest = f->kind == FORMULA_ATOM && f->atom->inner ? depth_of(f->atom->inner) : 0;

    for (size_t i = 0; i < f->n_children; i++) {
        unsigned depth = depth_of(f->children[i]);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

bool query_check_depth(struct query_scope *s, struct place at, const struct formula *f,
                       unsigned spare)
{
    if (depth_of(f) + spare <= FORMULA_DEPTH_MAX)
        return true;
    return diag_error(s->diag, at, "the condition is nested deeper than %d",
                      FORMULA_DEPTH_MAX - (int)spare);
}

void query_warn_of_slow_regex(struct diag *d, struct place at, struct str pattern)
{
    const char *slow = regex_slow_construct(pattern);

    if (slow)
        diag_warn(d, at, "the regex uses %s: no fast path, matched by backtracking", slow);
}
