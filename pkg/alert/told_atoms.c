/* told_atoms.c - see told_atoms.h. */
#include "alert/told_atoms.h"

struct str told_atom(const struct told_atoms *t, const struct match_evidence *e)
{
    for (size_t i = 0; t && i < t->n; i++)
        if (t->items[i].atom == e->atom && t->items[i].selection == e->selection.p)
            return (struct str){t->text.p + t->items[i].at, t->items[i].n};
    return (struct str){0};
}

/* Which field it was of several is told by the event. */
static bool is_of_one_field(const struct atom *atom)
{
    return atom->op != ATOM_SOME_FIELD && atom->op != ATOM_SOME_MEMBER;
}

void told_atoms_keep(struct told_atoms *t, const struct match_evidence *e, struct str text)
{
    if (!t || t->n == TOLD_ATOMS || !is_of_one_field(e->atom))
        return;
    t->items[t->n].atom = e->atom;
    t->items[t->n].selection = e->selection.p;
    t->items[t->n].at = (uint32_t)t->text.n;
    t->items[t->n++].n = (uint32_t)text.n;
    buf_add(&t->text, text);
}

void told_atoms_release(struct told_atoms *t)
{
    buf_release(&t->text);
    t->n = 0;
}
