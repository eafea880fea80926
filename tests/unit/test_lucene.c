/* test_lucene.c - Lucene's regexes mean what sets of texts say: random ones against a slow model.
 *
 * The model knows, of each node of a regex and each place where it may begin, all places where it
 * may end: & is what two such sets have in common, ~ all places that are not in one. What weir
 * refuses is counted, so that the test cannot come to ask nothing.
 */
#include "lang/lucene.h"

#include "base/buf.h"
#include "base/str.h"
#include "match/regex.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

enum { NODES_MAX = 200, TEXT_MAX = 12, ROUNDS = 4000, VALUES = 40 };

enum kind { LETTER, ANY_LETTER, CLASS, NUMBERS, SEQUENCE, UNION, BOTH, COMPLEMENT, STAR, MAYBE };

struct node {
    enum kind kind;
    char letter;
    unsigned least, most, digits; /* NUMBERS */
    struct node *a, *b;
};

struct made {
    struct rng *rng;
    struct node nodes[NODES_MAX];
    size_t n;
};

/* ---- making ------------------------------------------------------------------------- */

static struct node *make(struct made *m, unsigned depth)
{
    static const enum kind INNER[] = {SEQUENCE, SEQUENCE,   SEQUENCE, UNION, BOTH,
                                      BOTH,     COMPLEMENT, STAR,     MAYBE};
    struct node *n = &m->nodes[m->n++];

    if (depth == 0 || m->n > NODES_MAX / 2 || rng_below(m->rng, 5) == 0) {
        n->kind = (enum kind)rng_below(m->rng, NUMBERS + 1);
        n->letter = "ab1"[rng_below(m->rng, 3)];
        n->least = rng_below(m->rng, 30);
        n->most = n->least + rng_below(m->rng, 120);
        n->digits = rng_below(m->rng, 2) ? 3 : 0;
        return n;
    }
    n->kind = INNER[rng_below(m->rng, ARRAY_LEN(INNER))];
    n->a = make(m, depth - 1);
    n->b = n->kind <= BOTH ? make(m, depth - 1) : NULL;
    return n;
}

static void print(struct buf *out, const struct node *n)
{
    static const char *const BETWEEN[] = {[SEQUENCE] = "", [UNION] = "|", [BOTH] = "&"};

    switch (n->kind) {
    case LETTER:
        buf_add_char(out, n->letter);
        return;
    case ANY_LETTER:
        buf_add_char(out, '.');
        return;
    case CLASS:
        buf_printf(out, "[^%c]", n->letter);
        return;
    case NUMBERS:
        buf_printf(out, n->digits ? "<%03u-%03u>" : "<%u-%u>", n->least, n->most);
        return;
    case SEQUENCE:
    case UNION:
    case BOTH:
        buf_add_char(out, '(');
        print(out, n->a);
        buf_add(out, str_from(BETWEEN[n->kind]));
        print(out, n->b);
        buf_add_char(out, ')');
        return;
    case COMPLEMENT:
        buf_add(out, STR("~("));
        break;
    case STAR:
    case MAYBE:
        buf_add_char(out, '(');
        break;
    }
    print(out, n->a);
    buf_add(out, n->kind == STAR ? STR(")*") : n->kind == MAYBE ? STR(")?") : STR(")"));
}

/* ---- the model: bit i of a set is "may end before character i" ------------------------ */

static unsigned ends(const struct node *n, struct str text, size_t from);

static unsigned ends_all(const struct node *n, struct str text, unsigned starts)
{
    unsigned all = 0;

    for (size_t i = 0; i <= text.n; i++)
        if (starts >> i & 1)
            all |= ends(n, text, i);
    return all;
}

static unsigned number_ends(const struct node *n, struct str text, size_t from)
{
    unsigned all = 0;
    /* "30-149" and "100-149" have lengths of their own: fixed digits if they are alike. */
    size_t digits = n->digits;
    char least[8], most[8];
    uint64_t value = 0;

    snprintf(least, sizeof least, "%u", n->least);
    snprintf(most, sizeof most, "%u", n->most);
    if (!digits && strlen(least) == strlen(most))
        digits = strlen(least);
    for (size_t i = from; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
        value = value * 10 + (uint64_t)(text.p[i] - '0');
        if ((!digits || i + 1 - from == digits) && value >= n->least && value <= n->most)
            all |= 1u << (i + 1);
    }
    return all;
}

