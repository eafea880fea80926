/* lucene_write.c - a regex of Lucene's in the internal syntax.
 *
 * Intersection and complement are about a part of the value whose end is not known, unless one of
 * these says it: nothing follows the part (then it ends where the value does, and a look-ahead to
 * the end says the same), or the part has one length. Parts whose lengths have nothing in common
 * match nothing together. What is left has no counterpart.
 */
#include "lang/lucene_impl.h"

#include <stdio.h>

#include "base/str.h"

#define NOTHING STR("[^\\s\\S]")

static bool write_node(struct buf *out, const struct lucene_node *n, bool is_tail,
                       const struct lucene_node **fault);

static bool has_one_length(const struct lucene_node *n)
{
    return n->least == n->most;
}

/* ---- a&b, ~a --------------------------------------------------------------------- */

/* One of the parts of an intersection can only have lengths that another cannot. */
static bool is_void(const struct lucene_node *both)
{
    for (const struct lucene_node *a = both->first; a; a = a->next)
        for (const struct lucene_node *b = a->next; b; b = b->next)
            if (a->least > b->most || b->least > a->most)
                return true;
    return false;
}

/* A look-ahead: what follows up to the end of the value, or of the part, whose length all have. */
static bool write_ahead(struct buf *out, const struct lucene_node *n, bool is_tail,
                        const struct lucene_node **fault)
{
    bool is_not = n->kind == LUCENE_COMPLEMENT;

    buf_add(out, is_not ? STR("(?!(?:") : STR("(?=(?:"));
    if (!write_node(out, is_not ? n->first : n, is_tail, fault))
        return false;
    buf_add(out, is_tail ? STR(")\\z)") : STR("))"));
    return true;
}

/* The part that says where the intersection ends if something follows: it and all others have one
 * length. NULL: there is none. */
static const struct lucene_node *measure(const struct lucene_node *both)
{
    const struct lucene_node *found = NULL;

    for (const struct lucene_node *n = both->first; n; n = n->next)
        if (n->kind != LUCENE_COMPLEMENT) {
            if (!has_one_length(n))
                return NULL;
            found = n;
        }
    for (const struct lucene_node *n = both->first; n; n = n->next)
        if (n->kind == LUCENE_COMPLEMENT && !has_one_length(n->first))
            return NULL;
    return found;
}

static bool write_both(struct buf *out, const struct lucene_node *n, bool is_tail,
                       const struct lucene_node **fault)
{
    const struct lucene_node *end = is_tail ? n->last : measure(n);

    if (is_void(n)) {
        buf_add(out, NOTHING);
        return true;
    }
    *fault = n;
    if (!end)
        return false;
    for (const struct lucene_node *part = n->first; part; part = part->next) {
        bool is_other_length =
            !is_tail && part->kind == LUCENE_COMPLEMENT && part->first->least != end->least;
        if (part != end && !is_other_length && !write_ahead(out, part, is_tail, fault))
            return false;
    }
    buf_add(out, STR("(?:"));
    if (!write_node(out, end, is_tail, fault))
        return false;
    buf_add_char(out, ')');
    return true;
}

static bool write_complement(struct buf *out, const struct lucene_node *n, bool is_tail,
                             const struct lucene_node **fault)
{
    *fault = n;
    if (!is_tail || !write_ahead(out, n, true, fault))
        return false;
    buf_add(out, STR("(?:.*)"));
    return true;
}

/* ---- all others -------------------------------------------------------------------- */

static bool write_children(struct buf *out, const struct lucene_node *n, bool is_tail,
                           const struct lucene_node **fault)
{
    for (const struct lucene_node *part = n->first; part; part = part->next) {
        bool is_end = n->kind == LUCENE_UNION || !part->next;
        if (n->kind == LUCENE_UNION && part != n->first)
            buf_add_char(out, '|');
        if (!write_node(out, part, is_tail && is_end, fault))
            return false;
    }
    return true;
}

static bool write_grouped(struct buf *out, const struct lucene_node *n, bool is_tail,
                          const struct lucene_node **fault)
{
    buf_add(out, STR("(?:"));
    if (!write_node(out, n, is_tail, fault))
        return false;
    buf_add_char(out, ')');
    return true;
}

