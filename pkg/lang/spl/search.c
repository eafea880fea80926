/* search.c - the expressions of `search`: terms side by side are AND, OR binds tighter than that.
 *
 *     and  := or ("AND"? or)*        or := not ("OR" not)*        not := "NOT"? one
 *     one  := "(" and ")" | field op value | field "IN" "(" values ")" | term
 *
 * Case does not matter to texts, `*` is any run of characters, nothing escapes it. A comparison
 * with a missing field is false, also `!=`: NOT f=v is the one that holds for a missing f.
 *
 * index, source, sourcetype, eventtype ... beside the terms of the first search say where to look:
 * they are the streams of the rule. Under NOT, beside other terms in an OR and in later searches
 * source, sourcetype and eventtype are fields, which profiles may list; an index is none.
 */
#include "lang/spl/scan.h"

#include "base/ip.h"
#include "base/str.h"
#include "base/vec.h"

static const char STOPS[] = "()\"=<>!,|[]";

struct terms { /* of one AND or OR */
    struct expr **items;
    size_t n, cap;
};

static struct expr *search_and(struct spl *x);

static void keep(struct spl *x, struct terms *t, struct expr *e)
{
    t->items = vec_room(x->s->scratch, t->items, t->n, &t->cap, sizeof *t->items);
    t->items[t->n++] = e;
}

/* Two-valued, of any member, numbers as numbers, case aside. */
static struct expr *compare(struct spl *x, struct place at, struct expr call, struct expr *a,
                            struct expr *b)
{
    struct expr *args[] = {a, b};

    call.kind = EXPR_CALL;
    call.is_any = call.is_false_on_null = call.is_loose = true;
    return pipe_call_exactly(x->pipe, at, &call, args, b ? 2 : 1);
}

static enum fold fold_of(struct str text)
{
    return query_fold(text, true);
}

static struct expr *not_null(struct spl *x, struct place at, struct expr *subject)
{
    return pipe_call1(x->pipe, at, EXPR_NOT, pipe_call1(x->pipe, at, EXPR_IS_NULL, subject));
}

static struct expr *or_network(struct spl *x, struct place at, struct expr *is,
                               struct expr *subject, struct str network)
{
    struct expr *inside = pipe_in_networks(x->pipe, at, subject, &network, 1);

    return pipe_call2(x->pipe, at, EXPR_OR, is,
                      pipe_call2(x->pipe, at, EXPR_COALESCE, inside, pipe_bool(x->pipe, false)));
}

/* ADDRESS/BITS */
static bool is_network(struct str value)
{
    struct ip_address ip;
    size_t slash = str_find_char(value, '/', 0);
    int64_t bits;

    return slash != SIZE_MAX && ip_parse(str_sub(value, 0, slash), &ip) &&
           str_to_i64(str_sub(value, slash + 1, SIZE_MAX), &bits) && bits >= 0 &&
           bits <= (ip.is_v4 ? 32 : 128);
}

/* A network is what addresses are in, and a text as any other. */
static struct expr *equals(struct spl *x, struct place at, struct expr *subject, struct str value)
{
    struct expr call = {.op = EXPR_GLOB, .fold = fold_of(value)};

    if (str_eq(value, STR("*")))
        return not_null(x, at, subject);
    if (str_find_char(value, '*', 0) == SIZE_MAX) {
        call.op = EXPR_EQ;
        struct expr *is = compare(x, at, call, subject, pipe_text(x->pipe, value));
        return is_network(value) ? or_network(x, at, is, subject, value) : is;
    }
    if (!pipe_glob(x->pipe, at, value, '*', 0, 0, &call.glob))
        return NULL;
    return compare(x, at, call, subject, NULL);
}

/* Some member is another one. */
static struct expr *differs(struct spl *x, struct place at, struct expr *subject, struct str value)
{
    if (str_eq(value, STR("*")))
        return pipe_bool(x->pipe, false);
    struct expr *is = equals(x, at, pipe_member(x->pipe), value);
    return pipe_call2(x->pipe, at, EXPR_ANY_OF, subject, pipe_call1(x->pipe, at, EXPR_NOT, is));
}

