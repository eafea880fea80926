/* log.h - what a worker tells people on stderr: one line per thing, logfmt or JSON.
 *
 *     LOG(LOG_WARN, "state out of reach", LOG_S("error", str_from(err.text)), LOG_U("lane", 3));
 *     time=2026-01-02T03:04:05.678Z level=warn worker=a msg="state out of reach" error="..." lane=3
 *
 * Rate limited by message: at most LOG_BURST lines of one text in LOG_PERIOD_MS, then one that says
 * how many were left out (with the next line of that text after the period). Texts beyond
 * LOG_MESSAGES_MAX share one limit. Never called for single events. Values are escaped and cut at
 * LOG_VALUE_MAX bytes; values of events pass redaction before they come here.
 *
 * Threads  any; one lock, never held on the event path. log_setup() before other threads start.
 */
#ifndef WEIR_WORKER_LOG_H
#define WEIR_WORKER_LOG_H

#include "base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };
enum { LOG_BURST = 10, LOG_PERIOD_MS = 60 * 1000, LOG_MESSAGES_MAX = 256, LOG_VALUE_MAX = 2048 };

struct log_options {
    enum log_format format;
    enum log_level least;
    struct str worker;                      /* copied; empty: not said */
    int64_t (*now_ms)(void *);              /* NULL: the system's clock */
    void (*write)(void *, struct str line); /* with its newline. NULL: stderr */
    void *context;                          /* of both */
};
void log_setup(const struct log_options *o);
/* False: no such word. debug info warn error; logfmt json. */
bool log_level_parse(struct str text, enum log_level *out);
bool log_format_parse(struct str text, enum log_format *out);

/* message: what happened, the same text each time (a literal: it is remembered by its address);
 * then name, value pairs. */
struct log_field {
    const char *name;
    enum { LOG_IS_STR, LOG_IS_U64, LOG_IS_I64 } kind;
    struct str text;
    uint64_t number;
};
void log_fields(enum log_level level, const char *message, const struct log_field *f, size_t n);
#define LOG(level, message, ...)                                                                   \
    log_fields((level), (message), (const struct log_field[]){{0}, ##__VA_ARGS__} + 1,             \
               sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_field) - \
                   1)
#define LOG_S(field, str_value)                                  \
    {                                                            \
        .name = (field), .kind = LOG_IS_STR, .text = (str_value) \
    }
#define LOG_U(field, value)                                              \
    {                                                                    \
        .name = (field), .kind = LOG_IS_U64, .number = (uint64_t)(value) \
    }
#define LOG_I(field, value)                                                       \
    {                                                                             \
        .name = (field), .kind = LOG_IS_I64, .number = (uint64_t)(int64_t)(value) \
    }

#endif
