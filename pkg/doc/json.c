/* json.c - JSON text to the tree that YAML becomes, for rules that a program has exported.
 *
 * A reader of its own, because json/ keeps no places and reads events, which may be sloppy; here
 * everything must be right, and an error says where. Depth and number of values are bounded as in
 * all of the package. Columns count characters.
 */
#include "doc/doc.h"

#include "base/str.h"
#include "base/utf8.h"

#include <stdlib.h>

enum { KEYS_MAX = 10000 }; /* of one object: each is compared with those before it */

struct pile {
    struct doc_key key;
    struct doc_node node;
};

struct reader {
    struct arena *a;
    struct str text;
    size_t i;
    uint32_t line;
    size_t known; /* a byte of the line, and its column: columns are asked from left to right */
    uint32_t known_col;
    size_t n_nodes;
    struct pile *stack; /* members of containers that are open */
    size_t n_stack, cap_stack;
    bool is_over; /* a limit was reached */
    struct weir_err *err;
};

static uint32_t col_at(struct reader *r, size_t at)
{
    size_t i = r->known < at ? r->known : at;
    uint32_t n = 0, back = 0;

    for (; i < at && i < r->text.n; i++)
        n += ((unsigned char)r->text.p[i] & 0xC0) != 0x80;
    for (size_t k = at; k < r->known; k++) /* a few bytes back, for a message */
        back += ((unsigned char)r->text.p[k] & 0xC0) != 0x80;
    r->known_col = r->known_col + n - back;
    r->known = at;
    return r->known_col;
}

static bool fail(struct reader *r, size_t at, const char *what)
{
    err_at(r->err, WEIR_SYNTAX, r->line, col_at(r, at), "JSON: %s", what);
    return false;
}

