/* expression.c - or, and, not, comparisons, sums, products, values: a function a level. */
#include "lang/esql/parser.h"

#include "base/str.h"
#include "base/vec.h"
#include "lang/lucene.h"
#include "lang/network.h"

enum { ARGS_MAX = 2000 }; /* of a list */

static struct expr *additive(struct esql_parser *p);

/* ---- values ---------------------------------------------------------------------- */

static bool count_value(struct esql_parser *p)
{
    if (++p->n_values <= QUERY_VALUES_MAX)
        return true;
    return diag_error(p->s->diag, p->token.at, "more than %d values in one query",
                      QUERY_VALUES_MAX);
}

bool esql_is_now(const struct expr *e)
{
    if (e->kind == EXPR_TIME)
        return e->group == 1;
    for (size_t i = 0; e->kind == EXPR_CALL && i < e->n_args; i++)
        if (esql_is_now(e->args[i]))
            return true;
    return false;
}

bool esql_has_column(const struct esql_parser *p, struct str name)
{
    for (size_t i = 0; i < p->n_dropped; i++)
        if (pipe_name_is_like(p->dropped[i], name) && !pipe_was_column(p->pipe, name))
            return false;
    return pipe_has_column(p->pipe, name);
}

/* A second way in which Elasticsearch has the same text: x.caseless, x.keyword, x.text. Events have
 * such fields of their own, too. e: the column as it is. */
static struct expr *in_another_way(struct esql_parser *p, struct place at, struct expr *e,
                                   struct str name, bool is_of_row)
{
    struct query_field f;

    query_field_read(name, &f);
    if (f.n_names < 2)
        return e;
    struct expr *plain =
        is_of_row ? esql_row_column(p, at, f.names[1]) : pipe_field(p->pipe, f.names[1]);
    if (!plain)
        return NULL;
    if (f.is_caseless)
        return pipe_call1(p->pipe, at, EXPR_LOWER, plain);
    return pipe_call2(p->pipe, at, EXPR_COALESCE, e, plain);
}

bool esql_is_metadata(const struct esql_parser *p, const struct expr *e)
{
    for (size_t i = 0; e->kind == EXPR_MEMBERS && i < p->n_metadata; i++)
        if (str_eq(p->metadata[i], e->text))
            return true;
    return false;
}

void esql_forgive(struct esql_parser *p, struct str before)
{
    if (!before.n)
        p->told = before;
}

struct expr *esql_column(struct esql_parser *p, struct place at, struct str name)
{
    bool is_there = esql_has_column(p, name);
    bool is_of_row = !is_there && esql_has_row_column(p, name);

    if (!is_there && !is_of_row && p->is_shown && p->rows_at.line)
        return pipe_null(p->pipe);
    if (!is_there && !is_of_row) {
        diag_error(p->s->diag, at, "unknown column '%.*s': no step before has it", SHOWN(name));
        return NULL;
    }
    struct expr *e = is_of_row ? esql_row_column(p, at, name) : pipe_column(p->pipe, at, name);
    if (e && esql_is_metadata(p, e) && !p->told.n && !p->is_shown) {
        p->told = e->text;
        p->told_at = at;
    }
    if (!e || e->kind != EXPR_MEMBERS || !str_eq(e->text, name))
        return e;
    if (str_eq(name, STR("@timestamp")))
        return pipe_time(p->pipe, at, name);
    return in_another_way(p, at, e, name, is_of_row);
}

bool esql_settle(struct esql_parser *p, struct place at, struct str name)
{
    if (pipe_was_column(p->pipe, name) || !esql_has_column(p, name))
        return true;
    struct expr *e = esql_column(p, at, name);
    return e && (e->kind != EXPR_CALL || pipe_set(p->pipe, at, name, e));
}

struct expr *esql_span(struct esql_parser *p, struct place at, int64_t n, struct str word)
{
    int64_t months, unit = esql_unit_ms(word, &months);
    struct expr *e;

