/* list_parse.c - txt and csv to entries.
 *
 * Both readers go over the text once with a cursor that knows its line; entries are slices of the
 * text, only a quoted csv field that holds a doubled quote is copied.
 */
#include "list/list_parse.h"

#include "base/str.h"
#include "base/vec.h"
#include "base/utf8.h"

#define MODE_WORD "mode:"

struct cursor {
    struct arena *a;
    struct str text;
    size_t at;
    size_t line_start;
    uint32_t line;
    struct str *entries;
    size_t n, cap;
    int32_t *points; /* of each entry, if the file has them */
    size_t cap_points;
};

#define POINTS_COLUMN "points"

/* Numbers of the columns that are read. */
struct columns {
    size_t entry;
    size_t points; /* SIZE_MAX: none */
};

/* A quoted field may start on an earlier line: column 1 then. */
static uint32_t column_of(const struct cursor *c, size_t at)
{
    if (at < c->line_start)
        return 1;
    return (uint32_t)(at - c->line_start + 1);
}

static bool at_end(const struct cursor *c)
{
    return c->at >= c->text.n;
}

/* The rest of this line without its end; the cursor goes to the next line. */
static struct str take_line(struct cursor *c)
{
    size_t end = str_find_char(c->text, '\n', c->at);
    size_t next = end == SIZE_MAX ? c->text.n : end + 1;
    struct str line = str_sub(c->text, c->at, (end == SIZE_MAX ? c->text.n : end) - c->at);

    c->at = next;
    return line;
}

static void next_line(struct cursor *c)
{
    c->line++;
    c->line_start = c->at;
}

/* NUL and invalid UTF-8, with their place. */
static enum weir_rc check_text(struct str text, struct weir_err *err)
{
    uint32_t line = 1;
    size_t line_start = 0;

    for (size_t at = 0; at < text.n;) {
        size_t n = utf8_sequence(text, at);
        uint32_t col = (uint32_t)(at - line_start + 1);
        if (text.p[at] == '\0')
            return err_at(err, WEIR_SYNTAX, line, col, "a NUL byte in a list");
        if (n == 0)
            return err_at(err, WEIR_SYNTAX, line, col, "a byte that is not UTF-8: 0x%02X",
                          (unsigned char)text.p[at]);
        at += n;
        if (text.p[at - 1] == '\n')
            line++, line_start = at;
    }
    return WEIR_OK;
}

static enum weir_rc cursor_init(struct cursor *c, struct arena *a, struct str text,
                                struct weir_err *err)
{
    *c = (struct cursor){.a = a, .text = text, .line = 1};
    if (str_starts(text, STR("\xEF\xBB\xBF")))
        c->at = 3;
    return check_text(text, err);
}

static enum weir_rc entry_add(struct cursor *c, struct str entry, size_t at, struct weir_err *err)
{
    if (entry.n > LIST_ENTRY_MAX)
        return err_at(err, WEIR_LIMIT, c->line, column_of(c, at),
                      "an entry of %zu bytes, the limit is %d", entry.n, LIST_ENTRY_MAX);
    if (c->n == LIST_ROWS_MAX)
        return err_at(err, WEIR_LIMIT, c->line, 1, "more than %d entries", LIST_ROWS_MAX);
    c->entries = vec_room(c->a, c->entries, c->n, &c->cap, sizeof *c->entries);
    c->entries[c->n++] = entry;
    return WEIR_OK;
}

/* A comment line: `# mode: NAME` sets the mode, all else is prose. */
static enum weir_rc comment(struct cursor *c, struct str line, struct list *out,
                            struct weir_err *err)
{
    static const struct str names[] = {
        [LIST_EXACT] = {"exact", 5},
        [LIST_CI] = {"ci", 2},
        [LIST_CIDR] = {"cidr", 4},
        [LIST_GLOB] = {"glob", 4},
    };
    struct str body = str_trim(str_sub(line, 1, line.n));

    if (!str_starts(body, STR(MODE_WORD)))
        return WEIR_OK;
    struct str mode = str_trim(str_sub(body, sizeof(MODE_WORD) - 1, body.n));
    uint32_t col = column_of(c, (size_t)(mode.p - c->text.p));
    if (c->n > 0)
        return err_at(err, WEIR_SYNTAX, c->line, col, "the mode must stand before the first entry");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(mode, names[i])) {
            out->mode = (enum list_mode)i;
            return WEIR_OK;
        }
    struct str near = str_nearest(mode, names, ARRAY_LEN(names));
    return err_at(err, WEIR_SYNTAX, c->line, col, "unknown mode '%.*s' (%s%.*s%s)", (int)mode.n,
                  mode.p, near.n ? "did you mean '" : "exact, ci, cidr or glob", (int)near.n,
                  near.p, near.n ? "'?" : "");
}

static void finish(const struct cursor *c, struct list *out)
{
    out->entries = (struct str_list){c->entries, c->n};
    out->points = c->points;
}

/* ---- txt ----------------------------------------------------------------------- */

enum weir_rc list_parse_txt(struct arena *a, struct str text, struct list *out,
                            struct weir_err *err)
{
    struct cursor c;