static void skip_blanks(struct reader *r)
{
    for (; r->i < r->text.n; r->i++) {
        char c = r->text.p[r->i];
        if (c == '\n') {
            r->line++;
            r->known = r->i + 1;
            r->known_col = 1;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

static char next(const struct reader *r)
{
    return r->i < r->text.n ? r->text.p[r->i] : '\0';
}

/* ---- strings ------------------------------------------------------------------------ */

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits behind \u at byte `at`; -1: they are none. */
static int32_t unit(const struct reader *r, size_t at)
{
    int32_t c = 0;

    for (size_t k = at; k < at + 4; k++) {
        int digit = k < r->text.n ? hex(r->text.p[k]) : -1;
        if (digit < 0)
            return -1;
        c = c * 16 + digit;
    }
    return c;
}

/* r->i is behind \u. */
static bool unicode(struct reader *r, char *out, size_t *n)
{
    int32_t c = unit(r, r->i), low;

    if (c < 0)
        return fail(r, r->i - 2, "\\u needs four hexadecimal digits");
    r->i += 4;
    if (c >= 0xD800 && c < 0xDC00 && next(r) == '\\' && r->i + 1 < r->text.n &&
        r->text.p[r->i + 1] == 'u' && (low = unit(r, r->i + 2)) >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        r->i += 6;
    } else if (c >= 0xD800 && c < 0xE000) {
        return fail(r, r->i - 6, "half of a surrogate pair");
    }
    *n += utf8_put(out + *n, (uint32_t)c);
    return true;
}

static bool escape(struct reader *r, char *out, size_t *n)
{
    static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
    char c = next(r);

    r->i++;
    if (c == 'u')
        return unicode(r, out, n);
    const char *at = c ? strchr(FROM, c) : NULL;
    if (!at)
        return fail(r, r->i - 2, "unknown escape (a backslash is written \\\\)");
    out[(*n)++] = TO[at - FROM];
    return true;
}

/* r->i is at the quote. */
static bool string(struct reader *r, struct str *out)
{
    size_t start = r->i++, end = r->i, n = 0;

    while (end < r->text.n && r->text.p[end] != '"')
        end += r->text.p[end] == '\\' ? 2 : 1;
    if (end >= r->text.n)
        return fail(r, start, "the text is not closed: '\"' is missing");
    char *text = arena_alloc(r->a, end - start);
    while (r->i < end) {
        unsigned char c = (unsigned char)r->text.p[r->i++];
        if (c < 0x20)
            return fail(r, r->i - 1, "a control character in a text (a line break is written \\n)");
        if (c != '\\')
            text[n++] = (char)c;
        else if (!escape(r, text, &n))
            return false;
    }
    r->i = end + 1;
    *out = (struct str){text, n};
    return true;
}

/* ---- values -------------------------------------------------------------------------- */

static bool word(struct reader *r, struct doc_node *node)
{
    size_t start = r->i;

    while (r->i < r->text.n && (next(r) == '-' || next(r) == '+' || next(r) == '.' ||
                                hex(next(r)) >= 0 || (next(r) >= 'a' && next(r) <= 'z')))
        r->i++;
    node->text = arena_str(r->a, str_sub(r->text, start, r->i - start));
    struct str t = node->text;
    if (str_eq(t, STR("null"))) {
        node->type = DOC_NULL;
    } else if (str_eq(t, STR("true")) || str_eq(t, STR("false"))) {
        node->type = DOC_BOOL;
        node->is_true = t.n == 4;
    } else if (t.n && (t.p[0] == '-' || (t.p[0] >= '0' && t.p[0] <= '9'))) {
        int64_t whole;
        char *end;
        (void)strtod(arena_printf(r->a, "%.*s", (int)t.n, t.p).p, &end);
        if (*end || t.p[t.n - 1] == '.' || str_find_char(t, 'x', 0) != SIZE_MAX)
            return fail(r, start, "no number");
        node->type = str_to_i64(t, &whole) ? DOC_INT : DOC_FLOAT;
        node->number = t;
    } else {
        return fail(r, start, t.n ? "a text needs quotes" : "a value is missing");
    }
    return true;
}

static bool value(struct reader *r, struct doc_node *node, unsigned depth);

static struct pile *push(struct reader *r)
{
    if (r->n_stack == r->cap_stack) {
        struct pile *more = ARENA_ARRAY(r->a, r->cap_stack ? 2 * r->cap_stack : 64, struct pile);
        if (r->n_stack)
            memcpy(more, r->stack, r->n_stack * sizeof *more);
        r->stack = more;
        r->cap_stack = r->cap_stack ? 2 * r->cap_stack : 64;
    }
    return &r->stack[r->n_stack++];
}

static bool member_key(struct reader *r, size_t base, struct doc_key *key)
{
    size_t start = r->i;

    if (next(r) != '"')
        return fail(r, r->i, "a key in quotes is missing");
    *key = (struct doc_key){.line = r->line, .col = col_at(r, start)};
    if (!string(r, &key->text))
        return false;
    if (r->n_stack - base >= KEYS_MAX)
        return fail(r, start, "too many keys in one object");
    for (size_t i = base; i < r->n_stack; i++)
        if (str_eq(r->stack[i].key.text, key->text))
            return fail(r, start, "the key is there already");
    skip_blanks(r);
    if (next(r) != ':')
        return fail(r, r->i, "':' is missing behind a key");
    r->i++;
    return true;
}

static void take_members(struct reader *r, struct doc_node *node, size_t base)
{
    node->n_items = r->n_stack - base;
    node->items = ARENA_ARRAY(r->a, node->n_items, struct doc_node);
    if (node->type == DOC_MAP)
        node->keys = ARENA_ARRAY(r->a, node->n_items, struct doc_key);
    for (size_t i = 0; i < node->n_items; i++) {
        node->items[i] = r->stack[base + i].node;
        if (node->type == DOC_MAP)
            node->keys[i] = r->stack[base + i].key;
    }
    r->n_stack = base;
}

/* r->i is at the bracket. */
static bool container(struct reader *r, struct doc_node *node, unsigned depth)
{
    char close = next(r) == '{' ? '}' : ']';
    size_t base = r->n_stack, start = r->i++;

    node->type = close == '}' ? DOC_MAP : DOC_LIST;
    if (depth >= DOC_DEPTH_MAX) {
        r->is_over = true;
        err_at(r->err, WEIR_LIMIT, r->line, col_at(r, start), "nested deeper than %d",
               DOC_DEPTH_MAX);
        return false;
    }
    skip_blanks(r);
    for (bool is_first = true; next(r) != close; is_first = false) {
        struct pile member = {.key = {.text = {"", 0}}};
        if (!is_first && next(r) != ',')
            return fail(r, r->i, close == '}' ? "',' or '}' is missing" : "',' or ']' is missing");
        r->i += !is_first;
        skip_blanks(r);
        if ((close == '}' && !member_key(r, base, &member.key)) ||
            !value(r, &member.node, depth + 1))
            return false;
        *push(r) = member;
        skip_blanks(r);
    }
    r->i++;
    take_members(r, node, base);
    return true;
}

static bool value(struct reader *r, struct doc_node *node, unsigned depth)
{
    skip_blanks(r);
    *node = (struct doc_node){
        .line = r->line, .col = col_at(r, r->i), .text = {"", 0}, .number = {"", 0}};
    if (++r->n_nodes > DOC_NODES_MAX) {
        r->is_over = true;
        err_at(r->err, WEIR_LIMIT, node->line, node->col, "more than %d values", DOC_NODES_MAX);
        return false;
    }
    if (next(r) == '{' || next(r) == '[')
        return container(r, node, depth);
    if (next(r) != '"')
        return word(r, node);
    node->type = DOC_STRING;
    node->is_quoted = true;
    return string(r, &node->text);
}

enum weir_rc doc_parse_json(struct arena *a, struct str text, uint32_t first_line,
                            struct doc_node **out, struct weir_err *err)
{
    struct reader r = {.a = a, .text = text, .line = first_line, .known_col = 1, .err = err};
    struct doc_node *node = ARENA_NEW(a, struct doc_node);

    for (size_t i = 0, n; i < text.n; i += n) {
        n = utf8_sequence(text, i);
        if (n == 0)
            return err_at(err, WEIR_SYNTAX, first_line, 1, "JSON: byte %zu is no UTF-8", i);
    }
    if (!value(&r, node, 0))
        return r.is_over ? WEIR_LIMIT : WEIR_SYNTAX;
    skip_blanks(&r);
    if (r.i < text.n) {
        fail(&r, r.i, "something stands behind the value");
        return WEIR_SYNTAX;
    }
    *out = node;
    return WEIR_OK;
}
