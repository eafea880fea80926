/* transaction.c - transaction: events of one kind of thing, put together.
 *
 *     transaction user host maxspan=10m            the group of the fields in any maxspan:
 *                                                  eventcount, duration, and all values of fields
 *     transaction user maxspan=10m startswith=(a) endswith=(b)
 *                                                  b behind a within maxspan: both are there
 *
 * Splunk puts each event into one transaction; here the group looks back by maxspan from each of
 * its events, as groups of stats do. Where a transaction begins and ends by its events, the nearest
 * pair is one if any pair is: that both are there is all that may be asked of it.
 */
#include "lang/spl/scan.h"

#include "base/str.h"

enum { FIELDS_MAX = CORRELATION_GROUP_MAX };

struct transaction {
    struct str fields[FIELDS_MAX];
    struct place places[FIELDS_MAX];
    size_t n_fields;
    int64_t span_ms, pause_ms; /* 0: unsaid */
    size_t starts, ends;       /* where the condition begins in the text; 0: none */
    bool is_list;              /* all values, not the different ones */
};

/* ---- reading ------------------------------------------------------------------------------- */

/* Behind the sign: "a search", (a search), eval(a condition), or a word. NULL after an error. */
static struct expr *read_condition(struct spl *x)
{
    struct place at;
    struct expr *e;
    bool is_all;

    spl_blanks(x);
    at = spl_here(x);
    if (spl_peek(x) == '"')
        return spl_quoted_search(x);
    if (spl_take(x, "eval(")) {
        e = spl_eval(x);
        return e && (spl_take(x, ")") || spl_expected(x, "')'")) ? e : NULL;
    }
    if (!spl_take(x, "(")) {
        size_t begin = x->next;
        struct str word = spl_word(x, "\"(|");
        size_t end = x->end;
        x->next = begin;
        x->end = begin + word.n;
        e = spl_search(x, &is_all);
        x->end = end;
        return e;
    }
    size_t close = x->next, end = x->end;
    for (unsigned depth = 1; close < end; close++) {
        char c = x->text.text.p[close];
        if (c == '"')
            for (close++; close < end && x->text.text.p[close] != '"'; close++)
                close += x->text.text.p[close] == '\\';
        depth += c == '(';
        depth -= c == ')';
        if (depth == 0)
            break;
    }
    if (close >= end)
        return (void)diag_error(x->s->diag, at, "a ( that is never closed"), NULL;
    x->end = close;
    e = spl_search(x, &is_all);
    x->end = end;
    x->next = close + 1;
    return is_all ? pipe_bool(x->pipe, true) : e;
}

static bool read_span(struct spl *x, int64_t *ms)
{
    spl_blanks(x);
    return spl_take(x, "-1") || spl_span(x, ms);
}

/* NAME=VALUE, the sign taken. */
static bool take_option(struct spl *x, struct place at, struct str name, struct transaction *t)
{
    static const char *const HARMLESS[] = {"connected", "unifyends", "keepevicted",   "maxopentxn",
                                           "mvraw",     "delim",     "maxopenevents", "nullstr"};
    struct str value;

    if (str_eq_ci(name, STR("maxspan")))
        return read_span(x, &t->span_ms);
    if (str_eq_ci(name, STR("maxpause")))
        return read_span(x, &t->pause_ms);
    if (str_eq_ci(name, STR("startswith")) || str_eq_ci(name, STR("endswith"))) {
        *(str_eq_ci(name, STR("endswith")) ? &t->ends : &t->starts) = x->next;
        return read_condition(x) != NULL;
    }
    if (!spl_name(x, ",|", &value))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(HARMLESS); i++)
        if (str_eq_ci(name, str_from(HARMLESS[i])))
            return true;
    if (str_eq_ci(name, STR("mvlist"))) {
        t->is_list = str_eq_ci(value, STR("t")) || str_eq_ci(value, STR("true"));
        return t->is_list || spl_is_false(value) ||
               diag_unsupported(x->s->diag, at, "transaction with mvlist of fields");
    }
    return spl_is_false(value) ||
           diag_unsupported(x->s->diag, at, "transaction with %.*s", SHOWN(name));
}

static bool read(struct spl *x, struct transaction *t)
{
    struct str name;

    while (!spl_is_end(x)) {
        spl_blanks(x);
        struct place at = spl_here(x);
        if (!spl_name(x, "=,\"'|()", &name))
            return false;
        if (spl_take(x, "=")) {
            if (!take_option(x, at, name, t))
                return false;
        } else {
            if (t->n_fields == FIELDS_MAX)
                return diag_error(x->s->diag, at, "more than %d fields", FIELDS_MAX);
            t->places[t->n_fields] = at;
            t->fields[t->n_fields++] = name;
        }
        (void)spl_take(x, ",");
    }
    if (t->pause_ms && (!t->span_ms || t->pause_ms < t->span_ms))
        return diag_unsupported(x->s->diag, x->at, "transaction with maxpause");
    return true;
}

static bool set_keys(struct spl *x, const struct transaction *t, struct pipe_key *keys)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        keys[i] = (struct pipe_key){spl_field(x, t->fields[i]),
                                    spl_column(x, t->places[i], t->fields[i])};
        if (!keys[i].value)
            return false;
    }
    return true;
}

