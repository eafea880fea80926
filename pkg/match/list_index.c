/* list_index.c - open hash tables of row numbers; keys are the list's own entries where they can
 * be. Slots hold row + 1; a table is at most half full.
 */
#include "match/list_index.h"

#include <string.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/letter.h"
#include "base/str.h"
#include "match/fold.h"
#include "match/glob.h"

enum {
    NUMBER_TEXT_MAX = 96,
    FOLD_ROOM = 4096, /* longer values beyond ASCII are on no list with such letters */
    HASH_ROOM = 4096, /* entries are folded in pieces of this size to be hashed */
    PREFIX_BITS = 128,
    NETWORK_KEY = 17, /* prefix length, masked address */
    AFFIX_MAX = 1024  /* longer texts beside a wildcard are tried as patterns */
};

/* Rows by a key: that of the list itself, or one made for it. */
struct table {
    uint32_t *slots; /* row + 1 */
    uint32_t mask;
    const struct str *keys; /* by row; NULL: the list's entries */
    bool is_folded;         /* entries are compared case aside (ASCII) */
};

/* Texts with a wildcard before or behind them. */
struct affixes {
    struct table table;
    uint64_t lengths[AFFIX_MAX / 64 + 1]; /* which there are */
    bool is_suffix;
};

struct pattern {
    const struct glob_program *glob;
    uint32_t row;
    bool is_simple; /* the value is folded by Unicode */
};

struct list_index {
    const struct list *list;
    struct table whole;  /* ci, exact, number, ip, networks */
    struct table simple; /* ci: entries that need Unicode folding; slots NULL: none */
    uint64_t prefixes[PREFIX_BITS / 64 + 1]; /* cidr: lengths that occur */
    struct affixes before, behind;           /* glob: "*x", "x*" */
    struct pattern *patterns;                /* glob: all others */
    size_t n_patterns;
};

const struct list *list_index_list(const struct list_index *x)
{
    return x->list;
}

/* ---- tables ---------------------------------------------------------------------------- */

static struct str key_of(const struct list_index *x, const struct table *t, uint32_t row)
{
    return t->keys ? t->keys[row] : list_entry(x->list, row);
}

/* Of the folded text, piece by piece so that no copy is needed; equal texts have equal hashes. */
static uint64_t hash_folded(struct str s)
{
    char room[HASH_ROOM];
    uint64_t hash = 0;

    for (size_t at = 0; at < s.n || at == 0; at += sizeof room) {
        struct str piece = str_sub(s, at, sizeof room);
        fold_ascii(room, piece.p, piece.n);
        hash = hash * 31 + hash_bytes(room, piece.n);
    }
    return hash;
}

static uint64_t hash_of(const struct table *t, struct str key)
{
    return t->is_folded ? hash_folded(key) : hash_str(key);
}

static bool is_same(const struct table *t, struct str a, struct str b)
{
    return t->is_folded ? str_eq_ci(a, b) : str_eq(a, b);
}

static void table_init(struct arena *a, struct table *t, size_t n)
{
    size_t size = 16;

    while (size < 2 * n)
        size *= 2;
    t->slots = ARENA_ARRAY(a, size, uint32_t);
    t->mask = (uint32_t)size - 1;
}

static uint32_t *slot_of(const struct list_index *x, const struct table *t, struct str key,
                         uint64_t hash)
{
    uint32_t at = (uint32_t)(hash ^ hash >> 32) & t->mask;

    while (t->slots[at] && !is_same(t, key_of(x, t, t->slots[at] - 1), key))
        at = (at + 1) & t->mask;
    return &t->slots[at];
}

static void put(const struct list_index *x, struct table *t, uint32_t row)
{
    struct str key = key_of(x, t, row);
    uint32_t *slot = slot_of(x, t, key, hash_of(t, key));

    if (!*slot || list_expires(x->list, row) > list_expires(x->list, *slot - 1))
        *slot = row + 1;
}

static uint32_t live(const struct list_index *x, uint32_t row, int64_t at_ms)
{
    return row != LIST_NO_ROW && at_ms < list_expires(x->list, row) ? row : LIST_NO_ROW;
}

