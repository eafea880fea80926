/* parse.c - the shapes of a query: one event, a sequence, a sample; and the pipes behind it. */
#include "lang/eql/tree.h"

#include "base/str.h"
#include "base/vec.h"

#include <stdio.h>

enum { RUNS_MAX = 100 };
#define SPAN_MAX_MS (INT64_C(366) * 24 * 3600 * 1000)

/* ---- steps -------------------------------------------------------------------- */

bool eql_advance(struct eql_parser *p)
{
    return eql_lex(&p->lexer, &p->token);
}

bool eql_is_sign(const struct eql_parser *p, const char *sign)
{
    return p->token.kind == EQL_T_SIGN && str_eq(p->token.text, str_from(sign));
}

bool eql_is_word(const struct eql_parser *p, const char *word)
{
    return p->token.kind == EQL_T_WORD && str_eq(p->token.text, str_from(word));
}

/* What the language that Elasticsearch's comes from had beside. */
static bool is_foreign(const struct eql_parser *p, const char **what)
{
    static const struct {
        const char *word, *what;
    } WORDS[] = {{"as", "'as'"}, {"of", "'descendant of', 'child of', 'event of'"}};

    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (eql_is_word(p, WORDS[i].word)) {
            *what = WORDS[i].what;
            return true;
        }
    return false;
}

/* "where", if it is written in capitals. */
static const char *case_hint(const struct eql_parser *p)
{
    static const char *const WORDS[] = {"where", "and",     "or",     "not",      "in",  "by",
                                        "with",  "maxspan", "runs",   "sequence", "any", "until",
                                        "like",  "regex",   "sample", "null"};

    for (size_t i = 0; p->token.kind == EQL_T_WORD && i < ARRAY_LEN(WORDS); i++)
        if (!eql_is_word(p, WORDS[i]) && str_eq_ci(p->token.text, str_from(WORDS[i])))
            return " (keywords are written in small letters)";
    return "";
}

bool eql_expected(struct eql_parser *p, const char *what)
{
    const char *foreign;

    if (is_foreign(p, &foreign))
        return diag_unsupported(p->s->diag, p->token.at, "%s: not part of Elasticsearch's EQL",
                                foreign);
    if (p->token.kind == EQL_T_END)
        return diag_error(p->s->diag, p->token.at, "expected %s, found the end of the query", what);
    return diag_error(p->s->diag, p->token.at, "expected %s, found '%.*s'%s", what,
                      SHOWN(p->token.raw), case_hint(p));
}

bool eql_expect_sign(struct eql_parser *p, const char *sign, const char *after)
{
    char what[80];

    if (eql_is_sign(p, sign))
        return eql_advance(p);
    snprintf(what, sizeof what, "'%s' behind %s", sign, after);
    return eql_expected(p, what);
}

static bool take_word(struct eql_parser *p, const char *word)
{
    char what[80];

    if (eql_is_word(p, word))
        return eql_advance(p);
    snprintf(what, sizeof what, "'%s'", word);
    return eql_expected(p, what);
}

/* ---- items -------------------------------------------------------------------- */

/* category where condition */
static bool parse_event(struct eql_parser *p, struct eql_item *item)
{
    item->at = p->token.at;
    item->runs = 1;
    item->is_any = eql_is_word(p, "any");
    item->category = p->token.text;
    if (p->token.kind != EQL_T_WORD && p->token.kind != EQL_T_STRING)
        return eql_expected(p, "an event category (process, \"odd name\", any)");
    if (!eql_advance(p))
        return false;
    if (eql_is_sign(p, "[") && str_eq(item->category, STR("fork")))
        return diag_unsupported(p->s->diag, item->at, "fork: not part of Elasticsearch's EQL");
    if (!take_word(p, "where"))
        return false;
    item->condition = eql_condition_parse(p);
    return item->condition != NULL;
}

static bool parse_by(struct eql_parser *p, struct eql_node ***out, size_t *n)
{
    size_t cap = 0;

    if (*n)
        return diag_error(p->s->diag, p->token.at, "'by' stands here a second time");
    do {
        if (!eql_advance(p))
            return false;
        struct eql_node *field = eql_field_parse(p);
        if (!field)
            return false;
        *out = vec_room(p->s->scratch, *out, *n, &cap, sizeof **out);
        (*out)[(*n)++] = field;
    } while (eql_is_sign(p, ","));
    return true;
}

/* with runs=N */
static bool parse_runs(struct eql_parser *p, struct eql_item *item)
{
    int64_t n;

    if (!eql_advance(p) || !take_word(p, "runs") || !eql_expect_sign(p, "=", "'runs'"))
        return false;
    if (p->token.kind != EQL_T_NUMBER || !str_to_i64(p->token.text, &n) || n < 1 || n > RUNS_MAX)
        return eql_expected(p, "a number of runs from 1 to 100");
    item->runs = (uint32_t)n;
    return eql_advance(p);
}

