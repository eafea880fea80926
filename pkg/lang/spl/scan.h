/* scan.h - a search as it is being read: words, texts, places; what all files of the front end
 * share. */
#ifndef WEIR_LANG_SPL_SCAN_H
#define WEIR_LANG_SPL_SCAN_H

#include "lang/pipe/pipe.h"
#include "lang/spl/macro.h"
#include "lang/spl/spl.h"

/* Inside mvfilter() and mvmap(): the field whose members are gone through. */
struct spl_each {
    struct str name;
    bool is_only; /* no other field may be named */
};

/* Aggregates that are made of others (stats.c). */
enum spl_made {
    SPL_NOT_MADE,
    SPL_RANGE,
    SPL_DEVIATION,
    SPL_VARIANCE,
    SPL_VARIANCE_ALL,
    SPL_SQUARES,
    SPL_MEDIAN,
    SPL_FIRST_TIME,
    SPL_LAST_TIME
};
struct spl_made_column {
    enum spl_made made;
    struct str name, of[2]; /* of: columns of the group, which go */
};

/* `latest(a.*) as b.*`: what stands for the star is the same. */
struct spl_wildcard {
    struct pipe_aggregate aggregate;
    struct str of, as;
};
enum { SPL_AGGREGATES_MAX = 64, SPL_WILDCARDS_MAX = 8 };

/* Behind `chart ... by a b`: the columns that values of b name. */
struct spl_split {
    struct expr *by;
    bool has_null;   /* rows without it have a column of their own, ... */
    struct str null; /* of this name */
    struct pipe_aggregate *aggregates;
    size_t n;
    struct str other;     /* the column of values that are not shown */
    struct str separator; /* of several aggregates: between their names and the value */
    bool is_made; /* of what no group knows, or by names of another make: none may be asked */
};

/* A column of the other search of a join, or one that a command would only show: it may be shown
 * and not be asked. */
struct spl_added {
    struct str name;
    const char *command; /* "join" */
    bool is_always;      /* each of its rows has it */
};
enum { SPL_ADDED_MAX = 256, SPL_SORTED_MAX = 8, SPL_OPENED_MAX = 4 };

struct spl {
    struct query_scope *s;
    struct pipe *pipe;
    struct spl_text text;
    size_t search_begin;
    size_t begin;     /* of the command at hand; the bar before it is no part */
    size_t next, end; /* the rest of the command at hand */
    unsigned depth;
    size_t n_values;
    struct place at; /* of the command */

    bool has_fill; /* fields that are missing read as `fill` ... */
    struct str fill;
    struct str *assigned; /* ... but for those that were assigned since */
    size_t n_assigned, cap_assigned;

    /* spath input=: names that no command has set since are looked for in this field's JSON first.
     * NULL: none. */
    struct spl_opened {
        struct expr *json;
        struct str name;
        struct spl_opened *before; /* opened before it: asked behind it */
        unsigned depth;
    } * opened;
    bool has_set; /* some command before the one at hand sets columns, or takes them away */

    struct str *times; /* columns behind stats that are times */
    size_t n_times, cap_times;

    struct str streams[SPL_STREAMS_MAX]; /* "sourcetype=x" */
    size_t n_streams;
    const struct spl_model *model;  /* of tstats; NULL: none */
    unsigned n_commands;            /* with the one at hand */
    bool is_first;                  /* the command at hand is the first search */
    unsigned n_choices;             /* ORs and NOTs around the term at hand */
    int64_t bucket_ms;              /* of `bin _time`; 0: none */
    int64_t earliest_ms, latest_ms; /* how long before now the search begins and ends; 0: unsaid */
    const struct spl_each *each;    /* NULL: not inside mvfilter() or mvmap() */

