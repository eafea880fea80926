/* command.c - the steps of a query, one behind the other. */
#include "lang/esql/parser.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/vec.h"

static const struct pipe_dialect DIALECT = {.group_missing = MISSING_GROUP, .aggregation = "STATS"};

/* ---- FROM ---------------------------------------------------------------------------- */

/* <logs-{now/d{yyyy.MM}}> is logs-*: a stream has the indices of all days. */
static bool undated(struct esql_parser *p, struct str *name)
{
    struct str rest = *name;
    struct buf out = {0};
    unsigned depth = 0;

    if (!str_starts(rest, STR("<")) || !str_ends(rest, STR(">")))
        return true;
    rest = str_sub(rest, 1, rest.n - 2);
    for (size_t i = 0; i < rest.n; i++) {
        if (rest.p[i] == '{' && depth++ == 0)
            buf_add_char(&out, '*');
        else if (rest.p[i] == '}' && depth)
            depth--;
        else if (depth == 0)
            buf_add_char(&out, rest.p[i]);
    }
    *name = arena_str(p->s->a, buf_str(&out));
    buf_release(&out);
    return (depth == 0 && name->n) ||
           diag_error(p->s->diag, p->token.at, "'%.*s' is no name of an index with a date",
                      SHOWN(p->token.text));
}

/* FROM a-*, b-* METADATA _id: which streams. */
static bool from(struct esql_parser *p, struct rule *rule)
{
    struct str *names = NULL;
    size_t n = 0, cap = 0;

    do {
        p->takes_stars = true;
        bool is_good = esql_advance(p);
        p->takes_stars = false;
        if (!is_good)
            return false;
        if (esql_is_sign(p, "("))
            return diag_unsupported(p->s->diag, p->token.at,
                                    "a query inside FROM: not in this version");
        if (p->token.kind != ESQL_WORD && p->token.kind != ESQL_STRING)
            return esql_expected(p, "an index pattern behind FROM");
        struct str name = p->token.text;
        if (!undated(p, &name))
            return false;
        if (str_ends(name, STR("::failures")))
            return diag_unsupported(p->s->diag, p->token.at,
                                    "'::failures': what could not be stored is no stream here");
        if (str_ends(name, STR("::data")))
            name = str_sub(name, 0, name.n - 6);
        names = vec_room(p->s->a, names, n, &cap, sizeof *names);
        names[n++] = names_intern(p->s->names, name);
        if (!esql_advance(p))
            return false;
    } while (esql_is_sign(p, ","));
    if (rule->logsource.streams.n == 0)
        rule->logsource.streams = (struct str_list){names, n};
    bool is_bracketed = esql_is_sign(p, "["); /* FROM x [METADATA _id], as it was once written */
    if (is_bracketed && !esql_advance(p))
        return false;
    if (!esql_is_word(p, "metadata"))
        return !is_bracketed || esql_expected(p, "METADATA behind '['");
    do {
        if (!esql_advance(p))
            return false;
        if (p->token.kind != ESQL_WORD)
            return esql_expected(p, "a name behind METADATA");
        if (!str_eq(p->token.text, STR("_source"))) { /* JSON_EXTRACT() reads it */
            p->metadata = vec_room(p->s->scratch, p->metadata, p->n_metadata, &p->cap_metadata,
                                   sizeof *p->metadata);
            p->metadata[p->n_metadata++] = p->token.text;
        }
        if (!esql_advance(p))
            return false;
    } while (esql_is_sign(p, ","));
    return !is_bracketed || esql_expect_sign(p, "]", "behind METADATA");
}

/* ---- steps ------------------------------------------------------------------------------ */

static bool where(struct esql_parser *p, struct place at)
{
    struct place first = p->token.at;
    struct expr *e = esql_expression(p);

    if (!esql_is_condition(p, first, e, "WHERE takes a condition"))
        return false;
    return p->rows_at.line ? esql_inline_where(p, at, e) : pipe_where(p->pipe, at, e);
}

