/* table.c - rows of text in columns. All cells lie behind each other in one buffer; the
 * widths are known when the last one has come. */
#include "app/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/measure.h"
#include "app/outcome.h"
#include "base/str.h"

struct table {
    struct table_column columns[TABLE_COLUMNS_MAX];
    size_t n_columns, n_cells, cap_cells;
    size_t *ends; /* where each cell ends in text */
    struct buf text;
};

struct table *table_new(const struct table_column *columns, size_t n)
{
    struct table *t = calloc(1, sizeof *t);

    ASSERT(t && n > 0 && n <= TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < n; i++)
        t->columns[i] = columns[i];
    t->n_columns = n;
    return t;
}

void table_free(struct table *t)
{
    if (!t)
        return;
    free(t->ends);
    buf_release(&t->text);
    free(t);
}

static size_t n_characters(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
    return n;
}

/* The first n characters. */
static struct str characters(struct str s, size_t n)
{
    size_t i = 0;

    while (i < s.n) {
        if (((unsigned char)s.p[i] & 0xC0) != 0x80 && n-- == 0)
            break;
        i++;
    }
    return str_sub(s, 0, i);
}

void table_cell(struct table *t, struct str text)
{
    size_t max = t->columns[t->n_cells % t->n_columns].width_max;

    if (t->n_cells == t->cap_cells) {
        t->cap_cells = t->cap_cells ? t->cap_cells * 2 : 64;
        t->ends = reallocarray(t->ends, t->cap_cells, sizeof *t->ends);
        ASSERT(t->ends);
    }
    if (max && n_characters(text) > max) {
        add_printable(&t->text, characters(text, max - 3));
        buf_add(&t->text, STR("..."));
    } else {
        add_printable(&t->text, text);
    }
    t->ends[t->n_cells++] = t->text.n;
}

void table_cellf(struct table *t, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    table_cell(t, str_from(text));
}

void table_count(struct table *t, uint64_t n)
{
    struct buf text = {0};

    add_count(&text, n);
    table_cell(t, buf_str(&text));
    buf_release(&text);
}

static struct str cell(const struct table *t, size_t i)
{
    size_t from = i ? t->ends[i - 1] : 0;

    return (struct str){t->text.p + from, t->ends[i] - from};
}

static void measure(const struct table *t, size_t widths[TABLE_COLUMNS_MAX])
{
    for (size_t c = 0; c < t->n_columns; c++)
        widths[c] = str_from(t->columns[c].title).n;
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t n = n_characters(cell(t, i));
        if (n > widths[i % t->n_columns])
            widths[i % t->n_columns] = n;
    }
}

static void print_cell(const struct table *t, size_t column, struct str text, size_t width,
                       struct buf *out)
{
    int pad = (int)(width - n_characters(text));

    if (t->columns[column].is_right)
        buf_printf(out, "%*s", pad, "");
    buf_add(out, text);
    if (column + 1 == t->n_columns)
        return;
    if (!t->columns[column].is_right)
        buf_printf(out, "%*s", pad, "");
    buf_add(out, STR("  "));
}

void table_print(const struct table *t, size_t indent, struct buf *out)
{
    size_t widths[TABLE_COLUMNS_MAX];

    measure(t, widths);
    buf_printf(out, "%*s", (int)indent, "");
    for (size_t c = 0; c < t->n_columns; c++)
        print_cell(t, c, str_from(t->columns[c].title), widths[c], out);
    for (size_t i = 0; i < t->n_cells; i++) {
        if (i % t->n_columns == 0)
            buf_printf(out, "\n%*s", (int)indent, "");
        print_cell(t, i % t->n_columns, cell(t, i), widths[i % t->n_columns], out);
    }
    buf_add_char(out, '\n');
}

size_t table_rows(const struct table *t)
{
    return t->n_cells / t->n_columns;
}