    if (unit == 0 && months == 0)
        return NULL;
    if (n > INT64_MAX / 2 / (unit ? unit : months)) {
        diag_error(p->s->diag, at, "'%lld' is too many for a length of time", (long long)n);
        return NULL;
    }
    e = pipe_whole(p->pipe, n * (unit ? unit : months));
    e->group = unit ? ESQL_SPAN : ESQL_MONTHS;
    return e;
}

/* 5, or 5 minutes. */
static struct expr *number(struct esql_parser *p)
{
    struct esql_token t = p->token;
    int64_t n, months;

    if (!count_value(p) || !esql_advance(p))
        return NULL;
    if (p->token.kind != ESQL_WORD || (esql_unit_ms(p->token.text, &months) == 0 && months == 0))
        return pipe_number(p->pipe, t.at, t.text);
    if (!str_to_i64(t.text, &n)) {
        diag_error(p->s->diag, t.at, "'%.*s' is no length of time", SHOWN(t.text));
        return NULL;
    }
    struct expr *e = esql_span(p, t.at, n, p->token.text);
    return e && esql_advance(p) ? e : NULL;
}

static struct expr *word(struct esql_parser *p)
{
    struct esql_token t = p->token;

    if (!esql_advance(p))
        return NULL;
    if (esql_is_sign(p, "(") && !t.is_quoted)
        return esql_call(p, t.at, t.text);
    if (!t.is_quoted && str_eq_ci(t.text, STR("null")))
        return pipe_null(p->pipe);
    if (!t.is_quoted && (str_eq_ci(t.text, STR("true")) || str_eq_ci(t.text, STR("false"))))
        return pipe_bool(p->pipe, t.text.n == 4);
    return esql_column(p, t.at, t.text);
}

static struct expr *grouped(struct esql_parser *p)
{
    if (++p->depth > QUERY_DEPTH_MAX) {
        diag_error(p->s->diag, p->token.at, "more than %d levels of parentheses", QUERY_DEPTH_MAX);
        return NULL;
    }
    if (!esql_advance(p))
        return NULL;
    struct expr *e = esql_expression(p);
    p->depth--;
    return e && esql_expect_sign(p, ")", "behind the expression") ? e : NULL;
}

/* ["a", "b"] */
static struct expr *bracketed(struct esql_parser *p)
{
    struct expr **items = ARENA_ARRAY(p->s->scratch, ARGS_MAX, struct expr *);
    struct place at = p->token.at;
    size_t n = 0;

    do {
        if (n == ARGS_MAX || !esql_advance(p))
            return NULL;
        items[n] = additive(p);
        if (!items[n++])
            return NULL;
    } while (esql_is_sign(p, ","));
    if (!esql_expect_sign(p, "]", "behind the list"))
        return NULL;
    return pipe_call(p->pipe, at, &(struct expr){.op = EXPR_LIST}, items, n);
}

static struct expr *primary(struct esql_parser *p)
{
    struct esql_token t = p->token;

    if (t.kind == ESQL_STRING)
        return count_value(p) && esql_advance(p) ? pipe_text(p->pipe, t.text) : NULL;
    if (t.kind == ESQL_NUMBER)
        return number(p);
    if (t.kind == ESQL_WORD)
        return word(p);
    if (esql_is_sign(p, "("))
        return grouped(p);
    if (esql_is_sign(p, "["))
        return bracketed(p);
    if (esql_is_sign(p, "?")) {
        diag_unsupported(p->s->diag, t.at, "a parameter ('?'): not in this version");
        return NULL;
    }
    esql_expected(p, "a value");
    return NULL;
}

