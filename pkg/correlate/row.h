/* row.h - one row of OPERATOR_GROUP as bytes: the values of its columns.
 *
 * Memory   packed into the caller's buffer; read back as slices of the bytes.
 * Limits   ROW_TEXT_MAX: texts are cut; ROW_BYTES_MAX: columns for which there is no room are null,
 *          lists shorter; both mark the row as cut.
 */
#ifndef WEIR_CORRELATE_ROW_H
#define WEIR_CORRELATE_ROW_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "rule/expr.h"

enum { ROW_TEXT_MAX = 512, ROW_BYTES_MAX = 4096, ROW_MEMBERS_MAX = 100 };

void row_pack(const struct expr_value *values, size_t n, struct buf *out);

/* n values; what is not there is null. *is_cut: see above; damaged bytes are cut. */
void row_unpack(struct str bytes, struct arena *a, struct expr_value *values, size_t n,
                bool *is_cut);

#endif
