/* filter.c - filters: terms side by side are AND, OR binds tighter than that.
 *
 *     and   := or ("AND"? or)*
 *     or    := unary ("OR" unary)*
 *     unary := ("NOT" | "!") unary | one
 *     one   := "(" and ")" | field op value | field =~ function(...) | function(...)
 *              | /regex/ | "text" | word
 *
 * A field is on the left, a literal on the right. Logic has two values: what is asked of a missing
 * field is false, and true under NOT, so that `!=` holds of it. `=` compares texts, * is any run of
 * characters and nothing escapes it; < and its like compare numbers and are false of what is none.
 */
#include "lang/cql/scan.h"

#include "base/str.h"
#include "base/vec.h"
#include "rule/expr_regex.h"

static struct expr *and_filter(struct cql *x);

/* ---- what atoms are made of ----------------------------------------------------------- */

struct expr *cql_ask(struct cql *x, struct place at, struct expr call, struct expr *a,
                     struct expr *b)
{
    struct expr *args[] = {a, b};

    call.is_any = call.is_false_on_null = call.is_loose = true;
    return pipe_call_exactly(x->pipe, at, &call, args, b ? 2 : 1);
}

struct expr *cql_not(struct cql *x, struct place at, struct expr *e)
{
    return pipe_call1(x->pipe, at, EXPR_NOT, e);
}

struct expr *cql_pattern(struct cql *x, struct place at, struct expr *subject, struct str pattern,
                         bool is_caseless)
{
    struct expr call = {.op = EXPR_GLOB, .fold = query_fold(pattern, is_caseless)};

    if (str_eq(pattern, STR("*")))
        return pipe_call1(x->pipe, at, EXPR_IS_THERE, subject);
    if (!pipe_glob(x->pipe, at, pattern, '*', 0, 0, &call.glob))
        return NULL;
    return cql_ask(x, at, call, subject, NULL);
}

/* ---- field op value ---------------------------------------------------------------------- */

struct terms {
    struct expr **items;
    size_t n, cap;
};

static void add_term(struct cql *x, struct terms *t, struct expr *e)
{
    t->items = vec_room(x->s->scratch, t->items, t->n, &t->cap, sizeof *t->items);
    t->items[t->n++] = e;
}

static struct expr *joined(struct cql *x, struct place at, const struct terms *t, enum expr_op op)
{
    if (t->n == 1)
        return t->items[0];
    return pipe_call_exactly(x->pipe, at, &(struct expr){.op = op}, t->items, t->n);
}

/* `a=b(...)` with a function b applies none; with another text the parenthesis is the next term. */
static bool is_function(struct str name)
{
    return cql_is_condition(name) || cql_is_value(name) || cql_is_step(name) || cql_is_group(name);
}

static struct expr *equals(struct cql *x, struct place at, struct expr *subject)
{
    struct str_list values;
    struct terms t = {0};
    struct regex re;

    cql_blanks(x);
    if (cql_peek(x) == '/')
        return cql_regex_literal(x, &re) ? cql_matches(x, at, subject, re) : NULL;
    size_t begin = x->next;
    if (!cql_values(x, &values))
        return NULL;
    if (cql_peek(x) == '(' && is_function(str_sub(x->text, begin, x->next - begin)))
        return (void)cql_expected(x, "a literal (field =~ function() applies a function)"), NULL;
    for (size_t i = 0; i < values.n; i++)
        add_term(x, &t, cql_pattern(x, at, subject, values.items[i], false));
    return joined(x, at, &t, EXPR_OR);
}

static struct expr *ordered(struct cql *x, struct place at, enum expr_op op, struct expr *subject)
{
    struct str_list values;

    if (!cql_values(x, &values))
        return NULL;
    struct expr_value v =
        values.n == 1 ? expr_value_number(values.items[0]) : (struct expr_value){0};
    if (v.type == EXPR_VALUE_INT || v.type == EXPR_VALUE_REAL)
        return cql_ask(x, at, (struct expr){.op = op}, subject,
                       pipe_number(x->pipe, at, values.items[0]));
    diag_warn(x->s->diag, at, "compared with '%.*s', which is no number: never true",
              SHOWN(values.n ? values.items[0] : STR("")));
    return pipe_bool(x->pipe, false);
}

static struct expr *like(struct cql *x, struct place at, struct expr *subject)
{
    struct str_list values;
    struct terms t = {0};

