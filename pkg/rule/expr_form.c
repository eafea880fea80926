/* expr_form.c - what form a value has, and values out of texts of a certain form: JSON, times as a
 * format says, numbers as people read them.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/ip.h"
#include "base/str.h"
#include "json/tree.h"
#include "json/write.h"
#include "rule/expr_impl.h"

/* ---- kinds ------------------------------------------------------------------------------- */

static struct str kind_of(const struct expr *e, const struct expr_value *v)
{
    struct expr_value n = *v;

    if (v->type == EXPR_VALUE_TEXT && e->is_loose)
        n = expr_value_number(v->text);
    switch (n.type == EXPR_VALUE_NULL ? v->type : n.type) {
    case EXPR_VALUE_NULL:
        return STR("null");
    case EXPR_VALUE_BOOL:
        return STR("bool");
    case EXPR_VALUE_INT:
        return STR("whole");
    case EXPR_VALUE_REAL:
        return STR("real");
    case EXPR_VALUE_TEXT:
        return STR("text");
    default:
        return STR("list");
    }
}

/* ---- numbers for people ------------------------------------------------------------------- */

enum { DIGITS_MAX = 64 };

/* Three digits to a group; of a fraction two digits. */
static struct expr_value with_commas(struct arena *a, const struct expr_value *v)
{
    char digits[DIGITS_MAX], out[2 * DIGITS_MAX];
    int n = v->type == EXPR_VALUE_INT ? snprintf(digits, sizeof digits, "%" PRId64, v->whole)
                                      : snprintf(digits, sizeof digits, "%.2f", v->real);
    size_t to = 0;

    if (n < 0 || n >= DIGITS_MAX)
        return EXPR_NOTHING;
    struct str whole = {digits, strcspn(digits, ".")};
    for (size_t i = 0; i < (size_t)n; i++) {
        bool is_inside = i > 0 && i < whole.n && digits[i - 1] != '-';
        if (is_inside && (whole.n - i) % 3 == 0)
            out[to++] = ',';
        out[to++] = digits[i];
    }
    return expr_value_text(arena_str(a, (struct str){out, to}));
}

/* HH:MM:SS, with the days in front of it where there are any: 2+03:04:05. */
static struct expr_value as_duration(struct arena *a, const struct expr_value *v)
{
    enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400 };
    int64_t s = v->type == EXPR_VALUE_INT ? v->whole : (int64_t)v->real;

    if (v->type == EXPR_VALUE_REAL && !(v->real >= 0 && v->real < 1e15))
        return EXPR_NOTHING;
    if (s < 0)
        return EXPR_NOTHING;
    struct str days = s >= DAY_S ? arena_printf(a, "%" PRId64 "+", s / DAY_S) : (struct str){"", 0};
    return expr_value_text(arena_printf(a, "%.*s%02d:%02d:%02d", (int)days.n, days.p,
                                        (int)(s % DAY_S / HOUR_S), (int)(s % HOUR_S / MINUTE_S),
                                        (int)(s % MINUTE_S)));
}

static struct expr_value number_text(const struct expr_args *a)
{
    struct expr_value v = a->items[0];
    struct str form = a->items[1].text;

    if (v.type == EXPR_VALUE_TEXT)
        v = expr_value_number(v.text);
    if (!expr_is_number(&v) || a->items[1].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    if (str_eq(form, STR("commas")))
        return with_commas(a->scope->space, &v);
    if (str_eq(form, STR("duration")))
        return as_duration(a->scope->space, &v);
    if (v.type != EXPR_VALUE_INT || v.whole < 0)
        return EXPR_NOTHING;
    return expr_value_text(arena_printf(a->scope->space, "0x%" PRIX64, (uint64_t)v.whole));
}

/* ---- JSON -------------------------------------------------------------------------------- */

struct found {
    struct arena *a;
    size_t n_text; /* bytes of the document */
    struct expr_value *values;
    size_t n;
};

/* The next step of a path, taken from its front: a key, "{}" (all members), "{N}" (one). */
struct step {
    struct str key; /* empty: of an array */
    bool is_all;
    uint64_t index;
};

static bool next_step(struct str *path, struct step *out)
{
    bool is_key = path->p[0] != '{';

    *out = (struct step){0};
    if (!is_key) {
        size_t end = str_find_char(*path, '}', 0);
        if (end == SIZE_MAX)
            return false;
        out->is_all = end == 1;
        if (!out->is_all && !str_to_u64(str_sub(*path, 1, end - 1), &out->index))
            return false;
        *path = str_sub(*path, end + 1, SIZE_MAX);
    } else {
        size_t n = 0;
        while (n < path->n && path->p[n] != '.' && path->p[n] != '{')
            n++;
        out->key = str_sub(*path, 0, n);
        *path = str_sub(*path, n, SIZE_MAX);
    }
    if (path->n && path->p[0] == '.')
        *path = str_sub(*path, 1, SIZE_MAX);
    return out->key.n || out->is_all || !is_key;
}

/* An object or an array in its compact form, which escapes make at most six times as long as the
 * text that it was read from: the buffer never grows. */
static struct expr_value as_json(const struct found *f, const struct json_node *node)
{
    enum { ESCAPED_MAX = 6, SLACK = 16 };
    size_t room = f->n_text * ESCAPED_MAX + SLACK;
    struct json_writer w;

