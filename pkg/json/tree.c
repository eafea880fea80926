/* tree.c - the plain way to read JSON: recursive descent, everything copied.
 *
 * This is the reference that the scanner is tested against, so it shares none of its code
 * (not the checker, not the unescaper): it is meant to be seen right at a glance.
 */
#include "json/tree.h"

#include "base/str.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

struct parser {
    struct arena *arena;
    const unsigned char *s;
    size_t n;
    size_t at;
    unsigned depth;
    size_t n_keys;
    enum json_reason reason;
    bool is_lent; /* the text outlives the tree */
    char *room;   /* where escapes are resolved; NULL: none was met */
};

enum { END_OF_TEXT = -1 };

static bool parse_value(struct parser *ps, struct json_node *node);

static int peek(const struct parser *ps)
{
    return ps->at < ps->n ? ps->s[ps->at] : END_OF_TEXT;
}

static bool refuse(struct parser *ps, enum json_reason reason)
{
    ps->reason = reason;
    return false;
}

static bool syntax(struct parser *ps)
{
    return refuse(ps, peek(ps) == END_OF_TEXT ? JSON_TRUNCATED : JSON_BAD_SYNTAX);
}

static void blanks(struct parser *ps)
{
    for (;;) {
        int c = peek(ps);
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return;
        ps->at++;
    }
}

/* ---- strings --------------------------------------------------------------------- */

struct text {
    char *p;
    size_t n;
};

static void put_byte(struct text *t, unsigned byte)
{
    t->p[t->n++] = (char)byte;
}

static void put_code(struct text *t, unsigned code)
{
    if (code <= 0x7f) {
        put_byte(t, code);
    } else if (code <= 0x7ff) {
        put_byte(t, 0xc0 + code / 64);
        put_byte(t, 0x80 + code % 64);
    } else if (code <= 0xffff) {
        put_byte(t, 0xe0 + code / 4096);
        put_byte(t, 0x80 + code / 64 % 64);
        put_byte(t, 0x80 + code % 64);
    } else {
        put_byte(t, 0xf0 + code / 262144);
        put_byte(t, 0x80 + code / 4096 % 64);
        put_byte(t, 0x80 + code / 64 % 64);
        put_byte(t, 0x80 + code % 64);
    }
}

static int hex_value(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Four hex digits. */
static bool parse_hex4(struct parser *ps, unsigned *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(peek(ps));
        if (digit < 0)
            return syntax(ps);
        *code = *code * 16 + (unsigned)digit;
        ps->at++;
    }
    return true;
}

static bool is_high(unsigned code)
{
    return code >= 0xd800 && code <= 0xdbff;
}

static bool is_low(unsigned code)
{
    return code >= 0xdc00 && code <= 0xdfff;
}

/* Behind \u. A high half followed by \u and a low half is one character; half a pair
 * alone is U+FFFD, and what follows it is read as if it stood by itself. */
static bool parse_unicode(struct parser *ps, struct text *t)
{
    unsigned code, low;

    if (!parse_hex4(ps, &code))
        return false;
    size_t behind = ps->at;
    if (is_high(code) && ps->n - ps->at >= 2 && ps->s[ps->at] == '\\' && ps->s[ps->at + 1] == 'u') {
        ps->at += 2;
        if (!parse_hex4(ps, &low))
            return false;
        if (is_low(low)) {
            put_code(t, 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00));
            return true;
        }
        ps->at = behind;
    }
    put_code(t, is_high(code) || is_low(code) ? 0xfffd : code);
    return true;
}

static bool parse_escape(struct parser *ps, struct text *t)
{
    int c = peek(ps);

    switch (c) {
    case '"':
    case '\\':
    case '/':
        put_byte(t, (unsigned)c);
        break;
    case 'b':
        put_byte(t, '\b');
        break;
    case 'f':
        put_byte(t, '\f');
        break;
    case 'n':
        put_byte(t, '\n');
        break;
    case 'r':
        put_byte(t, '\r');
        break;
    case 't':
        put_byte(t, '\t');
        break;
    case 'u':
        ps->at++;
        return parse_unicode(ps, t);
    default:
        return syntax(ps);
    }
    ps->at++;
    return true;
}

