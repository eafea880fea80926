/* condition.c - functions that say yes or no. What they are asked of a missing field is false.
 */
#include "lang/cql/scan.h"

#include "base/str.h"

struct condition {
    const char *name, *parameters;
    size_t field; /* the parameter that `field =~ f(...)` gives; SIZE_MAX: none */
    struct expr *(*build)(struct cql *x, struct cql_call *call, struct expr *subject);
};

static struct expr *any_of(struct cql *x, struct place at, struct expr **items, size_t n)
{
    if (n == 1)
        return items[0];
    return pipe_call_exactly(x->pipe, at, &(struct expr){.op = EXPR_OR}, items, n);
}

static struct expr *need(struct cql *x, const struct cql_call *call, const char *what)
{
    diag_error(x->s->diag, call->at, "%.*s() without %s", SHOWN(call->name), what);
    return NULL;
}

static bool flag(struct cql *x, const struct cql_argument *a, bool otherwise, bool *out)
{
    *out = otherwise;
    return !a || cql_flag_of(x, a, out);
}

/* ---- in, wildcard ---------------------------------------------------------------------------- */

static struct expr *patterns(struct cql *x, struct place at, struct expr *subject,
                             struct str_list values, bool is_caseless)
{
    struct expr **items = ARENA_ARRAY(x->s->scratch, values.n, struct expr *);

    if (values.n == 0)
        return pipe_bool(x->pipe, false);
    for (size_t i = 0; i < values.n; i++)
        items[i] = cql_pattern(x, at, subject, values.items[i], is_caseless);
    return any_of(x, at, items, values.n);
}

enum { IN_FIELD, IN_VALUES, IN_CASE };
static struct expr *build_in(struct cql *x, struct cql_call *call, struct expr *subject)
{
    struct str_list values;
    bool is_caseless;

    if (!call->bound[IN_VALUES])
        return need(x, call, "values");
    if (!cql_texts_of(x, call->bound[IN_VALUES], &values) ||
        !flag(x, call->bound[IN_CASE], false, &is_caseless))
        return NULL;
    return patterns(x, call->at, subject, values, is_caseless);
}

enum { WILDCARD_PATTERN, WILDCARD_FIELD, WILDCARD_CASE, WILDCARD_ALL };
static struct expr *build_wildcard(struct cql *x, struct cql_call *call, struct expr *subject)
{
    struct str_list values;
    bool is_caseless, takes_all;

    if (!call->bound[WILDCARD_PATTERN])
        return need(x, call, "a pattern");
    if (!cql_texts_of(x, call->bound[WILDCARD_PATTERN], &values) ||
        !flag(x, call->bound[WILDCARD_CASE], false, &is_caseless) ||
        !flag(x, call->bound[WILDCARD_ALL], false, &takes_all))
        return NULL;
    if (takes_all && values.n == 1 && str_eq(values.items[0], STR("*")))
        return pipe_bool(x->pipe, true);
    return patterns(x, call->at, subject, values, is_caseless);
}

/* ---- cidr, regex --------------------------------------------------------------------------- */

enum { CIDR_FIELD, CIDR_SUBNET, CIDR_NEGATE };
static struct expr *build_cidr(struct cql *x, struct cql_call *call, struct expr *subject)
{
    struct str_list networks;
    bool is_negated;

    if (!call->bound[CIDR_SUBNET])
        return need(x, call, "a subnet");
    if (!cql_texts_of(x, call->bound[CIDR_SUBNET], &networks) ||
        !flag(x, call->bound[CIDR_NEGATE], false, &is_negated))
        return NULL;
    for (size_t i = 0; i < networks.n; i++)
        if (str_eq(networks.items[i], STR("*"))) /* a parameter that nobody set */
            return pipe_call1(x->pipe, call->at, EXPR_IS_THERE, subject);
    struct expr *e = pipe_in_networks(x->pipe, call->at, subject, networks.items, networks.n);
    return is_negated ? cql_not(x, call->at, e) : e;
}

enum { REGEX_REGEX, REGEX_FIELD, REGEX_FLAGS, REGEX_STRICT, REGEX_REPEAT };
static struct expr *build_regex(struct cql *x, struct cql_call *call, struct expr *subject)
{
    const struct cql_argument *flags = call->bound[REGEX_FLAGS], *a = call->bound[REGEX_REGEX];
    struct regex re = {0};
    struct str letters;
    bool is_strict, is_repeated;

