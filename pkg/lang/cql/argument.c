/* argument.c - what stands between a function's parentheses: found first, read when the function
 * asks for it, since what an argument is (a field, a text, a condition, functions) is known to the
 * function alone.
 */
#include "lang/cql/scan.h"

#include "base/str.h"
#include "base/vec.h"

/* ---- finding them ----------------------------------------------------------------- */

/* A slash behind this begins a regex. */
static bool is_before_value(const struct cql *x, size_t begin, size_t at)
{
    while (at > begin && strchr(" \t\r\n", x->text.p[at - 1]))
        at--;
    if (at == begin || strchr("(,=[{|~;!>", x->text.p[at - 1]))
        return true;
    struct str before = str_sub(x->text, begin, at - begin);
    static const struct str WORDS[] = {{"AND", 3}, {"OR", 2}, {"NOT", 3}};
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (before.n > WORDS[i].n &&
            str_eq_ci(str_sub(before, before.n - WORDS[i].n, SIZE_MAX), WORDS[i]) &&
            strchr(" \t\r\n(", before.p[before.n - WORDS[i].n - 1]))
            return true;
    return false;
}

static bool skip_closed(struct cql *x, char close)
{
    size_t end = cql_closing(x, close);

    if (end != SIZE_MAX) {
        x->next = end + 1;
        return true;
    }
    return diag_error(x->s->diag, cql_here(x),
                      close == '"' ? "a \" that is never closed" : "a regex that is never closed");
}

/* To the comma or the parenthesis that ends the argument. */
static bool skip_argument(struct cql *x, struct cql_argument *out)
{
    unsigned depth = 0;

    cql_blanks(x);
    out->whole = out->begin = x->next;
    for (; x->next < x->end; cql_blanks(x)) {
        char c = cql_peek(x);
        if (depth == 0 && (c == ',' || c == ')'))
            break;
        if (c == '"' || (c == '/' && is_before_value(x, out->begin, x->next))) {
            if (!skip_closed(x, c))
                return false;
            continue;
        }
        depth += c == '(' || c == '[' || c == '{';
        if (c == ')' || c == ']' || c == '}')
            depth -= depth > 0;
        x->next++;
    }
    if (x->next >= x->end)
        return cql_expected(x, "')' behind the arguments");
    out->end = x->next;
    return true;
}

bool cql_skip(struct cql *x)
{
    size_t begin = x->next;

    for (; !cql_is_end(x); x->next++)
        while (cql_peek(x) == '"' || (cql_peek(x) == '/' && is_before_value(x, begin, x->next)))
            if (!skip_closed(x, cql_peek(x)))
                return false;
    return !diag_failed(x->s->diag);
}

/* name=... */
static void read_name(const struct cql *x, struct cql_argument *a)
{
    struct cql look = *x;

    look.next = a->begin;
    look.end = a->end;
    struct str name = cql_word(&look);
    if (name.n == 0 || !cql_take(&look, "=") || cql_peek(&look) == '=' || cql_peek(&look) == '~')
        return;
    a->name = name;
    cql_blanks(&look);
    a->begin = look.next;
}

bool cql_read_call(struct cql *x, size_t at, struct str name, struct cql_call *out)
{
    *out = (struct cql_call){.name = name, .at = cql_place(x, at)};
    if (!cql_take(x, "("))
        return cql_expected(x, "'('");
    if (cql_take(x, ")"))
        return true;
    for (;;) {
        struct cql_argument *a = &out->items[out->n];
        if (out->n++ == CQL_ARGUMENTS_MAX)
            return diag_error(x->s->diag, out->at, "more than %d arguments", CQL_ARGUMENTS_MAX);
        if (!skip_argument(x, a))
            return false;
        if (a->end == a->begin)
            return cql_expected(x, "an argument");
        read_name(x, a);
        if (!cql_take(x, ","))
            return cql_take(x, ")") || cql_expected(x, "')'");
    }
}

/* ---- which is which ----------------------------------------------------------------- */

enum { PARAMETERS_MAX = 16 };

