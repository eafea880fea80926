/* columns.h - named values in a finding's detail: what a rule with groups tells of one.
 *
 *     u8 COLUMNS_MARK, then each column: name, u8 values, the values (texts)
 *
 * Memory   packed into the caller's buffer; read back as slices of the bytes.
 * Limits   COLUMNS_BYTES_MAX in all (less than a finding's detail may have), COLUMNS_VALUES_MAX and
 *          COLUMNS_TEXT_MAX: what is beyond is left out.
 */
#ifndef WEIR_STATE_COLUMNS_H
#define WEIR_STATE_COLUMNS_H

#include "base/base.h"
#include "base/buf.h"

enum {
    COLUMNS_MARK = 0x1f, /* no text begins with it */
    COLUMNS_BYTES_MAX = 3800,
    COLUMNS_VALUES_MAX = 20,
    COLUMNS_TEXT_MAX = 256
};

void columns_begin(struct buf *out);
/* False: there is no room for it. */
bool columns_add(struct buf *out, struct str name, const struct str *values, size_t n);

/* The detail is made of columns; *rest: what columns_next() takes. */
bool columns_open(struct str detail, struct str *rest);
/* values: room for COLUMNS_VALUES_MAX. False: no more, or damaged. */
bool columns_next(struct str *rest, struct str *name, struct str *values, size_t *n);

#endif