/* key: folded already where the table is. */
static uint32_t get(const struct list_index *x, const struct table *t, struct str key,
                    int64_t at_ms)
{
    if (!t->slots)
        return LIST_NO_ROW;
    uint64_t hash = key.n <= HASH_ROOM ? hash_str(key) : hash_of(t, key);
    uint32_t row = *slot_of(x, t, key, hash);
    return row ? live(x, row - 1, at_ms) : LIST_NO_ROW;
}

/* ---- texts ----------------------------------------------------------------------------- */

static struct str folded_simple(struct arena *a, struct str text)
{
    char *p = arena_alloc(a, 2 * text.n + 4);

    return (struct str){p, fold_simple(p, text)};
}

/* Keys of few rows, made when the first of them is met. */
static struct str *keys_of(struct arena *a, const struct list_index *x, struct table *t)
{
    if (!t->keys) {
        t->keys = ARENA_ARRAY(a, x->list->n_entries, struct str);
        table_init(a, t, x->list->n_entries);
    }
    return (struct str *)t->keys;
}

static void put_text(struct arena *a, struct list_index *x, uint32_t row)
{
    struct str entry = list_entry(x->list, row);

    if (!x->whole.is_folded || !letter_has_cased(entry)) {
        put(x, &x->whole, row);
        return;
    }
    keys_of(a, x, &x->simple)[row] = folded_simple(a, entry);
    put(x, &x->simple, row);
}

static uint32_t find_text(const struct list_index *x, const struct list_value *v, int64_t at_ms)
{
    char room[2 * FOLD_ROOM + 4];
    uint32_t row = get(x, &x->whole, x->whole.is_folded ? v->folded : v->text, at_ms);

    if (row != LIST_NO_ROW || v->is_ascii || !x->simple.slots || v->text.n > FOLD_ROOM)
        return row;
    return get(x, &x->simple, (struct str){room, fold_simple(room, v->text)}, at_ms);
}

/* ---- numbers and addresses ------------------------------------------------------------------ */

static void put_number(struct arena *a, struct list_index *x, uint32_t row)
{
    struct str entry = list_entry(x->list, row);
    size_t size = entry.n + 64;
    char *p = arena_alloc(a, size);

    keys_of(a, x, &x->whole)[row] = (struct str){p, decimal_canonical(entry, p, size)};
    put(x, &x->whole, row);
}

static uint32_t find_number(const struct list_index *x, const struct list_value *v, int64_t at_ms)
{
    char room[NUMBER_TEXT_MAX];

    if (v->kind != JSON_NUMBER && v->kind != JSON_STRING)
        return LIST_NO_ROW;
    size_t n = decimal_canonical(v->text, room, sizeof room);
    return n ? get(x, &x->whole, (struct str){room, n}, at_ms) : LIST_NO_ROW;
}

static void put_ip(struct arena *a, struct list_index *x, uint32_t row)
{
    struct ip_address ip;
    bool is_address = ip_parse(list_entry(x->list, row), &ip);

    ASSERT(is_address); /* the reader has checked */
    keys_of(a, x, &x->whole)[row] =
        arena_str(a, (struct str){(const char *)ip.bytes, sizeof ip.bytes});
    put(x, &x->whole, row);
}

static uint32_t find_ip(const struct list_index *x, const struct list_value *v, int64_t at_ms)
{
    struct ip_address ip;

    if (v->kind != JSON_STRING || !ip_parse(v->text, &ip))
        return LIST_NO_ROW;
    return get(x, &x->whole, (struct str){(const char *)ip.bytes, sizeof ip.bytes}, at_ms);
}

/* ---- networks --------------------------------------------------------------------------- */

static struct str network_key(const struct ip_address *ip, unsigned bits,
                              uint8_t key[static NETWORK_KEY])
{
    key[0] = (uint8_t)bits;
    memcpy(key + 1, ip->bytes, sizeof ip->bytes);
    for (unsigned i = bits; i < PREFIX_BITS; i++) {
        if (i % 8 == 0) {
            memset(key + 1 + i / 8, 0, sizeof ip->bytes - i / 8);
            break;
        }
        key[1 + i / 8] &= (uint8_t) ~(0x80u >> i % 8);
    }
    return (struct str){(const char *)key, NETWORK_KEY};
}