    if (!cql_values(x, &values))
        return NULL;
    for (size_t i = 0; i < values.n; i++)
        add_term(x, &t,
                 cql_ask(x, at, (struct expr){.op = EXPR_HAS_TEXT}, subject,
                         pipe_text(x->pipe, values.items[i])));
    return joined(x, at, &t, EXPR_OR);
}

static struct expr *applied(struct cql *x, struct str field)
{
    size_t at;
    struct cql_call call;

    bool is_not = cql_take(x, "!");
    cql_blanks(x);
    at = x->next;
    struct str name = cql_word(x);
    if (name.n == 0)
        return (void)cql_expected(x, "a function behind =~"), NULL;
    if (!cql_read_call(x, at, name, &call))
        return NULL;
    x->is_negated ^= is_not;
    struct expr *e = cql_condition(x, &call, field);
    x->is_negated ^= is_not;
    return is_not ? cql_not(x, call.at, e) : e;
}

/* f in ("a", "b") */
static struct expr *infix_in(struct cql *x, struct place at, struct expr *subject)
{
    struct str_list values;
    struct terms t = {0};

    if (!cql_take(x, "("))
        return (void)cql_expected(x, "'(' behind in"), NULL;
    do {
        if (!cql_values(x, &values))
            return NULL;
        for (size_t i = 0; i < values.n; i++)
            add_term(x, &t, cql_pattern(x, at, subject, values.items[i], false));
    } while (cql_take(x, ","));
    if (!cql_take(x, ")"))
        return (void)cql_expected(x, "',' or ')'"), NULL;
    return joined(x, at, &t, EXPR_OR);
}

static bool is_before_parenthesis(const struct cql *x)
{
    struct cql look = *x;

    return cql_is_at(&look, "(");
}

/* `in (` or `not in (`, taken up to the parenthesis. */
static bool take_infix(struct cql *x, bool *is_not)
{
    size_t begin = x->next;

    *is_not = cql_take_word(x, "not");
    if (cql_take_word(x, "in") && is_before_parenthesis(x))
        return true;
    x->next = begin;
    return false;
}

/* Of the other event of a join: its columns are there, be it as the empty text. */
static struct expr *is_there(struct cql *x, struct place at, struct str name)
{
    struct str_list values;
    bool is_not = cql_take(x, "!");

    (void)cql_take(x, "=");
    cql_blanks(x);
    if (cql_peek(x) == '/' || !cql_values(x, &values) || values.n != 1 ||
        !str_eq(values.items[0], STR("*")))
        return diag_failed(x->s->diag) ? NULL : (cql_column(x, at, name), NULL);
    return pipe_bool(x->pipe, !is_not);
}

/* What stands behind a name; *is_known: an operator does. */
static struct expr *comparison(struct cql *x, size_t begin, struct str name, bool *is_known)
{
    static const struct {
        const char *sign;
        enum expr_op op;
    } ORDERS[] = {{"<=", EXPR_LE}, {">=", EXPR_GE}, {"<", EXPR_LT}, {">", EXPR_GT}};
    struct place at = cql_place(x, begin);
    bool is_not;

    *is_known = true;
    if (cql_take(x, "<=>"))
        return cql_link(x, at, name);
    if (cql_is_at(x, "=="))
        return (void)diag_error(x->s->diag, cql_here(x),
                                "'==' is for test() and what stands behind :=, a filter has '='"),
               NULL;
    if (cql_is_joined(x, name) && (cql_is_at(x, "!=") || cql_is_at(x, "=")) && !cql_is_at(x, "=~"))
        return is_there(x, at, name);
    if (cql_take(x, "=~"))
        return applied(x, name);
    if (cql_take(x, "!=")) {
        bool was_negated = x->is_negated;
        x->is_negated = true;
        struct expr *e = equals(x, at, cql_column(x, at, name));
        x->is_negated = was_negated;
        return cql_not(x, at, e);
    }
    if (cql_take(x, "="))
        return equals(x, at, cql_column(x, at, name));
    for (size_t i = 0; i < ARRAY_LEN(ORDERS); i++)
        if (cql_take(x, ORDERS[i].sign))
            return ordered(x, at, ORDERS[i].op, cql_column(x, at, name));
    if (cql_take_word(x, "like"))
        return like(x, at, cql_column(x, at, name));
    cql_blanks(x);
    size_t word = x->next;
    if (cql_take_word(x, "not") && cql_take_word(x, "like"))
        return cql_lenient(x, word, CQL_NOT_LIKE)
                   ? cql_not(x, at, like(x, at, cql_column(x, at, name)))
                   : NULL;
    x->next = word;
    if (take_infix(x, &is_not)) {
        if (!cql_lenient(x, word, CQL_INFIX_IN))
            return NULL;
        struct expr *e = infix_in(x, at, cql_column(x, at, name));
        return is_not ? cql_not(x, at, e) : e;
    }
    *is_known = false;
    return NULL;
}