/* x::type */
static struct expr *cast(struct esql_parser *p, struct expr *e)
{
    static const char *const TYPES[][2] = {{"string", "string"},
                                           {"keyword", "string"},
                                           {"text", "string"},
                                           {"integer", "long"},
                                           {"int", "long"},
                                           {"long", "long"},
                                           {"unsigned_long", "long"},
                                           {"ul", "long"},
                                           {"double", "double"},
                                           {"dbl", "double"},
                                           {"boolean", "boolean"},
                                           {"bool", "boolean"},
                                           {"datetime", "datetime"},
                                           {"date", "datetime"},
                                           {"date_nanos", "datetime"},
                                           {"time_duration", "duration"},
                                           {"date_period", "duration"},
                                           {"ip", "ip"},
                                           {"version", "version"},
                                           {"geo_point", NULL}};

    while (e && esql_is_sign(p, "::")) {
        struct place at = p->token.at;
        if (!esql_advance(p))
            return NULL;
        size_t i = 0;
        while (i < ARRAY_LEN(TYPES) && !esql_is_word(p, TYPES[i][0]))
            i++;
        if (i == ARRAY_LEN(TYPES))
            return esql_expected(p, "a type (string, integer, long, double, boolean, datetime, ip, "
                                    "version ...)"),
                   NULL;
        if (TYPES[i][1])
            e = esql_convert(p, at, TYPES[i][1], e);
        if (!esql_advance(p))
            return NULL;
    }
    return e;
}

static struct expr *unary(struct esql_parser *p)
{
    struct place at = p->token.at;

    if (!esql_is_sign(p, "-") && !esql_is_sign(p, "+"))
        return cast(p, primary(p));
    bool is_negative = esql_is_sign(p, "-");
    if (++p->depth > QUERY_DEPTH_MAX) {
        diag_error(p->s->diag, at, "more than %d levels of signs", QUERY_DEPTH_MAX);
        return NULL;
    }
    if (!esql_advance(p))
        return NULL;
    struct expr *e = unary(p);
    p->depth--;
    if (!e || !is_negative)
        return e;
    enum esql_type t = esql_type_of(e);
    if (t == ESQL_TYPE_NUMBER && e->kind == EXPR_NUMBER && str_eq(e->text, STR("0")))
        return e;
    if (t == ESQL_TYPE_NUMBER && e->kind == EXPR_NUMBER && e->text.p[0] != '-')
        return pipe_number(p->pipe, at, /* the least number has no opposite */
                           arena_printf(p->s->scratch, "-%.*s", (int)e->text.n, e->text.p));
    struct expr *negative = pipe_call1(p->pipe, at, EXPR_NEGATE, e);
    if (t > ESQL_TYPE_NULL && t != ESQL_TYPE_NUMBER && t != ESQL_TYPE_SPAN) {
        diag_error(p->s->diag, at, "'-' stands before a number, not before %s", esql_type_shown(t));
        return NULL;
    }
    if (negative && t == ESQL_TYPE_SPAN)
        negative->group = ESQL_SPAN;
    return negative;
}

/* Numbers only; a length of time may have a sign. */
static bool is_number(struct esql_parser *p, struct place at, const struct expr *e)
{
    enum esql_type t = esql_type_of(e);

    if (!e || t <= ESQL_TYPE_NULL || t == ESQL_TYPE_NUMBER)
        return e != NULL;
    return diag_error(p->s->diag, at, "numbers are computed with, not %s%s", esql_type_shown(t),
                      t == ESQL_TYPE_TIME ? " (DATE_DIFF() says what is between two)" : "");
}

static struct expr *multiplicative(struct esql_parser *p)
{
    struct expr *e = unary(p), *right;

    while (e && (esql_is_sign(p, "*") || esql_is_sign(p, "/") || esql_is_sign(p, "%"))) {
        struct place at = p->token.at;
        enum expr_op op = esql_is_sign(p, "*")   ? EXPR_MULTIPLY
                          : esql_is_sign(p, "/") ? EXPR_DIVIDE
                                                 : EXPR_MODULO;
        right = esql_advance(p) ? unary(p) : NULL;
        if (!is_number(p, at, e) || !is_number(p, at, right))
            return NULL;
        e = pipe_call2(p->pipe, at, op, e, right);
    }
    return e;
}