    if (json_tree_depth(node) > JSON_WRITE_DEPTH_MAX || room > EXPR_TEXT_MAX)
        return EXPR_NOTHING;
    struct buf out = {.p = arena_alloc(f->a, room), .cap = room};
    json_writer_init(&w, &out);
    json_put_tree(&w, node);
    return expr_value_text(buf_str(&out));
}

static struct expr_value value_of(const struct found *f, const struct json_node *node)
{
    switch (node->type) {
    case JSON_T_NULL:
        return EXPR_NOTHING;
    case JSON_T_BOOL:
        return expr_value_text(node->is_true ? STR("true") : STR("false"));
    case JSON_T_NUMBER:
        return expr_value_number(node->text);
    case JSON_T_STRING:
        return expr_value_text(node->text);
    default:
        return as_json(f, node);
    }
}

static void follow(struct found *f, const struct json_node *node, struct str path)
{
    struct step step;
    uint64_t i = 0;

    if (f->n == EXPR_LIST_MAX)
        return;
    if (!path.n) {
        f->values[f->n++] = value_of(f, node);
        return;
    }
    if (!next_step(&path, &step))
        return; /* no path: front ends refuse it */
    if (step.key.n) {
        const struct json_node *member = json_tree_get(node, step.key);
        if (member)
            follow(f, member, path);
        return;
    }
    if (node->type != JSON_T_ARRAY)
        return;
    for (const struct json_node *m = node->first; m; m = m->next, i++)
        if (step.is_all || i == step.index)
            follow(f, m, path);
}

static struct expr_value json_at(const struct expr_args *a)
{
    struct found f = {.a = a->scope->space, .n_text = a->items[0].text.n};
    struct json_node *root;

    if (a->items[0].type != EXPR_VALUE_TEXT || a->items[1].type != EXPR_VALUE_TEXT ||
        json_tree_parse(f.a, a->items[0].text, &root, NULL) != JSON_OK)
        return EXPR_NOTHING;
    f.values = ARENA_ARRAY(f.a, EXPR_LIST_MAX, struct expr_value);
    follow(&f, root, a->items[1].text);
    return expr_value_list(f.a, f.values, f.n);
}

static struct expr_value is_json(const struct expr_args *a)
{
    struct json_node *root;

    return expr_value_bool(a->items[0].type == EXPR_VALUE_TEXT &&
                           json_tree_parse(a->scope->space, a->items[0].text, &root, NULL) ==
                               JSON_OK);
}

/* ---- times ------------------------------------------------------------------------------- */

enum { NANO_DIGITS = 9, MILLI_DIGITS = 3 };

size_t expr_find_parts(struct str format, unsigned *digits, size_t *n)
{
    size_t i = 0;

    for (; i + 1 < format.n; i++) {
        if (format.p[i] != '%')
            continue;
        bool is_counted = format.p[i + 1] >= '1' && format.p[i + 1] <= '9' && i + 2 < format.n;
        char c = format.p[i + 1 + is_counted];
        *digits = is_counted ? (unsigned)(format.p[i + 1] - '0')
                  : c == 'N' ? NANO_DIGITS
                             : MILLI_DIGITS;
        *n = 2U + is_counted;
        if (c == 'N' || c == 'Q')
            return i;
        i++;
    }
    return format.n;
}

/* At most so many digits as parts of a second, in ms; NULL: there is none. */
static const char *read_parts(const char *p, unsigned digits, int64_t *ms)
{
    const char *begin = p;
    int64_t scale = 100;

    *ms = 0;
    for (; p - begin < (ptrdiff_t)digits && *p >= '0' && *p <= '9'; p++, scale /= 10)
        *ms += (*p - '0') * scale;
    return p > begin ? p : NULL;
}

/* What the format leaves open is 1970-01-01 00:00:00 UTC. */
static struct expr_value time_read(const struct expr_args *a)
{
    struct tm tm = {.tm_year = 70, .tm_mday = 1};
    struct str text;
    int64_t ms = 0;