static size_t names_of(const char *parameters, struct str names[PARAMETERS_MAX])
{
    struct str rest = str_from(parameters);
    size_t n = 0;

    while (rest.n) {
        ASSERT(n < PARAMETERS_MAX);
        (void)str_cut(rest, ' ', &names[n++], &rest);
    }
    return n;
}

static bool bind_named(struct cql *x, struct cql_call *call, const struct cql_argument *a,
                       const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!str_eq_ci(names[i], a->name))
            continue;
        if (call->bound[i])
            return diag_error(x->s->diag, cql_place(x, a->whole), "'%.*s' is there twice",
                              SHOWN(a->name));
        call->bound[i] = a;
        return true;
    }
    struct str hint = diag_hint(x->s->diag, a->name, names, n);
    return diag_unsupported(x->s->diag, cql_place(x, a->whole), "%.*s() with '%.*s='%.*s",
                            SHOWN(call->name), SHOWN(a->name), SHOWN(hint));
}

bool cql_bind(struct cql *x, struct cql_call *call, const char *parameters, size_t preset)
{
    struct str names[PARAMETERS_MAX];
    size_t n = names_of(parameters, names), next = 0;

    for (size_t i = 0; i < call->n; i++)
        if (call->items[i].name.n && !bind_named(x, call, &call->items[i], names, n))
            return false;
    for (size_t i = 0; i < call->n; i++) {
        if (call->items[i].name.n)
            continue;
        while (next < n && (call->bound[next] || next == preset))
            next++;
        if (next == n)
            return diag_error(x->s->diag, cql_place(x, call->items[i].whole),
                              "%.*s() takes no further argument", SHOWN(call->name));
        call->bound[next] = &call->items[i];
    }
    return true;
}

/* ---- reading one ---------------------------------------------------------------------- */

struct cql_window cql_open(struct cql *x, size_t begin, size_t end)
{
    struct cql_window w = {x->next, x->end};

    x->next = begin;
    x->end = end;
    return w;
}

bool cql_close(struct cql *x, struct cql_window w)
{
    bool is_good = cql_is_end(x) || cql_expected(x, "',' or ')'");

    x->next = w.next;
    x->end = w.end;
    return is_good && !diag_failed(x->s->diag);
}

static struct str_list one(struct cql *x, struct str text)
{
    struct str *items = ARENA_NEW(x->s->a, struct str);

    *items = text;
    return (struct str_list){items, 1};
}

/* What the call of a saved query, an overlay or a list says; else the query, the file; else
 * anything. */
static struct str_list value_of(struct cql *x, struct place at, struct str name, struct str own)
{
    const struct list_source *lists = x->s->lists;
    const struct cql_parameters *of_file = x->options ? x->options->parameters : NULL;
    struct str_list found;
    enum list_mode mode;

    for (size_t i = 0; i < x->arguments.n; i++)
        if (str_eq(x->arguments.items[i].name, name))
            return one(x, x->arguments.items[i].value);
    if (lists && lists->lookup(lists->context, name, &found, &mode) && found.items) {
        struct str *items = ARENA_ARRAY(x->s->a, found.n, struct str);
        for (size_t i = 0; i < found.n; i++)
            items[i] = names_intern(x->s->names, found.items[i]);
        return (struct str_list){items, found.n};
    }
    if (own.p)
        return one(x, own);
    for (size_t i = 0; of_file && i < of_file->n; i++)
        if (str_eq(of_file->items[i].name, name))
            return one(x, names_intern(x->s->names, of_file->items[i].value));
    diag_note(x->s->diag, at, "?%.*s has no value: anything (*)", SHOWN(name));
    return one(x, STR("*"));
}

bool cql_parameter(struct cql *x, struct str_list *out)
{
    struct place at = cql_here(x);
    struct str name, own = {NULL, 0};

    x->next++;
    if (!cql_take(x, "{")) {
        name = cql_bare(x);
        *out = value_of(x, at, name, own);
        return name.n > 0 || cql_expected(x, "the name of a parameter");
    }
    if (!cql_name(x, &name))
        return false;
    if (cql_take(x, "=")) {
        cql_blanks(x);
        if (cql_peek(x) == '"' ? !cql_quoted(x, &own) : (own = cql_bare(x)).n == 0)
            return cql_expected(x, "the value of a parameter");
        own = names_intern(x->s->names, own);
    }
    *out = value_of(x, at, name, own);
    return cql_take(x, "}") || cql_expected(x, "'}'");
}

