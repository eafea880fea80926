/* finding.c - findings as bytes; see finding.h. */
#include "state/finding.h"

#include "base/pack.h"
#include "base/str.h"
#include "base/utf8.h"

enum { FINDING_VERSION = 1, ADDENDS_VERSION = 1 };

/* Truths of a finding, a bit each. */
enum {
    HAS_BUCKET = 1,
    IS_EXACT = 2,
    IS_BRAKED = 4,
    IS_TIMER = 8,
    HAS_MEASURED = 16,
    IS_FLOOD = 32,
    IS_FULL = 64,
    FLAGS_ALL = 127
};

static uint8_t flags_of(const struct finding *f)
{
    return (uint8_t)((f->has_bucket ? HAS_BUCKET : 0) | (f->is_exact ? IS_EXACT : 0) |
                     (f->is_braked ? IS_BRAKED : 0) | (f->is_timer ? IS_TIMER : 0) |
                     (f->has_measured ? HAS_MEASURED : 0) | (f->is_flood ? IS_FLOOD : 0) |
                     (f->is_full ? IS_FULL : 0));
}

static void pack_addends(struct buf *out, const struct finding_addend *list, size_t n)
{
    if (n > FINDING_ADDENDS_MAX)
        n = FINDING_ADDENDS_MAX;
    pack_u8(out, (uint8_t)n);
    for (size_t i = 0; i < n; i++) {
        pack_str(out, utf8_cut(list[i].name, FINDING_TEXT_MAX));
        pack_u32(out, (uint32_t)list[i].value);
        pack_str(out, utf8_cut(list[i].why, FINDING_TEXT_MAX));
    }
}

static uint32_t unpack_addends(struct unpack *u, struct finding_addend *out)
{
    uint32_t n = unpack_u8(u);

    if (n > FINDING_ADDENDS_MAX) {
        u->has_failed = true;
        return 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        out[i].name = unpack_str(u);
        out[i].value = (int32_t)unpack_u32(u);
        out[i].why = unpack_str(u);
    }
    return n;
}

static void pack_lists(const struct finding *f, struct buf *out)
{
    ASSERT(f->n_keys <= FINDING_KEYS_MAX && f->n_capsules <= FINDING_CAPSULES_MAX);
    pack_u8(out, (uint8_t)f->n_keys);
    for (uint32_t i = 0; i < f->n_keys; i++) {
        pack_str(out, utf8_cut(f->key_names[i], FINDING_TEXT_MAX));
        pack_str(out, utf8_cut(f->keys[i], FINDING_TEXT_MAX));
    }
    pack_u8(out, (uint8_t)f->n_capsules);
    for (uint32_t i = 0; i < f->n_capsules; i++)
        pack_str(out, f->capsules[i]);
    pack_addends(out, f->addends, f->n_addends);
    pack_str(out, utf8_cut(f->detail, FINDING_TEXT_MAX));
}

void finding_pack(const struct finding *f, struct buf *out)
{
    pack_u8(out, RECORD_FINDING);
    pack_u8(out, FINDING_VERSION);
    pack_u8(out, (uint8_t)f->activity);
    pack_u8(out, (uint8_t)f->cause);
    pack_u8(out, f->level);
    pack_u8(out, flags_of(f));
    pack_bytes(out, f->uid, sizeof f->uid);
    pack_u64(out, f->sequence);
    pack_i64(out, f->bucket_start_ms);
    pack_i64(out, f->bucket_end_ms);
    pack_u64(out, f->hits);
    pack_u64(out, f->suppressed);
    pack_i64(out, f->first_ms);
    pack_i64(out, f->last_ms);
    pack_i64(out, f->at_ms);
    pack_i64(out, f->measured_micro);
    pack_u64(out, f->n_events);
    pack_lists(f, out);
}

static void unpack_lists(struct unpack *u, struct finding *f)
{
    f->n_keys = unpack_u8(u);
    if (f->n_keys > FINDING_KEYS_MAX) {
        u->has_failed = true;
        return;
    }
    for (uint32_t i = 0; i < f->n_keys; i++) {
        f->key_names[i] = unpack_str(u);
        f->keys[i] = unpack_str(u);
    }
    f->n_capsules = unpack_u8(u);
    if (f->n_capsules > FINDING_CAPSULES_MAX) {
        u->has_failed = true;
        return;
    }
    for (uint32_t i = 0; i < f->n_capsules; i++)
        f->capsules[i] = unpack_str(u);
    f->n_addends = unpack_addends(u, f->addends);
    f->detail = unpack_str(u);
}

/* Numbers that a document is written from are what the writer relies on. */
static bool is_sound(const struct finding *f, uint8_t flags)
{
    return f->activity >= FINDING_CREATE && f->activity <= FINDING_CLOSE &&
           f->cause <= CAUSE_NONE && f->level <= 4 && flags <= FLAGS_ALL &&
           f->bucket_end_ms >= f->bucket_start_ms && f->last_ms >= f->first_ms;
}

bool finding_unpack(struct str bytes, struct finding *out)
{
    struct unpack u = unpack_from(bytes);
    struct finding *f = out;

    uint8_t kind = unpack_u8(&u), version = unpack_u8(&u);

    if (kind != RECORD_FINDING || version != FINDING_VERSION)
        return false;
    *f = (struct finding){0};
    f->activity = (enum finding_activity)unpack_u8(&u);
    f->cause = (enum finding_cause)unpack_u8(&u);
    f->level = unpack_u8(&u);
    uint8_t flags = unpack_u8(&u);
    f->has_bucket = flags & HAS_BUCKET;
    f->is_exact = flags & IS_EXACT;
    f->is_braked = flags & IS_BRAKED;
    f->is_timer = flags & IS_TIMER;
    f->has_measured = flags & HAS_MEASURED;
    f->is_flood = flags & IS_FLOOD;
    f->is_full = flags & IS_FULL;
    unpack_bytes(&u, f->uid, sizeof f->uid);
    f->sequence = unpack_u64(&u);
    f->bucket_start_ms = unpack_i64(&u);
    f->bucket_end_ms = unpack_i64(&u);
    f->hits = unpack_u64(&u);
    f->suppressed = unpack_u64(&u);
    f->first_ms = unpack_i64(&u);
    f->last_ms = unpack_i64(&u);
    f->at_ms = unpack_i64(&u);
    f->measured_micro = unpack_i64(&u);
    f->n_events = unpack_u64(&u);
    unpack_lists(&u, f);
    return unpack_ok(&u) && unpack_left(&u) == 0 && is_sound(f, flags);
}

/* ---- addends alone ------------------------------------------------------------------------- */

void finding_addends_pack(const struct finding_addend *list, size_t n, struct buf *out)
{
    if (n == 0)
        return;
    pack_u8(out, ADDENDS_VERSION);
    pack_addends(out, list, n);
}

size_t finding_addends_unpack(struct str bytes, struct finding_addend *out)
{
    struct unpack u = unpack_from(bytes);

    if (unpack_u8(&u) != ADDENDS_VERSION)
        return 0;
    size_t n = unpack_addends(&u, out);
    return unpack_ok(&u) && unpack_left(&u) == 0 ? n : 0;
}

void finding_add(struct finding *f, const struct finding_addend *addend)
{
    for (uint32_t i = 0; i < f->n_addends; i++) {
        struct finding_addend *a = &f->addends[i];
        if (!str_eq(a->name, addend->name) || !str_eq(a->why, addend->why))
            continue;
        if (addend->value > a->value)
            a->value = addend->value;
        return;
    }
    if (f->n_addends < FINDING_ADDENDS_MAX)
        f->addends[f->n_addends++] = *addend;
}