    enum spl_made made;                   /* of the aggregate that is being read */
    struct spl_made_column *columns_made; /* room for SPL_AGGREGATES_MAX */
    size_t n_columns_made;
    struct spl_wildcard *wildcards; /* of the stats at hand, or before: SPL_WILDCARDS_MAX */
    size_t n_wildcards;
    struct spl_split *split; /* NULL: no chart with such columns is before the command at hand */
    struct spl_added *added; /* room for SPL_ADDED_MAX */
    size_t n_added;
    struct spl_added *aggregates_shown; /* of the stats at hand: room for SPL_AGGREGATES_MAX */
    size_t n_aggregates_shown;
    const char
        *of_added; /* the aggregate that is being read may only be shown: who would make it */
    /* Behind dedup only one row is left with these values; SIZE_MAX: of rows made of it since. */
    struct expr **dedup;
    size_t n_dedup;
    bool is_of_unique;       /* the groups are of rows behind dedup */
    bool is_of_transactions; /* rows are transactions, of which a group may have several */
    bool is_in_each;         /* inside foreach */
    bool is_inside;          /* in a search inside a search */
    bool is_partial;         /* behind tstats prestats=t: only stats and its like may follow */
    bool is_joined;          /* only rows that have some of another search are left */
    /* Behind eventstats: columns of the rows themselves may be shown and not be asked; behind
     * groups of them none may. */
    enum { SPL_ROWS_ASKED, SPL_ROWS_SHOWN, SPL_ALL_SHOWN } rows;
    struct place rows_at;
    const char *rows_command; /* which this is behind, for messages */
    struct str *rising;       /* aggregates of which only great values may be asked */
    size_t n_rising;
    bool is_in_order; /* the last sort was by time in the end, and before that by */
    struct str sorted[SPL_SORTED_MAX];
    size_t n_sorted;
    struct spl_row_column { /* of groups before eventstats */
        struct str name;
        struct expr *value;
        bool is_key;
    } * row_columns; /* NULL: rows are events */
    size_t n_row_columns;
    /* Rows are events: conditions that ask their columns hold of one of them. */
    struct expr *row_condition;
    const struct pipe_key *row_keys;
    size_t n_row_keys;
    bool may_ask_rows;        /* the command at hand is about rows, too */
    bool has_unknown_rows;    /* what their columns are is not known behind eventstats */
    bool has_row_filter;      /* some condition behind eventstats left out rows */
    struct str asked_of_rows; /* the one column of the rows that conditions ask; empty: none */
    struct expr *asked_value;
    bool are_rows_closed; /* some of their columns were renamed or left out: none may be asked */
    bool is_shown;        /* what the command at hand names is only shown */
    int64_t window_ms;    /* of a command that says it itself; 0: none does */
    bool is_timeless;     /* joined by something else than a bin of time, which is no window then */
    bool has_wild_fill;   /* what is missing in their rows reads as */
    struct str wild_fill;
};

/* ---- reading ------------------------------------------------------------------------------- */

void spl_blanks(struct spl *x);
/* The next byte, 0 at the end of the command. */
char spl_peek(const struct spl *x);
bool spl_is_end(struct spl *x);
/* After blanks: takes `sign` if it stands there. */
bool spl_take(struct spl *x, const char *sign);
/* The same for a word, case aside or not, which must end there. */
bool spl_take_word(struct spl *x, const char *word, bool is_caseless);
struct place spl_here(const struct spl *x);
/* Stands at the next such word outside quotes and parentheses, case aside; at the end if there is
 * none. */
void spl_skip_to(struct spl *x, const char *word);

/* Says "expected WHAT, found ..."; NULL and false are its like. */
bool spl_expected(struct spl *x, const char *what);

/* A text in double (or, for fields, single) quotes, escapes resolved: a backslash before a quote or
 * a backslash goes, others stay. False: never closed. */
bool spl_quoted(struct spl *x, struct str *out);
/* Bytes up to a blank or one of `stops`; empty if there are none. */
struct str spl_word(struct spl *x, const char *stops);
/* A field's name where a command takes one: a word, or a text in quotes of either kind. */
bool spl_name(struct spl *x, const char *stops, struct str *out);
/* An option of a command, `name=value`. */
struct spl_option {
    const char *name;
    struct str value; /* p NULL: not given */
    struct place at;  /* of the name, if given */
};
/* Takes those that stand here, whatever their order. */
bool spl_options(struct spl *x, struct spl_option *options, size_t n);
/* f, false, 0. */
bool spl_is_false(struct str value);
/* 5m, 1h, 1d, 300s, 2min ... in ms. */
bool spl_span(struct spl *x, int64_t *ms);
bool spl_count_value(struct spl *x);
bool spl_enter(struct spl *x);

static inline void spl_leave(struct spl *x)
{
    x->depth--;
}

/* ---- columns ------------------------------------------------------------------------------- */

/* "a{}.b{}" is "a.b" for weir: members of lists are the values of the field. */
struct str spl_field(struct spl *x, struct str name);
struct expr *spl_column(struct spl *x, struct place at, struct str name);
/* date_hour and its like, which Splunk makes of an event's time: parts of it in UTC. NULL: another
 * name. */
