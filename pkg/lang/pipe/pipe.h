/* pipe.h - pipelines: what ES|QL, LogScale's CQL and Splunk's SPL have in common.
 *
 *     filter | x := f(a) | filter on x | rename, keep, drop | groups | filter on aggregates | keep
 *
 * A front end reads its text and calls this builder step by step. Steps about single events are
 * compiled away: the builder keeps what every column is in terms of the event's fields
 * (`name -> expression`), so that assigning, capturing and renaming change this environment alone,
 * and each filter is lowered with it put in. A raw field beside a literal becomes an ordinary atom,
 * which the matcher finds by table; the rest is computed (ATOM_EXPR), with a plain condition beside
 * it where one must hold too. What is left over and wanted behind the formula (group keys, inputs
 * of aggregates, dedup, evidence) becomes rule->derived.
 *
 *     struct pipe *p = pipe_new(scope, &DIALECT);
 *     pipe_where(p, at, pipe_call2(p, at, EXPR_EQ, pipe_column(p, at, name), pipe_text(p, at, v)));
 *     pipe_set(p, at, STR("x"), pipe_call1(p, at, EXPR_LOWER, pipe_column(p, at, STR("a"))));
 *     pipe_stats(p, at, aggregates, n, keys, n_keys);
 *     pipe_where(p, at, ...);                                  now about aggregates: a HAVING
 *     return pipe_finish(p, &defaults, rule);
 *
 * Behind pipe_stats() columns are group keys and aggregates, no event's field is known any more.
 * Idioms become the operator that says the same for less: one count or count of distinct values
 * above a bound, the earliest time against now, no condition at all (a plain rule that folds by
 * the group); everything else OPERATOR_GROUP.
 *
 * Values are built bottom up. All functions that give a struct expr * give NULL after an error,
 * which is in the diag, and take NULL arguments (then they say nothing more); functions that give a
 * bool give false then. Constants are computed at once. `at` is the place in the file that messages
 * name.
 *
 * Memory   the rule's parts in scope->a, the rest in scope->scratch.
 * Threads  belongs to one thread.
 * Limits   below, EXPR_DEPTH_MAX and EXPR_SIZE_MAX (an expression with all that was put into it),
 *          CORRELATION_GROUP_MAX, CORRELATION_COLUMNS_MAX, FORMULA_DEPTH_MAX.
 */
#ifndef WEIR_LANG_PIPE_PIPE_H
#define WEIR_LANG_PIPE_PIPE_H

#include "base/base.h"
#include "lang/query.h"
#include "rule/correlation.h"
#include "rule/expr.h"
#include "rule/rule.h"

enum {
    PIPE_COLUMNS_MAX = 500, /* columns that were assigned */
    PIPE_RENAMES_MAX = 32,  /* renames with a wildcard */
    PIPE_CLAUSES_MAX = 200, /* of one case */
    PIPE_CASES_MAX = 8,     /* inside each other */
    PIPE_EXPANDED_MAX = 8   /* columns with a row for each member */
};

/* What a language makes of nulls, texts and lists unless a call says otherwise. */
struct pipe_dialect {
    bool is_two_valued;  /* a comparison with null is false; else null */
    bool is_loose;       /* texts that are numbers compare and count as numbers */
    bool is_plain;       /* a whole number is written without a fraction, however it was computed */
    bool is_any_member;  /* a comparison holds of a field if it holds of a member; else it is null
                          * of a field with several */
    bool is_null_no_set; /* assigning null leaves the column as it was (CQL); else it is null */
    enum on_missing group_missing;
    const char *aggregation; /* for messages: "STATS", "groupBy()" */
};

struct pipe;

struct pipe *pipe_new(struct query_scope *s, const struct pipe_dialect *dialect);

/* ---- values --------------------------------------------------------------------------------- */

struct expr *pipe_null(struct pipe *p);
struct expr *pipe_bool(struct pipe *p, bool value);
struct expr *pipe_text(struct pipe *p, struct str text);
/* A number as JSON has it; others are an error. */
struct expr *pipe_number(struct pipe *p, struct place at, struct str json);
struct expr *pipe_whole(struct pipe *p, int64_t n);
/* What the column is here. A name that nobody assigned is a field of the event (behind
 * pipe_stats(): null). */
