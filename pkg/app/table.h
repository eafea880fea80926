/* table.h - rows of text in columns that are as wide as they need to be: for people.
 *
 * Cells are made printable (outcome.h), so that events and rules cannot steer a terminal.
 * A cell longer than its column's maximum is cut and ends in "...".
 *
 * Memory   columns and cells are copied; titles must outlive it.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_APP_TABLE_H
#define WEIR_APP_TABLE_H

#include "base/base.h"
#include "base/buf.h"

enum { TABLE_COLUMNS_MAX = 12 };

struct table_column {
    const char *title;
    bool is_right;    /* numbers */
    size_t width_max; /* in characters; 0: no maximum */
};

struct table;

struct table *table_new(const struct table_column *columns, size_t n);
void table_free(struct table *t);

/* The next cell; rows fill up from left to right. */
void table_cell(struct table *t, struct str text);
void table_cellf(struct table *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* 12,345 */
void table_count(struct table *t, uint64_t n);

/* Title line and rows, each indented by `indent` blanks. */
void table_print(const struct table *t, size_t indent, struct buf *out);
size_t table_rows(const struct table *t);

#endif
