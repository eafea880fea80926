/* document.c - see document.h. */
#include "alert/document.h"

#include "base/str.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

/* One less than the evaluator collects: so an alert with more atoms than it shows says so. */
enum { MATCHED_MAX = EVIDENCE_MAX - 1 };

/* The stated order of cutting (docs/alert.md): the raw record, matched values, evidence, then
 * the rule's own long texts. */
const struct limits document_limits[LIMIT_ROWS] = {
    {ALERT_RAW_MAX, 4096, MATCHED_MAX, 8192, 128, 8192, 1024, 64, 6},
    {2048, 4096, MATCHED_MAX, 8192, 128, 8192, 1024, 64, 6},
    {0, 4096, MATCHED_MAX, 8192, 128, 8192, 1024, 64, 6},
    {0, 256, 32, 8192, 128, 8192, 1024, 64, 6},
    {0, 256, 32, 512, 64, 8192, 1024, 64, 3},
    {0, 128, 16, 256, 32, 1024, 256, 8, 1},
    {0, 64, 4, 64, 8, 256, 64, 4, 0},
};

void document_cut(struct document *d, const char *fmt, ...)
{
    char path[128];
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(path, sizeof(path), fmt, args);
    va_end(args);
    if (n <= 0 || d->n_truncated == TRUNCATED_MAX)
        return;
    d->truncated[d->n_truncated++] = arena_str(d->arena, str_from(path));
}

void document_rule_text(struct document *d, const char *key, struct str text, size_t max,
                        const char *path)
{
    json_kv_str(&d->json, key, utf8_cut(text, max));
    if (text.n > max)
        document_cut(d, "%s.%s", path, key);
}

void document_rule_list(struct document *d, const char *key, struct str_list list, const char *path)
{
    bool is_cut = list.n > d->limits->n_list;

    json_key(&d->json, str_from(key));
    json_open_array(&d->json);
    for (size_t i = 0; i < list.n && i < d->limits->n_list; i++) {
        is_cut |= list.items[i].n > d->limits->text;
        json_put_str(&d->json, utf8_cut(list.items[i], d->limits->text));
    }
    json_close_array(&d->json);
    if (is_cut)
        document_cut(d, "%s.%s", path, key);
}

struct safe document_safe(struct document *d, struct str field, struct str value, size_t max)
{
    struct redacted out = redact_value(d->redactor, field, value, max);

    return (struct safe){out.text, out.is_dropped, out.is_changed, out.is_cut};
}

struct str document_join(struct arena *a, const struct str *parts, size_t n)
{
    size_t total = 0;

    for (size_t i = 0; i < n; i++)
        total += parts[i].n;
    char *text = arena_alloc(a, total);
    for (size_t i = 0, at = 0; i < n; at += parts[i++].n)
        if (parts[i].n > 0)
            memcpy(text + at, parts[i].p, parts[i].n);
    return (struct str){text, total};
}

struct str document_number(struct arena *a, uint64_t number)
{
    char *text = arena_alloc(a, STR_DIGITS_MAX), *end = text + STR_DIGITS_MAX;
    char *from = str_digits(end, number);

    return (struct str){from, (size_t)(end - from)};
}

void document_put(struct document *d, const char *key, struct safe value)
{
    json_kv_str(&d->json, key, value.text);
}

void document_members(struct document *d, struct str members)
{
    struct json_writer *w = &d->json;

    if (members.n == 0)
        return;
    ASSERT(w->depth > 0 && w->is_object[w->depth - 1] && !w->has_key);
    if (w->has_member[w->depth - 1])
        buf_add_char(w->out, ',');
    w->has_member[w->depth - 1] = true;
    buf_add(w->out, members);
}

void document_text(struct document *d, struct str text)
{
    buf_add(d->json.out, text);
}

/* The room behind the digits is the same for all: a copy of fixed size. */
static void put_digits(struct document *d, const struct told_number *t)
{
    memcpy(buf_reserve(d->json.out, sizeof(t->digits)), t->digits, sizeof(t->digits));
    d->json.out->n += t->n;
}

void document_i64(struct document *d, int64_t number)
{
    struct told_number *t;
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    char digits[STR_DIGITS_MAX], *end = digits + sizeof(digits);

    for (size_t i = 0; i < TOLD_NUMBERS; i++)
        if (d->numbers[i].n > 0 && d->numbers[i].number == number) {
            put_digits(d, &d->numbers[i]);
            return;
        }
    t = &d->numbers[d->n_numbers++ % TOLD_NUMBERS];
    t->number = number;
    t->n = 0;
    if (number < 0)
        t->digits[t->n++] = '-';
    char *from = str_digits(end, size);
    memcpy(t->digits + t->n, from, (size_t)(end - from));
    t->n = (uint8_t)(t->n + (end - from));
    put_digits(d, t);
}

int64_t document_event_ms(const struct document *d)
{
    return d->trigger ? d->trigger->time_ms : d->finding->at_ms;
}

int64_t document_processed_ms(const struct document *d)
{
    return d->options->is_deterministic ? document_event_ms(d) : d->now_ms;
}