struct expr *pipe_column(struct pipe *p, struct place at, struct str name);
/* The event's field, whatever columns there are. */
struct expr *pipe_field(struct pipe *p, struct str name);
/* False: a step has taken the column away, or it is behind pipe_stats() and unknown there. */
bool pipe_has_column(const struct pipe *p, struct str name);
/* The name is of the pattern, in which `*` is any run of characters. */
bool pipe_name_is_like(struct str pattern, struct str name);
/* Some step has set the column or taken it away. */
bool pipe_was_column(const struct pipe *p, struct str name);
/* ... a column of the rows, behind pipe_stats(). */
bool pipe_was_row_column(const struct pipe *p, struct str name);
/* The time of the event; behind pipe_stats() the time at which the group is judged ("now").
 * `field` is where it stands, for who does not know (filters). Beside rows (pipe_where_row()) it is
 * the row's, unless its `group` is PIPE_NOW. */
enum { PIPE_NOW = 1 };
struct expr *pipe_time(struct pipe *p, struct place at, struct str field);

/* A call of call->op, whose own parameters (fold, glob, is_greedy ...) are taken from *call; those
 * of the dialect are set. pipe_call_exactly() sets none. */
struct expr *pipe_call(struct pipe *p, struct place at, const struct expr *call,
                       struct expr *const *args, size_t n);
struct expr *pipe_call_exactly(struct pipe *p, struct place at, const struct expr *call,
                               struct expr *const *args, size_t n);
/* The call e exactly, of what `of` makes of its arguments; NULL if it makes nothing of one. */
struct expr *pipe_of_args(struct pipe *p, const struct expr *e,
                          struct expr *(*of)(struct pipe *p, struct expr *arg));
struct expr *pipe_call1(struct pipe *p, struct place at, enum expr_op op, struct expr *a);
struct expr *pipe_call2(struct pipe *p, struct place at, enum expr_op op, struct expr *a,
                        struct expr *b);
struct expr *pipe_call3(struct pipe *p, struct place at, enum expr_op op, struct expr *a,
                        struct expr *b, struct expr *c);
/* op: EXPR_REGEX, EXPR_CAPTURE (with a group), EXPR_LIST_FIND; EXPR_REPLACE has a second argument.
 * The regex is in the internal syntax and is checked here. */
struct expr *pipe_regex(struct pipe *p, struct place at, enum expr_op op, const struct regex *re,
                        uint32_t group, struct expr *const *args, size_t n);
/* The text against a glob, which pipe_glob() makes of one with * and ? (escape: 0 or the character
 * that takes the meaning of the next one). one: which character stands for one ('?', '_' or 0). */
bool pipe_glob(struct pipe *p, struct place at, struct str pattern, char any, char one, char escape,
               struct glob *out);
struct expr *pipe_match_glob(struct pipe *p, struct place at, struct expr *subject,
                             const struct glob *g, enum fold fold);
/* Is the text an address in one of the networks (texts, checked here)? */
struct expr *pipe_in_networks(struct pipe *p, struct place at, struct expr *subject,
                              const struct str *networks, size_t n);
/* Where the address is. NULL after "unsupported", which names `construct`, if no database says. */
struct expr *pipe_geo(struct pipe *p, struct place at, const char *construct, struct expr *address,
                      enum geo_part part);
/* What the list that rules name so has in a column for the entry that the value is (for each, if
 * several are). NULL after an error: there is no such list or column, or entries are networks.
 * `key`: what the entries' column should be called; empty: anything. */
struct expr *pipe_lookup(struct pipe *p, struct place at, struct str list, struct str key,
                         struct expr *value, struct str column);
/* A condition of another language (KQL, free text); may stand where a filter is and under AND, OR,
 * NOT. Elsewhere it is made an expression where it can be, or it is an error. */
struct expr *pipe_condition(struct pipe *p, struct place at, const struct formula *f);
/* EXPR_MEMBER, for the second argument of EXPR_ANY_OF, EXPR_FILTER, EXPR_MAP. */
struct expr *pipe_member(struct pipe *p);
/* True if EXPR_MEMBER is among the leaves that no list inside e binds, as in what pipe_expand()
 * made: it cannot stand in the second argument of those. */
bool pipe_has_member(const struct expr *e);
/* A constant's value; false: it depends on something. */
bool pipe_constant(const struct expr *e, struct expr_value *out);

/* ---- steps --------------------------------------------------------------------------------- */