static bool write_repeat(struct buf *out, const struct lucene_node *n,
                         const struct lucene_node **fault)
{
    bool needs_group = n->first->kind != LUCENE_PIECE && n->first->kind != LUCENE_GROUP;

    if (!(needs_group ? write_grouped(out, n->first, false, fault)
                      : write_node(out, n->first, false, fault)))
        return false;
    buf_add(out, n->text);
    return true;
}

static bool write_node(struct buf *out, const struct lucene_node *n, bool is_tail,
                       const struct lucene_node **fault)
{
    switch (n->kind) {
    case LUCENE_PIECE:
        buf_add(out, n->text);
        return true;
    case LUCENE_GROUP:
        return write_grouped(out, n->first, is_tail, fault);
    case LUCENE_REPEAT:
        return write_repeat(out, n, fault);
    case LUCENE_SEQUENCE:
    case LUCENE_UNION:
        return write_children(out, n, is_tail, fault);
    case LUCENE_BOTH:
        return write_both(out, n, is_tail, fault);
    case LUCENE_COMPLEMENT:
        return write_complement(out, n, is_tail, fault);
    }
    return false;
}

bool lucene_write(struct buf *out, const struct lucene_node *tree, const struct lucene_node **fault)
{
    return write_node(out, tree, true, fault);
}

/* ---- numbers ------------------------------------------------------------------------ */

enum { DIGITS_MAX = 10 };

static void write_digits(struct buf *out, size_t n)
{
    if (n == 1)
        buf_add(out, STR("[0-9]"));
    else if (n)
        buf_printf(out, "[0-9]{%zu}", n);
}

/* One digit of `from` to `to`, then n of any. */
static void write_any(struct buf *out, char from, char to, size_t n)
{
    if (from > to)
        return;
    buf_printf(out, "|[%c-%c]", from, to);
    write_digits(out, n);
}

static void write_from(struct buf *out, const char *least, size_t n)
{
    if (n == 0)
        return;
    buf_printf(out, "(?:%c", least[0]);
    write_from(out, least + 1, n - 1);
    write_any(out, (char)(least[0] + 1), '9', n - 1);
    buf_add_char(out, ')');
}

static void write_up_to(struct buf *out, const char *most, size_t n)
{
    if (n == 0)
        return;
    buf_printf(out, "(?:%c", most[0]);
    write_up_to(out, most + 1, n - 1);
    write_any(out, '0', (char)(most[0] - 1), n - 1);
    buf_add_char(out, ')');
}

/* Both have n digits. */
static void write_between(struct buf *out, const char *least, const char *most, size_t n)
{
    while (n && least[0] == most[0]) {
        buf_add_char(out, least[0]);
        least++;
        most++;
        n--;
    }
    if (n == 0)
        return;
    buf_printf(out, "(?:%c", least[0]);
    write_from(out, least + 1, n - 1);
    write_any(out, (char)(least[0] + 1), (char)(most[0] - 1), n - 1);
    buf_printf(out, "|%c", most[0]);
    write_up_to(out, most + 1, n - 1);
    buf_add_char(out, ')');
}

void lucene_write_numbers(struct buf *out, uint32_t least, uint32_t most, size_t digits)
{
    char a[DIGITS_MAX + 1], b[DIGITS_MAX + 1];
    int n = snprintf(b, sizeof b, "%u", most);
    int width = digits > (size_t)n ? (int)digits : n;

    buf_add(out, digits ? STR("(?:") : STR("(?:0*"));
    for (int zeros = width - n; zeros > 0; zeros--)
        buf_add_char(out, '0');
    if (digits) {
        (void)snprintf(a, sizeof a, "%0*u", n, least);
        write_between(out, a, b, (size_t)n);
    } else { /* numbers of each length, the first digit no 0 but of 0 itself */
        int n_least = snprintf(a, sizeof a, "%u", least);
        buf_add(out, STR("(?:"));
        for (int k = n_least; k <= n; k++) {
            const char *from = k == n_least ? a : "1000000000";
            const char *to = k == n ? b : "9999999999";
            buf_add(out, k > n_least ? STR("|") : STR(""));
            write_between(out, from, to, (size_t)k);
        }
        buf_add_char(out, ')');
    }
    buf_add_char(out, ')');
}