static bool is_number(struct str text)
{
    struct expr_value v = expr_value_number(text);

    return v.type == EXPR_VALUE_INT || v.type == EXPR_VALUE_REAL;
}

static struct expr *in_order(struct spl *x, struct place at, enum expr_op op, struct expr *subject,
                             struct str value)
{
    return compare(x, at, (struct expr){.op = op}, subject,
                   is_number(value) ? pipe_number(x->pipe, at, value) : pipe_text(x->pipe, value));
}

/* ---- values -------------------------------------------------------------------------------- */

static bool read_value(struct spl *x, struct str *out)
{
    spl_blanks(x);
    if (!spl_count_value(x))
        return false;
    if (spl_peek(x) == '"')
        return spl_quoted(x, out);
    size_t begin = x->next, n = 0;
    while (x->next < x->end && !strchr(" \t\r\n()\",|[]", spl_peek(x))) {
        bool is_escape = spl_peek(x) == '\\' && x->next + 1 < x->end;
        x->next += is_escape ? 2U : 1U;
    }
    struct str raw = str_sub(x->text.text, begin, x->next - begin);
    if (raw.n == 0)
        return spl_expected(x, "a value");
    char *p = arena_alloc(x->s->scratch, raw.n);
    for (size_t i = 0; i < raw.n; i++) {
        i += raw.p[i] == '\\' && i + 1 < raw.n && (raw.p[i + 1] == '\\' || raw.p[i + 1] == '"');
        p[n++] = raw.p[i];
    }
    *out = (struct str){p, n};
    return true;
}

static struct expr *any_of(struct spl *x, struct place at, const struct terms *t, enum expr_op op)
{
    if (t->n == 1)
        return t->items[0];
    return pipe_call(x->pipe, at, &(struct expr){.kind = EXPR_CALL, .op = op}, t->items, t->n);
}

/* Between two values of a list; Splunk takes commas without a value too. False: its end. */
static bool next_value(struct spl *x)
{
    struct place at = spl_here(x);
    unsigned n = 0;

    while (spl_take(x, ","))
        n++;
    if (n > 1)
        diag_warn(x->s->diag, at, "commas without a value between them");
    return !spl_take(x, ")");
}

static struct expr *search_in(struct spl *x, struct place at, struct str field)
{
    struct expr *subject = spl_operand(x, at, field);
    struct terms t = {0};
    struct str value;

    if (!spl_take(x, "("))
        return (void)spl_expected(x, "'(' behind IN"), NULL;
    if (spl_take(x, ","))
        diag_warn(x->s->diag, at, "a list that begins with a comma");
    do {
        if (!read_value(x, &value))
            return NULL;
        keep(x, &t, equals(x, at, subject, value));
    } while (next_value(x));
    return any_of(x, at, &t, EXPR_OR);
}

/* ---- streams ------------------------------------------------------------------------------- */

static bool is_stream_word(struct str name)
{
    static const struct str WORDS[] = {
        {"index", 5}, {"source", 6}, {"sourcetype", 10}, {"eventtype", 9}, {"splunk_server", 13}};

    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_eq(WORDS[i], name))
            return true;
    return false;
}

/* Says where somebody keeps data, not what they are. */
static bool is_where_data_are_kept(struct str name)
{
    return str_eq(name, STR("index")) || str_eq(name, STR("splunk_server"));
}

static bool keep_stream(struct spl *x, struct place at, struct str name, struct str value)
{
    if (spl_is_time_modifier(name))
        return spl_time_modifier(x, at, name, value);
    if (str_eq(value, STR("*")) || is_where_data_are_kept(name))
        return true;
    if (x->n_streams == SPL_STREAMS_MAX)
        return diag_error(x->s->diag, at, "more than %d sources", SPL_STREAMS_MAX);
    x->streams[x->n_streams++] =
        names_intern(x->s->names, arena_printf(x->s->scratch, "%.*s=%.*s", (int)name.n, name.p,
                                               (int)value.n, value.p));
    return true;
}