static unsigned ends(const struct node *n, struct str text, size_t from)
{
    unsigned here = 1u << from, behind = ~(here - 1) & ((2u << text.n) - 1), all;

    switch (n->kind) {
    case LETTER:
        return from < text.n && text.p[from] == n->letter ? here << 1 : 0;
    case ANY_LETTER:
        return from < text.n ? here << 1 : 0;
    case CLASS:
        return from < text.n && text.p[from] != n->letter ? here << 1 : 0;
    case NUMBERS:
        return number_ends(n, text, from);
    case SEQUENCE:
        return ends_all(n->b, text, ends(n->a, text, from));
    case UNION:
        return ends(n->a, text, from) | ends(n->b, text, from);
    case BOTH:
        return ends(n->a, text, from) & ends(n->b, text, from);
    case COMPLEMENT:
        return behind & ~ends(n->a, text, from);
    case STAR:
        all = here;
        for (unsigned before = 0; before != all;) {
            before = all;
            all |= ends_all(n->a, text, all);
        }
        return all;
    case MAYBE:
        return here | ends(n->a, text, from);
    }
    return 0;
}

/* ---- both ----------------------------------------------------------------------------- */

static bool translate(struct arena *a, struct str pattern, struct regex *out)
{
    struct diag diag;
    struct query_scope s = {
        .a = a, .scratch = a, .names = names_new(a, a), .diag = &diag, .at = {1, 1}};

    diag_init(&diag, a, STR(""), 1);
    if (lucene_regex(&s, s.at, pattern, false, out))
        return true;
    if (!diag.messages[0].is_error ||
        str_find(diag.messages[0].text, STR("which weir does not do"), 0) == SIZE_MAX)
        fail_msg("%.*s: %.*s", (int)pattern.n, pattern.p, (int)diag.messages[0].text.n,
                 diag.messages[0].text.p);
    return false;
}

static void compare(struct rng *rng, const struct node *tree, struct str pattern,
                    const struct regex *regex)
{
    struct match_regex *re;
    struct weir_err err = {0};
    char bytes[TEXT_MAX];

    if (regex_compile(regex, &re, &err) != WEIR_OK)
        fail_msg("%.*s: %s", (int)pattern.n, pattern.p, err.text);
    struct regex_scratch *scratch = regex_scratch_new(&re, 1);
    for (size_t k = 0; k < VALUES; k++) {
        struct str text = {bytes, rng_below(rng, k < VALUES / 2 ? 4 : TEXT_MAX)};
        for (size_t i = 0; i < text.n; i++)
            bytes[i] = "ab01"[rng_below(rng, 4)];
        bool is_match = ends(tree, text, 0) >> text.n & 1;
        enum regex_result got = regex_test(re, scratch, text, true);
        if (got != REGEX_OVER_LIMIT && (got == REGEX_YES) != is_match)
            fail_msg("%.*s as %.*s on '%.*s': %d", (int)pattern.n, pattern.p, (int)regex->pattern.n,
                     regex->pattern.p, (int)text.n, text.p, got);
    }
    regex_scratch_free(scratch);
    regex_free(re);
}

TEST(random_regexes_are_the_sets_that_they_say)
{
    struct rng rng = rng_start("lucene");
    size_t n = 0;

    for (size_t i = 0; i < ROUNDS; i++) {
        struct arena *a = arena_new(0);
        struct made m = {.rng = &rng};
        struct node *tree = make(&m, 4);
        struct buf pattern = {0};
        struct regex regex;
        print(&pattern, tree);
        if (translate(a, buf_str(&pattern), &regex)) {
            compare(&rng, tree, buf_str(&pattern), &regex);
            n++;
        }
        buf_release(&pattern);
        arena_free(a);
    }
    CHECK(n > ROUNDS / 4);
}

TEST_MAIN(ENTRY(random_regexes_are_the_sets_that_they_say))