/* EVAL a = x, b = y, f(z): each sees those before; what has no name is named by its text. */
static bool eval(struct esql_parser *p, struct place at)
{
    for (;;) {
        struct esql_token t = p->token;
        struct str name;
        if (t.kind != ESQL_WORD && t.kind != ESQL_NUMBER && t.kind != ESQL_STRING)
            return esql_expected(p, "the name of a column");
        struct str told = p->told;
        if (!esql_read_name(p, &name))
            return false;
        struct expr *value = esql_expression(p);
        if (!value)
            return false;
        if (esql_is_metadata(p, value)) /* another name for what people look at */
            esql_forgive(p, told);
        if (!name.n)
            name = names_intern(p->s->names, esql_text_since(p, t.start));
        if (esql_asks_rows(p, value) ? !esql_inline_eval(p, t.at, name, value)
                                     : !pipe_set(p->pipe, at, name, value))
            return false;
        if (!esql_is_sign(p, ","))
            return true;
        if (!esql_advance(p))
            return false;
    }
}

static bool read_names(struct esql_parser *p, struct str **names, size_t *n)
{
    size_t cap = 0;

    *names = NULL;
    for (*n = 0;;) {
        if (esql_is_sign(p, "*"))
            p->token.text = STR("*");
        else if (p->token.kind != ESQL_WORD)
            return esql_expected(p, "the name of a column");
        *names = vec_room(p->s->scratch, *names, *n, &cap, sizeof **names);
        (*names)[(*n)++] = p->token.text;
        if (!esql_advance(p))
            return false;
        if (!esql_is_sign(p, ","))
            return true;
        p->takes_stars = true;
        bool is_good = esql_advance(p);
        p->takes_stars = false;
        if (!is_good)
            return false;
    }
}

/* Names that are columns of groups, and patterns. */
static size_t of_groups(struct esql_parser *p, struct str *names, size_t n, struct str *out)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (str_find_char(names[i], '*', 0) != SIZE_MAX || pipe_has_column(p->pipe, names[i]))
            out[kept++] = names[i];
    return kept;
}

typedef bool names_step(struct pipe *p, struct place at, const struct str *names, size_t n);

/* KEEP or DROP: behind INLINE STATS of the rows' columns, and of those that groups have. */
static bool of_all(struct esql_parser *p, struct place at, struct str *names, size_t n,
                   names_step *step)
{
    if (!p->rows_at.line)
        return step(p->pipe, at, names, n);
    struct str *own = ARENA_ARRAY(p->s->scratch, n, struct str);
    size_t n_own = of_groups(p, names, n, own);
    esql_rows_begin(p);
    bool is_done = step(p->pipe, at, names, n);
    return esql_rows_end(p, at) && is_done && step(p->pipe, at, own, n_own);
}

static bool has_all(const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], STR("*")))
            return true;
    return false;
}

static bool keep(struct esql_parser *p, struct place at)
{
    struct str *names;
    size_t n;

    if (!read_names(p, &names, &n))
        return false;
    if (has_all(names, n)) /* everything stays */
        return true;
    for (size_t i = 0; i < n; i++)
        if (str_find_char(names[i], '*', 0) == SIZE_MAX && names[i].p[0] != '_' &&
            !esql_has_column(p, names[i]) && !esql_has_row_column(p, names[i]))
            return diag_error(p->s->diag, at, "unknown column '%.*s': no step before has it",
                              SHOWN(names[i]));
    return of_all(p, at, names, n, pipe_keep);
}

static void drop_pattern(struct esql_parser *p, struct str pattern)
{
    p->dropped =
        vec_room(p->s->scratch, p->dropped, p->n_dropped, &p->cap_dropped, sizeof *p->dropped);
    p->dropped[p->n_dropped++] = pattern;
}

