/* grammar.c - see grammar.h. */
#include "tests/lib/grammar.h"

#include "base/str.h"
#include "tests/lib/query_text.h"
#include "tests/lib/test.h"

enum { EVENTS = 8 };

static struct str find(const struct grammar_rule *rules, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_from(rules[i].name), name))
            return str_from(rules[i].alternatives);
    fail_msg("the grammar has no rule '%.*s'", (int)name.n, name.p);
    return STR("");
}

static struct str choose(struct rng *r, struct str lines, bool takes_first)
{
    uint32_t n = 1;
    struct str line = STR("");

    for (size_t i = 0; i < lines.n; i++)
        n += lines.p[i] == '\n';
    for (uint32_t k = takes_first ? 0 : rng_below(r, n); k != UINT32_MAX; k--)
        str_cut(lines, '\n', &line, &lines);
    return line;
}

static void expand(struct buf *out, struct rng *r, const struct grammar_rule *rules, size_t n,
                   struct str name, unsigned depth)
{
    struct str text = choose(r, find(rules, n, name), depth >= GRAMMAR_DEPTH);

    for (size_t i = 0; i < text.n; i++) {
        size_t close = text.p[i] == '{' ? str_find_char(text, '}', i) : SIZE_MAX;
        bool is_name =
            close != SIZE_MAX && close > i + 1 && text.p[i + 1] >= 'a' && text.p[i + 1] <= 'z';
        if (!is_name) {
            buf_add_char(out, text.p[i]);
            continue;
        }
        expand(out, r, rules, n, str_sub(text, i + 1, close - i - 1), depth + 1);
        i = close;
    }
}

void grammar_text(struct buf *out, struct rng *r, const struct grammar_rule *rules, size_t n,
                  const char *rule)
{
    expand(out, r, rules, n, str_from(rule), 0);
}

void grammar_engines_agree(const char *language, const struct grammar_rule *rules, size_t n,
                           unsigned queries, unsigned bad_most)
{
    struct rng r = rng_start(language);
    struct query_pair_counts counts = {0};
    struct buf query = {0}, texts[EVENTS] = {0};
    struct str events[EVENTS];

    for (unsigned i = 0; i < queries; i++) {
        buf_clear(&query);
        grammar_text(&query, &r, rules, n, "query");
        for (size_t k = 0; k < EVENTS; k++) {
            buf_clear(&texts[k]);
            grammar_text(&texts[k], &r, rules, n, "event");
            events[k] = buf_str(&texts[k]);
        }
        query_engines_agree(language, buf_str(&query), events, EVENTS, &counts);
    }
    for (size_t k = 0; k < EVENTS; k++)
        buf_release(&texts[k]);
    buf_release(&query);
    printf("%s: %u queries, %u do not load, %u of %u verdicts are matches\n", language, queries,
           counts.n_bad, counts.n_matches, counts.n_verdicts);
    CHECK(counts.n_bad * bad_most <= queries);
    CHECK(counts.n_matches * 20 > counts.n_verdicts &&
          counts.n_matches * 20 < 19 * counts.n_verdicts);
}