/* Decode one UTF-8 character at `at` into *code: its length, or 0 if the bytes are none
 * (overlong, a surrogate, past U+10FFFF, cut off). */
static size_t decode_utf8(const struct parser *ps, unsigned *code)
{
    static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned first = ps->s[ps->at];
    size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

    if (first < 0xc0 || first >= 0xf8 || ps->n - ps->at < n)
        return 0;
    *code = n == 4 ? first - 0xf0 : n == 3 ? first - 0xe0 : first - 0xc0;
    for (size_t i = 1; i < n; i++) {
        unsigned byte = ps->s[ps->at + i];
        if (byte < 0x80 || byte > 0xbf)
            return 0;
        *code = *code * 64 + (byte - 0x80);
    }
    if (*code < smallest[n] || *code > 0x10ffff || is_high(*code) || is_low(*code))
        return 0;
    return n;
}

/* Bytes up to the closing quote that is not escaped, or to the end of the text. */
static size_t string_span(const struct parser *ps)
{
    size_t at = ps->at;

    while (at < ps->n && ps->s[at] != '"')
        at += ps->s[at] == '\\' ? 2 : 1;
    return (at < ps->n ? at : ps->n) - ps->at;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#if defined(__SSE2__)
/* Which of the bytes are not plain. */
static unsigned stops_of(__m128i v)
{
    __m128i is_above = _mm_cmpgt_epi8(v, _mm_set1_epi8(0x1f)); /* signed: 0x20 to 0x7f */
    __m128i is_special =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));

    return ~(unsigned)_mm_movemask_epi8(_mm_andnot_si128(is_special, is_above)) & 0xffff;
}
#endif

/* Bytes from here on that mean themselves: printable ASCII but quotes and backslashes. */
static size_t plain_run(const struct parser *ps)
{
    size_t at = ps->at;

#if defined(__SSE2__)
    for (; at + 16 <= ps->n; at += 16) {
        unsigned stop = stops_of(_mm_loadu_si128((const __m128i *)(ps->s + at)));
        if (stop)
            return at + (size_t)__builtin_ctz(stop) - ps->at;
    }
#endif
    while (at < ps->n && is_plain(ps->s[at]))
        at++;
    return at - ps->at;
}

/* The same run into t, a vector at a time: t has room for one more than is put. */
enum { COPY_SLACK = 16 };

static void copy_plain(struct parser *ps, struct text *t)
{
#if defined(__SSE2__)
    for (; ps->at + COPY_SLACK <= ps->n; ps->at += COPY_SLACK, t->n += COPY_SLACK) {
        __m128i v = _mm_loadu_si128((const __m128i *)(ps->s + ps->at));
        _mm_storeu_si128((__m128i *)(t->p + t->n), v);
        unsigned stop = stops_of(v);
        if (stop) {
            ps->at += (size_t)__builtin_ctz(stop);
            t->n += (size_t)__builtin_ctz(stop);
            return;
        }
    }
#endif
    for (; ps->at < ps->n && is_plain(ps->s[ps->at]); ps->at++)
        put_byte(t, ps->s[ps->at]);
}

static void put_run(struct parser *ps, struct text *t, size_t n)
{
    memcpy(t->p + t->n, ps->s + ps->at, n);
    t->n += n;
    ps->at += n;
}

/* What stands behind the first run, into t, to the closing quote or, where is_ascii, to the first
 * byte beyond ASCII. */