static bool is_span(const struct expr *e)
{
    enum esql_type t = esql_type_of(e);

    return t == ESQL_TYPE_SPAN || t == ESQL_TYPE_MONTHS;
}

/* time + 5 minutes, or two lengths of time. */
static struct expr *moved(struct esql_parser *p, struct place at, enum expr_op op,
                          struct expr *left, struct expr *right)
{
    bool are_months =
        esql_type_of(left) == ESQL_TYPE_MONTHS || esql_type_of(right) == ESQL_TYPE_MONTHS;

    if (is_span(left) && is_span(right) && !are_months) {
        struct expr *sum = pipe_call2(p->pipe, at, op, left, right);
        if (sum)
            sum->group = ESQL_SPAN;
        return sum;
    }
    if (is_span(left) && (is_span(right) || op == EXPR_SUBTRACT)) {
        diag_error(p->s->diag, at, "a time is behind '+' or before, not this");
        return NULL;
    }
    left = is_span(left) ? left : esql_as_time(p, left);
    right = is_span(right) ? right : esql_as_time(p, right);
    if (!left || !right)
        return NULL;
    if (!are_months)
        return esql_moment(pipe_call2(p->pipe, at, op, left, right));
    struct expr *time = is_span(left) ? right : left;
    if (!esql_is_now(time)) {
        diag_unsupported(p->s->diag, at,
                         "months, quarters and years beside a time: how long they "
                         "are depends on the day");
        return NULL;
    }
    p->months_at = at; /* may be that the comparison needs no more than "some time before now" */
    return time;
}

static struct expr *additive(struct esql_parser *p)
{
    struct expr *e = multiplicative(p), *right;

    while (e && (esql_is_sign(p, "+") || esql_is_sign(p, "-"))) {
        struct place at = p->token.at;
        enum expr_op op = esql_is_sign(p, "+") ? EXPR_ADD : EXPR_SUBTRACT;
        right = esql_advance(p) ? multiplicative(p) : NULL;
        if (!right)
            return NULL;
        if (is_span(e) || is_span(right))
            e = moved(p, at, op, e, right);
        else
            e = is_number(p, at, e) && is_number(p, at, right)
                    ? pipe_call2(p->pipe, at, op, e, right)
                    : NULL;
    }
    return e;
}

/* ---- conditions ------------------------------------------------------------------- */

static struct expr *not_if(struct esql_parser *p, struct place at, struct expr *e, bool is_negated)
{
    return is_negated ? pipe_call1(p->pipe, at, EXPR_NOT, e) : e;
}

static struct expr *matches(struct esql_parser *p, struct place at, struct expr *subject,
                            bool is_regex)
{
    struct esql_token t = p->token;
    struct regex re;
    struct glob g;

    if (t.kind != ESQL_STRING) {
        esql_expected(p, "a pattern in quotes");
        return NULL;
    }
    if (!esql_type_fits('t', esql_type_of(subject))) {
        diag_error(p->s->diag, at, "LIKE and RLIKE ask a text, not %s",
                   esql_type_shown(esql_type_of(subject)));
        return NULL;
    }
    if (!count_value(p) || !esql_advance(p))
        return NULL;
    if (is_regex)
        return lucene_regex(p->s, t.at, t.text, false, &re)
                   ? pipe_regex(p->pipe, at, EXPR_REGEX, &re, 0, &subject, 1)
                   : NULL;
    if (!pipe_glob(p->pipe, t.at, t.text, '*', '?', '\\', &g))
        return NULL;
    return pipe_match_glob(p->pipe, at, subject, &g, FOLD_NONE);
}

static struct expr *joined_texts(struct esql_parser *p, struct place at, struct expr **parts,
                                 size_t n)
{
    return pipe_call(p->pipe, at, &(struct expr){.op = EXPR_CONCAT, .is_single = true}, parts, n);
}

/* In which index an event would be: what it says itself, that of alerts, or that of its data
 * stream, whose date and number nobody asks. */
