/* scan.h - a query as it is being read; what all files of the front end share.
 *
 * Functions return NULL or false after an error in the diag. */
#ifndef WEIR_LANG_CQL_SCAN_H
#define WEIR_LANG_CQL_SCAN_H

#include "lang/cql/cql.h"
#include "lang/pipe/pipe.h"

/* What the lenient dialect adds to the grammar. */
enum cql_lenient {
    CQL_INFIX_IN,    /* f in ("a", "b"), f not in (...) */
    CQL_NOT_LIKE,    /* f not like "a" */
    CQL_WHERE,       /* | where CONDITION */
    CQL_EVAL_CASE,   /* x := case(condition, value, ..., else) */
    CQL_EVAL_IF,     /* x := if(condition, value, else) */
    CQL_DROP_ALL,    /* drop() for dropEvent() */
    CQL_COLLECT_AS,  /* collect(f, as=name) */
    CQL_LEADING_BAR, /* | f=v */
    CQL_LENIENTS
};

/* A column whose values nobody knows here may be shown. */
enum cql_lack {
    /* Of a file that is not there: as if that were empty, so it has what the event itself says; but
     * under NOT that would be an exclusion of nothing. */
    CQL_OF_FILE,
    CQL_NOT_COMPUTED, /* it may not be asked */
    CQL_JOINED        /* of the other event of a join: it may only be asked whether it is there */
};
struct cql_unknown_column {
    struct str name, source; /* source: what would add it */
    enum cql_lack lack;
};

/* What stands between the values of a column that collect() makes. */
struct cql_separator {
    struct str column, text;
};

struct cql_link_scope; /* correlate.c */
struct cql_table;      /* join.c */
struct cql_self_join;  /* selfjoin.c */
struct cql_parsed;     /* json.c */

struct cql {
    struct query_scope *s;
    struct pipe *pipe;
    const struct query_options *options;
    struct str text;
    size_t next, end; /* what is being read */
    size_t *lines;    /* bytes at which lines begin */
    size_t n_lines;
    unsigned depth, n_clauses; /* clauses inside each other */
    size_t n_values;
    bool is_strict;
    bool was_lenient[CQL_LENIENTS];
    bool is_negated;         /* inside a NOT */
    bool is_condition;       /* inside an expression: nothing may be set */
    struct place grouped_at; /* the step that makes groups */
    struct cql_unknown_column *unknown;
    size_t n_unknown, cap_unknown;
    /* A value is made that may just as well be shown: what it is made of may be unknown, and
     * *made_of says then that it is, too. */
    const struct cql_unknown_column **made_of;
    bool is_inner;                         /* a query inside another */
    const struct cql_link_scope *links;    /* ... of correlate(); NULL: of none */
    bool is_linked;                        /* behind correlate(): rows are only shown */
    const struct cql_self_join *self_join; /* that waits for its groups; NULL: none */
    const struct cql_table *tables;
    size_t n_tables;
    const struct cql_separator *separators; /* of collect(); others have a line break */
    size_t n_separators;
    const struct cql_parsed *parsed; /* texts that parseJson() has read, the last one; NULL: none */
    struct str member;  /* array:exists(): the name of the member at hand; empty: none */
    struct str split;   /* split(): members of this field are rows; empty: none */
    struct place outer; /* inside a saved query: of the call; line 0: not inside */
    unsigned n_saved;
    struct cql_parameters arguments; /* of the call */
    int64_t bucket_ms;               /* of bucket() and its like; 0: none */
    int64_t window_ms;               /* how far back the query looks; 0: unknown yet */
    int64_t interval_ms;             /* setTimeInterval(); 0: none */
    int64_t table_ms;                /* how far back a table goes that match() joins; 0: none */
    unsigned n_joins;                /* so far */
    size_t n_steps;                  /* that are read, but for defineTable() */
    bool has_source;                 /* the events are none of a stream */
    bool has_one_event;              /* but one that has no fields */
    bool has_row;                    /* behind groups: one event of each is there, too */
    enum group_kind row_kind;        /* the first or the last one */
};

