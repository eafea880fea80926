/* lucene.c - Lucene's regexes, rewritten in the internal syntax.
 *
 * A recursive reader of union, intersection, concatenation and repeat that makes a tree, which
 * lucene_write.c writes. What differs:
 * the whole value must match and `.` is any character (flags of struct regex); ^ and $ are
 * characters; "text" is literal; @ is any text, # matches nothing; <1-9> is a number; a backslash
 * makes the next sign literal, d D s S w W are classes, and any other letter behind it is an error;
 * a repeat of a repeat is one (in the internal syntax it would be lazy or possessive); | and &
 * where a piece must begin are characters. Complement (~) and intersection (&) have a counterpart
 * in some places only.
 */
#include "lang/lucene.h"

#include "base/str.h"
#include "base/utf8.h"
#include "lang/lucene_impl.h"
#include "rule/regex_check.h"

enum { GROUPS_MAX = 100 };

struct reader {
    struct query_scope *s;
    struct place at;
    struct str text;
    size_t next;
    struct buf out; /* the piece at hand */
    unsigned depth;
    bool looks_ahead; /* there is a & or a ~ */
};

/* ---- nodes ------------------------------------------------------------------------ */

static struct lucene_node *node(struct reader *r, enum lucene_kind kind, size_t at)
{
    struct lucene_node *n = ARENA_NEW(r->s->scratch, struct lucene_node);

    *n = (struct lucene_node){.kind = kind, .at = at, .most = LENGTH_UNBOUNDED};
    return n;
}

static void add_child(struct lucene_node *n, struct lucene_node *child)
{
    if (n->last)
        n->last->next = child;
    else
        n->first = child;
    n->last = child;
}

static uint32_t times(uint32_t length, uint32_t n)
{
    uint64_t product = (uint64_t)length * n;

    if (n == 0 || length == 0)
        return 0;
    return length == LENGTH_UNBOUNDED || n == LENGTH_UNBOUNDED || product >= LENGTH_UNBOUNDED
               ? LENGTH_UNBOUNDED
               : (uint32_t)product;
}