static struct expr *index_name(struct esql_parser *p, struct place at, struct expr *own)
{
    struct pipe *pipe = p->pipe;
    struct expr *of_alert[] = {pipe_text(pipe, STR(".internal.alerts-security.alerts-")),
                               pipe_call2(pipe, at, EXPR_COALESCE,
                                          pipe_field(pipe, STR("kibana.space_ids")),
                                          pipe_text(pipe, STR("default"))),
                               pipe_text(pipe, STR("-000001"))};
    struct expr *of_stream[] = {
        pipe_text(pipe, STR(".ds-")),   pipe_field(pipe, STR("data_stream.type")),
        pipe_text(pipe, STR("-")),      pipe_field(pipe, STR("data_stream.dataset")),
        pipe_text(pipe, STR("-")),      pipe_field(pipe, STR("data_stream.namespace")),
        pipe_text(pipe, STR("-000001"))};
    struct expr *is_alert =
        pipe_call1(pipe, at, EXPR_IS_THERE, pipe_field(pipe, STR("kibana.alert.rule.name")));

    return pipe_call3(pipe, at, EXPR_COALESCE, own,
                      pipe_call2(pipe, at, EXPR_CASE, is_alert,
                                 joined_texts(p, at, of_alert, ARRAY_LEN(of_alert))),
                      joined_texts(p, at, of_stream, ARRAY_LEN(of_stream)));
}

/* LIKE "a*", LIKE ("a*", "b*"): the word is next. */
static struct expr *pattern(struct esql_parser *p, struct expr *subject)
{
    struct place at = p->token.at;
    bool is_index = esql_is_metadata(p, subject) && str_eq(subject->text, STR("_index"));
    bool is_named = is_index && p->told_at.line == subject->line && p->told_at.col == subject->col;

    if (is_named && !pipe_is_grouped(p->pipe)) {
        p->told = STR("");
        subject = index_name(p, at, subject);
    }
    bool is_regex = esql_is_word(p, "rlike");
    struct expr *any = NULL;

    if (!esql_advance(p))
        return NULL;
    if (!esql_is_sign(p, "("))
        return matches(p, at, subject, is_regex);
    do {
        struct expr *one = esql_advance(p) ? matches(p, at, subject, is_regex) : NULL;
        if (!one)
            return NULL;
        any = any ? pipe_call2(p->pipe, at, EXPR_OR, any, one) : one;
    } while (any && esql_is_sign(p, ","));
    return esql_expect_sign(p, ")", "behind the patterns") ? any : NULL;
}

static struct expr *in_list(struct esql_parser *p, struct expr *subject)
{
    struct expr **items = ARENA_ARRAY(p->s->scratch, ARGS_MAX + 1, struct expr *);
    struct place at = p->token.at;
    size_t n = 1;

    items[0] = subject;
    if (!esql_advance(p) || !esql_is_sign(p, "("))
        return esql_expected(p, "'(' behind IN"), NULL;
    do {
        if (n > ARGS_MAX) {
            diag_error(p->s->diag, p->token.at, "more than %d values in one list", ARGS_MAX);
            return NULL;
        }
        items[n] = esql_advance(p) ? additive(p) : NULL;
        if (items[n] && esql_type_of(subject) == ESQL_TYPE_TIME &&
            esql_type_of(items[n]) <= ESQL_TYPE_TEXT)
            items[n] = esql_as_time(p, items[n]);
        if (!items[n] || !esql_types_compare(p, at, subject, items[n]))
            return NULL;
        n++;
    } while (esql_is_sign(p, ","));
    if (!esql_expect_sign(p, ")", "behind the list"))
        return NULL;
    return pipe_call(p->pipe, at, &(struct expr){.op = EXPR_IN}, items, n);
}