/* ---- scan.c -------------------------------------------------------------------------------- */

/* False: the query is too large. */
bool cql_start(struct cql *x, struct str query);
struct place cql_place(const struct cql *x, size_t at);
struct place cql_here(const struct cql *x);
/* Blanks and comments. */
void cql_blanks(struct cql *x);
/* The next byte, 0 at the end. */
char cql_peek(const struct cql *x);
/* After blanks: the end of what is being read, or what ends a step: | ; } ) */
bool cql_is_end(struct cql *x);
bool cql_is_step_end(struct cql *x);
/* After blanks: takes `sign` if it stands there. */
bool cql_take(struct cql *x, const char *sign);
bool cql_is_at(struct cql *x, const char *sign);
/* The same for a word, case aside, which must end there. */
bool cql_take_word(struct cql *x, const char *word);
/* "expected WHAT, found ..."; false. */
bool cql_expected(struct cql *x, const char *what);
/* Where the text or regex ends that begins here and that `close` ends; SIZE_MAX: nowhere. */
size_t cql_closing(const struct cql *x, char close);
/* A text in double quotes, escapes resolved. */
bool cql_quoted(struct cql *x, struct str *out);
/* What stands without quotes: a name, or a value of a filter. Empty: nothing does. */
struct str cql_bare(struct cql *x);
/* The same where - + * / are signs. */
struct str cql_word(struct cql *x);
/* A name in quotes or without. */
bool cql_name(struct cql *x, struct str *out);
bool cql_count_value(struct cql *x);
bool cql_enter(struct cql *x);
static inline void cql_leave(struct cql *x)
{
    x->depth--;
}
/* A production of the lenient dialect: false, with an error, if the rule is strict. */
bool cql_lenient(struct cql *x, size_t at, enum cql_lenient what);

/* /regex/flags, the first slash next. */
bool cql_regex_literal(struct cql *x, struct regex *out);
/* The flags of a regex, as letters. */
bool cql_regex_flags(struct cql *x, size_t at, struct str flags, struct regex *re);

/* ---- header.c ------------------------------------------------------------------------------ */

/* 30m, 1h, 7days. */
bool cql_span(struct str text, int64_t *ms);
/* What the first comments of the query say; *window_ms stays if they say nothing of it. */
bool cql_header(struct cql *x, int64_t *window_ms);

/* ---- argument.c ---------------------------------------------------------------------------- */

struct cql_argument {
    struct str name;          /* empty: none */
    size_t whole, begin, end; /* with and without the name; where it ends */
};

struct cql_call {
    struct str name; /* of the function */
    struct place at;
    struct cql_argument items[CQL_ARGUMENTS_MAX];
    size_t n;
    /* By number of the parameter. */
    const struct cql_argument *bound[16];
};

/* The name is taken, the parenthesis is next. */
bool cql_read_call(struct cql *x, size_t at, struct str name, struct cql_call *out);
/* Which argument is which: `parameters` are names with blanks between, in the order in which those
 * without a name are taken. preset: the number of one that has its value, or SIZE_MAX. */
bool cql_bind(struct cql *x, struct cql_call *call, const char *parameters, size_t preset);

/* To the end of what is being read, whatever stands there. False: a text or a regex has no end. */
bool cql_skip(struct cql *x);

/* Reading one: what was being read before goes on behind it. */
struct cql_window {
    size_t next, end;
};
struct cql_window cql_open(struct cql *x, size_t begin, size_t end);
/* False, with an error, if something is left. */
bool cql_close(struct cql *x, struct cql_window w);

/* Of an argument that is there. */
bool cql_text_of(struct cql *x, const struct cql_argument *a, struct str *out);
bool cql_field_of(struct cql *x, const struct cql_argument *a, struct str *out);
bool cql_flag_of(struct cql *x, const struct cql_argument *a, bool *out);
/* One or a list in brackets. */
bool cql_texts_of(struct cql *x, const struct cql_argument *a, struct str_list *out);
bool cql_fields_of(struct cql *x, const struct cql_argument *a, struct str_list *out);
struct expr *cql_expression_of(struct cql *x, const struct cql_argument *a);
/* What a filter or an argument may have for a text: quoted, bare, or ?parameter (then several). */
bool cql_values(struct cql *x, struct str_list *out);
/* ?name or ?{name=value}, the question mark next. */
bool cql_parameter(struct cql *x, struct str_list *out);

