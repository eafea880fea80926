/* list_draft.h - a list while its file is read: what the three readers share. Private to pkg/list.
 *
 * A reader says where it is (line, col), hands over header comments, then for each row the entry
 * and the cells of the columns to copy. Texts go into one growing block; list_draft_finish() copies
 * what is there into the arena, in its final size.
 */
#ifndef WEIR_LIST_LIST_DRAFT_H
#define WEIR_LIST_LIST_DRAFT_H

#include "base/buf.h"
#include "list/list.h"

/* Columns that mean something to weir. */
#define LIST_POINTS_COLUMN "points"
#define LIST_EXPIRES_COLUMN "expires"

struct list_place {
    uint32_t line, col;
};

/* What a row says besides its entry. */
struct list_row {
    struct list_place at, points_at, expires_at;
    struct str points, expires; /* empty: none */
    struct str cells[LIST_COPY_MAX];
};

struct list_draft {
    struct arena *a;
    struct str entries; /* name of the column that holds them; in `a` */
    struct str copied[LIST_COPY_MAX];
    size_t n_copied;
    struct list_place copy_at; /* where `# copy:` says so; line 0: nowhere */
    enum list_mode mode;
    enum list_type type;
    struct list_place type_at;
    bool has_points, has_expires; /* the file has the column */
    bool any_points, any_expires; /* and a row something in it */
    struct buf text, ends, points, expires;
    size_t n;
};

void list_draft_init(struct list_draft *d, struct arena *a);
void list_draft_release(struct list_draft *d);

/* NUL and invalid UTF-8, with their place. *text loses its byte order mark. */
MUST_USE enum weir_rc list_check_text(struct str *text, struct weir_err *err);

/* A comment line (it starts with '#'): `# mode: NAME` and its like say something, all else is
 * prose. at: where the line starts, blanks aside. */
MUST_USE enum weir_rc list_draft_comment(struct list_draft *d, struct str line,
                                         struct list_place at, struct weir_err *err);

/* entry is not empty. */
MUST_USE enum weir_rc list_draft_add(struct list_draft *d, struct str entry,
                                     const struct list_row *row, struct weir_err *err);

/* What the header promised, against a file that has no such columns. */
MUST_USE enum weir_rc list_draft_finish(struct list_draft *d, struct list *out,
                                        struct weir_err *err);

/* The readers. Errors have line and column, no file. */
MUST_USE enum weir_rc list_read_txt(struct list_draft *d, struct str text, struct weir_err *err);
MUST_USE enum weir_rc list_read_csv(struct list_draft *d, struct str text, struct str column,
                                    struct weir_err *err);
/* may_lack: objects without the column are none of the list, if one has it; else an error. */
MUST_USE enum weir_rc list_read_ndjson(struct list_draft *d, struct str text, struct str column,
                                       bool may_lack, struct weir_err *err);

#endif