    if (!a)
        return need(x, call, "a regex");
    if (!cql_text_of(x, a, &re.pattern) || !flag(x, call->bound[REGEX_STRICT], true, &is_strict) ||
        !flag(x, call->bound[REGEX_REPEAT], false, &is_repeated) ||
        (flags &&
         (!cql_text_of(x, flags, &letters) || !cql_regex_flags(x, flags->begin, letters, &re))))
        return NULL;
    re.is_multiline |= !flags;        /* "flags: default m", says the manual of this function */
    if (str_eq(re.pattern, STR("*"))) /* a parameter that nobody set */
        return pipe_call1(x->pipe, call->at, EXPR_IS_THERE, subject);
    struct expr *e = is_repeated ? cql_matches_all(x, call->at, subject, re)
                                 : cql_matches(x, call->at, subject, re);
    return is_strict || !e ? e : pipe_bool(x->pipe, true); /* only what it captures is wanted */
}

/* ---- match --------------------------------------------------------------------------------- */

/* "geo/cities.csv", "cities.csv", "cities": by which of these somebody has it. */
static struct str list_named(const struct cql *x, struct str file)
{
    const struct list_source *l = x->s->lists;
    size_t slash = file.n, dot;
    struct str_list entries;
    enum list_mode mode;

    while (slash > 0 && file.p[slash - 1] != '/')
        slash--;
    struct str base = str_sub(file, slash, SIZE_MAX);
    dot = str_find_char(base, '.', 0);
    const struct str tries[] = {file, base, str_sub(base, 0, dot)};
    for (size_t i = 0; l && i < ARRAY_LEN(tries); i++)
        if (l->lookup(l->context, tries[i], &entries, &mode))
            return tries[i];
    return STR("");
}

static struct expr *without_list(struct cql *x, struct place at, struct str file)
{
    size_t dot = str_find_char(file, '.', 0);

    if (x->is_negated) /* an exclusion that is empty would fire on everything */
        return (void)diag_error(x->s->diag, at, "there is no list '%.*s' (--list NAME=FILE)",
                                SHOWN(file)),
               NULL;
    diag_note(x->s->diag, at,
              "there is no list '%.*s' (--list %.*s=FILE): match() of it is never true",
              SHOWN(file), SHOWN(str_sub(file, 0, dot)));
    return pipe_bool(x->pipe, false);
}

static struct expr *on_list(struct cql *x, const struct cql_call *call, struct str name,
                            struct str column, struct expr *subject)
{
    const struct list_source *l = x->s->lists;

    if (subject->kind != EXPR_MEMBERS)
        return (void)diag_unsupported(x->s->diag, call->at,
                                      "match() of a field that the query has made"),
               NULL;
    const struct list_slot *slot = l->slot ? l->slot(l->context, name, column) : NULL;
    if (!slot)
        return (void)diag_error(x->s->diag, call->at, "the list '%.*s' has no column '%.*s'",
                                SHOWN(name), SHOWN(column)),
               NULL;
    struct atom atom = {.op = ATOM_LIST, .list = slot};
    return pipe_condition(x->pipe, call->at, query_atom(x->s, call->at, subject->text, atom));
}

/* Columns of the entry that the field is become fields; an event that is on no entry keeps its own.
 */
static bool add_columns(struct cql *x, const struct cql_call *call, struct str list,
                        struct str column, struct expr *subject, struct str_list include)
{
    if (include.n && (x->is_negated || x->is_condition))
        return diag_unsupported(x->s->diag, call->at,
                                "match() that adds columns inside a condition");
    for (size_t i = 0; i < include.n; i++)
        if (!pipe_set(x->pipe, call->at, include.items[i],
                      pipe_lookup(x->pipe, call->at, list, column, subject, include.items[i])))
            return false;
    return true;
}

/* Nothing is left out, and columns that are only shown may as well be empty. */
static struct expr *shown_only(struct cql *x, const struct cql_call *call, struct str file,
                               struct str_list include)
{
    if (include.n == 0)
        return (void)diag_unsupported(x->s->diag, call->at,
                                      "match() that adds all columns of a file that is not there "
                                      "('%.*s')",
                                      SHOWN(file)),
               NULL;
    for (size_t i = 0; i < include.n; i++)
        cql_add_unknown(x, include.items[i], STR("match()"), CQL_OF_FILE);
    diag_warn(
        x->s->diag, call->at,
        "there is no list '%.*s' (--list NAME=FILE): as if it were empty, match() adds nothing",
        SHOWN(file));
    return pipe_bool(x->pipe, true);
}