struct expr *spl_date_part(struct spl *x, struct place at, struct str name);
/* Before a command that knows columns by their names alone: what a field is in JSON that spath has
 * opened becomes a column of its own. False: after an error. */
bool spl_settle(struct spl *x, struct str name);
/* The same where it is compared or computed with: a time is in seconds there. */
struct expr *spl_operand(struct spl *x, struct place at, struct str name);
/* Seconds as the milliseconds that expressions about times take. */
struct expr *spl_as_ms(struct spl *x, struct place at, struct expr *seconds);
/* Behind stats: this column is a time. */
void spl_note_time(struct spl *x, struct str name);
bool spl_is_noted_time(const struct spl *x, struct str name);
bool spl_assign(struct spl *x, struct place at, struct str name, struct expr *value);

/* ---- expressions --------------------------------------------------------------------------- */

/* What `search` takes, up to the end of the command. NULL: an error, or (*is_all) everything. */
struct expr *spl_search(struct spl *x, bool *is_all);
/* The text in quotes that stands here as a search of its own. */
struct expr *spl_quoted_search(struct spl *x);
/* What `where` and `eval` take, up to what can be no part of it. */
struct expr *spl_eval(struct spl *x);
struct expr *spl_like(struct spl *x, struct place at, struct expr *subject, struct expr *like);
/* What stands at the path of a text that is JSON. */
struct expr *spl_json(struct spl *x, struct place at, struct expr *text, struct str path);
/* The first field that the expression here names; empty: none. Moves on: the caller goes back. */
struct str spl_first_field(struct spl *x);
/* A call; the name and the parenthesis behind it are taken. */
struct expr *spl_call(struct spl *x, struct place at, struct str name);
/* An expression in parentheses behind a function's name, as `eval(...)` inside stats. */
struct expr *spl_regex_of(struct spl *x, struct place at, enum expr_op op, struct str pattern,
                          struct expr **args, size_t n);
/* A warning if no automaton can do it. */
void spl_regex(struct spl *x, struct place at, struct str pattern, struct regex *out);

/* ---- commands ------------------------------------------------------------------------------ */

bool spl_stats(struct spl *x);
/* Behind groups: each column of their rows, as stats with `KIND(*) as *` makes it. */
void spl_all_columns(struct spl *x, enum group_kind kind);
bool spl_streamstats(struct spl *x);
bool spl_streamstats_end(struct spl *x);
bool spl_sort(struct spl *x);
bool spl_reverse(struct spl *x);
bool spl_eventstats(struct spl *x);
bool spl_top(struct spl *x);
bool spl_chart(struct spl *x);
bool spl_timechart(struct spl *x);
/* Behind a chart: the column, if a value names it. False: after an error. */
bool spl_split_column(struct spl *x, struct place at, struct str name);
/* At the end of a search: what was asked of rows behind eventstats can be said of groups. */
bool spl_eventstats_end(struct spl *x);
/* Behind eventstats of events: a column that the groups have not is one of their rows. */
bool spl_has_rows(const struct spl *x);
struct expr *spl_row_column(struct spl *x, struct place at, struct str name);
/* The step, of groups, of their rows or of events. */
bool spl_where(struct spl *x, struct place at, struct expr *e);
/* The same for a column that is assigned. */
bool spl_set(struct spl *x, struct place at, struct str name, struct expr *value);
/* What `stats` reads, for eventstats. */
struct spl_groups {
    struct pipe_aggregate aggregates[SPL_AGGREGATES_MAX];
    struct pipe_key keys[CORRELATION_GROUP_MAX];
    size_t n, n_keys;
};
bool spl_read_groups(struct spl *x, struct spl_groups *g);
/* Groups beside their rows, by the command of this name: what it reads, and the step. */
bool spl_begin_rows(struct spl *x, const char *command, struct spl_groups *g);
bool spl_group_rows(struct spl *x, const struct spl_groups *g);
/* Further aggregates of the groups that there are. */
bool spl_more_aggregates(struct spl *x, struct spl_groups *g);
/* False: the column may not be asked here, which is told. */
bool spl_may_ask(struct spl *x, struct place at, struct str name);
/* The step itself, and which of its columns are times. */
bool spl_group(struct spl *x, const struct pipe_aggregate *aggregates, size_t n,
               const struct pipe_key *keys, size_t n_keys);
/* Groups of rows that are only shown, or of transactions, are only shown. */
bool spl_groups_are_shown(struct spl *x);
/* The next aggregate of stats and its like, with the comma behind it. */
bool spl_aggregate(struct spl *x, struct pipe_aggregate *aggregates, size_t *n);
/* Behind stats with wildcards: the column, if one of them makes it. False: after an error. */
bool spl_need_column(struct spl *x, struct place at, struct str name);