    TRY(cursor_init(&c, a, text, err));
    out->mode = LIST_CI;
    for (; !at_end(&c); next_line(&c)) {
        struct str line = str_trim(take_line(&c));
        if (line.n == 0)
            continue;
        if (line.p[0] == '#')
            TRY(comment(&c, line, out, err));
        else
            TRY(entry_add(&c, line, (size_t)(line.p - text.p), err));
    }
    finish(&c, out);
    return WEIR_OK;
}

/* ---- csv ----------------------------------------------------------------------- */

struct csv_field {
    struct str text;
    size_t at;    /* where it starts */
    bool is_last; /* the row ends behind it */
};

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
    struct str raw = str_sub(c->text, start, c->at - start);
    c->at++;
    if (has_doubled) {
        char *copy = arena_alloc(c->a, raw.n);
        size_t n = 0;
        for (size_t i = 0; i < raw.n; i++) {
            copy[n++] = raw.p[i];
            i += raw.p[i] == '"';
        }
        raw = (struct str){copy, n};
    }
    *out = raw;
    return WEIR_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct cursor *c)
{
    while (!at_end(c) && is_blank(c->text.p[c->at]))
        c->at++;
}

/* One field with what ends it. The line is not counted on here: the row's reader does. */
static enum weir_rc csv_field(struct cursor *c, struct csv_field *out, struct weir_err *err)
{
    skip_blanks(c);
    out->at = c->at;
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
        out->text = str_trim(str_sub(c->text, out->at, c->at - out->at));
    }
    out->is_last = at_end(c) || c->text.p[c->at] == '\n';
    c->at += !at_end(c);
    return WEIR_OK;
}

/* The first row: which columns are wanted? */
static enum weir_rc csv_header(struct cursor *c, struct str column, struct columns *out,
                               struct weir_err *err)
{
    struct csv_field field = {.is_last = at_end(c)};
    uint32_t line = c->line;
    bool is_found = column.n == 0;

    *out = (struct columns){.points = SIZE_MAX};
    for (size_t i = 0; !field.is_last; i++) {
        TRY(csv_field(c, &field, err));
        if (out->points == SIZE_MAX && str_eq(field.text, STR(POINTS_COLUMN)))
            out->points = i;
        if (!is_found && str_eq(field.text, column)) {
            out->entry = i;
            is_found = true;
        }
    }
    next_line(c);
    if (!is_found)
        return err_at(err, WEIR_NOTFOUND, line, 1, "there is no column '%.*s'", (int)column.n,
                      column.p);
    if (out->points == out->entry)
        out->points = SIZE_MAX; /* they are entries here */
    return WEIR_OK;
}

static enum weir_rc points_of(struct cursor *c, const struct csv_field *field, uint32_t line,
                              int32_t *out, struct weir_err *err)
{
    int64_t n;

    *out = LIST_POINTS_NONE;
    if (field->text.n == 0)
        return WEIR_OK;
    if (!str_to_i64(field->text, &n) || n < -LIST_POINTS_MAX || n > LIST_POINTS_MAX)
        return err_at(err, WEIR_SYNTAX, line, column_of(c, field->at),
                      "points are a whole number of -%d to %d", LIST_POINTS_MAX, LIST_POINTS_MAX);
    *out = (int32_t)n;
    return WEIR_OK;
}

static enum weir_rc csv_row(struct cursor *c, const struct columns *columns, struct weir_err *err)
{
    struct csv_field field = {.is_last = false};
    uint32_t line = c->line;
    size_t n = 0, before = c->n;
    int32_t points = LIST_POINTS_NONE;

    for (; !field.is_last; n++) {
        TRY(csv_field(c, &field, err));
        if (n == columns->entry && field.text.n)
            TRY(entry_add(c, field.text, field.at, err));
        if (n == columns->points)
            TRY(points_of(c, &field, line, &points, err));
    }
    next_line(c);
    if (columns->points != SIZE_MAX && c->n > before) {
        c->points = vec_room(c->a, c->points, before, &c->cap_points, sizeof *c->points);
        c->points[before] = points;
    }
    /* A blank line is a row of one empty field. */
    if (n <= columns->entry && (n > 1 || field.text.n))
        return err_at(err, WEIR_SYNTAX, line, 1,
                      "the row has %zu columns, the entry is in column %zu", n, columns->entry + 1);
    return WEIR_OK;
}

enum weir_rc list_parse_csv(struct arena *a, struct str text, struct str column, struct list *out,
                            struct weir_err *err)
{
    struct cursor c;
    struct columns columns;

    TRY(cursor_init(&c, a, text, err));
    out->mode = LIST_CI;
    while (!at_end(&c) && c.text.p[c.at] == '#') {
        struct str line = str_trim(take_line(&c));
        TRY(comment(&c, line, out, err));
        next_line(&c);
    }
    TRY(csv_header(&c, column, &columns, err));
    while (!at_end(&c))
        TRY(csv_row(&c, &columns, err));
    finish(&c, out);
    return WEIR_OK;
}
