/* script.h - a story's script as statements: what scenario.h describes, read but not played.
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
    SAY_EVENT,
    SAY_TIME,
    SAY_RESTART,
    SAY_END,
    SAY_EXPECT
};

/* NAME=VALUE or -NAME: a field of the event is another one, or is not there. */
struct script_change {
    struct str name, value; /* as written */
    bool is_removal;
};

/* What an event is made of; slots ({time}, {ms}, {n}) are not filled yet. */
struct script_event {
    struct str text;
    struct script_change *changes;
    size_t n_changes;
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

struct expectation {
    uint32_t col;
    struct str name;     /* of a count; empty: of the newest document */
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
    struct str *words; /* paths of rules; NAME=FILE; a name */
    size_t n_words;
    uint64_t n; /* brake; bytes of budget; how many events */
    int64_t at_ms, every_ms;
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

/* Event number i of a statement at that time, as JSON. WEIR_SYNTAX: it is none. */
MUST_USE enum weir_rc script_event_text(struct arena *a, const struct script_event *e, int64_t ms,
                                        uint64_t i, struct str *out, struct weir_err *err);

/* Does what is at `path` of a JSON document meet the expectation? A path that leads nowhere is
 * "absent". `seen`: what is there, for people. */
MUST_USE bool script_document_meets(struct arena *a, struct str document,
                                    const struct expectation *e, struct str *seen);
bool script_count_meets(const struct expectation *e, uint64_t seen);

#endif