/* A place on the map (geo_point) is an object: there if its latitude is. */
static struct expr *or_latitude(struct esql_parser *p, struct place at, struct expr *e)
{
    if (e->kind != EXPR_MEMBERS || !str_ends(e->text, STR(".location")))
        return e;
    struct str name = arena_printf(p->s->scratch, "%.*s.lat", (int)e->text.n, e->text.p);
    return pipe_call2(p->pipe, at, EXPR_COALESCE, pipe_column(p->pipe, at, name), e);
}

static struct expr *is_null(struct esql_parser *p, struct expr *subject)
{
    struct place at = p->token.at;
    bool is_negated = false;

    subject = or_latitude(p, at, subject);
    if (!esql_advance(p))
        return NULL;
    if (esql_is_word(p, "not")) {
        is_negated = true;
        if (!esql_advance(p))
            return NULL;
    }
    if (!esql_is_word(p, "null"))
        return esql_expected(p, "NULL"), NULL;
    if (!esql_advance(p))
        return NULL;
    if (esql_is_metadata(p, subject) && str_eq(p->told, subject->text) &&
        !str_eq(subject->text, STR("_ignored"))) { /* every document has it */
        p->told = STR("");
        return pipe_bool(p->pipe, is_negated);
    }
    return pipe_call1(p->pipe, at, is_negated ? EXPR_IS_THERE : EXPR_IS_NULL, subject);
}

/* @timestamp >= NOW() - 7 days, of an event that comes now. */
static struct expr *compare_with_now(struct esql_parser *p, struct place at, enum expr_op op,
                                     struct expr *left, struct expr *right)
{
    bool is_left = left->kind == EXPR_TIME && !esql_is_now(left) && esql_is_now(right);
    bool is_right = right->kind == EXPR_TIME && !esql_is_now(right) && esql_is_now(left);
    bool is_lower = is_left ? op == EXPR_GE || op == EXPR_GT : op == EXPR_LE || op == EXPR_LT;
    /* It came before it is asked. */
    bool is_past = (is_left ? right : left)->kind == EXPR_TIME && op != EXPR_EQ;

    if ((is_left || is_right) && (is_lower || is_past)) {
        p->months_at = (struct place){0};
        return pipe_bool(p->pipe, true);
    }
    if (is_left || is_right) {
        diag_unsupported(p->s->diag, at,
                         "events that are older than a time before NOW(): events "
                         "of a stream come when they happen");
        return NULL;
    }
    return pipe_call2(p->pipe, at, op, left, right);
}

/* Texts are compared by their bytes, which is the order of neither addresses nor versions. */
static bool has_text_order(struct esql_parser *p, struct place at, enum expr_op op,
                           const struct expr *a, const struct expr *b)
{
    bool is_text = a->kind == EXPR_TEXT;
    const struct expr *literal = is_text ? a : b, *other = is_text ? b : a;

    if (op == EXPR_EQ || literal->kind != EXPR_TEXT)
        return true;
    if (other->kind == EXPR_MEMBERS &&
        !network_no_order(p->s->diag, at, other->text, literal->text))
        return false;
    return literal->group != ESQL_RANKED ||
           diag_unsupported(p->s->diag, at, "an order of addresses or versions");
}

static struct expr *comparison(struct esql_parser *p, struct expr *left, enum expr_op op)
{
    struct place at = p->token.at;
    bool is_negated = esql_is_sign(p, "!=");
    struct expr *right = esql_advance(p) ? additive(p) : NULL;

    if (!right)
        return NULL;
    if (esql_type_of(left) == ESQL_TYPE_TIME && esql_type_of(right) <= ESQL_TYPE_TEXT)
        right = esql_as_time(p, right);
    else if (esql_type_of(right) == ESQL_TYPE_TIME && esql_type_of(left) <= ESQL_TYPE_TEXT)
        left = esql_as_time(p, left);
    if (!left || !right || !esql_types_compare(p, at, left, right) ||
        !has_text_order(p, at, op, left, right))
        return NULL;
    if (!pipe_is_grouped(p->pipe) && (esql_is_now(left) || esql_is_now(right)))
        return not_if(p, at, compare_with_now(p, at, op, left, right), is_negated);
    return not_if(p, at, pipe_call2(p->pipe, at, op, left, right), is_negated);
}