enum {
    MATCH_FILE,
    MATCH_FIELD,
    MATCH_COLUMN,
    MATCH_INCLUDE,
    MATCH_STRICT,
    MATCH_CASE,
    MATCH_MODE,
    MATCH_TABLE
};
/* A table that the query has made of constants. */
static struct expr *on_table(struct cql *x, const struct cql_call *call, struct str name,
                             struct str column, struct expr *subject)
{
    const struct str_list *values = cql_table_values(x, name, column);
    struct str mode = STR("string");
    bool is_caseless;

    if (!values)
        return (void)diag_error(x->s->diag, call->at, "the table '%.*s' has no column '%.*s'",
                                SHOWN(name), SHOWN(column)),
               NULL;
    if (!flag(x, call->bound[MATCH_CASE], false, &is_caseless) ||
        (call->bound[MATCH_MODE] && !cql_text_of(x, call->bound[MATCH_MODE], &mode)))
        return NULL;
    if (call->bound[MATCH_INCLUDE])
        return (void)diag_unsupported(x->s->diag, call->at, "match() that adds columns of a table"),
               NULL;
    if (str_eq(mode, STR("glob")))
        return patterns(x, call->at, subject, *values, is_caseless);
    if (str_eq(mode, STR("cidr")))
        return pipe_in_networks(x->pipe, call->at, subject, values->items, values->n);
    struct expr **items = ARENA_ARRAY(x->s->scratch, values->n, struct expr *);
    if (values->n == 0)
        return pipe_bool(x->pipe, false);
    for (size_t i = 0; i < values->n; i++)
        items[i] =
            cql_ask(x, call->at,
                    (struct expr){.op = EXPR_EQ, .fold = query_fold(values->items[i], is_caseless)},
                    subject, pipe_text(x->pipe, values->items[i]));
    return any_of(x, call->at, items, values->n);
}

/* The table of events that match() asks; empty: none. */
static struct str table_of_events(struct cql *x, const struct cql_call *call)
{
    const struct cql_argument *named =
        call->bound[call->bound[MATCH_TABLE] ? MATCH_TABLE : MATCH_FILE];
    struct str name = STR("");

    return named && cql_text_of(x, named, &name) && cql_is_table_of_events(x, name) ? name
                                                                                    : STR("");
}

static struct expr *match_events(struct cql *x, const struct cql_call *call, struct str table,
                                 struct str field)
{
    struct cql_rows_asked asked = {.table = table, .fields = {&field, 1}};
    struct str mode = STR("string");

    if (!field.n && !call->bound[MATCH_FIELD])
        return need(x, call, "a field");
    if ((!field.n && !cql_fields_of(x, call->bound[MATCH_FIELD], &asked.fields)) ||
        (call->bound[MATCH_INCLUDE] &&
         !cql_fields_of(x, call->bound[MATCH_INCLUDE], &asked.include)) ||
        !flag(x, call->bound[MATCH_STRICT], true, &asked.is_strict) ||
        !flag(x, call->bound[MATCH_CASE], false, &asked.is_caseless) ||
        (call->bound[MATCH_MODE] && !cql_text_of(x, call->bound[MATCH_MODE], &mode)))
        return NULL;
    asked.columns = asked.fields;
    if (call->bound[MATCH_COLUMN] && !cql_fields_of(x, call->bound[MATCH_COLUMN], &asked.columns))
        return NULL;
    if (!str_eq(mode, STR("string")))
        return (void)diag_unsupported(x->s->diag, call->at,
                                      "match() of a table of events with another mode than string"),
               NULL;
    return cql_match_rows(x, call, &asked);
}

static struct expr *build_match(struct cql *x, struct cql_call *call, struct expr *subject)
{
    struct str file, column = STR("");
    struct str_list include = {NULL, 0};
    bool is_strict;

    const struct cql_argument *named =
        call->bound[call->bound[MATCH_TABLE] ? MATCH_TABLE : MATCH_FILE];
    if (!named)
        return need(x, call, "a file");
    if (!cql_text_of(x, named, &file) ||
        (call->bound[MATCH_COLUMN] && !cql_field_of(x, call->bound[MATCH_COLUMN], &column)) ||
        (call->bound[MATCH_INCLUDE] && !cql_fields_of(x, call->bound[MATCH_INCLUDE], &include)) ||
        !flag(x, call->bound[MATCH_STRICT], true, &is_strict))
        return NULL;
    if (cql_is_table(x, file))
        return is_strict ? on_table(x, call, file, column, subject) : pipe_bool(x->pipe, true);
    struct str list = list_named(x, file);
    if (!list.n && !is_strict)
        return shown_only(x, call, file, include);
    if (!list.n)
        return without_list(x, call->at, file);
    if (is_strict && pipe_is_grouped(x->pipe))
        return (void)diag_unsupported(x->s->diag, call->at, "match() behind groups"), NULL;
    struct expr *e = is_strict ? on_list(x, call, list, column, subject) : pipe_bool(x->pipe, true);
    return e && add_columns(x, call, list, column, subject, include) ? e : NULL;
}