/* Does the comparison behind this word say where to look, and not what to look for? */
static bool is_stream(struct spl *x, struct str name)
{
    struct spl look = *x;

    if ((!is_stream_word(name) && !spl_is_time_modifier(name)) || !x->is_first || x->n_choices > 0)
        return false;
    return spl_take_word(&look, "IN", true) || spl_take(&look, "=");
}

/* A source says nothing of the event: true. */
static struct expr *search_stream(struct spl *x, struct place at, struct str name)
{
    struct str value;

    if (spl_take_word(x, "IN", true)) {
        if (!spl_take(x, "("))
            return (void)spl_expected(x, "'(' behind IN"), NULL;
        do {
            if (!read_value(x, &value) || !keep_stream(x, at, name, value))
                return NULL;
        } while (next_value(x));
        return pipe_bool(x->pipe, true);
    }
    if (!spl_take(x, "="))
        return (void)spl_expected(x, "'=' behind the name of a source"), NULL;
    if (!read_value(x, &value) || !keep_stream(x, at, name, value))
        return NULL;
    return pipe_bool(x->pipe, true);
}

/* sourcetype=a OR sourcetype=b, at the level of the search, also in parentheses: all of it sources.
 */
static bool is_stream_list(const struct spl *x)
{
    struct spl look = *x;
    struct str value;
    bool is_list = false, has_or = false, is_open;

    if (!x->is_first || x->n_choices > 0)
        return false;
    is_open = spl_take(&look, "(");
    do {
        spl_blanks(&look);
        is_list = is_stream_word(spl_word(&look, STOPS)) && spl_take(&look, "=") &&
                  !spl_is_end(&look) && read_value(&look, &value);
        has_or = is_list && spl_take_word(&look, "OR", false);
    } while (has_or);
    return is_list && (!is_open || spl_take(&look, ")"));
}

static struct expr *search_stream_list(struct spl *x)
{
    bool is_open = spl_take(x, "(");

    do {
        spl_blanks(x);
        struct place at = spl_here(x);
        if (!search_stream(x, at, spl_word(x, STOPS)))
            return NULL;
    } while (spl_take_word(x, "OR", false));
    if (is_open)
        (void)spl_take(x, ")");
    return pipe_bool(x->pipe, true);
}

/* ---- terms --------------------------------------------------------------------------------- */

/* What stands around a word; of TERM() only what Splunk's indexes break at everywhere. */
static const char WORD_BORDER[] = "[^\\p{L}\\p{N}]";
static const char TERM_BORDER[] =
    "[\\s\\[\\]<>(){}|!;,'\"*&?+]|--|%(?:20|21|26|2526|3B|7C|2B|3D|2520|5D|5B|3A|0A|2C|28|29)";

/* Numbers, true and false of JSON are no texts. */
static void warn_of_value(struct spl *x, struct place at, struct str text)
{
    if (is_number(text) || str_eq_ci(text, STR("true")) || str_eq_ci(text, STR("false")))
        diag_warn(x->s->diag, at,
                  "'%.*s' is looked for in texts: a field that is a %s is asked by its name",
                  SHOWN(text), is_number(text) ? "number" : "truth value");
}

/* Anywhere in the event between borders; a * at an end lifts the border there. */
static struct expr *search_term(struct spl *x, struct place at, struct str text, const char *border,
                                bool is_caseless)
{
    bool front = text.n && text.p[0] == '*', back = text.n > 1 && text.p[text.n - 1] == '*';
    struct buf out = {0};

    if (str_eq(text, STR("*")))
        return pipe_bool(x->pipe, true);
    struct str core = str_sub(text, front, text.n - front - back);
    if (!front)
        buf_printf(&out, "(?:^|%s)", border);
    for (size_t i = 0; i < core.n; i++) {
        if (core.p[i] == '*')
            buf_add(&out, STR("\\S*"));
        else if (strchr("\\^$.|?+()[]{}/-#", core.p[i]))
            buf_printf(&out, "\\%c", core.p[i]);
        else
            buf_add_char(&out, core.p[i]);
    }
    if (!back)
        buf_printf(&out, "(?:$|%s)", border);
    struct atom atom = {
        .op = ATOM_REGEX,
        .regex = {.pattern = names_intern(x->s->names, buf_str(&out)), .is_caseless = is_caseless}};
    buf_release(&out);
    struct formula *f = query_atom(x->s, at, STR(FIELD_ANY_NAME), atom);
    return pipe_condition(x->pipe, at, f);
}

