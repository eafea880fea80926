/* write.c - JSON out. The writer knows for each open container whether a comma is due. */
#include "json/write.h"

#include "base/cpu.h"
#include "base/str.h"
#include "base/utf8.h"
#include "json/kernel.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ESCAPE_PART = 4096 /* bytes escaped at a time: bounds the room kept free for them */ };

static json_escape_fn *escape;

/* Before main(), hence before any thread; read-only from then on. */
static __attribute__((constructor)) void choose(void)
{
    static json_escape_fn *const kernels[] = {json_escape_scalar, json_escape_avx2,
                                              json_escape_avx512};

    escape = kernels[cpu_simd()];
}

void json_writer_init(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){.out = out};
}

/* A value comes: behind a key in an object, behind a comma in an array. */
static void before_value(struct json_writer *w)
{
    if (w->depth == 0)
        return;
    uint32_t top = w->depth - 1;
    ASSERT(w->is_object[top] == w->has_key);
    if (!w->is_object[top] && w->has_member[top])
        buf_add_char(w->out, ',');
    w->has_member[top] = true;
    w->has_key = false;
}

static void open_container(struct json_writer *w, bool is_object)
{
    before_value(w);
    ASSERT(w->depth < JSON_WRITE_DEPTH_MAX);
    w->is_object[w->depth] = is_object;
    w->has_member[w->depth] = false;
    w->depth++;
    buf_add_char(w->out, is_object ? '{' : '[');
}

static void close_container(struct json_writer *w, bool is_object)
{
    ASSERT(w->depth > 0 && w->is_object[w->depth - 1] == is_object && !w->has_key);
    w->depth--;
    buf_add_char(w->out, is_object ? '}' : ']');
}

void json_open_object(struct json_writer *w)
{
    open_container(w, true);
}

void json_close_object(struct json_writer *w)
{
    close_container(w, true);
}

void json_open_array(struct json_writer *w)
{
    open_container(w, false);
}

void json_close_array(struct json_writer *w)
{
    close_container(w, false);
}

static void put_quoted(struct buf *out, struct str s)
{
    buf_add_char(out, '"');
    json_escape(out, s);
    buf_add_char(out, '"');
}

void json_key(struct json_writer *w, struct str key)
{
    ASSERT(w->depth > 0 && w->is_object[w->depth - 1] && !w->has_key);
    if (w->has_member[w->depth - 1])
        buf_add_char(w->out, ',');
    put_quoted(w->out, key);
    buf_add_char(w->out, ':');
    w->has_key = true;
}

void json_key_name(struct json_writer *w, struct str name)
{
    ASSERT(w->depth > 0 && w->is_object[w->depth - 1] && !w->has_key);
    char *to = buf_reserve(w->out, name.n + 4), *begin = to;
    if (w->has_member[w->depth - 1])
        *to++ = ',';
    *to++ = '"';
    memcpy(to, name.p, name.n);
    to += name.n;
    *to++ = '"';
    *to++ = ':';
    w->out->n += (size_t)(to - begin);
    w->has_key = true;
}

void json_put_str(struct json_writer *w, struct str value)
{
    before_value(w);
    put_quoted(w->out, value);
}

static void put_digits(struct buf *out, uint64_t value)
{
    char text[STR_DIGITS_MAX], *end = text + sizeof(text), *from = str_digits(end, value);

    buf_add(out, (struct str){from, (size_t)(end - from)});
}

void json_put_i64(struct json_writer *w, int64_t value)
{
    before_value(w);
    if (value < 0)
        buf_add_char(w->out, '-');
    put_digits(w->out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void json_put_u64(struct json_writer *w, uint64_t value)
{
    before_value(w);
    put_digits(w->out, value);
}

void json_put_bool(struct json_writer *w, bool value)
{
    before_value(w);
    buf_add(w->out, value ? STR("true") : STR("false"));
}

void json_put_null(struct json_writer *w)
{
    before_value(w);
    buf_add(w->out, STR("null"));
}

void json_put_number(struct json_writer *w, struct str text)
{
    before_value(w);
    buf_add(w->out, text);
}

void json_put_double(struct json_writer *w, double value)
{
    char text[40];
    /* Any double of up to 15 digits prints as these; only the tiniest have fewer. */
    int precision = fabs(value) < DBL_MIN ? 1 : DBL_DIG;

    if (!isfinite(value)) {
        json_put_null(w);
        return;
    }
    do {
        snprintf(text, sizeof(text), "%.*g", precision, value);
    } while (strtod(text, NULL) != value && ++precision <= DBL_DECIMAL_DIG);
    json_put_number(w, str_from(text));
}

static void put_unclean(struct buf *out, unsigned char c)
{
    switch (c) {
    case '"':
        buf_add(out, STR("\\\""));
        break;
    case '\\':
        buf_add(out, STR("\\\\"));
        break;
    case '\n':
        buf_add(out, STR("\\n"));
        break;
    case '\r':
        buf_add(out, STR("\\r"));
        break;
    case '\t':
        buf_add(out, STR("\\t"));
        break;
    default:
        if (c >= 0x80)
            buf_add(out, STR(UTF8_REPLACEMENT));
        else
            buf_printf(out, "\\u%04x", (unsigned)c);
    }
}

/* Characters beyond ASCII at the begin of s: length of their run. */
static size_t foreign_run(struct str s)
{
    size_t i = 0;

    while (i < s.n && (unsigned char)s.p[i] >= 0x80) {
        size_t n = utf8_sequence(s, i);
        if (n == 0)
            break;
        i += n;
    }
    return i;
}

void json_escape(struct buf *out, struct str value)
{
    while (value.n > 0) {
        size_t part = value.n < ESCAPE_PART ? value.n : ESCAPE_PART, used;
        char *to = buf_reserve(out, 2 * part + JSON_ESCAPE_SLACK);
        out->n += escape((struct str){value.p, part}, to, &used);
        value = (struct str){value.p + used, value.n - used};
        if (used == part)
            continue;
        size_t run = foreign_run(value);
        buf_add(out, (struct str){value.p, run});
        if (run == 0)
            put_unclean(out, (unsigned char)value.p[run++]);
        value = (struct str){value.p + run, value.n - run};
    }
}

static void put_members(struct json_writer *w, const struct json_node *node)
{
    bool is_object = node->type == JSON_T_OBJECT;

    is_object ? json_open_object(w) : json_open_array(w);
    for (const struct json_node *m = node->first; m; m = m->next) {
        if (is_object)
            json_key(w, m->key);
        json_put_tree(w, m);
    }
    is_object ? json_close_object(w) : json_close_array(w);
}

void json_put_tree(struct json_writer *w, const struct json_node *node)
{
    switch (node->type) {
    case JSON_T_NULL:
        json_put_null(w);
        return;
    case JSON_T_BOOL:
        json_put_bool(w, node->is_true);
        return;
    case JSON_T_NUMBER:
        json_put_number(w, node->text);
        return;
    case JSON_T_STRING:
        json_put_str(w, node->text);
        return;
    default:
        put_members(w, node);
    }
}