/* ---- ioc:lookup ------------------------------------------------------------------------------ */

#define IOC_LIST "ioc"

enum { IOC_FIELD, IOC_STRICT };
/* What CrowdStrike knows of indicators is, here, the list `ioc`; what it adds to events is not.
 * field: of `field =~ ioc:lookup()`; else one or several are among the arguments. */
static struct expr *ioc(struct cql *x, struct cql_call *call, struct str field)
{
    struct str list = list_named(x, STR(IOC_LIST));
    struct str_list fields = {&field, 1};
    bool is_strict;

    if (!flag(x, call->bound[IOC_STRICT], false, &is_strict))
        return NULL;
    if (!field.n && !call->bound[IOC_FIELD])
        return need(x, call, "a field");
    if (!field.n && !cql_fields_of(x, call->bound[IOC_FIELD], &fields))
        return NULL;
    if (!list.n && !is_strict) {
        diag_note(x->s->diag, call->at, "there is no list '%s': no field is an indicator",
                  IOC_LIST);
        return pipe_bool(x->pipe, true);
    }
    if (!list.n)
        return without_list(x, call->at, STR(IOC_LIST));
    if (!is_strict || pipe_is_grouped(x->pipe) || fields.n == 0)
        return (void)diag_unsupported(x->s->diag, call->at, "ioc:lookup() that adds fields"), NULL;
    struct expr **items = ARENA_ARRAY(x->s->scratch, fields.n, struct expr *);
    for (size_t i = 0; i < fields.n; i++) {
        struct expr *subject = cql_column(x, call->at, fields.items[i]);
        items[i] = subject ? on_list(x, call, list, STR(""), subject) : NULL;
    }
    return any_of(x, call->at, items, fields.n);
}

static struct expr *build_ioc(struct cql *x, struct cql_call *call, struct expr *subject)
{
    (void)subject;
    return ioc(x, call, STR(""));
}

/* ---- texts ----------------------------------------------------------------------------------- */

enum { TEXT_STRING, TEXT_PART, TEXT_CASE };
static struct expr *text_asked(struct cql *x, struct cql_call *call, enum expr_op op)
{
    struct expr *a, *b;
    bool is_caseless;

    if (!call->bound[TEXT_STRING] || !call->bound[TEXT_PART])
        return need(x, call, "a text and a part of it");
    a = cql_expression_of(x, call->bound[TEXT_STRING]);
    b = a ? cql_expression_of(x, call->bound[TEXT_PART]) : NULL;
    if (!b || !flag(x, call->bound[TEXT_CASE], false, &is_caseless))
        return NULL;
    enum fold fold = is_caseless && b->kind == EXPR_TEXT ? query_fold(b->text, true)
                     : is_caseless                       ? FOLD_ASCII
                                                         : FOLD_NONE;
    return cql_ask(x, call->at, (struct expr){.op = op, .fold = fold}, a, b);
}

static struct expr *build_contains(struct cql *x, struct cql_call *call, struct expr *subject)
{
    (void)subject;
    return text_asked(x, call, EXPR_HAS_TEXT);
}

static struct expr *build_starts(struct cql *x, struct cql_call *call, struct expr *subject)
{
    (void)subject;
    return text_asked(x, call, EXPR_STARTS);
}

static struct expr *build_ends(struct cql *x, struct cql_call *call, struct expr *subject)
{
    (void)subject;
    return text_asked(x, call, EXPR_ENDS);
}

static struct expr *build_test(struct cql *x, struct cql_call *call, struct expr *subject)
{
    bool was_condition = x->is_condition;

    (void)subject;
    if (!call->bound[0])
        return need(x, call, "a condition");
    x->is_condition = true;
    struct expr *e = cql_expression_of(x, call->bound[0]);
    x->is_condition = was_condition;
    return e;
}