/* Only what this is true of goes on. */
bool pipe_where(struct pipe *p, struct place at, struct expr *condition);
/* How many conditions on events there are: as many as before if a step has left out none. */
size_t pipe_n_filters(const struct pipe *p);
bool pipe_set(struct pipe *p, struct place at, struct str name, struct expr *value);
/* One `*` on each side: every name of this pattern. */
bool pipe_rename(struct pipe *p, struct place at, struct str from, struct str to);
/* Names, also with `*`. What is kept by its name is evidence. */
bool pipe_keep(struct pipe *p, struct place at, const struct str *names, size_t n);
bool pipe_drop(struct pipe *p, struct place at, const struct str *names, size_t n);
/* Named groups become columns; null (or, if keeps_old, what they were) where the regex does not
 * match. `prefix` stands before their names. *n_groups: how many there are; may be NULL. */
bool pipe_capture(struct pipe *p, struct place at, struct expr *subject, const struct regex *re,
                  bool keeps_old, size_t *n_groups);
/* The same for all matches, of all members: lists of at most `most` values (0: no bound). */
bool pipe_capture_all(struct pipe *p, struct place at, struct expr *subject, const struct regex *re,
                      int64_t most, size_t *n_groups);
/* One row for each member of the column; of several columns (pipe_number_rows() before the first)
 * one for each combination. Not of a column that is made of another's member. */
void pipe_number_rows(struct pipe *p);
bool pipe_expand(struct pipe *p, struct place at, struct str name);
/* The same for a list that is no column; its members are pipe_member(). */
bool pipe_expand_values(struct pipe *p, struct place at, struct expr *list);
/* The list of such a step where no event has a field; its items are in `a`. Null: there is none. */
struct expr_value pipe_rows_without_event(struct pipe *p, struct arena *a);
/* Columns whose values fold findings that are alike (dedup). */
bool pipe_dedup(struct pipe *p, struct place at, const struct str *names, size_t n);

/* case { steps; steps; * }: an event takes the first clause whose filters hold, and its
 * assignments; with no such clause it goes no further, or, if has_rest, it goes on as it was.
 *     pipe_case_begin(p, at);
 *     for each clause: pipe_clause_begin(p, at); steps (where, set, capture, rename, drop) ...
 *     pipe_case_end(p, at, has_rest);
 * A clause without a filter takes all that is left. pipe_discard() in a clause: what it takes goes
 * no further. */
bool pipe_case_begin(struct pipe *p, struct place at);
bool pipe_clause_begin(struct pipe *p, struct place at);
bool pipe_discard(struct pipe *p, struct place at);
bool pipe_case_end(struct pipe *p, struct place at, bool has_rest);

/* ---- groups -------------------------------------------------------------------------------- */

struct pipe_aggregate {
    enum group_kind kind;
    struct str name;
    struct place at;
    struct expr *arg;    /* NULL: rows (GROUP_COUNT), */
    struct expr *filter; /* NULL; else only rows of which it is true */
    struct expr *order;  /* FIRST, LAST: NULL: the event's time */
    int64_t percentile_micro;
    uint32_t limit; /* 0: GROUP_LIST_MAX */
};
struct pipe_key {
    struct str name;
    struct expr *value;
};
/* A second one (groups of groups) is unsupported, except where all of it is an idiom. */
bool pipe_stats(struct pipe *p, struct place at, const struct pipe_aggregate *aggregates,
                size_t n_aggregates, const struct pipe_key *keys, size_t n_keys);
/* The same behind one pipe_stats(), of the rows that it is of: they stay, each beside the
 * aggregates of its group, those of which `condition` is true (NULL: all). Arguments, filters and
 * keys are about rows (pipe_row_value()) and aggregates; keys that the first step does not group by
 * about rows. */
bool pipe_stats_of_rows(struct pipe *p, struct place at, struct expr *condition,
                        const struct pipe_aggregate *aggregates, size_t n_aggregates,
                        const struct pipe_key *keys, size_t n_keys);
/* Behind one pipe_stats(), without steps since that closed the columns: one aggregate more. */
bool pipe_add_aggregate(struct pipe *p, const struct pipe_aggregate *aggregate);
bool pipe_is_grouped(const struct pipe *p);
/* Behind one pipe_stats() without keys: the conditions hold of no rows at all, too ("fewer than
 * five"), which nobody is told: a group is judged when a row comes. *where: of the groups. */
bool pipe_holds_of_nothing(const struct pipe *p, struct place *where);
/* Behind one pipe_stats(): what the column was before it. NULL: nothing. */
struct expr *pipe_row_value(struct pipe *p, struct str name);
/* ... and what it is from here on: `value` may be about aggregates, too. */
bool pipe_set_row_value(struct pipe *p, struct place at, struct str name, struct expr *value);
/* Behind one pipe_stats(): only groups with a row of which the condition is true; it is about rows
 * and keys, and about aggregates once. */
