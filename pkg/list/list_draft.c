/* list_draft.c - header lines, checks of entries by mode and type, and the block of texts. */
#include "list/list_draft.h"

#include "base/ip.h"
#include "base/decimal.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/time.h"

enum { NUMBER_MAX = 512 /* bytes of a number's canonical form */ };

void list_draft_init(struct list_draft *d, struct arena *a)
{
    *d = (struct list_draft){.a = a, .mode = LIST_CI};
}

void list_draft_release(struct list_draft *d)
{
    buf_release(&d->text);
    buf_release(&d->ends);
    buf_release(&d->points);
    buf_release(&d->expires);
}

/* What spreadsheets and PowerShell write, and what was packed: told by what it is. */
static const char *other_form(struct str text)
{
    static const struct {
        struct str mark;
        const char *what;
    } forms[] = {
        {STR("\xFF\xFE"), "the text is UTF-16: convert it to UTF-8 first (iconv -f utf-16)"},
        {STR("\xFE\xFF"), "the text is UTF-16: convert it to UTF-8 first (iconv -f utf-16)"},
        {STR("\x1F\x8B"), "the file is packed (gzip): lists are read as plain text"},
        {STR("\x28\xB5\x2F\xFD"), "the file is packed (zstd): lists are read as plain text"},
    };

    for (size_t i = 0; i < ARRAY_LEN(forms); i++)
        if (str_starts(text, forms[i].mark))
            return forms[i].what;
    return NULL;
}

enum weir_rc list_check_text(struct str *text, struct weir_err *err)
{
    uint32_t line = 1;
    size_t line_start = 0;
    const char *form = other_form(*text);

    if (form)
        return err_at(err, WEIR_SYNTAX, 1, 1, "%s", form);
    for (size_t at = 0; at < text->n;) {
        size_t n = utf8_sequence(*text, at);
        uint32_t col = (uint32_t)(at - line_start + 1);
        if (text->p[at] == '\0')
            return err_at(err, WEIR_SYNTAX, line, col, "a NUL byte in a list");
        if (n == 0)
            return err_at(err, WEIR_SYNTAX, line, col, "a byte that is not UTF-8: 0x%02X",
                          (unsigned char)text->p[at]);
        at += n;
        if (text->p[at - 1] == '\n')
            line++, line_start = at;
    }
    *text = utf8_without_mark(*text);
    return WEIR_OK;
}

/* ---- header -------------------------------------------------------------------------- */

struct header {
    struct list_draft *d;
    struct str value;
    struct list_place at;
    struct weir_err *err;
};

/* One of n words; its number in *out. */
static enum weir_rc word_of(const struct header *h, const char *what, const struct str *words,
                            size_t n, const char *all, size_t *out)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(h->value, words[i])) {
            *out = i;
            return WEIR_OK;
        }
    struct str near = str_nearest(h->value, words, n);
    return err_at(h->err, WEIR_SYNTAX, h->at.line, h->at.col, "unknown %s '%.*s' (%s%.*s%s)", what,
                  (int)h->value.n, h->value.p, near.n ? "did you mean '" : all, (int)near.n, near.p,
                  near.n ? "'?" : "");
}

static enum weir_rc read_mode(const struct header *h)
{
    static const struct str WORDS[] = {[LIST_EXACT] = {"exact", 5},
                                       [LIST_CI] = {"ci", 2},
                                       [LIST_CIDR] = {"cidr", 4},
                                       [LIST_GLOB] = {"glob", 4}};
    size_t mode = 0;

    TRY(word_of(h, "mode", WORDS, ARRAY_LEN(WORDS), "exact, ci, cidr or glob", &mode));
    h->d->mode = (enum list_mode)mode;
    return WEIR_OK;
}

static enum weir_rc read_type(const struct header *h)
{
    static const struct str WORDS[] = {
        [LIST_TEXT] = {"text", 4}, [LIST_NUMBER] = {"number", 6}, [LIST_IP] = {"ip", 2}};
    size_t type = 0;

    TRY(word_of(h, "type", WORDS, ARRAY_LEN(WORDS), "text, number or ip", &type));
    h->d->type = (enum list_type)type;
    h->d->type_at = h->at;
    return WEIR_OK;
}

static enum weir_rc read_copy(const struct header *h)
{
    struct str rest = h->value, name;
    bool has_more = rest.n > 0;

    h->d->copy_at = h->at;
    while (has_more) {
        has_more = str_cut(rest, ',', &name, &rest);
        name = str_trim(name);
        if (name.n == 0)
            return err_at(h->err, WEIR_SYNTAX, h->at.line, h->at.col,
                          "'copy' is a list of columns: # copy: owner, ticket");
        if (h->d->n_copied == LIST_COPY_MAX)
            return err_at(h->err, WEIR_LIMIT, h->at.line, h->at.col, "more than %d columns to copy",
                          LIST_COPY_MAX);
        for (size_t i = 0; i < h->d->n_copied; i++)
            if (str_eq(h->d->copied[i], name))
                return err_at(h->err, WEIR_SYNTAX, h->at.line, h->at.col,
                              "the column '%.*s' is copied twice", (int)name.n, name.p);
        h->d->copied[h->d->n_copied++] = arena_str(h->d->a, name);
    }
    return WEIR_OK;
}

enum weir_rc list_draft_comment(struct list_draft *d, struct str line, struct list_place at,
                                struct weir_err *err)
{
    static const struct {
        struct str word;
        enum weir_rc (*read)(const struct header *);
    } KEYS[] = {{{"mode", 4}, read_mode}, {{"type", 4}, read_type}, {{"copy", 4}, read_copy}};
    struct str body = str_trim(str_sub(line, 1, line.n)), key, value;

