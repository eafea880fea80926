/* list_csv.c - RFC 4180 with a row of names.
 *
 * The reader goes over the text once with a cursor that knows its line; fields are slices of the
 * text, only a quoted one that holds a doubled quote is copied (into the draft's arena: rare).
 */
#include "list/list_draft.h"

#include "base/str.h"

enum { CSV_COLUMNS_MAX = 1024, CSV_NONE = CSV_COLUMNS_MAX };

struct cursor {
    struct list_draft *d;
    struct str text;
    size_t at;
    size_t line_start;
    uint32_t line;
};

/* Numbers of the columns that are read. */
struct columns {
    size_t entry;
    size_t points, expires; /* CSV_NONE: none */
    size_t copied[LIST_COPY_MAX];
};

struct csv_field {
    struct str text;
    struct list_place at;
    bool is_last; /* the row ends behind it */
};

/* A quoted field may start on an earlier line: column 1 then. */
static uint32_t column_of(const struct cursor *c, size_t at)
{
    return at < c->line_start ? 1 : (uint32_t)(at - c->line_start + 1);
}

static bool at_end(const struct cursor *c)
{
    return c->at >= c->text.n;
}

static void next_line(struct cursor *c)
{
    c->line++;
    c->line_start = c->at;
}

/* "" is ". */
static struct str undouble(struct cursor *c, struct str raw)
{
    char *copy = arena_alloc(c->d->a, raw.n);
    size_t n = 0;

    for (size_t i = 0; i < raw.n; i++) {
        copy[n++] = raw.p[i];
        i += raw.p[i] == '"';
    }
    return (struct str){copy, n};
}

/* A quoted field; the cursor is behind the opening quote, then behind the closing one. */
static enum weir_rc quoted(struct cursor *c, struct str *out, struct weir_err *err)
{
    size_t start = c->at;
    uint32_t line = c->line, col = column_of(c, start - 1);
    bool has_doubled = false;

    for (; !at_end(c); c->at++) {
        if (c->text.p[c->at] == '\n') {
            c->line++;
            c->line_start = c->at + 1;
        }
        if (c->text.p[c->at] != '"')
            continue;
        if (c->at + 1 == c->text.n || c->text.p[c->at + 1] != '"')
            break;
        has_doubled = true;
        c->at++;
    }
    if (at_end(c))
        return err_at(err, WEIR_SYNTAX, line, col, "a quoted field that does not end");
    *out = str_sub(c->text, start, c->at - start);
    if (has_doubled)
        *out = undouble(c, *out);
    c->at++;
    return WEIR_OK;
}

static void skip_blanks(struct cursor *c)
{
    while (!at_end(c) &&
           (c->text.p[c->at] == ' ' || c->text.p[c->at] == '\t' || c->text.p[c->at] == '\r'))
        c->at++;
}

/* One field with what ends it. The line is not counted on here: the row's reader does. */
static enum weir_rc csv_field(struct cursor *c, struct csv_field *out, struct weir_err *err)
{
    skip_blanks(c);
    size_t start = c->at;
    out->at = (struct list_place){c->line, column_of(c, start)};
    if (!at_end(c) && c->text.p[c->at] == '"') {
        c->at++;
        TRY(quoted(c, &out->text, err));
        skip_blanks(c);
        if (!at_end(c) && c->text.p[c->at] != ',' && c->text.p[c->at] != '\n')
            return err_at(err, WEIR_SYNTAX, c->line, column_of(c, c->at),
                          "text behind a quoted field");
    } else {
        while (!at_end(c) && c->text.p[c->at] != ',' && c->text.p[c->at] != '\n')
            c->at++;
        out->text = str_trim(str_sub(c->text, start, c->at - start));
    }
    out->is_last = at_end(c) || c->text.p[c->at] == '\n';
    c->at += !at_end(c);
    return WEIR_OK;
}

/* ---- the first row: which columns are wanted? ------------------------------------------- */

struct names {
    struct str items[CSV_COLUMNS_MAX];
    size_t n;
};

static size_t find(const struct names *names, struct str name)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(names->items[i], name))
            return i;
    return CSV_NONE;
}

static enum weir_rc no_column(const struct names *names, struct str name, struct list_place at,
                              struct weir_err *err)
{
    struct str near = str_nearest(name, names->items, names->n);

    if (near.n)
        return err_at(err, WEIR_NOTFOUND, at.line, at.col,
                      "there is no column '%.*s' (did you mean '%.*s'?)", (int)name.n, name.p,
                      (int)near.n, near.p);
    return err_at(err, WEIR_NOTFOUND, at.line, at.col, "there is no column '%.*s'", (int)name.n,
                  name.p);
}