static bool parse_item(struct eql_parser *p, struct eql_item *item)
{
    *item = (struct eql_item){.is_missing = eql_is_sign(p, "!")};
    struct place at = p->token.at;

    if ((item->is_missing && !eql_advance(p)) || !eql_expect_sign(p, "[", "here: an item is [...]"))
        return false;
    if (!parse_event(p, item) || !eql_expect_sign(p, "]", "the condition"))
        return false;
    item->at = at;
    if (eql_is_word(p, "by") && !parse_by(p, &item->by, &item->n_by))
        return false;
    if (eql_is_word(p, "with") && !parse_runs(p, item))
        return false;
    return !eql_is_word(p, "as") || eql_expected(p, "an item");
}

/* ---- sequences ---------------------------------------------------------------- */

static bool span_unit(struct str word, int64_t *ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } UNITS[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

    for (size_t i = 0; i < ARRAY_LEN(UNITS); i++)
        if (str_eq(word, str_from(UNITS[i].name))) {
            *ms = UNITS[i].ms;
            return true;
        }
    return false;
}

/* with maxspan=5m: a number and, right behind it, a unit. */
static bool parse_maxspan(struct eql_parser *p, struct eql_query *q)
{
    int64_t n, unit;
    struct place at;

    if (!eql_advance(p) || !take_word(p, "maxspan") || !eql_expect_sign(p, "=", "'maxspan'"))
        return false;
    at = p->token.at;
    if (p->token.kind != EQL_T_NUMBER || !str_to_i64(p->token.text, &n))
        return eql_expected(p, "a span such as 5m (ms, s, m, h, d)");
    if (!eql_advance(p))
        return false;
    if (p->token.kind != EQL_T_WORD || !span_unit(p->token.text, &unit))
        return eql_expected(p, "a unit behind the number: ms, s, m, h or d");
    if (n < 1 || n > SPAN_MAX_MS / unit)
        return diag_error(p->s->diag, at, "maxspan is 1ms to 366d");
    q->maxspan_ms = n * unit;
    return eql_advance(p);
}

static bool parse_until(struct eql_parser *p, struct eql_query *q)
{
    q->until = ARENA_NEW(p->s->scratch, struct eql_item);
    if (!eql_advance(p) || !parse_item(p, q->until))
        return false;
    if (q->until->is_missing || q->until->runs != 1)
        return diag_error(p->s->diag, q->until->at, "'until' takes one plain item");
    return true;
}

static bool parse_items(struct eql_parser *p, struct eql_query *q)
{
    size_t cap = 0, n_stages = 0;

    while (eql_is_sign(p, "[") || eql_is_sign(p, "!")) {
        q->items = vec_room(p->s->scratch, q->items, q->n_items, &cap, sizeof *q->items);
        struct eql_item *item = &q->items[q->n_items++];
        if (!parse_item(p, item))
            return false;
        n_stages += item->runs;
        if (n_stages > EQL_STAGES_MAX)
            return diag_error(p->s->diag, item->at, "more than %d items in one sequence",
                              EQL_STAGES_MAX);
    }
    return q->n_items || eql_expected(p, "an item: [category where ...]");
}

/* Each item has as many keys as the others. */
static bool check_keys(struct eql_parser *p, const struct eql_query *q)
{
    for (size_t i = 1; i < q->n_items; i++)
        if (q->items[i].n_by != q->items[0].n_by)
            return diag_error(p->s->diag, q->items[i].at,
                              "the item has %zu fields behind 'by', the first item %zu",
                              q->items[i].n_by, q->items[0].n_by);
    if (q->until && q->until->n_by != q->items[0].n_by)
        return diag_error(p->s->diag, q->until->at,
                          "'until' has %zu fields behind 'by', the first item %zu", q->until->n_by,
                          q->items[0].n_by);
    return true;
}

static bool check_sequence(struct eql_parser *p, const struct eql_query *q)
{
    size_t n_missing = 0, n_stages = 0;

    for (size_t i = 0; i < q->n_items; i++) {
        n_missing += q->items[i].is_missing;
        n_stages += q->items[i].runs;
        if (q->items[i].is_missing && q->items[i].runs != 1)
            return diag_error(p->s->diag, q->items[i].at, "a missing item has no runs");
    }
    if (n_stages < 2)
        return diag_error(p->s->diag, q->at, "a sequence has two items or more");
    if (n_missing == q->n_items)
        return diag_error(p->s->diag, q->at, "a sequence needs an item that is not missing");
    if (n_missing && !q->maxspan_ms)
        return diag_error(p->s->diag, q->at, "a sequence with a missing item needs a maxspan");
    return check_keys(p, q);
}