/* ---- time.c ---- */
/* Seconds, as all times of a search. */
struct expr *spl_now(struct spl *x, struct place at);
/* "-1d@d" and its like, of UTC. */
struct expr *spl_relative_time(struct spl *x, struct place at, struct expr *seconds,
                               struct str modifier);
/* One of them is the event's time, the other one made of now() and constants: which of the two
 * comes first is known (true), or says that nothing on a stream is meant (unsupported). */
bool spl_is_time_against_now(const struct spl *x, const struct expr *a, const struct expr *b);
struct expr *spl_time_against_now(struct spl *x, struct place at, enum expr_op op,
                                  const struct expr *a);
/* earliest, latest, _index_earliest, _index_latest beside the terms of the first search. */
bool spl_is_time_modifier(struct str name);
bool spl_time_modifier(struct spl *x, struct place at, struct str name, struct str value);
/* How far back groups look; 0: nobody says. */
int64_t spl_window(const struct spl *x);

/* ---- join.c ---- */
bool spl_join(struct spl *x);
/* A search in brackets, which stand here, as a join by its fields: true. NULL: an error. */
struct expr *spl_inside(struct spl *x);
/* Groups of `of` are events again; columns of aggregates are as those that `command` adds from then
 * on. */
bool spl_ungroup(struct spl *x, struct spl *of, const char *command);
/* Where the bracket that is open closes; x->end: nowhere. */
size_t spl_bracket_end(const struct spl *x);
/* The column may be shown from now on; `command` would add it. False: there are too many. */
bool spl_add_shown(struct spl *x, struct str name, const char *command, bool is_always);
/* A column that a join adds; NULL: it is none. */
struct spl_added *spl_added(const struct spl *x, struct str name);

/* ---- unique.c ---- */
bool spl_note_dedup(struct spl *x, const struct str *names, size_t n);
/* A condition leaves out rows behind dedup. */
void spl_where_of_unique(struct spl *x, const struct expr *e);
/* Behind dedup: aggregates of the rows that are left, as far as they can be told, take the place of
 * these; others may be shown. */
bool spl_of_unique(struct spl *x, struct pipe_aggregate *aggregates, size_t n,
                   const struct pipe_key *keys, size_t n_keys);

/* ---- each.c ---- */
bool spl_foreach(struct spl *x);
bool spl_rangemap(struct spl *x);

/* ---- transaction.c ---- */
bool spl_transaction(struct spl *x);

/* ---- listed.c ---- */
/* "allowed.csv", "allowed": the one of these that somebody has; empty: none. */
struct str spl_list_named(const struct spl *x, struct str name);
/* A search in brackets, which stand here, as a condition: of one that reads a list. */
struct expr *spl_listed(struct spl *x);

/* ---- commands with files of their own ---- */
bool spl_lookup(struct spl *x);
bool spl_rex(struct spl *x);
bool spl_where_regex(struct spl *x);
bool spl_spath(struct spl *x);

/* ---- run.c ---- */
/* Commands from here to there, with a pipeline of their own. */
bool spl_run(struct spl *x, size_t begin, size_t end);
/* The first `end` bytes of the text as further commands of this pipeline. */
bool spl_run_in_place(struct spl *x, size_t end);
struct pipe *spl_pipe_new(struct query_scope *s);

/* ---- absent.c ---- */
/* Says that the command is none of weir's, and what to write instead; false: Splunk has none of
 * this name, either, or weir has it. */
bool spl_absent(struct spl *x, struct str name);

/* ---- stream.c ---- */
void spl_give_source(const struct spl *x, struct rule *rule);

/* ---- tstats.c ---- */
bool spl_tstats(struct spl *x);
/* The events of a model, as a search finds them. */
bool spl_from(struct spl *x);
bool spl_datamodel(struct spl *x);
/* What an event of a model lacks reads so behind BY. */
struct expr *spl_model_key(struct spl *x, struct place at, struct expr *value);
/* What tstats calls DATASET.NAME is NAME; some names mean another field in a model. */
struct str spl_without_dataset(const struct spl *x, struct str name);
struct str spl_model_field(const struct spl *x, struct str name);
/* The category of the events that the search is about; empty: it says none. */
struct str spl_category(const struct spl *x);
bool spl_command(struct spl *x, struct str name);

#endif
