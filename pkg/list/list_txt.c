/* list_txt.c - an entry a line. */
#include "list/list_draft.h"

#include "base/str.h"

enum weir_rc list_read_txt(struct list_draft *d, struct str text, struct weir_err *err)
{
    struct str line, rest = text;
    uint32_t number = 1;

    for (bool has_more = text.n > 0; has_more && rest.n; number++) {
        has_more = str_cut(rest, '\n', &line, &rest);
        struct str entry = str_trim(line);
        if (entry.n == 0)
            continue;
        struct list_row row = {.at = {number, (uint32_t)(entry.p - line.p + 1)}};
        if (entry.p[0] == '#')
            TRY(list_draft_comment(d, entry, row.at, err));
        else
            TRY(list_draft_add(d, entry, &row, err));
    }
    if (d->n_copied)
        return err_at(err, WEIR_SYNTAX, d->copy_at.line, d->copy_at.col,
                      "a text list has no columns to copy: they need .csv or .ndjson");
    return WEIR_OK;
}