/* ---- values and conditions ----------------------------------------------------------------- */

struct expr *cql_column(struct cql *x, struct place at, struct str name);
/* Behind tail(1) and head(1) of groups: the event's column is there, if nothing else is. */
bool cql_need_row(struct cql *x, struct place at, struct str name);
/* The column is one of these from now on: showing it is fine. `source`: what would add it. */
void cql_add_unknown(struct cql *x, struct str name, struct str source, enum cql_lack lack);
/* It is one that has no value, whatever file is given. */
/* collect() of the column has this between its values. */
void cql_add_separator(struct cql *x, struct str column, struct str text);
void cql_copy_separator(struct cql *x, struct str from, struct str to);
bool cql_is_lacking(const struct cql *x, struct str name);
bool cql_is_joined(const struct cql *x, struct str name);
/* NULL: it is none. */
const struct cql_unknown_column *cql_unknown_column(const struct cql *x, struct str name);
/* The column has this value from now on. */
bool cql_set(struct cql *x, struct place at, struct str name, struct expr *value);
struct expr *cql_filter(struct cql *x);
struct expr *cql_expression(struct cql *x);
/* subject against a pattern with *; case aside or not. */
struct expr *cql_pattern(struct cql *x, struct place at, struct expr *subject, struct str pattern,
                         bool is_caseless);
/* The regex matches; its named groups become columns unless something forbids it. */
struct expr *cql_matches(struct cql *x, struct place at, struct expr *subject, struct regex re);
/* The same, and the column is a list of what all matches captured. */
struct expr *cql_matches_all(struct cql *x, struct place at, struct expr *subject, struct regex re);
/* The regex without the names of its groups, for a search in all fields: which of them matches
 * first nobody knows here, so what the groups capture is only shown. */
bool cql_without_names(struct cql *x, struct place at, struct regex *re);
/* A condition about the subject and one text: two-valued, of any member. */
struct expr *cql_ask(struct cql *x, struct place at, struct expr call, struct expr *a,
                     struct expr *b);
struct expr *cql_not(struct cql *x, struct place at, struct expr *e);

/* A function that says yes or no, or makes a value. subject: of `field =~ f(...)`, else NULL. */
bool cql_is_condition(struct str name);
struct expr *cql_condition(struct cql *x, struct cql_call *call, struct str subject);
const char *cql_condition_name(size_t i); /* NULL: there are not so many */
struct expr *cql_format(struct cql *x, struct cql_call *call);
/* A text that counts as a number where it is one. */
struct expr *cql_as_number(struct cql *x, struct place at, struct expr *e);
bool cql_is_value(struct str name);
const char *cql_value_name(size_t i);
/* *as: where the value goes if it is a step of its own. */
struct expr *cql_value(struct cql *x, struct cql_call *call, struct str *as);
/* absent.c: what to write instead of a function that is not done here; NULL: nothing is known. */
const char *cql_instead_of(struct str name);
/* "unsupported: the function f()", with that or the nearest name. */
bool cql_unknown(struct cql *x, const struct cql_call *call);

/* ---- steps --------------------------------------------------------------------------------- */

/* Steps with bars between them, up to what is none. */
bool cql_steps(struct cql *x);
/* array.c */
struct expr *cql_array_contains(struct cql *x, struct cql_call *call);
struct expr *cql_array_exists(struct cql *x, struct cql_call *call);
bool cql_reduce_all(struct cql *x, struct cql_call *call);
/* Members that the regex of array:regex() matches; the length of an array. */
struct expr *cql_array_regex(struct cql *x, struct cql_call *call);
struct expr *cql_array_length(struct cql *x, struct cql_call *call);
/* array:append(), array:dedup(), array:drop(), array:eval(), array:filter(), array:rename(). */
bool cql_array_step(struct cql *x, struct cql_call *call);
/* bits.c */
bool cql_extract_flags(struct cql *x, struct cql_call *call);
bool cql_extract_flags_as_array(struct cql *x, struct cql_call *call);
bool cql_extract_flags_as_string(struct cql *x, struct cql_call *call);
/* join.c */
struct pipe *cql_pipe_new(struct query_scope *s);
bool cql_join(struct cql *x, struct cql_call *call);
bool cql_define_table(struct cql *x, struct cql_call *call);
/* Reads { steps } with a pipeline of its own, up to behind the brace; *inner
                          has it then. */
