/* line.h - a record of a topic as one line of JSON: what the checker reads.
 *
 *     {"topic":"in","partition":0,"offset":7,"time":1767225600000,"key":null,"headers":{...},"value":"..."}
 *
 * key and value are texts, or null where the record has none; bytes that are no UTF-8 stand as
 * {"base64":"..."}.
 */
#ifndef WEIR_LOADTEST_LINE_H
#define WEIR_LOADTEST_LINE_H

#include "base/base.h"

#include <stdio.h>

#define LINE_ATTACK "load-attack" /* headers of planted records */
#define LINE_BAD "load-bad"

struct line {
    const char *topic;
    int32_t partition;
    int64_t offset, time_ms;
    struct str key, value;
    bool has_key, has_value;
};

/* Up to the opening brace of the headers; their members are the caller's; from the closing one. */
void line_begin(FILE *f, const struct line *l);
void line_end(FILE *f, const struct line *l);
/* Bytes as JSON: "...", or {"base64":"..."}. */
void line_bytes(FILE *f, struct str s);

#endif