static uint32_t sum(uint32_t a, uint32_t b)
{
    return a > LENGTH_UNBOUNDED - b ? LENGTH_UNBOUNDED : a + b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* How long what the children make can be. */
static void measure(struct lucene_node *n)
{
    const struct lucene_node *part = n->first;

    n->least = part->least;
    n->most = part->most;
    for (part = part->next; part; part = part->next) {
        bool is_sum = n->kind == LUCENE_SEQUENCE, is_union = n->kind == LUCENE_UNION;
        n->least = is_sum     ? sum(n->least, part->least)
                   : is_union ? smaller(n->least, part->least)
                              : larger(n->least, part->least);
        n->most = is_sum     ? sum(n->most, part->most)
                  : is_union ? larger(n->most, part->most)
                             : smaller(n->most, part->most);
    }
    if (n->most < n->least) /* of an intersection: it matches nothing, whatever is said of it */
        n->most = n->least;
}

/* What was written since the piece began. */
static struct lucene_node *piece(struct reader *r, size_t at, uint32_t least, uint32_t most)
{
    struct lucene_node *n = node(r, LUCENE_PIECE, at);

    n->text = arena_str(r->s->scratch, buf_str(&r->out));
    n->least = least;
    n->most = most;
    return n;
}

/* ---- reading ------------------------------------------------------------------------- */

static bool fail(struct reader *r, const char *what)
{
    return diag_error(r->s->diag, r->at, "not a valid regex: %s at character %zu", what,
                      r->next + 1);
}

static bool is_next(const struct reader *r, char c)
{
    return r->next < r->text.n && r->text.p[r->next] == c;
}

static bool is_any(const struct reader *r, const char *signs)
{
    return r->next < r->text.n && r->text.p[r->next] && strchr(signs, r->text.p[r->next]);
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_';
}

/* A character that stands for itself. */
static void put_literal(struct reader *r, struct str character)
{
    char c = character.p[0];

    if (character.n == 1 && c > ' ' && c < 127 && !is_alphanumeric(c))
        buf_add_char(&r->out, '\\');
    buf_add(&r->out, character);
}

static struct str take_character(struct reader *r)
{
    struct str c = str_sub(r->text, r->next, utf8_char(r->text, r->next));

    r->next += c.n;
    return c;
}

/* ---- one piece ---------------------------------------------------------------- */

/* Behind a backslash, in a class or outside. */
static bool read_escape(struct reader *r)
{
    r->next++;
    if (r->next == r->text.n)
        return fail(r, "a backslash with nothing behind it");
    char c = r->text.p[r->next];
    if (strchr("dDsSwW", c) && c) {
        buf_printf(&r->out, "\\%c", c);
        r->next++;
    } else if ((ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z')) {
        return diag_error(r->s->diag, r->at,
                          "not a valid regex: '\\%c' at character %zu is no escape of Lucene's "
                          "(\\d \\D \\s \\S \\w \\W, or a sign)",
                          c, r->next);
    } else {
        put_literal(r, take_character(r));
    }
    return true;
}

static bool read_class(struct reader *r)
{
    r->next++;
    buf_add_char(&r->out, '[');
    if (is_next(r, '^')) {
        buf_add_char(&r->out, '^');
        r->next++;
    }
    if (is_next(r, ']'))
        return fail(r, "an empty class []");
    while (r->next < r->text.n && !is_next(r, ']')) {
        if (is_next(r, '\\')) {
            if (!read_escape(r))
                return false;
        } else if (is_next(r, '-')) { /* a range keeps its sign */
            bool is_last = r->next + 1 < r->text.n && r->text.p[r->next + 1] == ']';
            buf_add(&r->out, is_last ? STR("\\-") : STR("-"));
            r->next++;
        } else {
            put_literal(r, take_character(r));
        }
    }
    if (r->next == r->text.n)
        return fail(r, "']' is missing");
    r->next++;
    buf_add_char(&r->out, ']');
    return true;
}

static struct lucene_node *read_quoted(struct reader *r)
{
    size_t at = r->next++;
    uint32_t length = 0;

    buf_add(&r->out, STR("(?:"));
    for (; r->next < r->text.n && !is_next(r, '"'); length++)
        put_literal(r, take_character(r));
    if (r->next == r->text.n)
        return fail(r, "the closing '\"' of a literal text is missing"), NULL;
    r->next++;
    buf_add_char(&r->out, ')');
    return piece(r, at, length, length);
}

static struct lucene_node *read_union(struct reader *r);

static struct lucene_node *read_group(struct reader *r)
{
    struct lucene_node *n = node(r, LUCENE_GROUP, r->next++);

    if (++r->depth > GROUPS_MAX)
        return fail(r, "more than 100 groups inside each other"), NULL;
    struct lucene_node *inner = is_next(r, ')') ? node(r, LUCENE_PIECE, r->next) : read_union(r);
    if (!inner)
        return NULL;
    if (!is_next(r, ')'))
        return fail(r, "')' is missing"), NULL;
    if (!inner->text.n && inner->kind == LUCENE_PIECE)
        inner->most = 0;
    r->next++;
    r->depth--;
    add_child(n, inner);
    measure(n);
    return n;
}

/* <1-9>: as in Lucene, numbers of 31 bits in either order. */
static struct lucene_node *read_numbers(struct reader *r)
{
    size_t start = r->next + 1, end = str_find_char(r->text, '>', start);
    struct str inside = str_sub(r->text, start, end == SIZE_MAX ? 0 : end - start);
    size_t dash = str_find_char(inside, '-', 0);
    struct str from = str_sub(inside, 0, dash), to = str_sub(inside, dash + 1, SIZE_MAX);
    int64_t a, b;

    if (end == SIZE_MAX)
        return fail(r, "'>' is missing behind '<' (a plain '<' is '\\<')"), NULL;
    if (dash == SIZE_MAX || !str_to_i64(from, &a) || !str_to_i64(to, &b) || a < 0 || b < 0 ||
        a > INT32_MAX || b > INT32_MAX)
        return fail(r, "a range of numbers that is not <n-m> (a plain '<' is '\\<')"), NULL;
    lucene_write_numbers(&r->out, (uint32_t)(a < b ? a : b), (uint32_t)(a < b ? b : a),
                         from.n == to.n ? from.n : 0);
    r->next = end + 1;
    return from.n == to.n ? piece(r, start - 1, (uint32_t)from.n, (uint32_t)from.n)
                          : piece(r, start - 1, 1, LENGTH_UNBOUNDED);
}

static struct lucene_node *read_complement(struct reader *r);

/* What stands where something must and begins nothing is the character itself: Lucene's parser asks
 * for repeats and signs behind a piece only. */
static struct lucene_node *read_plain(struct reader *r)
{
    size_t at = r->next;

    if (is_any(r, "*+?{|&"))
        diag_warn(r->s->diag, r->at, "'%c' %s in the regex: it is the character itself",
                  r->text.p[at], is_any(r, "|&") ? "has nothing before it" : "repeats nothing");
    put_literal(r, take_character(r));
    return piece(r, at, 1, 1);
}

static struct lucene_node *read_piece(struct reader *r)
{
    size_t at = r->next;

    r->out.n = 0;
    switch (r->text.p[at]) {
    case '(':
        return read_group(r);
    case '[':
        return read_class(r) ? piece(r, at, 1, 1) : NULL;
    case '"':
        return read_quoted(r);
    case '\\':
        return read_escape(r) ? piece(r, at, 1, 1) : NULL;
    case '<':
        return read_numbers(r);
    case '~':
        return read_complement(r);
    case '.':
        r->next++;
        buf_add_char(&r->out, '.');
        return piece(r, at, 1, 1);
    case '@':
        r->next++;
        buf_add(&r->out, STR("(?:.*)"));
        return piece(r, at, 0, LENGTH_UNBOUNDED);
    case '#':
        r->next++;
        buf_add(&r->out, STR("[^\\s\\S]"));
        return piece(r, at, 0, LENGTH_UNBOUNDED);
    default:
        return read_plain(r);
    }
}

static struct lucene_node *read_complement(struct reader *r)
{
    struct lucene_node *n = node(r, LUCENE_COMPLEMENT, r->next++);

    r->looks_ahead = true;
    if (++r->depth > GROUPS_MAX)
        return fail(r, "more than 100 groups inside each other"), NULL;
    if (r->next == r->text.n)
        return fail(r, "nothing behind '~'"), NULL;
    struct lucene_node *inner = read_piece(r);
    if (!inner)
        return NULL;
    r->depth--;
    add_child(n, inner);
    return n;
}

/* ---- repeats ------------------------------------------------------------------ */

/* {n} {n,} {n,m}: 0 if it is none of them. */
static size_t read_counts(const struct reader *r, uint32_t *least, uint32_t *most)
{
    size_t at = r->next + 1;
    uint32_t counts[2] = {0, LENGTH_UNBOUNDED};

    for (size_t i = 0; i < 2; i++) {
        size_t digits = at;
        uint64_t n = 0;
        for (; at < r->text.n && r->text.p[at] >= '0' && r->text.p[at] <= '9'; at++)
            n = n < LENGTH_UNBOUNDED ? n * 10 + (uint64_t)(r->text.p[at] - '0') : n;
        if (at == digits && i == 0)
            return 0;
        if (at > digits)
            counts[i] = n < LENGTH_UNBOUNDED ? (uint32_t)n : LENGTH_UNBOUNDED;
        if (i == 0 && at < r->text.n && r->text.p[at] == ',')
            at++;
        else if (i == 0) {
            counts[1] = counts[0];
            break;
        }
    }
    *least = counts[0];
    *most = counts[1];
    return at < r->text.n && r->text.p[at] == '}' ? at + 1 - r->next : 0;
}

static bool is_repeat(const struct reader *r)
{
    return is_any(r, "*+?{");
}

static struct lucene_node *read_repeated(struct reader *r)
{
    struct lucene_node *n = read_piece(r);

    while (n && is_repeat(r)) {
        uint32_t least = is_next(r, '+'), most = is_next(r, '?') ? 1 : LENGTH_UNBOUNDED;
        size_t length = is_next(r, '{') ? read_counts(r, &least, &most) : 1;
        if (length == 0)
            return fail(r, "a count that is not {n}, {n,} or {n,m}"), NULL;
        struct lucene_node *repeat = node(r, LUCENE_REPEAT, r->next);
        repeat->text = str_sub(r->text, r->next, length);
        repeat->least = times(n->least, least);
        repeat->most = times(n->most, most);
        add_child(repeat, n);
        r->next += length;
        n = repeat;
    }
    return n;
}

/* ---- one behind the other, &, | -------------------------------------------------- */

static struct lucene_node *read_sequence(struct reader *r)
{
    struct lucene_node *n = node(r, LUCENE_SEQUENCE, r->next);

    if (r->next == r->text.n || is_next(r, ')'))
        return fail(r, "an empty alternative"), NULL;
    do {
        struct lucene_node *part = read_repeated(r);
        if (!part)
            return NULL;
        add_child(n, part);
    } while (r->next < r->text.n && !is_any(r, "|&)"));
    if (n->first == n->last)
        return n->first;
    measure(n);
    return n;
}

static struct lucene_node *read_between(struct reader *r, char sign, enum lucene_kind kind,
                                        struct lucene_node *(*read)(struct reader *r))
{
    struct lucene_node *n = node(r, kind, r->next);

    for (;;) {
        struct lucene_node *part = read(r);
        if (!part)
            return NULL;
        add_child(n, part);
        if (!is_next(r, sign))
            break;
        n->at = r->next++;
    }
    if (n->first == n->last)
        return n->first;
    r->looks_ahead |= kind == LUCENE_BOTH;
    measure(n);
    return n;
}

static struct lucene_node *read_both(struct reader *r)
{
    return read_between(r, '&', LUCENE_BOTH, read_sequence);
}

static struct lucene_node *read_union(struct reader *r)
{
    return read_between(r, '|', LUCENE_UNION, read_both);
}

static struct lucene_node *read_all(struct reader *r)
{
    if (r->text.n == 0)
        return node(r, LUCENE_PIECE, 0);
    struct lucene_node *tree = read_union(r);
    if (tree && r->next < r->text.n)
        return fail(r, "')' without '('"), NULL;
    return tree;
}

static bool write_all(struct reader *r, const struct lucene_node *tree)
{
    const struct lucene_node *fault;

    r->out.n = 0;
    if (!tree || lucene_write(&r->out, tree, &fault))
        return tree != NULL;
    char sign = r->text.p[fault->at];
    return diag_unsupported(r->s->diag, r->at,
                            "the regex uses the %s operator '%c' at character %zu before the end "
                            "of what it matches, which weir does not do (a plain '%c' is '\\%c')",
                            sign == '&' ? "intersection" : "complement", sign, fault->at + 1, sign,
                            sign);
}

bool lucene_regex(struct query_scope *s, struct place at, struct str text, bool is_caseless,
                  struct regex *out)
{
    struct reader r = {.s = s, .at = at, .text = text};
    struct regex_fault fault;

    if (text.n > REGEX_LENGTH_MAX)
        return diag_error(s->diag, at, "the regex is longer than %d bytes", REGEX_LENGTH_MAX);
    bool is_good = write_all(&r, read_all(&r));
    if (is_good)
        *out =
            (struct regex){.pattern = names_intern(s->names, r.out.n ? buf_str(&r.out) : STR("")),
                           .is_caseless = is_caseless,
                           .is_dotall = true,
                           .is_whole_value = true};
    buf_release(&r.out);
    if (!is_good)
        return false;
    if (regex_check(out, &fault) != WEIR_OK)
        return diag_error(s->diag, at, "not a valid regex: %s", fault.text);
    if (r.looks_ahead)
        query_warn_of_slow_regex(s->diag, at, out->pattern);
    return true;
}

struct formula *lucene_field_regex(struct query_scope *s, struct place at, struct str field,
                                   struct str text, bool is_caseless)
{
    struct query_field f;
    struct atom atom = {.op = ATOM_REGEX};

    query_field_read(field, &f);
    if (f.analysis != QUERY_WHOLE) {
        diag_unsupported(s->diag, at, "a regex of '%.*s', which is searched by word", SHOWN(field));
        return NULL;
    }
    if (!lucene_regex(s, at, text, is_caseless || f.is_caseless, &atom.regex))
        return NULL;
    return query_under_names(s, at, &f, &atom);
}