static bool parse_rest(struct parser *ps, struct text *t, bool is_ascii)
{
    for (; peek(ps) != '"'; copy_plain(ps, t)) {
        int c = peek(ps);
        if (c == '\\' && ps->at + 1 < ps->n && ps->s[ps->at + 1] == '\\') {
            put_byte(t, '\\'); /* by far the most common escape: paths of Windows */
            ps->at += 2;
            continue;
        }
        if (c < 0x20)
            return syntax(ps);
        if (c == '\\') {
            ps->at++;
            if (!parse_escape(ps, t))
                return false;
        } else if (c < 0x80) {
            put_byte(t, (unsigned)c);
            ps->at++;
        } else if (is_ascii) {
            return true;
        } else {
            unsigned code = 0xfffd; /* an invalid byte is one U+FFFD */
            size_t n = decode_utf8(ps, &code);
            put_code(t, n ? code : 0xfffd);
            ps->at += n ? n : 1;
        }
    }
    return true;
}

/* A text of ASCII is never longer than what it was written as, so all of a document have room in as
 * many bytes as are left of it when the first is met. */
static char *text_room(struct parser *ps)
{
    if (!ps->room)
        ps->room = arena_alloc(ps->arena, ps->n - ps->at + 1 + COPY_SLACK);
    return ps->room;
}

/* Behind the opening quote, with a first run of plain bytes and something else behind it. */
static bool parse_decoded(struct parser *ps, size_t run, struct str *out)
{
    size_t from = ps->at;
    struct text t = {text_room(ps), 0};

    put_run(ps, &t, run);
    if (!parse_rest(ps, &t, true))
        return false;
    if (peek(ps) == '"') {
        ps->room += t.n;
    } else { /* may grow: a bad byte becomes three */
        ps->at = from;
        t = (struct text){arena_alloc(ps->arena, 3 * string_span(ps) + 1 + COPY_SLACK), 0};
        if (!parse_rest(ps, &t, false))
            return false;
    }
    ps->at++;
    *out = (struct str){t.p, t.n};
    return true;
}

static bool parse_string(struct parser *ps, struct str *out)
{
    if (peek(ps) != '"')
        return syntax(ps);
    ps->at++;
    size_t run = plain_run(ps);
    if (ps->at + run == ps->n || ps->s[ps->at + run] != '"')
        return parse_decoded(ps, run, out);
    struct str text = {(const char *)ps->s + ps->at, run};
    *out = ps->is_lent ? text : arena_str(ps->arena, text);
    ps->at += run + 1;
    return true;
}

/* ---- numbers and literals ---------------------------------------------------------- */

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool parse_digits(struct parser *ps)
{
    if (!is_digit(peek(ps)))
        return syntax(ps);
    while (is_digit(peek(ps)))
        ps->at++;
    return true;
}

static bool parse_number(struct parser *ps)
{
    if (peek(ps) == '-')
        ps->at++;
    if (peek(ps) == '0')
        ps->at++;
    else if (!parse_digits(ps))
        return false;
    if (peek(ps) == '.') {
        ps->at++;
        if (!parse_digits(ps))
            return false;
    }
    if (peek(ps) == 'e' || peek(ps) == 'E') {
        ps->at++;
        if (peek(ps) == '+' || peek(ps) == '-')
            ps->at++;
        if (!parse_digits(ps))
            return false;
    }
    return true;
}

static bool parse_literal(struct parser *ps, const char *literal)
{
    for (; *literal; literal++, ps->at++)
        if (peek(ps) != *literal)
            return syntax(ps);
    return true;
}

static bool parse_plain(struct parser *ps, struct json_node *node)
{
    size_t from = ps->at;
    int c = peek(ps);
    bool is_ok;

    if (c == 't' || c == 'f') {
        node->type = JSON_T_BOOL;
        node->is_true = c == 't';
        is_ok = parse_literal(ps, c == 't' ? "true" : "false");
    } else if (c == 'n') {
        node->type = JSON_T_NULL;
        is_ok = parse_literal(ps, "null");
    } else {
        node->type = JSON_T_NUMBER;
        is_ok = parse_number(ps);
    }
    if (!is_ok)
        return false;
    struct str text = {(const char *)ps->s + from, ps->at - from};
    node->text = ps->is_lent ? text : arena_str(ps->arena, text);
    return true;
}