/* CASE(text): a term, case as written. TERM(text): one between blanks and the like. */
static struct expr *search_directive(struct spl *x, struct place at, bool is_case)
{
    struct str text;

    (void)spl_take(x, "(");
    if (!read_value(x, &text))
        return NULL;
    if (!spl_take(x, ")"))
        return (void)spl_expected(x, "')'"), NULL;
    return search_term(x, at, text, is_case ? WORD_BORDER : TERM_BORDER, !is_case);
}

/* tag=x, tag::host=x: what Splunk's settings say of an event, not the event. */
static void warn_of_tag(struct spl *x, struct place at, struct str field)
{
    if (x->is_first && (str_eq(field, STR("tag")) || str_starts(field, STR("tag::"))))
        diag_warn(x->s->diag, at,
                  "tags are what Splunk's settings say of an event: it must have the field '%.*s' "
                  "itself",
                  SHOWN(field));
}

static struct expr *search_compare(struct spl *x, struct place at, struct str field)
{
    static const struct {
        const char *sign;
        enum expr_op op;
    } ORDERS[] = {{"<=", EXPR_LE}, {">=", EXPR_GE}, {"<", EXPR_LT}, {">", EXPR_GT}};
    struct str value;

    warn_of_tag(x, at, field);
    if (spl_take(x, "<>"))
        return (void)diag_error(x->s->diag, at, "'<>' is no comparison: '!=' is"), NULL;
    for (size_t i = 0; i < ARRAY_LEN(ORDERS); i++)
        if (spl_take(x, ORDERS[i].sign))
            return read_value(x, &value)
                       ? in_order(x, at, ORDERS[i].op, spl_operand(x, at, field), value)
                       : NULL;
    if (spl_take(x, "!="))
        return read_value(x, &value) ? differs(x, at, spl_operand(x, at, field), value) : NULL;
    if (spl_take(x, "==") || spl_take(x, "="))
        return read_value(x, &value) ? equals(x, at, spl_operand(x, at, field), value) : NULL;
    return (void)spl_expected(x, "a comparison"), NULL;
}

static bool is_comparison(const struct spl *x)
{
    struct spl look = *x;

    spl_blanks(&look);
    return spl_peek(&look) && strchr("=<>!", spl_peek(&look));
}

static bool is_in(const struct spl *x)
{
    struct spl look = *x;

    return spl_take_word(&look, "IN", true) && spl_take(&look, "(");
}

/* Operators are written in capitals; who writes them otherwise rarely looks for these words. */
static void warn_of_small_operator(struct spl *x, struct place at, struct str word)
{
    static const char *const OPERATORS[] = {"AND", "OR", "NOT"};

    for (size_t i = 0; i < ARRAY_LEN(OPERATORS); i++)
        if (str_eq_ci(word, str_from(OPERATORS[i])))
            diag_warn(x->s->diag, at, "'%.*s' is a word to look for: the operator is written %s",
                      SHOWN(word), OPERATORS[i]);
}

static struct expr *search_word(struct spl *x)
{
    struct place at = spl_here(x);
    bool is_quoted = spl_peek(x) == '"';
    struct str word;