/* ---- free text ------------------------------------------------------------------------------ */

/* LogScale's documentation, filters: free text is looked for in all fields but tags, @id and times.
 */
static const struct str NO_FREE_TEXT[] = {
    {"#*", 2}, {"@id", 3}, {"@timestamp", 10}, {"@ingesttimestamp", 16}};

static struct expr *anywhere(struct cql *x, struct place at, struct atom atom)
{
    atom.except = (struct str_list){NO_FREE_TEXT, ARRAY_LEN(NO_FREE_TEXT)};
    if (pipe_is_grouped(x->pipe))
        return (void)diag_unsupported(x->s->diag, at, "free text behind groups"), NULL;
    return pipe_condition(x->pipe, at, query_atom(x->s, at, STR(FIELD_ANY_NAME), atom));
}

/* Numbers, true and false of JSON are no texts. */
static void warn_of_value(struct cql *x, struct place at, struct str text)
{
    struct expr_value v = expr_value_number(text);
    bool is_number = v.type == EXPR_VALUE_INT || v.type == EXPR_VALUE_REAL;

    if (is_number || str_eq_ci(text, STR("true")) || str_eq_ci(text, STR("false")))
        diag_warn(x->s->diag, at,
                  "'%.*s' is looked for in texts: a field that is a %s is asked by its name",
                  SHOWN(text), is_number ? "number" : "truth value");
}

static struct expr *free_text(struct cql *x, struct place at, struct str text)
{
    struct atom atom = {0};
    struct glob g;

    if (str_eq(text, STR("*")))
        return pipe_bool(x->pipe, true);
    warn_of_value(x, at, text);
    struct str inside = arena_printf(x->s->scratch, "*%.*s*", (int)text.n, text.p);
    if (!pipe_glob(x->pipe, at, inside, '*', 0, 0, &g))
        return NULL;
    query_glob_atom(&g, query_fold(text, true), &atom);
    return anywhere(x, at, atom);
}

static struct expr *free_regex(struct cql *x, struct place at)
{
    struct atom atom = {.op = ATOM_REGEX};
    struct regex_fault fault;

    if (!cql_regex_literal(x, &atom.regex) || !cql_without_names(x, at, &atom.regex))
        return NULL;
    if (regex_check(&atom.regex, &fault) != WEIR_OK)
        return (void)diag_error(x->s->diag, at, "not a valid regex: %s", fault.text), NULL;
    return anywhere(x, at, atom);
}

/* ?name alone: a text that somebody may ask for. */
static struct expr *free_parameter(struct cql *x, struct place at)
{
    struct str_list values;
    struct terms t = {0};

    if (!cql_parameter(x, &values))
        return NULL;
    for (size_t i = 0; i < values.n; i++)
        add_term(x, &t, free_text(x, at, values.items[i]));
    return joined(x, at, &t, EXPR_OR);
}

/* ---- one term ------------------------------------------------------------------------------- */

static struct expr *named_function(struct cql *x, size_t begin, struct str name)
{
    struct cql_call call;

    if (!cql_read_call(x, begin, name, &call))
        return NULL;
    if (cql_is_condition(name))
        return cql_condition(x, &call, STR(""));
    if (cql_is_value(name) || cql_is_step(name) || cql_is_group(name))
        return (void)diag_unsupported(x->s->diag, call.at,
                                      "%.*s() beside other filters (it is a step of "
                                      "its own, behind '|')",
                                      SHOWN(name)),
               NULL;
    return (void)cql_unknown(x, &call), NULL;
}

/* `| table a`: to LogScale the text "table" and the text "a", which is hardly meant. */
static void warn_of_function(struct cql *x, size_t begin, struct str name)
{
    size_t before = begin;

    while (before > 0 && strchr(" \t\r\n", x->text.p[before - 1]))
        before--;
    if (before > 0 && x->text.p[before - 1] == '|' &&
        (is_function(name) || str_eq_ci(name, STR("search"))))
        diag_warn(x->s->diag, cql_place(x, begin), "'%.*s' is a text to look for here: %s",
                  SHOWN(name),
                  is_function(name) ? "the function has parentheses" : "it is no word of CQL");
}

