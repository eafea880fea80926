/* log.h - what a worker tells people on stderr: one line per thing, logfmt or JSON.
 *
 * Rate limited by message: at most LOG_BURST lines of one text in LOG_PERIOD_MS, then one that says
 * how many were left out. Never called for single events. Values are escaped; values of events
 * pass redaction before they come here.
 *
 * Threads  any; one lock, never held on the event path.
 */
#ifndef WEIR_WORKER_LOG_H
#define WEIR_WORKER_LOG_H

#include "base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };
enum { LOG_BURST = 10, LOG_PERIOD_MS = 60 * 1000 };

void log_setup(enum log_format format, enum log_level least, struct str worker);

/* message: what happened, the same text each time; then name, value pairs (const char *, struct str
 * by log_str, numbers by log_u64), closed by LOG_END. */
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