static void put_network(struct arena *a, struct list_index *x, uint32_t row)
{
    struct ip_network net;
    uint8_t key[NETWORK_KEY];
    bool is_network = ip_network_parse(list_entry(x->list, row), &net);

    ASSERT(is_network); /* the reader has checked */
    keys_of(a, x, &x->whole)[row] = arena_str(a, network_key(&net.address, net.prefix_bits, key));
    put(x, &x->whole, row);
    x->prefixes[net.prefix_bits / 64] |= 1ull << net.prefix_bits % 64;
}

static uint32_t find_network(const struct list_index *x, const struct list_value *v, int64_t at_ms)
{
    struct ip_address ip;
    uint8_t key[NETWORK_KEY];

    if (v->kind != JSON_STRING || !ip_parse(v->text, &ip))
        return LIST_NO_ROW;
    unsigned least = ip.is_v4 ? PREFIX_BITS - 32 : 0; /* as ip_in_network() */
    for (unsigned bits = PREFIX_BITS + 1; bits-- > least;) {
        if (!(x->prefixes[bits / 64] >> bits % 64 & 1))
            continue;
        uint32_t row = get(x, &x->whole, network_key(&ip, bits, key), at_ms);
        if (row != LIST_NO_ROW)
            return row;
    }
    return LIST_NO_ROW;
}

/* ---- patterns ---------------------------------------------------------------------------- */

/* Sigma's notation: * and ?, a backslash before them or before itself takes their meaning away, any
 * other backslash is itself. */
static struct glob read_glob(struct arena *a, struct str text)
{
    struct glob_part *parts = ARENA_ARRAY(a, 2 * text.n + 1, struct glob_part);
    char *bytes = arena_alloc(a, text.n + 1);
    size_t n = 0, n_bytes = 0;

    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_wild = c == '*' || c == '?';
        if (c == '\\' && i + 1 < text.n && memchr("*?\\", text.p[i + 1], 3))
            c = text.p[++i];
        if (is_wild) {
            enum glob_kind kind = c == '*' ? GLOB_ANY : GLOB_ONE;
            if (kind != GLOB_ANY || n == 0 || parts[n - 1].kind != GLOB_ANY)
                parts[n++] = (struct glob_part){kind, STR("")};
            continue;
        }
        if (n == 0 || parts[n - 1].kind != GLOB_TEXT)
            parts[n++] = (struct glob_part){GLOB_TEXT, {bytes + n_bytes, 0}};
        bytes[n_bytes++] = c;
        parts[n - 1].text.n++;
    }
    return (struct glob){parts, n};
}

static void put_affix(struct arena *a, struct list_index *x, struct affixes *f, struct str text,
                      uint32_t row)
{
    keys_of(a, x, &f->table)[row] = text;
    put(x, &f->table, row);
    f->lengths[text.n / 64] |= 1ull << text.n % 64;
}

static bool put_pattern(struct arena *a, struct list_index *x, uint32_t row)
{
    struct str entry = list_entry(x->list, row);
    struct glob g = read_glob(a, entry);
    const struct glob_part *p = g.parts;
    bool is_simple = letter_has_cased(entry);

    if (!is_simple && g.n_parts == 1 && p[0].kind == GLOB_TEXT) {
        keys_of(a, x, &x->whole)[row] = p[0].text;
        put(x, &x->whole, row);
        return true;
    }
    if (!is_simple && g.n_parts == 2 && p[0].kind == GLOB_ANY && p[1].kind == GLOB_TEXT &&
        p[1].text.n <= AFFIX_MAX) {
        put_affix(a, x, &x->before, p[1].text, row);
        return true;
    }
    if (!is_simple && g.n_parts == 2 && p[1].kind == GLOB_ANY && p[0].kind == GLOB_TEXT &&
        p[0].text.n <= AFFIX_MAX) {
        put_affix(a, x, &x->behind, p[0].text, row);
        return true;
    }
    if (x->n_patterns == LIST_GLOBS_MAX || g.n_parts > GLOB_PARTS_MAX)
        return false;
    if (!x->patterns)
        x->patterns = ARENA_ARRAY(a, LIST_GLOBS_MAX, struct pattern);
    x->patterns[x->n_patterns++] =
        (struct pattern){glob_compile(a, &g, is_simple ? FOLD_SIMPLE : FOLD_ASCII), row, is_simple};
    return true;
}

