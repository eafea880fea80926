/* rule_test_impl.h - what the parts of the reader of rule tests share. */
#ifndef WEIR_APP_RULE_TEST_IMPL_H
#define WEIR_APP_RULE_TEST_IMPL_H

#include "app/rule_test.h"
#include "base/vec.h"
#include "doc/doc.h"

/* An event, or those of a file: `items` without the changes that a step makes. */
struct event_list {
    struct script_event *items;
    size_t n;
};

struct named_events {
    struct str name;
    struct event_list events;
};

struct test_reader {
    struct arena *a;
    const struct rule_test_reader *files;
    struct vec names;       /* struct named_events */
    struct event_list base; /* n 0: none */
    struct vec statements;  /* of the test at hand */
    struct str rule;        /* of the test at hand */
    struct weir_err *err;
};

/* ---- faults: all give WEIR_SYNTAX -------------------------------------------------------- */

enum weir_rc fault_at(struct test_reader *r, uint32_t line, uint32_t col, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* "unknown key 'x' WHERE (did you mean 'y'?)" for the first key that is none of the n known ones.
 */
enum weir_rc check_keys(struct test_reader *r, const struct doc_node *map, const struct str *known,
                        size_t n, const char *where);
/* " (did you mean 'x'?)" or nothing. */
struct str hint_of(struct test_reader *r, struct str wrong, const struct str *names, size_t n);
/* For printf's "%.*s", cut to a readable length. */
enum { FAULT_SHOWN_MAX = 120 };
#define CUT(s) (int)((s).n > FAULT_SHOWN_MAX ? FAULT_SHOWN_MAX : (s).n), (s).p

/* The text under `key`; empty if it is not there. */
enum weir_rc take_text(struct test_reader *r, const struct doc_node *map, const char *key,
                       struct str *out);

struct statement *push_statement(struct test_reader *r, enum statement_kind kind,
                                 const struct doc_node *at);

/* ---- events (rule_test_event.c) ------------------------------------------------------------- */

/* A value of an event as JSON. */
enum weir_rc doc_to_json(struct test_reader *r, const struct doc_node *node, struct str *out);
/* A name, a file (FILE or FILE#NUMBER), a map that is the event, {from: ..., set: ..., unset: ...},
 * or a list of these. */
enum weir_rc take_events(struct test_reader *r, const struct doc_node *node,
                         struct event_list *out);
/* `events:` of the file. */
enum weir_rc take_named_events(struct test_reader *r, const struct doc_node *map);
/* set, unset and vary of a map are put on every event. *n_varied: values of the longest `vary`. */
enum weir_rc take_changes(struct test_reader *r, const struct doc_node *map,
                          struct event_list *events, size_t *n_varied);

/* ---- expectations (rule_test_expect.c) ------------------------------------------------------ */

/* Adds one SAY_EXPECT. is_of_step: `match` is about the events of the step. */
enum weir_rc take_expectations(struct test_reader *r, const struct doc_node *node, bool is_of_step);

#endif
