/* secrets.c - see secrets.h.
 *
 * Every pattern has an anchor of at least three bytes. A position is looked at if the three
 * bytes there (letters folded) are in a bitmap; then the patterns of that hash are tried in the
 * order of the table. A pattern's check gets the anchor's position and says which span around it
 * is secret, or that nothing is.
 */
#include "alert/secrets.h"

#include "alert/secrets_grams.h"
#include "alert/secrets_impl.h"
#include "base/cpu.h"
#include "base/load.h"

const char *secret_kind_name(enum secret_kind kind)
{
    static const char *const names[SECRET_KINDS] = {
        "jwt",         "aws_key_id",    "aws_key",      "cloud_token", "token",
        "private_key", "authorization", "url_password", "password",    "secret"};

    ASSERT(kind < SECRET_KINDS);
    return names[kind];
}

static bool anchor_is_at(struct str text, const struct secret_pattern *p, size_t at)
{
    struct str anchor = str_from(p->anchor);
    struct str here = str_sub(text, at, anchor.n);

    return p->is_cased ? str_eq(here, anchor) : str_eq_ci(here, anchor);
}

/* ---- the search ------------------------------------------------------------------------ */

enum { FILTER_BITS = 1 << 15, CHAINS = 1 << 10, CHAIN_END = UINT16_MAX };

static uint64_t filter[FILTER_BITS / 64];
static uint16_t chain_first[CHAINS];
static uint16_t chain_next[SECRET_PATTERNS_MAX];
static uint8_t anchor_bytes[SECRET_PATTERNS_MAX]; /* up to a quote behind the gram, if it has one */
/* The anchor's first four bytes, folded by one bit, and which of them count. */
static uint32_t anchor_first[SECRET_PATTERNS_MAX], anchor_mask[SECRET_PATTERNS_MAX];
static struct secret_grams grams;
static secret_grams_fn *find_grams; /* NULL: every place is a candidate */
static secret_signs_fn *find_signs; /* NULL: a secret is possible everywhere */

