/* log.c - one line per thing on stderr, logfmt or JSON, not too often.
 *
 * A line is made whole in one buffer and written by one call, so lines of threads do not mix. What
 * a message has said lately is remembered by the address of its text: messages are literals.
 */
#include "worker/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "json/write.h"

enum { WORKER_MAX = 256, FIELDS_MAX = 32 };

/* What one message has said in its period. */
struct limit {
    const char *message; /* NULL: free */
    int64_t begun_ms;
    uint32_t lines;
    uint64_t left_out;
};

static struct {
    pthread_mutex_t lock;
    /* Guarded by it. */
    struct log_options options;
    char worker[WORKER_MAX];
    struct limit limits[LOG_MESSAGES_MAX + 1]; /* the last: all that found no place */
    struct buf line;
} logger = {.lock = PTHREAD_MUTEX_INITIALIZER, .options = {.least = LOG_INFO}};

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *const format_names[] = {"logfmt", "json"};

static bool find_word(struct str text, const char *const *words, size_t n, size_t *out)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(text, str_from(words[i]))) {
            *out = i;
            return true;
        }
    return false;
}

bool log_level_parse(struct str text, enum log_level *out)
{
    size_t i;

    if (!find_word(text, level_names, ARRAY_LEN(level_names), &i))
        return false;
    *out = (enum log_level)i;
    return true;
}

bool log_format_parse(struct str text, enum log_format *out)
{
    size_t i;

    if (!find_word(text, format_names, ARRAY_LEN(format_names), &i))
        return false;
    *out = (enum log_format)i;
    return true;
}

void log_setup(const struct log_options *o)
{
    pthread_mutex_lock(&logger.lock);
    logger.options = *o;
    struct str worker = str_sub(o->worker, 0, WORKER_MAX);
    if (worker.n)
        memcpy(logger.worker, worker.p, worker.n);
    logger.options.worker = (struct str){logger.worker, worker.n};
    memset(logger.limits, 0, sizeof logger.limits);
    pthread_mutex_unlock(&logger.lock);
}

static int64_t now_ms(void)
{
    struct timespec t;

    if (logger.options.now_ms)
        return logger.options.now_ms(logger.options.context);
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the limit ------------------------------------------------------------------------------ */

static struct limit *find_limit(const char *message)
{
    size_t i = 0;

    while (i < LOG_MESSAGES_MAX && logger.limits[i].message && logger.limits[i].message != message)
        i++;
    logger.limits[i].message = message;
    return &logger.limits[i];
}

/* False: not this time. *left_out: lines of the period before that nobody has been told of. */
static bool may_speak(const char *message, int64_t now, uint64_t *left_out)
{
    struct limit *l = find_limit(message);

    *left_out = 0;
    /* A clock that was set back begins a new period, too: else it would be silent for long. */
    if (now - l->begun_ms >= LOG_PERIOD_MS || now < l->begun_ms) {
        *left_out = l->left_out;
        l->begun_ms = now;
        l->lines = 0;
        l->left_out = 0;
    }
    if (l->lines < LOG_BURST) {
        l->lines++;
        return true;
    }
    l->left_out++;
    return false;
}

/* ---- a line --------------------------------------------------------------------------------- */

static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7F)
            return false;
    }
    return text.n > 0;
}

/* C1 controls (U+0080 to U+009F) would steer a terminal, and JSON leaves them as they are. */
static void add_quoted(struct buf *out, struct str text)
{
    size_t from = out->n, to;

    json_escape(out, text);
    for (size_t i = to = from; i < out->n; i++) {
        if ((unsigned char)out->p[i] == 0xC2 && i + 1 < out->n &&
            (unsigned char)out->p[i + 1] < 0xA0) {
            out->p[to++] = '?';
            i++;
        } else {
            out->p[to++] = out->p[i] == 0x7F ? '?' : out->p[i];
        }
    }
    out->n = to;
}

/* Cut to its bound, between characters. */
static struct str bounded(struct str text)
{
    if (text.n <= LOG_VALUE_MAX)
        return text;
    text.n = LOG_VALUE_MAX;
    while (text.n > LOG_VALUE_MAX - 4 && utf8_is_tail((unsigned char)text.p[text.n]))
        text.n--;
    return text;
}

static void begin_pair(struct buf *out, const char *name)
{
    bool is_json = logger.options.format == LOG_JSON;

    if (is_json)
        buf_printf(out, "%s\"%s\":", out->n ? "," : "{", name);
    else
        buf_printf(out, "%s%s=", out->n ? " " : "", name);
}

static void add_text(struct buf *out, const char *name, struct str text)
{
    text = bounded(text);
    begin_pair(out, name);
    if (logger.options.format == LOG_LOGFMT && is_plain(text)) {
        buf_add(out, text);
        return;
    }
    buf_add_char(out, '"');
    add_quoted(out, text);
    buf_add_char(out, '"');
}

static void add_field(struct buf *out, const struct log_field *f)
{
    switch (f->kind) {
    case LOG_IS_STR:
        add_text(out, f->name, f->text);
        break;
    case LOG_IS_U64:
        begin_pair(out, f->name);
        buf_printf(out, "%" PRIu64, f->number);
        break;
    case LOG_IS_I64:
        begin_pair(out, f->name);
        buf_printf(out, "%" PRId64, (int64_t)f->number);
        break;
    }
}

static void add_time(struct buf *out, int64_t ms)
{
    char text[64];
    struct tm tm;
    time_t seconds = (time_t)(ms / 1000);

    if (!gmtime_r(&seconds, &tm))
        memset(&tm, 0, sizeof tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03dZ", (int)(ms % 1000));
    add_text(out, "time", str_from(text));
}

static void write_line(struct buf *line)
{
    if (logger.options.write) {
        logger.options.write(logger.options.context, buf_str(line));
        return;
    }
    /* Nobody to complain to if stderr does not take it. */
    ssize_t n = write(STDERR_FILENO, line->p, line->n);
    (void)n;
}

static void say(int64_t now, enum log_level level, const char *message, const struct log_field *f,
                size_t n)
{
    struct buf *line = &logger.line;

    buf_clear(line);
    add_time(line, now);
    add_text(line, "level", str_from(level_names[level]));
    if (logger.options.worker.n)
        add_text(line, "worker", logger.options.worker);
    add_text(line, "msg", str_from(message));
    for (size_t i = 0; i < n && i < FIELDS_MAX; i++)
        add_field(line, &f[i]);
    if (logger.options.format == LOG_JSON)
        buf_add_char(line, '}');
    buf_add_char(line, '\n');
    write_line(line);
}

void log_fields(enum log_level level, const char *message, const struct log_field *f, size_t n)
{
    uint64_t left_out;

    pthread_mutex_lock(&logger.lock);
    if (level >= logger.options.least) {
        int64_t now = now_ms();
        if (may_speak(message, now, &left_out)) {
            const struct log_field about[] = {LOG_S("of", str_from(message)),
                                              LOG_U("lines", left_out)};
            if (left_out)
                say(now, level, "lines left out", about, ARRAY_LEN(about));
            say(now, level, message, f, n);
        }
    }
    pthread_mutex_unlock(&logger.lock);
}
