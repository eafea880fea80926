/* outcome.h - how a command ends: its exit code, and the line it leaves on stderr. */
#ifndef WEIR_APP_OUTCOME_H
#define WEIR_APP_OUTCOME_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

/* The exit codes that README.md promises. A closed pipe is no fault: EXIT_FINE. */
enum exit_code {
    EXIT_FINE = 0,
    EXIT_FINDINGS = 1, /* findings that a check was asked for */
    EXIT_RULES = 2,    /* a rule does not load */
    EXIT_WORLD = 3     /* configuration, command line, input or output */
};

enum exit_code exit_of(enum weir_rc rc);

/* "file:line:col: error: text" on stderr; without a file "weir: error: text". */
void complain(const struct weir_err *err);
/* Complain unless rc is WEIR_OK or WEIR_CLOSED, and give the exit code. */
enum exit_code end_with(enum weir_rc rc, const struct weir_err *err);

/* A warning or a note of the program on stderr: "weir: text". */
void note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Text on stderr as it is. */
void tell(const struct buf *text);

/* Append text that may come from a rule, a file name or an event so that it cannot steer a
 * terminal or break a line: control characters (C0, DEL, and C1 as UTF-8) become '?'. */
void add_printable(struct buf *out, struct str text);

#endif