static uint32_t find_affix(const struct list_index *x, const struct affixes *f, struct str folded,
                           int64_t at_ms)
{
    size_t most = folded.n < AFFIX_MAX ? folded.n : AFFIX_MAX;

    if (!f->table.slots)
        return LIST_NO_ROW;
    for (size_t n = most + 1; n-- > 0;) {
        if (!(f->lengths[n / 64] >> n % 64 & 1))
            continue;
        struct str part = str_sub(folded, f->is_suffix ? folded.n - n : 0, n);
        uint32_t row = get(x, &f->table, part, at_ms);
        if (row != LIST_NO_ROW)
            return row;
    }
    return LIST_NO_ROW;
}

static uint32_t find_pattern(const struct list_index *x, const struct list_value *v, int64_t at_ms)
{
    char room[2 * FOLD_ROOM + 4];
    struct str simple = v->folded;
    uint32_t row = get(x, &x->whole, v->folded, at_ms);

    if (row == LIST_NO_ROW)
        row = find_affix(x, &x->before, v->folded, at_ms);
    if (row == LIST_NO_ROW)
        row = find_affix(x, &x->behind, v->folded, at_ms);
    if (row != LIST_NO_ROW)
        return row;
    if (!v->is_ascii && v->text.n <= FOLD_ROOM)
        simple = (struct str){room, fold_simple(room, v->text)};
    for (size_t i = 0; i < x->n_patterns; i++) {
        const struct pattern *p = &x->patterns[i];
        if (live(x, p->row, at_ms) != LIST_NO_ROW &&
            glob_match(p->glob, p->is_simple ? simple : v->folded))
            return p->row;
    }
    return LIST_NO_ROW;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static enum weir_rc fill(struct arena *a, struct list_index *x, struct weir_err *err)
{
    const struct list *l = x->list;

    for (uint32_t row = 0; row < l->n_entries; row++) {
        if (l->mode == LIST_CIDR) {
            put_network(a, x, row);
        } else if (l->mode == LIST_GLOB) {
            if (!put_pattern(a, x, row)) {
                err_set(err, WEIR_LIMIT,
                        "the list '%.*s' has more than %d patterns that are not a text with a '*' "
                        "before or behind it, or one that is too long",
                        (int)l->name.n, l->name.p, LIST_GLOBS_MAX);
                err_file(err, l->path);
                return WEIR_LIMIT;
            }
        } else if (l->type == LIST_NUMBER) {
            put_number(a, x, row);
        } else if (l->type == LIST_IP) {
            put_ip(a, x, row);
        } else {
            put_text(a, x, row);
        }
    }
    return WEIR_OK;
}

enum weir_rc list_index_new(struct arena *a, const struct list *list, const struct list_index **out,
                            struct weir_err *err)
{
    struct list_index *x = ARENA_NEW(a, struct list_index);
    bool is_text = list->type == LIST_TEXT && (list->mode == LIST_CI || list->mode == LIST_EXACT);

    x->list = list;
    x->whole.is_folded =
        list->type == LIST_TEXT && (list->mode == LIST_CI || list->mode == LIST_GLOB);
    x->before.is_suffix = true;
    x->before.table.is_folded = x->behind.table.is_folded = true;
    if (is_text)
        table_init(a, &x->whole, list->n_entries);
    TRY(fill(a, x, err));
    *out = x;
    return WEIR_OK;
}

uint32_t list_index_find(const struct list_index *x, const struct list_value *v, int64_t at_ms)
{
    switch (x->list->mode) {
    case LIST_CIDR:
        return find_network(x, v, at_ms);
    case LIST_GLOB:
        return find_pattern(x, v, at_ms);
    case LIST_CI:
    case LIST_EXACT:
        break;
    }
    switch (x->list->type) {
    case LIST_NUMBER:
        return find_number(x, v, at_ms);
    case LIST_IP:
        return find_ip(x, v, at_ms);
    case LIST_TEXT:
        break;
    }
    return find_text(x, v, at_ms);
}
