/* stencil.h - what all plain documents of a rule have in common, with holes for the rest: for
 * pkg/alert alone.
 *
 * The first plain document of a rule is written part by part. Whatever in it does not come from
 * the rule alone is written by document_hole(), which marks where it stands; what is left between
 * the marks is the stencil. From then on a document is that text with the same holes filled by
 * the same functions, so it cannot differ from one that is written part by part.
 *
 * Invariant  a text outside of holes follows from the rule and the writer's options, as long as the
 *            limits are those of the first row and finding_is_plain() holds.
 * Memory     a stencil owns one block; it is as long as a document without its event.
 * Threads    belongs to the writer.
 */
#ifndef WEIR_ALERT_STENCIL_H
#define WEIR_ALERT_STENCIL_H

#include "alert/document.h"
#include "alert/told_atoms.h"

enum { STENCIL_HOLES_MAX = 32 };

/* Where holes stand in a document that is being written part by part. */
struct stencil_marks {
    size_t start; /* of the document in its buffer */
    struct stencil_mark {
        enum hole what;
        size_t at, n; /* from the start */
    } items[STENCIL_HOLES_MAX];
    size_t n;
    bool is_over; /* there were more */
};

struct stencil {
    struct buf text;
    struct stencil_piece {
        uint32_t n; /* bytes of text before the hole */
        enum hole what;
    } pieces[STENCIL_HOLES_MAX];
    size_t n; /* 0: none is kept */
    struct told_atoms atoms;
};

/* Keep what a document has between its marks. Nothing is kept if there were too many. */
void stencil_keep(struct stencil *s, const struct stencil_marks *marks, struct str text);
void stencil_release(struct stencil *s);

/* Append the document; d is as for writing it part by part. */
void stencil_write(const struct stencil *s, struct document *d, struct buf *out);

#endif
