/* told_atoms.h - what alerts of a rule say of its atoms, as text: for pkg/alert alone.
 *
 * Selection, field, operator and pattern of an atom are the same in all alerts that it shows in.
 * The first few atoms that were told under the first limits are kept as members of JSON.
 *
 * Memory   TOLD_ATOMS texts at most, for as long as the rule's stencil (stencil.h).
 * Threads  belongs to the writer.
 */
#ifndef WEIR_ALERT_TOLD_ATOMS_H
#define WEIR_ALERT_TOLD_ATOMS_H

#include "base/buf.h"
#include "match/reference.h"

enum { TOLD_ATOMS = 8 };

struct told_atoms {
    struct {
        const struct atom *atom;
        const char *selection; /* its address: an atom may stand in several */
        uint32_t at, n;        /* in text */
    } items[TOLD_ATOMS];
    size_t n;
    struct buf text;
};

/* Empty: nothing was kept of it. t may be NULL. */
struct str told_atom(const struct told_atoms *t, const struct match_evidence *e);
/* Where there is room and the text is the atom's alone. t may be NULL. */
void told_atoms_keep(struct told_atoms *t, const struct match_evidence *e, struct str text);
void told_atoms_release(struct told_atoms *t);

#endif