static struct expr *build_array_contains(struct cql *x, struct cql_call *call, struct expr *subject)
{
    (void)subject;
    return cql_array_contains(x, call);
}

static struct expr *build_array_exists(struct cql *x, struct cql_call *call, struct expr *subject)
{
    (void)subject;
    return cql_array_exists(x, call);
}

static struct expr *build_array_regex(struct cql *x, struct cql_call *call, struct expr *subject)
{
    (void)subject;
    return cql_array_regex(x, call);
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct condition CONDITIONS[] = {
    {"in", "field values ignoreCase", IN_FIELD, build_in},
    {"wildcard", "pattern field ignoreCase includeEverythingOnAsterisk", WILDCARD_FIELD,
     build_wildcard},
    {"cidr", "field subnet negate", CIDR_FIELD, build_cidr},
    {"regex", "regex field flags strict repeat limit", REGEX_FIELD, build_regex},
    {"match", "file field column include strict ignoreCase mode table nrows", MATCH_FIELD,
     build_match},
    {"ioc:lookup", "field strict type confidenceThreshold", IOC_FIELD, build_ioc},
    {"test", "expression", SIZE_MAX, build_test},
    {"text:contains", "string substring ignoreCase", SIZE_MAX, build_contains},
    {"text:startsWith", "string substring ignoreCase", SIZE_MAX, build_starts},
    {"text:endsWith", "string substring ignoreCase", SIZE_MAX, build_ends},
    {"array:contains", "array value", SIZE_MAX, build_array_contains},
    {"array:exists", "array condition var", SIZE_MAX, build_array_exists},
    {"array:regex", "array regex flags", SIZE_MAX, build_array_regex},
};

static const struct condition *condition_of(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(CONDITIONS); i++)
        if (str_eq_ci(name, str_from(CONDITIONS[i].name)))
            return &CONDITIONS[i];
    return NULL;
}

bool cql_is_condition(struct str name)
{
    return condition_of(name) != NULL;
}

/* The field that is asked; regex() has the record as it came for a default. */
static struct expr *subject_of(struct cql *x, const struct condition *c,
                               const struct cql_call *call, struct str field)
{
    if (!field.n) {
        if (!call->bound[c->field]) {
            if (c->build != build_regex)
                return need(x, call, "a field");
            field = STR("@rawstring");
        } else if (!cql_field_of(x, call->bound[c->field], &field)) {
            return NULL;
        }
    }
    return cql_column(x, call->at, field);
}

static bool is_joined_field(struct cql *x, const struct cql_call *call, struct str field)
{
    if (!field.n &&
        (!call->bound[WILDCARD_FIELD] || !cql_field_of(x, call->bound[WILDCARD_FIELD], &field)))
        return false;
    return cql_is_joined(x, field);
}

/* Of a column of the other event of a join nothing is known but that it is there. */
static struct expr *joined_wildcard(struct cql *x, const struct cql_call *call)
{
    struct str_list values;

    if (!call->bound[WILDCARD_PATTERN])
        return need(x, call, "a pattern");
    if (!cql_texts_of(x, call->bound[WILDCARD_PATTERN], &values))
        return NULL;
    if (values.n == 1 && str_eq(values.items[0], STR("*")))
        return pipe_bool(x->pipe, true);
    return (void)diag_unsupported(x->s->diag, call->at, "wildcard() of a column that join() adds"),
           NULL;
}

struct expr *cql_condition(struct cql *x, struct cql_call *call, struct str field)
{
    const struct condition *c = condition_of(call->name);
    struct expr *subject = NULL;

    if (!c)
        return (void)cql_unknown(x, call), NULL;
    if (field.n && c->field == SIZE_MAX)
        return (void)diag_error(x->s->diag, call->at, "%s() is asked of no field by =~", c->name),
               NULL;
    if (!cql_bind(x, call, c->parameters, field.n ? c->field : SIZE_MAX))
        return NULL;
    if (c->build == build_ioc)
        return ioc(x, call, field);
    struct str table = c->build == build_match ? table_of_events(x, call) : STR("");
    if (table.n)
        return match_events(x, call, table, field);
    if (c->build == build_wildcard && is_joined_field(x, call, field))
        return joined_wildcard(x, call);
    if (c->field != SIZE_MAX) {
        subject = subject_of(x, c, call, field);
        if (!subject)
            return NULL;
    }
    return c->build(x, call, subject);
}

const char *cql_condition_name(size_t i)
{
    return i < ARRAY_LEN(CONDITIONS) ? CONDITIONS[i].name : NULL;
}