bool cql_inner_query(struct cql *x, size_t begin, size_t end, const struct cql_link_scope *links,
                     struct cql *inner);
/* correlate.c */
bool cql_correlate(struct cql *x, struct cql_call *call);
/* How many links there are so far. */
size_t cql_n_links(const struct cql *x);
/* `name <=> query.field`, the sign taken: the constant true; NULL after an error. */
struct expr *cql_link(struct cql *x, struct place at, struct str name);
/* Behind correlate(): a step that shows rows is skipped, any other one is an error. */
bool cql_linked_step(struct cql *x);
/* selfjoin.c */
bool cql_self_join_filter(struct cql *x, struct cql_call *call);
/* At the end of the query: without groups behind it, it makes them. */
bool cql_self_join_end(struct cql *x);
bool cql_is_table(const struct cql *x, struct str name);
/* ... whose rows are events, so that match() is a join. */
bool cql_is_table_of_events(const struct cql *x, struct str name);
struct cql_rows_asked {
    struct str table;
    struct str_list fields, columns, include; /* include: empty: all */
    bool is_strict, is_caseless;
};
/* The constant true. */
struct expr *cql_match_rows(struct cql *x, const struct cql_call *call,
                            const struct cql_rows_asked *asked);
/* NULL: the table has no such column. */
const struct str_list *cql_table_values(const struct cql *x, struct str name, struct str column);
/* shown.c; as: empty: the function's own */
bool cql_is_addition(struct str name);
bool cql_addition(struct cql *x, struct cql_call *call, struct str as);
bool cql_transpose(struct cql *x, struct cql_call *call);
/* ipLocation() where no database says. */
bool cql_no_places(struct cql *x, struct cql_call *call);
/* A saved query that people have and that only adds. */
bool cql_is_enrich(struct str name);
bool cql_enrich(struct cql *x, const struct cql_call *call);
/* source.c */
bool cql_create_events(struct cql *x, struct cql_call *call);
bool cql_read_file(struct cql *x, struct cql_call *call);
bool cql_parse_event(struct cql *x, struct cql_call *call);
/* json.c */
bool cql_parse_json(struct cql *x, struct cql_call *call);
/* Before a step that takes columns by their names: the field is one, if parseJson() may have it. */
bool cql_parsed_column(struct cql *x, struct place at, struct str name);
/* What a text that parseJson() has read has of the name; else `own`. */
struct expr *cql_parsed_value(struct cql *x, struct place at, struct str name, struct expr *own);
/* $name(...): the steps of the query that is saved under the name. */
bool cql_saved_call(struct cql *x, const struct cql_call *call);
/* One that weir brings along; empty: it has none of this name. */
struct str cql_helper(struct str name);
bool cql_is_step(struct str name);
bool cql_step(struct cql *x, struct cql_call *call);
bool cql_is_group(struct str name);
const char *cql_group_name(size_t i);
/* as: a name for the one aggregate; empty: its own. */
bool cql_group(struct cql *x, struct cql_call *call, struct str as);
/* The column `as` is `name` of the first or last event of the group; nothing if no event had it. */
bool cql_row_column(struct cql *x, struct place at, struct str as, struct str name,
                    enum group_kind kind);
/* The functions of all events, or of the groups that they make. */
bool cql_group_by_nothing(struct cql *x, struct cql_call *call, const struct cql_argument *a);
/* [f(), g()], the bracket next: a row of several aggregates. */
bool cql_group_list(struct cql *x);

#endif