static enum weir_rc find_columns(struct list_draft *d, const struct names *names, struct str column,
                                 uint32_t line, struct columns *out, struct weir_err *err)
{
    out->entry = column.n ? find(names, column) : 0;
    if (out->entry == CSV_NONE)
        return no_column(names, column, (struct list_place){line, 1}, err);
    if (out->entry < names->n)
        d->entries = arena_str(d->a, names->items[out->entry]);
    out->points = find(names, STR(LIST_POINTS_COLUMN));
    out->expires = find(names, STR(LIST_EXPIRES_COLUMN));
    if (out->points == out->entry)
        out->points = CSV_NONE; /* they are entries here */
    if (out->expires == out->entry)
        out->expires = CSV_NONE;
    for (size_t i = 0; i < d->n_copied; i++) {
        out->copied[i] = find(names, d->copied[i]);
        if (out->copied[i] == CSV_NONE)
            return no_column(names, d->copied[i], d->copy_at, err);
    }
    d->has_points = out->points != CSV_NONE;
    d->has_expires = out->expires != CSV_NONE;
    return WEIR_OK;
}

static enum weir_rc read_names(struct cursor *c, struct str column, struct columns *out,
                               struct weir_err *err)
{
    struct csv_field field = {.is_last = at_end(c)};
    uint32_t line = c->line;
    struct names names = {.n = 0};

    while (!field.is_last) {
        TRY(csv_field(c, &field, err));
        if (names.n == CSV_COLUMNS_MAX)
            return err_at(err, WEIR_LIMIT, field.at.line, field.at.col, "more than %d columns",
                          CSV_COLUMNS_MAX);
        names.items[names.n++] = field.text;
    }
    next_line(c);
    return find_columns(c->d, &names, column, line, out, err);
}

/* ---- the other rows --------------------------------------------------------------------- */

static void take_cell(const struct cursor *c, const struct columns *columns, size_t i,
                      const struct csv_field *field, struct list_row *row)
{
    if (i == columns->points) {
        row->points = field->text;
        row->points_at = field->at;
    }
    if (i == columns->expires) {
        row->expires = field->text;
        row->expires_at = field->at;
    }
    for (size_t k = 0; k < c->d->n_copied; k++)
        if (i == columns->copied[k])
            row->cells[k] = field->text;
}

static enum weir_rc read_row(struct cursor *c, const struct columns *columns, struct weir_err *err)
{
    struct csv_field field = {.is_last = false};
    struct list_row row = {.at = {0, 0}};
    struct str entry = {"", 0};
    uint32_t line = c->line;
    size_t n = 0;

    for (size_t k = 0; k < c->d->n_copied; k++)
        row.cells[k] = STR("");
    for (; !field.is_last; n++) {
        TRY(csv_field(c, &field, err));
        if (n == columns->entry) {
            entry = field.text;
            row.at = field.at;
        }
        take_cell(c, columns, n, &field, &row);
    }
    next_line(c);
    /* A blank line is a row of one empty field. */
    if (n <= columns->entry && (n > 1 || field.text.n))
        return err_at(err, WEIR_SYNTAX, line, 1,
                      "the row has %zu columns, the entry is in column %zu", n, columns->entry + 1);
    return entry.n ? list_draft_add(c->d, entry, &row, err) : WEIR_OK;
}

/* Comments before the names. */
static enum weir_rc read_header(struct cursor *c, struct weir_err *err)
{
    while (!at_end(c) && c->text.p[c->at] == '#') {
        size_t end = str_find_char(c->text, '\n', c->at);
        struct str line = str_sub(c->text, c->at, (end == SIZE_MAX ? c->text.n : end) - c->at);
        TRY(list_draft_comment(c->d, str_trim(line), (struct list_place){c->line, 1}, err));
        c->at = end == SIZE_MAX ? c->text.n : end + 1;
        next_line(c);
    }
    return WEIR_OK;
}

enum weir_rc list_read_csv(struct list_draft *d, struct str text, struct str column,
                           struct weir_err *err)
{
    struct cursor c = {.d = d, .text = text, .line = 1};
    struct columns columns;

    TRY(read_header(&c, err));
    TRY(read_names(&c, column, &columns, err));
    while (!at_end(&c))
        TRY(read_row(&c, &columns, err));
    return WEIR_OK;
}