    if (is_quoted && !spl_quoted(x, &word))
        return NULL;
    if (!is_quoted)
        word = spl_word(x, STOPS);
    if (word.n == 0 && !is_quoted)
        return (void)spl_expected(x, "a term"), NULL;
    bool is_operator = str_eq(word, STR("AND")) || str_eq(word, STR("OR"));
    if (!is_quoted && is_operator && !is_comparison(x))
        return (void)diag_error(x->s->diag, at, "expected a term before %.*s", SHOWN(word)), NULL;
    bool is_case = str_eq(word, STR("CASE"));
    if (!is_quoted && spl_peek(x) == '(' && (is_case || str_eq(word, STR("TERM"))))
        return search_directive(x, at, is_case);
    if (!is_quoted && spl_peek(x) == '(')
        return (void)diag_unsupported(x->s->diag, at, "%.*s() in a search", SHOWN(word)), NULL;
    bool has_in = is_in(x);
    if ((has_in || is_comparison(x)) && !is_quoted && is_stream(x, word))
        return search_stream(x, at, word);
    bool is_modifier =
        spl_is_time_modifier(word) && !pipe_is_grouped(x->pipe) && !pipe_was_column(x->pipe, word);
    if ((has_in || is_comparison(x)) && (is_modifier || is_where_data_are_kept(word)))
        return (void)diag_unsupported(x->s->diag, at,
                                      "'%.*s' under NOT, in an OR or behind the first search",
                                      SHOWN(word)),
               NULL;
    if (has_in) {
        (void)spl_take_word(x, "IN", true);
        return search_in(x, at, word);
    }
    if (is_comparison(x))
        return search_compare(x, at, word);
    if (!is_quoted)
        warn_of_small_operator(x, at, word);
    warn_of_value(x, at, word);
    return spl_count_value(x) ? search_term(x, at, word, WORD_BORDER, true) : NULL;
}

static struct expr *search_one(struct spl *x)
{
    spl_blanks(x);
    if (spl_peek(x) == '[')
        return spl_listed(x);
    if (is_stream_list(x))
        return search_stream_list(x);
    if (!spl_take(x, "("))
        return search_word(x);
    if (!spl_enter(x))
        return NULL;
    struct expr *e = search_and(x);
    spl_leave(x);
    if (e && !spl_take(x, ")"))
        return (void)spl_expected(x, "')', AND or OR"), NULL;
    return e;
}

static struct expr *search_not(struct spl *x)
{
    struct place at;

    spl_blanks(x);
    at = spl_here(x);
    if (!spl_take_word(x, "NOT", false))
        return search_one(x);
    if (!spl_enter(x))
        return NULL;
    x->n_choices++;
    struct expr *e = search_not(x);
    x->n_choices--;
    spl_leave(x);
    return pipe_call1(x->pipe, at, EXPR_NOT, e);
}

static bool has_or(struct spl *x)
{
    struct spl look = *x;

    return spl_take_word(&look, "OR", false);
}

/* The first term is read again if it named a source and an OR is behind it: there it is a field. */
static struct expr *search_first_of_or(struct spl *x)
{
    struct spl before = *x;
    struct expr *e = search_not(x);

    if (e && has_or(x) && x->is_joined && !before.is_joined)
        return (void)diag_unsupported(x->s->diag, spl_here(x),
                                      "a search inside a search ([...]) in an OR"),
               NULL;
    if (!e || !has_or(x) || x->n_streams == before.n_streams)
        return e;
    before.n_choices++;
    *x = before;
    e = search_not(x);
    x->n_choices--;
    return e;
}

static struct expr *search_or(struct spl *x)
{
    struct place at = spl_here(x);
    struct terms t = {0};
    struct expr *e = search_first_of_or(x);

    if (!e || !has_or(x))
        return e;
    keep(x, &t, e);
    x->n_choices++;
    while (e && spl_take_word(x, "OR", false)) {
        e = search_not(x);
        keep(x, &t, e);
    }
    x->n_choices--;
    return e ? any_of(x, at, &t, EXPR_OR) : NULL;
}

static struct expr *search_and(struct spl *x)
{
    struct place at = spl_here(x);
    struct terms t = {0};

    do {
        if (t.n > 0)
            (void)spl_take_word(x, "AND", false);
        struct expr *e = search_or(x);
        if (!e)
            return NULL;
        keep(x, &t, e);
        spl_blanks(x);
    } while (spl_peek(x) && spl_peek(x) != ')');
    return any_of(x, at, &t, EXPR_AND);
}

struct expr *spl_search(struct spl *x, bool *is_all)
{
    *is_all = spl_is_end(x);
    if (*is_all)
        return NULL;
    struct expr *e = search_and(x);
    if (e && !spl_is_end(x))
        return (void)spl_expected(x, "a term"), NULL;
    return e;
}