    if (a->items[1].type != EXPR_VALUE_TEXT ||
        !expr_value_string(a->scope->space, &a->items[0], &text))
        return EXPR_NOTHING;
    struct str format = a->items[1].text;
    const char *at = arena_str(a->scope->space, text).p;
    while (at && format.n) {
        unsigned digits = 0;
        size_t n = 0, plain = expr_find_parts(format, &digits, &n);
        at = strptime(at, arena_str(a->scope->space, str_sub(format, 0, plain)).p, &tm);
        if (at && plain < format.n)
            at = read_parts(at, digits, &ms);
        format = str_sub(format, plain == format.n ? plain : plain + n, SIZE_MAX);
    }
    if (!at)
        return EXPR_NOTHING;
    long offset_s = tm.tm_gmtoff; /* timegm() forgets it */
    return expr_value_whole((int64_t)(timegm(&tm) - offset_s) * 1000 + ms);
}

/* ---- lists ------------------------------------------------------------------------------- */

/* First with first, second with second; ends with the shorter one. */
static struct expr_value list_zip(const struct expr_args *a)
{
    size_t n, m;
    const struct expr_value *left = expr_value_items(&a->items[0], &n);
    const struct expr_value *right = expr_value_items(&a->items[1], &m);

    if (a->items[2].type != EXPR_VALUE_TEXT)
        return EXPR_NOTHING;
    n = n < m ? n : m;
    struct expr_value *out = ARENA_ARRAY(a->scope->space, n, struct expr_value);
    for (size_t i = 0; i < n; i++) {
        const struct expr_value pair[] = {left[i], right[i]};
        struct str text;
        if (!expr_join(a->scope->space, pair, ARRAY_LEN(pair), a->items[2].text, &text))
            return EXPR_NOTHING;
        out[i] = expr_value_text(text);
    }
    return expr_value_list(a->scope->space, out, n);
}

static struct expr_value list_range(const struct expr_args *a)
{
    struct expr_value *out = ARENA_ARRAY(a->scope->space, EXPR_LIST_MAX, struct expr_value);
    int64_t at = a->items[0].whole, step = a->items[2].whole;
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++)
        if (a->items[i].type != EXPR_VALUE_INT)
            return EXPR_NOTHING;
    if (step <= 0)
        return EXPR_NOTHING;
    while (at < a->items[1].whole && n < EXPR_LIST_MAX) {
        out[n++] = expr_value_whole(at);
        if (__builtin_add_overflow(at, step, &at))
            break;
    }
    return expr_value_list(a->scope->space, out, n);
}

/* ---- addresses ------------------------------------------------------------------------------- */

/* A mapped address (::ffff:a.b.c.d) is the v4 that it stands for. */
static bool is_v4(const struct ip_address *ip)
{
    static const uint8_t MAPPED[12] = {[10] = 0xff, [11] = 0xff};

    return ip->is_v4 || memcmp(ip->bytes, MAPPED, sizeof MAPPED) == 0;
}

static struct expr_value ip_prefix(const struct expr_args *a)
{
    struct ip_address ip;
    char z[INET6_ADDRSTRLEN];

    if (a->items[0].type != EXPR_VALUE_TEXT || !ip_parse(a->items[0].text, &ip))
        return EXPR_NOTHING;
    bool is_short = is_v4(&ip);
    const struct expr_value *bits = &a->items[is_short ? 1 : 2];
    int64_t from = is_short ? 96 : 0, n = from + bits->whole;
    if (bits->type != EXPR_VALUE_INT || bits->whole < 0 || n > 128)
        return EXPR_NOTHING;
    for (int64_t i = n; i < 128; i++)
        ip.bytes[i / 8] &= (uint8_t) ~(0x80 >> (i % 8));
    if (!inet_ntop(is_short ? AF_INET : AF_INET6, ip.bytes + from / 8, z, sizeof z))
        return EXPR_NOTHING;
    return expr_value_text(arena_str(a->scope->space, str_from(z)));
}

struct expr_value expr_form_call(const struct expr_args *a)
{
    switch (a->e->op) {
    case EXPR_KIND_OF:
        return expr_value_text(kind_of(a->e, &a->items[0]));
    case EXPR_NUMBER_TEXT:
        return number_text(a);
    case EXPR_IS_JSON:
        return is_json(a);
    case EXPR_JSON_AT:
        return json_at(a);
    case EXPR_TIME_READ:
        return time_read(a);
    case EXPR_LIST_ZIP:
        return list_zip(a);
    case EXPR_IP_PREFIX:
        return ip_prefix(a);
    default:
        return list_range(a);
    }
}