bool pipe_where_row(struct pipe *p, struct place at, struct expr *condition);
/* Behind one pipe_stats(): what the expression is about. */
enum { PIPE_ASKS_ROWS = 1, PIPE_ASKS_GROUPS = 2 /* aggregates, or "now" */ };
unsigned pipe_asks(const struct pipe *p, const struct expr *e);
/* Behind one pipe_stats(), between the two: steps about columns change those of the rows.
 * *clash: one of them is a column of the groups, too; empty: none is. */
void pipe_rows_begin(struct pipe *p);
void pipe_rows_end(struct pipe *p, struct str *clash);
/* Behind one pipe_stats(): the column `as` is `value`, which is about rows, as the group's first or
 * last row (GROUP_FIRST, GROUP_LAST) has it; null if that row has none. */
bool pipe_row_column(struct pipe *p, struct place at, struct str as, struct expr *value,
                     enum group_kind kind);
/* Behind pipe_stats(): the column `name` is the greatest value of the group's rows that is a
 * number; `value` is about these rows (events, or groups before the second pipe_stats()). */
bool pipe_row_greatest(struct pipe *p, struct place at, struct str name, struct expr *value);
/* The column `name` is `value` as the row has it whose `order` is the greatest. */
bool pipe_row_of_greatest(struct pipe *p, struct place at, struct str name, struct expr *value,
                          struct expr *order);
/* Each condition on the groups that holds of one value of the column (of pipe_row_greatest())
 * holds of every greater one: so it holds of the greatest if it does of some row. False: *where
 * is one of which that is not known. */
bool pipe_rises_with(const struct pipe *p, struct str name, struct place *where);
/* Behind pipe_stats(): this column is a key. */
bool pipe_is_key(const struct pipe *p, const struct expr *e);
/* ... an aggregate that is a list of values. */
bool pipe_is_list(const struct pipe *p, const struct expr *e);
/* Another word than the dialect's on rows that lack a key; before pipe_finish(). */
void pipe_group_missing(struct pipe *p, enum on_missing missing);

/* Rows are events again: each event of a group stands for it. Columns of keys stay, those of
 * aggregates go. False (nothing is said): a condition asks aggregates, or there are groups of
 * groups. */
bool pipe_ungroup(struct pipe *p, struct place at);
/* Names of columns that are there, at most `room`; false: there are others that nobody has named.
 */
bool pipe_columns(const struct pipe *p, struct str *names, size_t room, size_t *n);
/* Names that some step has taken away, at most `room`; how many. */
size_t pipe_columns_gone(const struct pipe *p, struct str *names, size_t room);

/* Only rows that have one of `sub`, a pipeline of its own over the same events, within the window,
 * whose keys have the same values. The rule is a correlation of both then. Once, and about events;
 * columns of `sub` are not there. */
bool pipe_join(struct pipe *p, struct place at, struct pipe *sub, const struct pipe_key *keys,
               const struct pipe_key *sub_keys, size_t n);
/* The rule is a correlation of the rows of several pipelines, all of which must be there within the
 * window, with the same values for their keys, in the order of `members` if is_ordered. The
 * pipeline itself has no steps, and none about rows behind it. window_ms: 0: that of the ending. */
struct pipe_member_rows {
    struct pipe *pipe;
    const struct pipe_key *keys;
};
bool pipe_link(struct pipe *p, struct place at, const struct pipe_member_rows *members, size_t n,
               size_t n_keys, bool is_ordered, int64_t window_ms);
/* The rows come from elsewhere than the rule's other ones. */
void pipe_set_source(struct pipe *p, const struct logsource *source);

/* ---- the end ------------------------------------------------------------------------------- */

struct pipe_ending {
    struct place at;     /* of the query */
    int64_t window_ms;   /* how far back a group looks; 0: PIPE_WINDOW_DEFAULT_MS, and a warning */
    int64_t interval_ms; /* how often the rule was meant to run; 0: unknown */
    /* A column whose value, where it is the name of a level, is that of the findings; empty: none
     */
    struct str level_column;
};
#define PIPE_WINDOW_DEFAULT_MS (INT64_C(3600) * 1000)

/* The pipeline as the formula, derived fields, correlation and dedup of `rule`, whose metadata are
 * there (its uid names the parts). */
bool pipe_finish(struct pipe *p, const struct pipe_ending *ending, struct rule *rule);

#endif