static bool drop(struct esql_parser *p, struct place at)
{
    struct str *names;
    size_t n;

    if (!read_names(p, &names, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_find_char(names[i], '*', 0) != SIZE_MAX)
            drop_pattern(p, names[i]);
    return of_all(p, at, names, n, pipe_drop);
}

static bool rename_one(struct esql_parser *p, struct place at, struct str from, struct str to)
{
    struct str told = p->told;
    if (!p->rows_at.line || pipe_has_column(p->pipe, from)) {
        bool is_there = esql_settle(p, at, from);
        esql_forgive(p, told);
        return is_there && pipe_rename(p->pipe, at, from, to);
    }
    if (!esql_has_row_column(p, from))
        return diag_error(p->s->diag, at, "unknown column '%.*s': no step before has it",
                          SHOWN(from));
    esql_rows_begin(p);
    bool is_renamed = pipe_rename(p->pipe, at, from, to);
    return esql_rows_end(p, at) && is_renamed;
}

/* RENAME a AS b, c = d */
static bool rename_columns(struct esql_parser *p, struct place at)
{
    for (;;) {
        struct str old = p->token.text, new;
        if (p->token.kind != ESQL_WORD)
            return esql_expected(p, "the name of a column");
        if (!esql_advance(p))
            return false;
        bool is_turned = esql_is_sign(p, "=");
        if (!is_turned && !esql_is_word(p, "as"))
            return esql_expected(p, "AS");
        if (!esql_advance(p))
            return false;
        if (p->token.kind != ESQL_WORD)
            return esql_expected(p, "the new name");
        new = p->token.text;
        if (!esql_advance(p) || !rename_one(p, at, is_turned ? new : old, is_turned ? old : new))
            return false;
        if (!esql_is_sign(p, ","))
            return true;
        if (!esql_advance(p))
            return false;
    }
}

static bool mv_expand(struct esql_parser *p, struct place at)
{
    struct esql_token t = p->token;

    if (t.kind != ESQL_WORD)
        return esql_expected(p, "the name of a column");
    if (pipe_is_grouped(p->pipe))
        return diag_unsupported(p->s->diag, at, "MV_EXPAND behind STATS: not in this version");
    p->has_expanded = true;
    return esql_advance(p) && esql_settle(p, at, t.text) && pipe_expand(p->pipe, at, t.text);
}

/* The pattern is next. */
static bool extract_from(struct esql_parser *p, struct place at, struct expr *subject, bool is_grok)
{
    struct esql_token pattern = p->token;

    if (pattern.kind != ESQL_STRING)
        return esql_expected(p, "a pattern in quotes");
    if (!esql_advance(p))
        return false;
    if (is_grok)
        return esql_grok(p, at, subject, pattern.text);
    if (!esql_is_word(p, "append_separator"))
        return esql_dissect(p, at, subject, pattern.text, STR(""));
    if (!esql_advance(p) || !esql_expect_sign(p, "=", "behind APPEND_SEPARATOR"))
        return false;
    struct str between = p->token.text;
    if (p->token.kind != ESQL_STRING)
        return esql_expected(p, "a text behind APPEND_SEPARATOR=");
    return esql_advance(p) && esql_dissect(p, at, subject, pattern.text, between);
}

static bool extract(struct esql_parser *p, struct place at, bool is_grok)
{
    struct esql_token t = p->token;

    if (t.kind != ESQL_WORD)
        return esql_expected(p, "the name of a column");
    struct expr *subject = esql_advance(p) ? esql_column(p, t.at, t.text) : NULL;
    if (!subject)
        return false;
    if (!esql_asks_rows(p, subject))
        return extract_from(p, at, subject, is_grok);
    esql_rows_begin(p);
    bool is_good = extract_from(p, at, subject, is_grok);
    return esql_rows_end(p, at) && is_good;
}

/* A stream has no order and no end: SORT and LIMIT say nothing, but are read. */
static bool sort(struct esql_parser *p)
{
    for (;;) {
        if (!esql_expression(p))
            return false;
        if ((esql_is_word(p, "asc") || esql_is_word(p, "desc")) && !esql_advance(p))
            return false;
        if (esql_is_word(p, "nulls")) {
            if (!esql_advance(p))
                return false;
            if (!esql_is_word(p, "first") && !esql_is_word(p, "last"))
                return esql_expected(p, "FIRST or LAST behind NULLS");
            if (!esql_advance(p))
                return false;
        }
        if (!esql_is_sign(p, ","))
            return true;
        if (!esql_advance(p))
            return false;
    }
}

static bool limit(struct esql_parser *p, struct place at)
{
    int64_t n;

    if (p->token.kind != ESQL_NUMBER || !str_to_i64(p->token.text, &n))
        return esql_expected(p, "a whole number behind LIMIT");
    if (n == 0 && !pipe_where(p->pipe, at, pipe_bool(p->pipe, false)))
        return false;
    p->limit_at = at;
    return esql_advance(p);
}

/* For hints. */
static const struct str COMMANDS[] = {{"where", 5},  {"eval", 4},    {"keep", 4},  {"drop", 4},
                                      {"rename", 6}, {"stats", 5},   {"sort", 4},  {"mv_expand", 9},
                                      {"grok", 4},   {"dissect", 7}, {"limit", 5}, {"from", 4},
                                      {"inline", 6}, {"enrich", 6},  {"lookup", 6}};

static bool refuse(struct esql_parser *p, struct place at, struct str name)
{
    static const struct {
        const char *name, *why; /* NULL: there is no more to say */
    } KNOWN[] = {
        {"completion", "asks a language model, which says something else each time: the query "
                       "without it, and without what asks its answer, would load"},
        {"rerank", "asks a language model, which says something else each time"},
        {"row", "makes rows of its own instead of reading events"},
        {"show", "makes rows of its own instead of reading events"},
        {"fork", NULL},
        {"fuse", NULL},
        {"sample", NULL},
        {"change_point", NULL},
        {"ts", NULL},
        {"insist", NULL},
        {"explain", NULL},
        {"set", NULL},
        {"metrics", NULL},
        {"promql", NULL},
        {"mmr", NULL},
        {"uri_parts", NULL},
        {"user_agent", NULL},
        {"registered_domain", NULL},
        {"change", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(KNOWN); i++) {
        if (!str_eq_ci(name, str_from(KNOWN[i].name)))
            continue;
        return KNOWN[i].why
                   ? diag_unsupported(p->s->diag, at, "%.*s %s", SHOWN(name), KNOWN[i].why)
                   : diag_unsupported(p->s->diag, at, "the command %.*s: not in this version",
                                      SHOWN(name));
    }
    if (str_eq_ci(name, STR("from")))
        return diag_error(p->s->diag, at, "FROM begins a query, and stands nowhere else");
    for (size_t i = 0; i < ARRAY_LEN(COMMANDS); i++)
        if (str_eq_ci(name, COMMANDS[i]))
            return diag_error(p->s->diag, at, "a query begins with FROM, not with %.*s",
                              SHOWN(name));
    struct str hint = diag_hint(p->s->diag, name, COMMANDS, ARRAY_LEN(COMMANDS));
    return diag_error(p->s->diag, at, "'%.*s' is no command%.*s", SHOWN(name), SHOWN(hint));
}

/* Rows that a LIMIT leaves out depend on their order, and so does what is counted of the others. */
static bool stats(struct esql_parser *p, struct place at, bool is_inline)
{
    if (p->limit_at.line)
        return diag_unsupported(p->s->diag, p->limit_at,
                                "LIMIT before STATS: which rows are left out is not known of a "
                                "stream");
    return is_inline ? esql_inline_stats(p, at) : esql_stats(p, at);
}

static bool inline_stats(struct esql_parser *p, struct place at)
{
    if (!esql_is_word(p, "stats"))
        return esql_expected(p, "STATS behind INLINE");
    return esql_advance(p) && stats(p, at, true);
}

static bool read_step(struct esql_parser *p)
{
    struct esql_token t = p->token;
    bool has_names =
        esql_is_word(p, "keep") || esql_is_word(p, "drop") || esql_is_word(p, "enrich");

    if (esql_is_sign(p, "|"))
        return esql_expected(p, "a command ('||' is written OR)");
    if (t.kind != ESQL_WORD)
        return esql_expected(p, "a command");
    p->takes_stars = has_names;
    bool is_good = esql_advance(p);
    p->takes_stars = false;
    if (!is_good)
        return false;
    if (str_eq_ci(t.text, STR("where")))
        return where(p, t.at);
    if (str_eq_ci(t.text, STR("eval")))
        return eval(p, t.at);
    if (str_eq_ci(t.text, STR("keep")))
        return keep(p, t.at);
    if (str_eq_ci(t.text, STR("drop")))
        return drop(p, t.at);
    if (str_eq_ci(t.text, STR("rename")))
        return rename_columns(p, t.at);
    if (str_eq_ci(t.text, STR("stats")))
        return stats(p, t.at, false);
    if (str_eq_ci(t.text, STR("inlinestats"))) /* as it was once written */
        return stats(p, t.at, true);
    if (str_eq_ci(t.text, STR("inline")))
        return inline_stats(p, t.at);
    if (str_eq_ci(t.text, STR("mv_expand")))
        return mv_expand(p, t.at);
    if (str_eq_ci(t.text, STR("grok")) || str_eq_ci(t.text, STR("dissect")))
        return extract(p, t.at, str_eq_ci(t.text, STR("grok")));
    if (str_eq_ci(t.text, STR("sort"))) {
        p->is_shown = true;
        is_good = sort(p);
        p->is_shown = false;
        return is_good;
    }
    if (str_eq_ci(t.text, STR("limit")))
        return limit(p, t.at);
    if (str_eq_ci(t.text, STR("lookup")))
        return esql_lookup_join(p, t.at);
    if (str_eq_ci(t.text, STR("enrich")))
        return esql_enrich(p, t.at);
    return refuse(p, t.at, t.text);
}

static bool step(struct esql_parser *p)
{
    p->told = STR("");
    if (!read_step(p))
        return false;
    return !p->told.n || diag_unsupported(p->s->diag, p->told_at,
                                          "'%.*s': what Elasticsearch says of a document, an event "
                                          "of a stream does not have",
                                          SHOWN(p->told));
}

/* Looked up ahead, since the first one's rows depend on it. Of those in comments and texts it does
 * not matter. */
static bool may_expand_several(struct str query)
{
    const struct str word = STR("mv_expand");
    size_t n = 0;

    for (size_t i = 0; i + word.n <= query.n; i++)
        n += str_eq_ci(str_sub(query, i, word.n), word);
    return n > 1;
}

/* name = value: settings under which the query means what it means here. */
static bool setting(struct esql_parser *p)
{
    static const char *const KNOWN[][2] = {
        /* A field that no document has is null here, whatever is said. */
        {"unmapped_fields", "fail"},    {"unmapped_fields", "nullify"}, {"unmapped_fields", "load"},
        {"unmapped_fields", "default"}, {"time_zone", "UTC"},           {"time_zone", "Z"}};
    struct esql_token name = p->token;

    if (name.kind != ESQL_WORD)
        return esql_expected(p, "the name of a setting");
    if (!esql_advance(p) || !esql_expect_sign(p, "=", "behind the setting's name"))
        return false;
    struct str value = p->token.text;
    if (p->token.kind == ESQL_END || p->token.kind == ESQL_SIGN)
        return esql_expected(p, "the setting's value");
    for (size_t i = 0; i < ARRAY_LEN(KNOWN); i++)
        if (str_eq_ci(name.text, str_from(KNOWN[i][0])) && str_eq_ci(value, str_from(KNOWN[i][1])))
            return esql_advance(p);
    return diag_unsupported(p->s->diag, name.at, "the setting '%.*s', or this value of it",
                            SHOWN(name.text));
}

/* SET name = value, ...; before the query. */
static bool settings(struct esql_parser *p)
{
    while (esql_is_word(p, "set")) {
        do {
            if (!esql_advance(p) || !setting(p))
                return false;
        } while (esql_is_sign(p, ","));
        if (!esql_expect_sign(p, ";", "behind the settings"))
            return false;
    }
    return true;
}

bool esql_load(struct query_scope *s, struct str query, const struct query_options *options,
               struct rule *rule)
{
    struct esql_parser p = {.s = s};

    if (!query_reader_init(&p.reader, s, query) || !esql_advance(&p) || !settings(&p))
        return false;
    p.pipe = pipe_new(s, &DIALECT);
    if (may_expand_several(query))
        pipe_number_rows(p.pipe);
    struct pipe_ending ending = {.at = p.token.at};
    if (!esql_is_word(&p, "from"))
        return p.token.kind == ESQL_WORD ? refuse(&p, p.token.at, p.token.text)
                                         : esql_expected(&p, "FROM");
    if (!from(&p, rule))
        return false;
    while (esql_is_sign(&p, "|"))
        if (!esql_advance(&p) || !step(&p))
            return false;
    if (p.months_at.line)
        return diag_unsupported(s->diag, p.months_at,
                                "months, quarters and years beside a time: how long they are "
                                "depends on the day");
    if (p.token.kind != ESQL_END)
        return esql_expected(&p, "'|' or the end of the query");
    if (p.rows_at.line && !esql_inline_end(&p))
        return false;
    struct place where;
    if (pipe_holds_of_nothing(p.pipe, &where))
        diag_warn(s->diag, where,
                  "the condition holds of no events at all, too: that is not told, since groups "
                  "are judged when an event comes");
    if (options) {
        ending.window_ms = options->window_ms;
        ending.interval_ms = options->interval_ms;
    }
    return pipe_finish(p.pipe, &ending, rule);
}
