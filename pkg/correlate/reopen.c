/* reopen.c - what a finding's cell needs to owe a Close: as a header, and back again.
 */
#include "correlate/reopen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/pack.h"
#include "base/str.h"
#include "correlate/span.h"
#include "state/uid.h"

enum { NUMBERS_TEXT_MAX = 200, PARTS_MAX = 2 + FINDING_KEYS_MAX + 1 };

/* ---- as text -------------------------------------------------------------------------------- */

static void add_hex(struct buf *out, struct str s)
{
    out->n += hex_encode(s, buf_reserve(out, HEX_SIZE(s.n))).n;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct str s, struct buf *out)
{
    for (size_t i = 0; i + 1 < s.n; i += 2) {
        int high = digit_of(s.p[i]), low = digit_of(s.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        buf_add_char(out, (char)(high << 4 | low));
    }
    return s.n % 2 == 0;
}

bool reopen_format(const struct finding *f, struct buf *out)
{
    struct buf packed = {0};
    char text[NUMBERS_TEXT_MAX];
    size_t from = out->n;

    if (f->activity == FINDING_CLOSE || !f->has_bucket || f->is_flood || f->is_full)
        return false;
    snprintf(text, sizeof text,
             "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64 " %u %" PRId64
             " ",
             f->bucket_start_ms, f->bucket_end_ms, f->first_ms, f->last_ms, f->hits, f->sequence,
             f->level, f->has_measured ? f->measured_micro : 0);
    buf_add(out, str_from(text));
    pack_u8(&packed, (uint8_t)f->n_keys);
    for (size_t i = 0; i < f->n_keys; i++)
        pack_str(&packed, f->keys[i]);
    bool fits = out->n - from + 2 * packed.n < REOPEN_TEXT_MAX;
    if (fits)
        add_hex(out, buf_str(&packed));
    buf_clear(&packed);
    finding_addends_pack(f->addends, f->n_addends, &packed);
    buf_add_char(out, ' ');
    if (fits && out->n - from + 2 * packed.n <= REOPEN_TEXT_MAX)
        add_hex(out, buf_str(&packed));
    buf_release(&packed);
    if (!fits)
        out->n = from;
    return fits;
}

static bool next_number(struct str *rest, int64_t *out)
{
    struct str word, all = *rest;

    return str_cut(all, ' ', &word, rest) && str_to_i64(word, out);
}

static bool read_numbers(struct str *rest, struct reopen *out)
{
    struct book_restored *told = &out->told;
    int64_t count, sequence, level;

    if (!next_number(rest, &told->start_ms) || !next_number(rest, &out->end_ms) ||
        !next_number(rest, &told->first_ms) || !next_number(rest, &told->last_ms) ||
        !next_number(rest, &count) || !next_number(rest, &sequence) || !next_number(rest, &level) ||
        !next_number(rest, &told->measured_micro))
        return false;
    told->count = (uint64_t)count;
    told->sequence = (uint64_t)sequence;
    told->level = (uint8_t)level;
    return count > 0 && sequence > 0 && sequence <= UINT32_MAX && level >= 0 &&
           level <= UINT8_MAX && told->first_ms >= told->start_ms &&
           told->last_ms >= told->first_ms && out->end_ms > told->start_ms;
}

bool reopen_parse(struct str header, struct reopen *out)
{
    struct str keys;

    buf_clear(&out->bytes);
    out->told = (struct book_restored){0};
    if (header.n > REOPEN_TEXT_MAX || !read_numbers(&header, out) ||
        !str_cut(header, ' ', &keys, &header) || !read_hex(keys, &out->bytes))
        return false;
    size_t n_keys = out->bytes.n;
    if (n_keys == 0 || !read_hex(header, &out->bytes))
        return false;
    out->keys = (struct str){out->bytes.p, n_keys};
    out->addends = (struct str){out->bytes.p + n_keys, out->bytes.n - n_keys};
    return true;
}

void reopen_release(struct reopen *r)
{
    buf_release(&r->bytes);
}

/* ---- as an operation ------------------------------------------------------------------------ */

/* parts: room for PARTS_MAX: tenant, rule, values. */
static bool read_values(const struct graph *g, uint32_t rule, struct str keys, struct str *parts,
                        size_t *n)
{
    struct unpack u = unpack_from(keys);
    size_t n_keys = unpack_u8(&u);

    *n = 0;
    parts[(*n)++] = graph_tenant_of(g, rule);
    parts[(*n)++] = g->rules[rule].rule->uid;
    if (n_keys > FINDING_KEYS_MAX)
        return false;
    for (size_t i = 0; i < n_keys; i++)
        parts[(*n)++] = unpack_str(&u);
    return unpack_ok(&u) && unpack_left(&u) == 0;
}

static bool has_name(struct str *parts, size_t n, int64_t start_ms, const uint8_t uid[16])
{
    struct digest d;
    char bucket[32];

    snprintf(bucket, sizeof bucket, "bucket:%" PRId64, start_ms);
    parts[n++] = str_from(bucket);
    struct uid name = uid_of_parts(&d, parts, n);
    return memcmp(name.bytes, uid, sizeof name.bytes) == 0;
}

/* All hits of the bucket come again. Of a final operator what leads into the bucket must come, too;
 * what facts have restored as judged does not. */
static bool is_exact(const struct graph_rule *r, int64_t start_ms, struct reopen_reach reach)
{
    if (r->suppress == SPACE_NONE || r->stages == SPACE_NONE)
        return start_ms >= reach.events_ms;
    int64_t from_ms = span_add(start_ms, -r->spec.window_ms);
    return from_ms >= reach.events_ms && (!r->kind->fact_kind || from_ms >= reach.facts_ms);
}

bool reopen_op(const struct graph *g, uint32_t rule, const uint8_t uid[16],
               struct reopen_reach reach, struct reopen *r, struct hit *hit, struct state_op *op)
{
    const struct graph_rule *to = &g->rules[rule];
    uint32_t space = to->suppress != SPACE_NONE ? to->suppress : to->stages;
    struct str parts[PARTS_MAX];
    size_t n;

    if (!to->is_telling || to->is_dedup_off || space == SPACE_NONE ||
        !read_values(g, rule, r->keys, parts, &n))
        return false;
    int64_t period_ms =
        to->suppress != SPACE_NONE ? to->suppress_spec.fold.period_ms : to->spec.fold.period_ms;
    if (r->end_ms - r->told.start_ms != period_ms || !has_name(parts, n, r->told.start_ms, uid))
        return false;
    struct state_key key = state_key_of(&g->options.secret, parts[0], parts + 2, n - 2);
    r->told.is_exact = is_exact(to, r->told.start_ms, reach);
    *hit = (struct hit){.count = 1,
                        .level = r->told.level,
                        .group_key = key,
                        .keys = r->keys,
                        .addends = r->addends,
                        .restored = &r->told};
    *op = (struct state_op){.space = space, .key = key, .t_ms = r->told.start_ms, .payload = hit};
    return true;
}