/* by and with maxspan, in either order. */
static bool parse_head(struct eql_parser *p, struct eql_query *q)
{
    for (;;) {
        if (eql_is_word(p, "by")) {
            if (!parse_by(p, &q->by, &q->n_by))
                return false;
        } else if (eql_is_word(p, "with")) {
            if (q->maxspan_ms)
                return diag_error(p->s->diag, p->token.at, "'with maxspan' stands here twice");
            if (!parse_maxspan(p, q))
                return false;
        } else {
            return true;
        }
    }
}

/* What stands behind the items says what they are, so it is told before their number is. */
static bool check_end(struct eql_parser *p)
{
    if (eql_is_word(p, "fork"))
        return diag_unsupported(p->s->diag, p->token.at, "fork: not part of Elasticsearch's EQL");
    return p->token.kind == EQL_T_END || eql_is_sign(p, "|") || eql_is_word(p, "until") ||
           eql_expected(p, "an item, 'until', a pipe or the end");
}

static bool parse_sequence(struct eql_parser *p, struct eql_query *q)
{
    q->shape = EQL_SEQUENCE;
    if (!eql_advance(p) || !parse_head(p, q) || !parse_items(p, q) || !check_end(p))
        return false;
    if (eql_is_word(p, "until") && !parse_until(p, q))
        return false;
    return check_sequence(p, q);
}

static bool check_sample(struct eql_parser *p, const struct eql_query *q)
{
    if (q->maxspan_ms)
        return diag_error(p->s->diag, q->at, "a sample has no maxspan");
    if (q->n_items < 2)
        return diag_error(p->s->diag, q->at, "a sample has two items or more");
    for (size_t i = 0; i < q->n_items; i++) {
        if (q->items[i].is_missing || q->items[i].runs != 1)
            return diag_error(p->s->diag, q->items[i].at, "a sample has plain items only");
        if (q->n_by + q->items[i].n_by == 0)
            return diag_error(p->s->diag, q->items[i].at, "a sample needs 'by'");
    }
    return check_keys(p, q);
}

static bool parse_sample(struct eql_parser *p, struct eql_query *q)
{
    q->shape = EQL_SAMPLE;
    if (!eql_advance(p) || !parse_head(p, q) || !parse_items(p, q) || !check_end(p))
        return false;
    if (eql_is_word(p, "until"))
        return diag_error(p->s->diag, p->token.at, "a sample has no 'until'");
    return check_sample(p, q);
}

/* ---- pipes -------------------------------------------------------------------- */

/* head and tail choose among results, of which a stream has no end: read, and set aside. */
static bool parse_pipe(struct eql_parser *p)
{
    if (!eql_advance(p))
        return false;
    struct eql_token pipe = p->token;
    int64_t n;

    if (pipe.kind != EQL_T_WORD)
        return eql_expected(p, "a pipe: head or tail");
    if (!eql_is_word(p, "head") && !eql_is_word(p, "tail"))
        return diag_unsupported(p->s->diag, pipe.at,
                                "the pipe '%.*s': Elasticsearch's EQL has head and tail",
                                SHOWN(pipe.text));
    if (!eql_advance(p))
        return false;
    if (p->token.kind != EQL_T_NUMBER || !str_to_i64(p->token.text, &n))
        return eql_expected(p, "a whole number");
    diag_warn(p->s->diag, pipe.at, "'%.*s' does nothing on a stream: every match counts",
              SHOWN(pipe.text));
    return eql_advance(p);
}

/* ---- queries ------------------------------------------------------------------ */

static bool parse_query(struct eql_parser *p, struct eql_query *q)
{
    q->at = p->token.at;
    if (eql_is_word(p, "sequence"))
        return parse_sequence(p, q);
    if (eql_is_word(p, "sample"))
        return parse_sample(p, q);
    if (p->token.kind == EQL_T_WORD &&
        (str_eq(p->token.text, STR("SEQUENCE")) || str_eq(p->token.text, STR("SAMPLE"))))
        return diag_error(p->s->diag, q->at, "'%.*s': keywords are written in small letters",
                          SHOWN(p->token.text));
    if (eql_is_word(p, "join"))
        return diag_unsupported(p->s->diag, q->at, "join: not part of Elasticsearch's EQL");
    q->shape = EQL_EVENT;
    q->items = ARENA_NEW(p->s->scratch, struct eql_item);
    q->n_items = 1;
    return parse_event(p, q->items);
}

bool eql_parse(struct query_scope *s, struct str text, struct eql_query *out)
{
    struct eql_parser p = {.s = s};

    *out = (struct eql_query){0};
    if (!eql_lexer_init(&p.lexer, s, text) || !eql_advance(&p))
        return false;
    if (!parse_query(&p, out))
        return false;
    while (eql_is_sign(&p, "|"))
        if (!parse_pipe(&p))
            return false;
    if (p.token.kind != EQL_T_END)
        return eql_expected(&p, out->shape == EQL_EVENT ? "'and', 'or' or the end of the query"
                                                        : "an item, 'until', or the end");
    return true;
}