static struct expr *named(struct cql *x, size_t begin)
{
    struct place at = cql_place(x, begin);
    bool is_quoted = cql_peek(x) == '"', is_known;
    struct str name;

    if (!cql_count_value(x) || (is_quoted && !cql_quoted(x, &name)))
        return NULL;
    if (!is_quoted) {
        name = names_intern(x->s->names, cql_bare(x));
        if (name.n == 0 || diag_failed(x->s->diag))
            return (void)cql_expected(x, "a filter"), NULL;
    }
    struct expr *e = comparison(x, begin, name, &is_known);
    if (is_known)
        return e;
    if (!is_quoted && cql_is_at(x, "("))
        return named_function(x, begin, name);
    if (!is_quoted && (str_eq(name, STR("true")) || str_eq(name, STR("false"))))
        return pipe_bool(x->pipe, name.p[0] == 't');
    if (!is_quoted && name.p[0] == '$')
        return (void)diag_unsupported(x->s->diag, at, "a saved query (%.*s)", SHOWN(name)), NULL;
    if (!is_quoted)
        warn_of_function(x, begin, name);
    return free_text(x, at, name);
}

static struct expr *one(struct cql *x)
{
    cql_blanks(x);
    size_t begin = x->next;
    struct place at = cql_here(x);

    if (cql_peek(x) == '/')
        return free_regex(x, at);
    if (cql_peek(x) == '?')
        return free_parameter(x, at);
    if (cql_peek(x) == '[')
        return (void)diag_error(x->s->diag, at,
                                "a list is an argument of a function: in(field, values=[...])"),
               NULL;
    if (!cql_take(x, "("))
        return named(x, begin);
    if (!cql_enter(x))
        return NULL;
    struct expr *e = and_filter(x);
    cql_leave(x);
    if (e && !cql_take(x, ")"))
        return (void)cql_expected(x, "')', AND or OR"), NULL;
    return e;
}

/* AND or OR without a filter before it; fields of these names have an operator behind them. */
static bool is_lost_operator(const struct cql *x, const char *word)
{
    struct cql look = *x;

    return cql_take_word(&look, word) && !cql_is_at(&look, "=") && !cql_is_at(&look, "!=") &&
           !cql_is_at(&look, "<") && !cql_is_at(&look, ">");
}

static struct expr *unary(struct cql *x)
{
    cql_blanks(x);
    struct place at = cql_here(x);

    if (is_lost_operator(x, "OR") || is_lost_operator(x, "AND"))
        return (void)cql_expected(x, "a filter"), NULL;

    if (!cql_take_word(x, "NOT") && !cql_take(x, "!"))
        return one(x);
    if (!cql_enter(x))
        return NULL;
    x->is_negated = !x->is_negated;
    struct expr *e = unary(x);
    x->is_negated = !x->is_negated;
    cql_leave(x);
    return cql_not(x, at, e);
}

static struct expr *or_filter(struct cql *x)
{
    struct terms t = {0};
    struct place at = cql_here(x);
    size_t n_links = cql_n_links(x);
    unsigned n_joins = x->n_joins;

    do {
        struct expr *e = unary(x);
        if (!e)
            return NULL;
        add_term(x, &t, e);
    } while (cql_take_word(x, "OR"));
    if (t.n > 1 && cql_n_links(x) > n_links)
        return (void)diag_unsupported(x->s->diag, at, "'<=>' in an OR"), NULL;
    if (t.n > 1 && x->n_joins > n_joins)
        return (void)diag_unsupported(x->s->diag, at, "match() of a table of events in an OR"),
               NULL;
    return joined(x, at, &t, EXPR_OR);
}

static struct expr *and_filter(struct cql *x)
{
    struct terms t = {0};
    struct place at = cql_here(x);

    do {
        struct expr *e = or_filter(x);
        if (!e)
            return NULL;
        if (t.n == 1 && t.items[0]->kind == EXPR_BOOL && t.items[0]->value)
            t.items[0] = e; /* `true`, or a link of correlate(), asks nothing */
        else if (t.n == 0 || e->kind != EXPR_BOOL || !e->value)
            add_term(x, &t, e);
    } while (cql_take_word(x, "AND") || (!cql_is_step_end(x) && !strchr(",]", cql_peek(x))));
    return joined(x, at, &t, EXPR_AND);
}

struct expr *cql_filter(struct cql *x)
{
    if (!cql_enter(x))
        return NULL;
    struct expr *e = and_filter(x);
    cql_leave(x);
    return e;
}