bool cql_values(struct cql *x, struct str_list *out)
{
    struct str text;

    cql_blanks(x);
    if (!cql_count_value(x))
        return false;
    if (cql_peek(x) == '?')
        return cql_parameter(x, out);
    if (cql_peek(x) == '"') {
        if (!cql_quoted(x, &text))
            return false;
    } else {
        text = names_intern(x->s->names, cql_bare(x));
        if (text.n == 0 || diag_failed(x->s->diag))
            return cql_expected(x, "a value");
    }
    *out = one(x, text);
    return true;
}

bool cql_text_of(struct cql *x, const struct cql_argument *a, struct str *out)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    struct place at = cql_here(x);
    struct str_list values = {NULL, 0};

    if (!cql_values(x, &values))
        return cql_close(x, w);
    if (values.n != 1)
        return diag_error(x->s->diag, at, "a parameter with %zu values where one is wanted",
                          values.n);
    *out = values.items[0];
    return cql_close(x, w);
}

bool cql_field_of(struct cql *x, const struct cql_argument *a, struct str *out)
{
    struct str_list fields;

    if (!cql_fields_of(x, a, &fields))
        return false;
    if (fields.n != 1)
        return diag_unsupported(x->s->diag, cql_place(x, a->begin),
                                "several fields where one is wanted");
    *out = fields.items[0];
    return true;
}

bool cql_flag_of(struct cql *x, const struct cql_argument *a, bool *out)
{
    struct str text;

    if (!cql_text_of(x, a, &text))
        return false;
    *out = str_eq_ci(text, STR("true"));
    return *out || str_eq_ci(text, STR("false")) ||
           diag_error(x->s->diag, cql_place(x, a->begin), "expected true or false, found '%.*s'",
                      SHOWN(text));
}

struct list {
    struct str *items;
    size_t n, cap;
};

static void add(struct cql *x, struct list *l, struct str_list values)
{
    for (size_t i = 0; i < values.n; i++) {
        l->items = vec_room(x->s->a, l->items, l->n, &l->cap, sizeof *l->items);
        l->items[l->n++] = values.items[i];
    }
}

static bool read_one(struct cql *x, struct list *l, bool is_field)
{
    struct str_list values;
    struct str name;

    if (!is_field)
        return cql_values(x, &values) && (add(x, l, values), true);
    if (!cql_count_value(x) || !cql_name(x, &name))
        return false;
    add(x, l, one(x, names_intern(x->s->names, name)));
    return true;
}

static bool list_of(struct cql *x, const struct cql_argument *a, bool is_field,
                    struct str_list *out)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    struct list l = {0};
    bool is_good = true;

    if (is_field && cql_take(x, "(")) {
        is_good = read_one(x, &l, is_field) && (cql_take(x, ")") || cql_expected(x, "')'"));
    } else if (!cql_take(x, "[")) {
        is_good = read_one(x, &l, is_field);
    } else if (!cql_take(x, "]")) {
        do {
            is_good = read_one(x, &l, is_field);
        } while (is_good && cql_take(x, ",") && !cql_is_at(x, "]"));
        is_good = is_good && (cql_take(x, "]") || cql_expected(x, "',' or ']'"));
    }
    *out = (struct str_list){l.items, l.n};
    return cql_close(x, w) && is_good;
}

bool cql_texts_of(struct cql *x, const struct cql_argument *a, struct str_list *out)
{
    return list_of(x, a, false, out);
}

bool cql_fields_of(struct cql *x, const struct cql_argument *a, struct str_list *out)
{
    return list_of(x, a, true, out);
}

struct expr *cql_expression_of(struct cql *x, const struct cql_argument *a)
{
    struct cql_window w = cql_open(x, a->begin, a->end);
    struct expr *e = cql_expression(x);

    return cql_close(x, w) ? e : NULL;
}