static struct expr *predicate(struct esql_parser *p)
{
    static const struct {
        const char *sign;
        enum expr_op op;
    } OPS[] = {{"==", EXPR_EQ}, {"!=", EXPR_EQ}, {"<", EXPR_LT},
               {"<=", EXPR_LE}, {">", EXPR_GT},  {">=", EXPR_GE}};
    struct expr *e = additive(p);

    if (!e)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(OPS); i++)
        if (esql_is_sign(p, OPS[i].sign))
            return comparison(p, e, OPS[i].op);
    struct place at = p->token.at;
    if (esql_is_sign(p, ":")) {
        struct expr *value = esql_advance(p) ? additive(p) : NULL;
        return value ? esql_match(p, at, e, value) : NULL;
    }
    if (esql_is_sign(p, "=") || esql_is_sign(p, "<>")) {
        diag_error(p->s->diag, at, "'%.*s' compares nothing (did you mean '%s'?)",
                   SHOWN(p->token.text), esql_is_sign(p, "=") ? "==" : "!=");
        return NULL;
    }
    if (esql_is_sign(p, "=~")) {
        diag_unsupported(p->s->diag, at, "the operator '%.*s': not in this version",
                         SHOWN(p->token.text));
        return NULL;
    }
    if (esql_is_word(p, "is"))
        return is_null(p, e);
    bool is_negated = esql_is_word(p, "not");
    if (is_negated && !esql_advance(p))
        return NULL;
    if (esql_is_word(p, "like") || esql_is_word(p, "rlike"))
        return not_if(p, at, pattern(p, e), is_negated);
    if (esql_is_word(p, "in"))
        return not_if(p, at, in_list(p, e), is_negated);
    if (is_negated)
        return esql_expected(p, "LIKE, RLIKE or IN behind NOT"), NULL;
    return e;
}

static struct expr *negation(struct esql_parser *p)
{
    struct place at = p->token.at;

    if (!esql_is_word(p, "not"))
        return predicate(p);
    if (++p->depth > QUERY_DEPTH_MAX) {
        diag_error(p->s->diag, at, "more than %d levels of NOT", QUERY_DEPTH_MAX);
        return NULL;
    }
    struct expr *e = esql_advance(p) ? negation(p) : NULL;
    p->depth--;
    return esql_is_condition(p, at, e, "NOT takes a condition") ? not_if(p, at, e, true) : NULL;
}

/* a AND b AND c as one call. */
static struct expr *joined(struct esql_parser *p, const char *between, enum expr_op op,
                           struct expr *(*part)(struct esql_parser *))
{
    struct expr **parts = NULL;
    struct place at = p->token.at, *places = NULL;
    size_t n = 0, cap = 0, cap_places = 0;

    do {
        if (n == ARGS_MAX) {
            diag_error(p->s->diag, p->token.at, "more than %d conditions beside each other",
                       ARGS_MAX);
            return NULL;
        }
        if (n && !esql_advance(p))
            return NULL;
        parts = vec_room(p->s->scratch, parts, n, &cap, sizeof *parts);
        places = vec_room(p->s->scratch, places, n, &cap_places, sizeof *places);
        places[n] = p->token.at;
        parts[n] = part(p);
        if (!parts[n++])
            return NULL;
    } while (esql_is_word(p, between));
    for (size_t i = 0; n > 1 && i < n; i++)
        if (!esql_is_condition(p, places[i], parts[i], "AND and OR join conditions"))
            return NULL;
    return n == 1 ? parts[0] : pipe_call(p->pipe, at, &(struct expr){.op = op}, parts, n);
}

static struct expr *conjunction(struct esql_parser *p)
{
    return joined(p, "and", EXPR_AND, negation);
}

struct expr *esql_expression(struct esql_parser *p)
{
    return joined(p, "or", EXPR_OR, conjunction);
}
