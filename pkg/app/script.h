/* script.h - what a story or a rule test says, as statements: read but not played.
 *
 * Two readers make them, script_parse() from the lines of a story (scenario.h) and rule_test.h from
 * the YAML of a rule's test; scenario.h plays them.
 *
 * Nothing is run and nothing is opened but the files that `reader` reads, so that faults are told
 * before the first event, each with its line and column.
 *
 * Memory   statements live in the arena given; texts are slices of the script.
 * Limits   SCRIPT_*; a script that exceeds them is refused.
 */
#ifndef WEIR_APP_SCRIPT_H
#define WEIR_APP_SCRIPT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/str.h"

enum {
    SCRIPT_BYTES_MAX = 1024 * 1024,
    SCRIPT_STATEMENTS_MAX = 10000,
    SCRIPT_NAMES_MAX = 256,     /* of `let` */
    SCRIPT_CHANGES_MAX = 64,    /* fields that one statement changes in an event */
    SCRIPT_EVENTS_MAX = 1000000 /* of one statement */
};

enum statement_kind {
    SAY_RULES,
    SAY_LIST,
    SAY_PROFILE,
    SAY_TENANT,
    SAY_BRAKE,
    SAY_BUDGET,
    SAY_NO_DEDUP,
    SAY_ASSUME_TRAINED,
    SAY_EVENT,
    SAY_TIME,
    SAY_RESTART,
    SAY_FORGET, /* what came so far was history */
    SAY_END,
    SAY_EXPECT
};

/* NAME=VALUE or -NAME: a field of the event is another one, or is not there. */
struct script_change {
    struct str name, value; /* as written */
    bool is_removal;
    /* Not empty: the value of event i of a statement is values[i % n_values] instead. */
    const struct str *values;
    size_t n_values;
};

/* What an event is made of; slots ({time}, {ms}, {n}) are not filled yet. */
struct script_event {
    struct str text;
    struct script_change *changes;
    size_t n_changes;
    bool is_as_read; /* its text has no slots, whatever it looks like */
    /* A field that is not where its name says is looked for everywhere in the event: it is changed
     * where it is found once, and found twice it is a fault. */
    bool is_searched;
};

enum compare {
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LT,
    COMPARE_LE,
    COMPARE_GT,
    COMPARE_GE,
    COMPARE_HAS
};

/* Of events one by one instead of a count or a document. */
enum expect_each { EACH_NOT_ASKED, EACH_MATCHES, EACH_DOES_NOT };

struct expectation {
    uint32_t line, col; /* line 0: that of the statement */
    struct str name;    /* of a count; empty: of the newest document */
    enum expect_each each;
    bool is_of_step;     /* each: of the events since the last step began, else of all */
    struct str rule;     /* uid or name; empty: any */
    struct str activity; /* documents: create, update, close; empty: any */
    struct str path;     /* in the document: ".a.b.0" */
    enum compare op;
    struct str value; /* as written, for people */
    uint64_t number;  /* of counts */
};

struct statement {
    enum statement_kind kind;
    uint32_t line;
    bool is_joined;    /* `also`: in the batch of the statement before */
    bool is_step;      /* its events begin a step (is_of_step) */
    struct str *words; /* paths of rules; NAME=FILE; a name */
    size_t n_words;
    uint64_t n; /* brake; bytes of budget; how many events */
    int64_t at_ms, every_ms;
    bool has_arrives; /* its source has come as far as arrives_ms by then */
    int64_t arrives_ms;
    uint32_t partition;
    bool is_again; /* redelivered */
    bool is_before_commit;
    struct script_event event;
    struct expectation *expectations;
    size_t n_expectations;
};

struct script {
    struct statement *statements;
    size_t n;
};

/* Reads the file of an event. The path is as the script has it. */
struct script_reader {
    enum weir_rc (*read)(void *context, struct arena *a, struct str path, struct str *out,
                         struct weir_err *err);
    void *context;
};

/* Not WEIR_OK: err has line and column; the file is the caller's to name. */
MUST_USE enum weir_rc script_parse(struct arena *a, struct str text,
                                   const struct script_reader *reader, struct script *out,
                                   struct weir_err *err);

/* "1h30m", "9m59s999ms", "0s", "-1s": milliseconds. */
MUST_USE bool script_span(struct str text, int64_t *ms);

/* The comparison called "==", ">=", "has" ...; false if none is. */
MUST_USE bool script_compare(struct str word, enum compare *out);
const char *script_compare_name(enum compare op);

/* Event number i of a statement at that time, as JSON. WEIR_SYNTAX: it is none. */
MUST_USE enum weir_rc script_event_text(struct arena *a, const struct script_event *e, int64_t ms,
                                        uint64_t i, struct str *out, struct weir_err *err);

/* Does what is at `path` of a JSON document meet the expectation? A path that leads nowhere is
 * "absent". `seen`: what is there, for people. */
MUST_USE bool script_document_meets(struct arena *a, struct str document,
                                    const struct expectation *e, struct str *seen);
bool script_count_meets(const struct expectation *e, uint64_t seen);

#endif