/* ---- containers -------------------------------------------------------------------- */

static bool parse_key(struct parser *ps, struct str *key)
{
    blanks(ps);
    if (!parse_string(ps, key))
        return false;
    if (ps->n_keys++ == JSON_KEYS_MAX)
        return refuse(ps, JSON_TOO_MANY_KEYS);
    blanks(ps);
    if (peek(ps) != ':')
        return syntax(ps);
    ps->at++;
    return true;
}

static struct json_node *node_new(struct parser *ps)
{
    struct json_node *node = arena_alloc(ps->arena, sizeof(*node));

    *node = (struct json_node){0};
    return node;
}

static bool parse_container(struct parser *ps, struct json_node *node)
{
    int close = peek(ps) == '{' ? '}' : ']';
    struct json_node **end = &node->first;

    node->type = close == '}' ? JSON_T_OBJECT : JSON_T_ARRAY;
    ps->at++;
    blanks(ps);
    if (peek(ps) == close) {
        ps->at++;
        return true;
    }
    for (;;) {
        struct json_node *member = node_new(ps);
        if (close == '}' && !parse_key(ps, &member->key))
            return false;
        if (!parse_value(ps, member))
            return false;
        *end = member;
        end = &member->next;
        blanks(ps);
        if (peek(ps) != ',' && peek(ps) != close)
            return syntax(ps);
        if (ps->s[ps->at++] == close)
            return true;
    }
}

static bool parse_value(struct parser *ps, struct json_node *node)
{
    blanks(ps);
    int c = peek(ps);
    if (c == END_OF_TEXT)
        return refuse(ps, JSON_TRUNCATED);
    if (c == '"') {
        node->type = JSON_T_STRING;
        return parse_string(ps, &node->text);
    }
    if (c != '{' && c != '[')
        return parse_plain(ps, node);
    if (ps->depth == JSON_DEPTH_MAX)
        return refuse(ps, JSON_TOO_DEEP);
    ps->depth++;
    bool is_ok = parse_container(ps, node);
    ps->depth--;
    return is_ok;
}

static enum json_reason parse(struct arena *a, struct str text, bool is_lent,
                              struct json_node **out, size_t *offset)
{
    struct parser ps = {
        .arena = a, .s = (const unsigned char *)text.p, .n = text.n, .is_lent = is_lent};
    struct json_node *root = node_new(&ps);

    if (text.n > JSON_RECORD_MAX)
        ps.reason = JSON_TOO_LARGE;
    else if (parse_value(&ps, root)) {
        blanks(&ps);
        if (peek(&ps) != END_OF_TEXT)
            ps.reason = JSON_BAD_SYNTAX;
    }
    if (ps.reason == JSON_OK)
        *out = root;
    else if (offset)
        *offset = ps.at;
    return ps.reason;
}

enum json_reason json_tree_parse(struct arena *a, struct str text, struct json_node **out,
                                 size_t *offset)
{
    return parse(a, text, false, out, offset);
}

enum json_reason json_tree_parse_lent(struct arena *a, struct str text, struct json_node **out,
                                      size_t *offset)
{
    return parse(a, text, true, out, offset);
}

const struct json_node *json_tree_get(const struct json_node *node, struct str key)
{
    if (!node || node->type != JSON_T_OBJECT)
        return NULL;
    for (const struct json_node *m = node->first; m; m = m->next)
        if (str_eq(m->key, key))
            return m;
    return NULL;
}

size_t json_tree_depth(const struct json_node *node)
{
    size_t deepest = 0;

    for (const struct json_node *m = node->first; m; m = m->next) {
        size_t depth = json_tree_depth(m);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

const struct json_node *json_tree_path(const struct json_node *node, struct str path)
{
    struct str key, rest = path;
    bool has_more;

    do {
        has_more = str_cut(rest, '.', &key, &rest);
        node = json_tree_get(node, key);
    } while (node && has_more);
    return node;
}