/* Letters fold by one bit; what else meets by it is told apart by the pattern's check. */
static uint32_t gram_hash(const char *p)
{
    uint32_t gram =
        (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16;

    return (gram | 0x202020u) * 0x9E3779B1u;
}

/* n: how much of the anchor counts. */
static void file_fourth(const char *anchor, size_t n)
{
    uint8_t groups = grams_of(&grams.three, anchor);

    if (n > GRAMS_BYTES)
        grams.fourth[(uint8_t)anchor[GRAMS_BYTES] | GRAMS_FOLD] |= groups;
    for (size_t i = 0; n == GRAMS_BYTES && i < ARRAY_LEN(grams.fourth); i++)
        grams.fourth[i] |= groups;
}

static void file_grams(void)
{
    const char *anchors[SECRET_PATTERNS_MAX] = {0};

    for (size_t i = 0; i < n_secret_patterns; i++)
        anchors[i] = secret_patterns[i].anchor;
    grams_build(&grams.three, anchors, n_secret_patterns);
    for (size_t i = 0; i < n_secret_patterns; i++)
        file_fourth(anchors[i], anchor_bytes[i]);
}

/* secrets_possible() rests on it: of what decoding a simple escape may make, anchors have a tab
 * only at their start, and a quote only there or behind the gram. */
static bool is_made_by_escapes(const char *anchor)
{
    for (size_t i = 0; anchor[i]; i++) {
        bool is_made = (uint8_t)anchor[i] < ' ' || anchor[i] == '\\';
        bool is_tab = i == 0 && anchor[0] == '\t' && anchor[1] == '-';
        bool is_inside = anchor[i] == '"' && i > 0 && i < GRAMS_BYTES;
        if ((is_made && !is_tab) || is_inside)
            return true;
    }
    return false;
}

/* As in gram_hash(), of bytes that can be read. */
static uint32_t first_four(const char *p)
{
    return load32(p) | 0x20202020u;
}

/* A quote may be written with a backslash before it: an anchor up to its first one. */
static size_t before_quote(const char *anchor)
{
    const char *quote = strchr(anchor + GRAMS_BYTES, '"');

    return quote ? (size_t)(quote - anchor) : strlen(anchor);
}

/* Before main(), hence before any thread; read-only from then on. */
static __attribute__((constructor)) void index_build(void)
{
    if (cpu_simd() == SIMD_AVX512) {
        find_grams = secret_grams_avx512;
        find_signs = secret_signs_avx512;
    } else if (cpu_simd() == SIMD_AVX2) {
        find_grams = secret_grams_avx2;
        find_signs = secret_signs_avx2;
    }
    memset(chain_first, 0xff, sizeof(chain_first));
    for (size_t i = n_secret_patterns; i > 0; i--) {
        uint32_t h = gram_hash(secret_patterns[i - 1].anchor);
        uint32_t bit = h >> 17, chain = h >> 22;

        ASSERT(strlen(secret_patterns[i - 1].anchor) >= GRAMS_BYTES);
        ASSERT(!is_made_by_escapes(secret_patterns[i - 1].anchor));
        anchor_bytes[i - 1] = (uint8_t)before_quote(secret_patterns[i - 1].anchor);
        anchor_mask[i - 1] = anchor_bytes[i - 1] > GRAMS_BYTES ? UINT32_MAX : UINT32_MAX >> 8;
        anchor_first[i - 1] = first_four(secret_patterns[i - 1].anchor) & anchor_mask[i - 1];
        filter[bit / 64] |= 1ull << (bit % 64);
        chain_next[i - 1] = chain_first[chain];
        chain_first[chain] = (uint16_t)(i - 1);
    }
    file_grams();
}

/* The next place at or after `at` where three bytes of an anchor could stand; the text's end
 * if there is none. */
static size_t next_gram(struct secret_search *s, size_t at)
{
    if (!find_grams)
        return at;
    while (at + GRAMS_BYTES <= s->text.n) {
        if (at >= s->grams_end) {
            s->grams_from = at;
            s->grams_end = at + GRAMS_LANES;
            s->grams = find_grams(&grams.three, str_sub(s->text, at, s->text.n));
        }
        uint64_t rest = s->grams >> (at - s->grams_from);
        if (rest)
            return at + (size_t)__builtin_ctzll(rest);
        at = s->grams_end;
    }
    return s->text.n;
}

/* The next candidate at or after `at`; n - 2 or more if there is none. */
static size_t next_candidate(struct secret_search *s, size_t at, uint32_t *hash)
{
    for (at = next_gram(s, at); at + 2 < s->text.n; at = next_gram(s, at + 1)) {
        *hash = gram_hash(s->text.p + at);
        uint32_t bit = *hash >> 17;
        if (filter[bit / 64] >> (bit % 64) & 1)
            break;
    }
    return at;
}

static const struct secret_pattern *try_patterns(struct secret_search *s, size_t at, uint32_t hash,
                                                 struct secret_span *out)
{
    for (uint16_t i = chain_first[hash >> 22]; i != CHAIN_END; i = chain_next[i])
        if (anchor_is_at(s->text, &secret_patterns[i], at) &&
            secret_patterns[i].check(s, &secret_patterns[i], at, out))
            return &secret_patterns[i];
    return NULL;
}

/* Could one of the anchors stand here, in the text or in what decoding makes of it? */
static bool may_be_anchor(struct str text, size_t at)
{
    uint32_t hash = gram_hash(text.p + at);

    if (!(filter[(hash >> 17) / 64] >> ((hash >> 17) % 64) & 1))
        return false;
    uint32_t here = text.n - at >= sizeof(here) ? first_four(text.p + at) : 0;
    for (uint16_t i = chain_first[hash >> 22]; i != CHAIN_END; i = chain_next[i]) {
        struct str anchor = {secret_patterns[i].anchor, anchor_bytes[i]};
        if (here && (here & anchor_mask[i]) != anchor_first[i])
            continue;
        if (text.n - at >= anchor.n && str_eq_ci((struct str){text.p + at, anchor.n}, anchor))
            return true;
    }
    return false;
}

_Static_assert(SECRET_RUN == (int)AWS_KEY_BYTES, "a run that may be a key");

/* With an escape, a run may be a shorter one that is a key. */
static bool run_may_be_key(struct str text)
{
    return str_find_char(text, '\\', 0) != SIZE_MAX || secret_next_aws_key(text, 0) != SIZE_MAX;
}

/* Those of the places, of a piece at `from`, where an anchor could stand. */
static uint64_t anchors_at(struct str text, size_t from, uint64_t places)
{
    uint64_t anchors = 0;

    for (; places; places &= places - 1)
        if (may_be_anchor(text, from + (size_t)__builtin_ctzll(places)))
            anchors |= places & -places;
    return anchors;
}

bool secrets_possible(struct str text)
{
    struct secret_signs signs = {0};

    bool has_key = false;

    if (!find_signs)
        return true;
    for (size_t at = 0; at < text.n; at += GRAMS_LANES) {
        uint64_t places = find_signs(&grams, (struct str){text.p + at, text.n - at}, &signs);
        if (signs.escapes || anchors_at(text, at, places))
            return true;
        has_key |= signs.keys || signs.has_key_before;
    }
    return (has_key || secret_is_key_run(signs.run)) && run_may_be_key(text);
}

/* False: there is no room for it. */
static bool add_place(struct secret_places *out, size_t at)
{
    if (out->n == SECRET_PLACES_MAX)
        return false;
    out->at[out->n++] = (uint32_t)at;
    return true;
}

void secrets_places(struct str text, struct secret_places *out)
{
    struct secret_signs signs = {0};

    out->n = out->next = out->asked_to = out->known_to = 0;
    for (size_t at = 0; at < text.n && find_signs; at += GRAMS_LANES) {
        uint64_t places = find_signs(&grams, (struct str){text.p + at, text.n - at}, &signs);
        if (signs.has_key_before && !add_place(out, at - 1))
            return;
        places = anchors_at(text, at, places) | signs.escapes | signs.keys;
        for (; places; places &= places - 1)
            if (!add_place(out, at + (size_t)__builtin_ctzll(places)))
                return;
        /* A run that goes on may still become as long as a key. */
        out->known_to = at + GRAMS_LANES - signs.run;
    }
    if (secret_is_key_run(signs.run) && !add_place(out, text.n - 1))
        return;
    out->known_to = find_signs ? text.n : 0;
}

bool secrets_ruled_out(struct secret_places *p, size_t from, size_t to)
{
    if (from < p->asked_to || to > p->known_to)
        return false;
    p->asked_to = from;
    while (p->next < p->n && p->at[p->next] < from)
        p->next++;
    return p->next == p->n || p->at[p->next] >= to;
}

void secrets_find(struct str text, secret_fn *fn, void *context)
{
    struct secret_search s = {.text = text};
    size_t at = 0, aws = secret_next_aws_key(text, 0);
    uint32_t hash = 0;

    for (; aws != SIZE_MAX; aws = secret_next_aws_key(text, aws + AWS_KEY_BYTES))
        fn(context, (struct secret_span){aws, aws + AWS_KEY_BYTES, SECRET_AWS_KEY});
    while ((at = next_candidate(&s, at, &hash)) + 2 < text.n) {
        struct secret_span span;
        const struct secret_pattern *p = try_patterns(&s, at, hash, &span);
        if (p)
            fn(context, span);
        /* A span found by context is looked into: another's name may stand in it whose value
         * does not (password= token: X). */
        at = p && p->is_closed && span.to > at ? span.to : at + 1;
    }
}
