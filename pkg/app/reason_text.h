/* reason_text.h - reasons (match/reason.h) in words, for the commands that show them: every value
 * of an event passes the redaction stage first. */
#ifndef WEIR_APP_REASON_TEXT_H
#define WEIR_APP_REASON_TEXT_H

#include "alert/redact.h"
#include "base/buf.h"
#include "match/reason.h"
#include "rule/rule.h"

enum { REASON_OPERANDS_MAX = 4, REASON_VALUE_BYTES = 200 };

/* "\"C:\\x.exe\"", "\"a\", \"b\" and 3 more", "nothing": what the event has in the test's field.
 * The redactor has begun the event. */
void reason_add_values(struct buf *out, struct redactor *redactor, const struct reason *test);

/* "selection: Image endswith \"\\cmd.exe\", has \"C:\\x.exe\" (rule.yml:12:9)" on one line. */
void reason_add_line(struct buf *out, struct redactor *redactor, const struct rule *rule,
                     const struct reason *test);

#endif