/* ---- the group ----------------------------------------------------------------------------- */

/* Fields that Splunk makes and nobody knows here. */
static bool show_made(struct spl *x)
{
    static const char *const NAMES[] = {"closed_txn", "field_match_sum", "linecount"};

    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        if (!spl_add_shown(x, str_from(NAMES[i]), "transaction", false))
            return false;
    return true;
}

static bool group(struct spl *x, const struct transaction *t)
{
    struct pipe_key keys[FIELDS_MAX];
    struct expr *time;
    const struct str names[] = {STR("eventcount"), STR("_time"), STR("end of transaction")};

    if (x->opened || x->has_fill || (x->model && !pipe_is_grouped(x->pipe)))
        return diag_unsupported(x->s->diag, x->at,
                                "transaction behind fillnull, spath or a data model's events");
    bool was_grouped = pipe_is_grouped(x->pipe);
    if (!spl_ungroup(x, x, "transaction") || !set_keys(x, t, keys))
        return false;
    time = pipe_time(x->pipe, x->at, STR("_time"));
    const struct pipe_aggregate aggregates[] = {
        {.kind = GROUP_COUNT, .name = names[0], .at = x->at},
        {.kind = GROUP_MIN, .name = names[1], .at = x->at, .arg = time},
        {.kind = GROUP_MAX, .name = names[2], .at = x->at, .arg = time}};
    x->n_wildcards = 0;
    if (!spl_group(x, aggregates, ARRAY_LEN(aggregates), keys, t->n_fields))
        return false;
    struct expr *span =
        pipe_call2(x->pipe, x->at, EXPR_SUBTRACT, pipe_column(x->pipe, x->at, names[2]),
                   pipe_column(x->pipe, x->at, names[1]));
    span = pipe_call2(x->pipe, x->at, EXPR_QUOTIENT, span, pipe_whole(x->pipe, 1000));
    spl_all_columns(x, t->is_list ? GROUP_LIST : GROUP_VALUES);
    if (!pipe_drop(x->pipe, x->at, &names[2], 1) ||
        !pipe_set(x->pipe, x->at, STR("duration"), span))
        return false;
    x->is_of_transactions = true;
    if (!show_made(x))
        return false;
    /* Of the rows of groups, which are not the events. */
    return !was_grouped || (spl_add_shown(x, names[0], "transaction of groups", false) &&
                            spl_add_shown(x, names[1], "transaction of groups", false) &&
                            spl_add_shown(x, STR("duration"), "transaction of groups", false));
}

/* ---- from one event to another one ----------------------------------------------------------- */

/* The search before this command once more, and the condition. */
static bool read_part(struct spl *x, const struct transaction *t, size_t end, size_t condition,
                      struct spl *part, struct pipe_key *keys)
{
    *part = (struct spl){.s = x->s,
                         .pipe = spl_pipe_new(x->s),
                         .text = x->text,
                         .depth = x->depth,
                         .n_values = x->n_values};
    if (!spl_run(part, x->search_begin, end))
        return false;
    part->next = condition;
    part->end = x->end;
    part->is_shown = false;
    part->is_first = false;
    struct expr *e = read_condition(part);
    x->n_values = part->n_values;
    return e && pipe_where(part->pipe, x->at, e) && set_keys(part, t, keys);
}

static bool link(struct spl *x, const struct transaction *t, size_t end)
{
    struct spl parts[2];
    struct pipe_member_rows *members = ARENA_ARRAY(x->s->scratch, 2, struct pipe_member_rows);

    if (!spl_enter(x))
        return false;
    for (size_t i = 0; i < 2; i++) {
        struct pipe_key *keys = ARENA_ARRAY(x->s->scratch, t->n_fields + 1, struct pipe_key);
        if (!read_part(x, t, end, i ? t->ends : t->starts, &parts[i], keys))
            return false;
        if (parts[i].rows != SPL_ROWS_ASKED)
            return diag_unsupported(x->s->diag, x->at, "transaction behind eventstats");
        members[i] = (struct pipe_member_rows){parts[i].pipe, keys};
    }
    spl_leave(x);
    x->pipe = spl_pipe_new(x->s);
    x->rows = SPL_ALL_SHOWN;
    x->rows_at = x->at;
    x->rows_command = "a transaction from one event to another";
    return pipe_link(x->pipe, x->at, members, 2, t->n_fields, true, t->span_ms);
}

bool spl_transaction(struct spl *x)
{
    struct transaction t = {0};
    size_t bar = x->begin;

    while (bar > x->search_begin && x->text.text.p[bar] != '|')
        bar--;
    if (x->rows != SPL_ROWS_ASKED || x->is_in_each || x->is_joined)
        return diag_unsupported(x->s->diag, x->at,
                                "transaction behind eventstats or a join, or in foreach");
    if (!read(x, &t))
        return false;
    if (!t.starts != !t.ends)
        return diag_unsupported(x->s->diag, x->at, "transaction with %s alone",
                                t.starts ? "startswith" : "endswith");
    if (t.starts && x->n_dedup)
        return diag_unsupported(x->s->diag, x->at,
                                "transaction from one event to another behind dedup");
    if (t.span_ms)
        x->window_ms = t.span_ms;
    return t.starts ? link(x, &t, bar) : group(x, &t);
}