    if (!str_cut(body, ':', &key, &value))
        return WEIR_OK;
    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++) {
        if (!str_eq(key, KEYS[i].word))
            continue;
        struct header h = {.d = d, .value = str_trim(value), .at = at, .err = err};
        h.at.col += (uint32_t)((h.value.n ? h.value.p : body.p) - line.p);
        if (d->n > 0)
            return err_at(err, WEIR_SYNTAX, at.line, h.at.col,
                          "the %s must stand before the first entry", KEYS[i].word.p);
        return KEYS[i].read(&h);
    }
    return WEIR_OK;
}

/* ---- rows ---------------------------------------------------------------------------- */

static enum weir_rc check_entry(const struct list_draft *d, struct str entry,
                                const struct list_place *at, struct weir_err *err)
{
    struct ip_network network;
    struct ip_address address;
    char number[NUMBER_MAX];

    if (d->mode == LIST_CIDR && !ip_network_parse(entry, &network))
        return err_at(err, WEIR_SYNTAX, at->line, at->col,
                      "'%.*s' is no network (10.0.0.0/8, fd00::/8, without bits behind the prefix)",
                      (int)entry.n, entry.p);
    if (d->type == LIST_IP && !ip_parse(entry, &address))
        return err_at(err, WEIR_SYNTAX, at->line, at->col, "'%.*s' is no address (type ip)",
                      (int)entry.n, entry.p);
    if (d->type == LIST_NUMBER && decimal_canonical(entry, number, sizeof number) == 0)
        return err_at(err, WEIR_SYNTAX, at->line, at->col, "'%.*s' is no number (type number)",
                      (int)entry.n, entry.p);
    return WEIR_OK;
}

static enum weir_rc add_points(struct list_draft *d, const struct list_row *row,
                               struct weir_err *err)
{
    int32_t points = LIST_POINTS_NONE;
    int64_t n;

    if (row->points.n) {
        if (!str_to_i64(row->points, &n) || n < -LIST_POINTS_MAX || n > LIST_POINTS_MAX)
            return err_at(err, WEIR_SYNTAX, row->points_at.line, row->points_at.col,
                          "points are a whole number of -%d to %d", LIST_POINTS_MAX,
                          LIST_POINTS_MAX);
        points = (int32_t)n;
        d->any_points = true;
    }
    buf_add(&d->points, (struct str){(const char *)&points, sizeof points});
    return WEIR_OK;
}

static enum weir_rc add_expires(struct list_draft *d, const struct list_row *row,
                                struct weir_err *err)
{
    int64_t ms = LIST_NEVER;

    if (row->expires.n && !time_parse_ms(row->expires, &ms))
        return err_at(err, WEIR_SYNTAX, row->expires_at.line, row->expires_at.col,
                      "'%.*s' is no date or time (2026-12-31, 2026-12-31T18:00:00Z)",
                      (int)row->expires.n, row->expires.p);
    d->any_expires |= row->expires.n > 0;
    buf_add(&d->expires, (struct str){(const char *)&ms, sizeof ms});
    return WEIR_OK;
}

static void add_text(struct list_draft *d, struct str text)
{
    buf_add(&d->text, text);
    uint32_t end = (uint32_t)d->text.n;
    buf_add(&d->ends, (struct str){(const char *)&end, sizeof end});
}

enum weir_rc list_draft_add(struct list_draft *d, struct str entry, const struct list_row *row,
                            struct weir_err *err)
{
    if (entry.n > LIST_ENTRY_MAX)
        return err_at(err, WEIR_LIMIT, row->at.line, row->at.col,
                      "an entry of %zu bytes, the limit is %d", entry.n, LIST_ENTRY_MAX);
    if (d->n == LIST_ROWS_MAX)
        return err_at(err, WEIR_LIMIT, row->at.line, 1, "more than %d entries", LIST_ROWS_MAX);
    TRY(check_entry(d, entry, &row->at, err));
    if (d->has_points)
        TRY(add_points(d, row, err));
    if (d->has_expires)
        TRY(add_expires(d, row, err));
    add_text(d, entry);
    for (size_t i = 0; i < d->n_copied; i++)
        add_text(d, row->cells[i]);
    if (d->text.n > LIST_FILE_MAX) /* array members share their row's cells: these count again */
        return err_at(err, WEIR_LIMIT, row->at.line, row->at.col,
                      "the entries and their columns have more than %d bytes", LIST_FILE_MAX);
    d->n++;
    return WEIR_OK;
}

static const void *kept(struct arena *a, const struct buf *b)
{
    return arena_str(a, buf_str(b)).p;
}

enum weir_rc list_draft_finish(struct list_draft *d, struct list *out, struct weir_err *err)
{
    if (d->type != LIST_TEXT && d->mode != LIST_CI && d->mode != LIST_EXACT)
        return err_at(err, WEIR_SYNTAX, d->type_at.line, d->type_at.col,
                      "a type goes with the modes ci and exact: %s says itself what entries are",
                      list_mode_name(d->mode));
    struct str *copied = ARENA_ARRAY(d->a, d->n_copied, struct str);
    for (size_t i = 0; i < d->n_copied; i++)
        copied[i] = d->copied[i];
    out->entries = d->entries;
    out->mode = d->mode;
    out->type = d->type;
    out->n_entries = d->n;
    out->copied = (struct str_list){copied, d->n_copied};
    out->points = d->any_points ? kept(d->a, &d->points) : NULL;
    out->expires = d->any_expires ? kept(d->a, &d->expires) : NULL;
    out->text = kept(d->a, &d->text);
    out->ends = kept(d->a, &d->ends);
    return WEIR_OK;
}
