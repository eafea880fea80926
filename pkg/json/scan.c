/* scan.c - stage two of the scan: walk the tokens, judge the grammar, keep wanted values.
 *
 * Stage one (kernel.h) has found the tokens and judged the insides of strings. The walk is
 * a recursive descent over the token index. It carries no error position: a refused record
 * goes once more through the plain checker (check.c), which says why and where.
 *
 * The walk needs no bounds check, because json_scan() lets it begin only when
 *   - quotes come in pairs, so an opening quote is followed by its closing one;
 *   - the first token is '{' and the last one is '}';
 *   - behind the last token, the index repeats the first: a '{' where a comma, a colon or
 *     an end is due, which is refused. (A '{' would be welcome behind a colon, a comma or
 *     an opening bracket only, none of which is the last token.)
 */
#include "json/scan.h"

#include "base/buf.h"
#include "base/str.h"
#include "json/check.h"
#include "json/kernel.h"
#include "json/paths.h"

/* Tokens that the walk may look at behind the last one. */
enum { SENTINELS = 4, CAPACITY_MIN = 4096 };

/* Keys that are remembered: the first so many members of the first so many objects that are met and
 * that somebody wants something of. */
enum { MEMO_OBJECTS = 64, MEMO_MEMBERS = 64, MEMO_KEY_MAX = 32 };

/* What the member at this place was when its object was met before. */
struct memo {
    uint64_t head[2]; /* as paths_head() has it */
    uint64_t tail[2]; /* of keys over 16 bytes: the last 16 */
    uint32_t key_n;   /* 1 + bytes of the key; 0: nothing is remembered */
    uint32_t to;
};

/* The members of objects, by the node that an object lies at. */
struct memos {
    const struct json_paths *paths; /* what they hold for */
    uint8_t *of;                    /* per node: 1 + its object's place in `objects`, 0: none yet */
    struct memo (*objects)[MEMO_MEMBERS];
    uint32_t n;
};
_Static_assert(MEMO_OBJECTS <= UINT8_MAX, "memos.of");

struct json_scanner {
    struct arena *arena; /* holds all of this; an outgrown index stays in it, half as large */
    json_index_fn *index;
    json_index_line_fn *index_line;
    struct json_index ix;
    size_t capacity; /* longest record that ix has room for */
    struct json_hit *hits;
    size_t n_hits;
    struct buf key; /* an escaped key, unescaped */
    bool no_leaves;
    bool has_list;
    struct memos *memos; /* NULL: nothing is remembered */
};

struct walk {
    const char *src;
    const char *limit; /* end of the record */
    const uint64_t *care;
    const struct json_paths *paths;
    struct json_hit *hit; /* where the next hit goes */
    struct json_hit *hits_end;
    struct buf *key;
    struct memos *memos; /* NULL: none */
    size_t n_keys;
    bool has_leaves;
    bool has_list;
    bool is_full; /* a hit found no room */
};

static const uint32_t *walk_object(struct walk *w, const uint32_t *at, uint32_t node,
                                   unsigned depth);
static const uint32_t *walk_array(struct walk *w, const uint32_t *at, uint32_t node, bool is_flat,
                                  unsigned depth);

/* Is any of the bits [from, to) set? Most strings are short: two words then hold all of
 * their bits, and no branch depends on where the string lies. */
static inline bool any_bit(const uint64_t *bits, uint32_t from, uint32_t to)
{
    const uint64_t *word = bits + from / 64;
    uint32_t shift = from % 64, n = to - from;
    uint64_t window = word[0] >> shift | word[1] << 1 << (63 - shift);

    if (__builtin_expect(n <= 64, 1))
        return n > 0 && window << (64 - n) != 0;
    uint64_t found = window | bits[(to - 1) / 64] << (63 - (to - 1) % 64);
    for (const uint64_t *last = bits + (to - 1) / 64; ++word < last;)
        found |= *word;
    return found != 0;
}

static inline void put(struct walk *w, struct json_hit hit)
{
    if (__builtin_expect(w->hit == w->hits_end, 0)) {
        w->is_full = true;
        return;
    }
    *w->hit++ = hit;
}

/* A value for each slot of a node. */
static inline void put_all(struct walk *w, uint32_t node, struct json_hit hit)
{
    const struct json_path_node *nd = &w->paths->nodes[node];

    for (uint32_t i = 0; i < nd->n_slots; i++) {
        hit.slot = w->paths->slots[nd->first_slot + i];
        put(w, hit);
    }
}

static inline void put_string(struct walk *w, const uint32_t *at, uint32_t node, bool is_flat)
{
    if (node == NODE_NONE && !w->has_leaves)
        return;
    uint32_t from = at[0] + 1, to = at[1];
    struct json_hit hit = {.p = w->src + from, .n = to - from, .kind = JSON_STRING};
    hit.flags = any_bit(w->care, from, to) ? JSON_ESCAPED : 0;
    hit.is_flat = is_flat;
    put_all(w, node, hit);
    if (w->has_leaves) {
        hit.slot = w->paths->leaves_slot;
        hit.is_flat = false;
        put(w, hit);
    }
}

static inline const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

/* The end of the number at p, NULL if there is none. */
static const char *number_end(const char *p, const char *end)
{
    if (*p == '-')
        p++;
    const char *digits = p;
    p = skip_digits(p, end);
    if (p == digits || (*digits == '0' && p > digits + 1))
        return NULL;
    if (p < end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits)
            return NULL;
    }
    if (p < end && (*p | 0x20) == 'e') {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        digits = p;
        p = skip_digits(p, end);
        if (p == digits)
            return NULL;
    }
    return p;
}

static const char *literal_end(const char *p, const char *end, struct str literal,
                               enum json_kind is, uint8_t *kind)
{
    if ((size_t)(end - p) < literal.n || memcmp(p, literal.p, literal.n) != 0)
        return NULL;
    *kind = (uint8_t)is;
    return p + literal.n;
}

/* A number or literal: all of its run, which ends at a blank or the next token. (The last
 * token has no next one, but that is a brace, and number_end() looks no further.) */
static const uint32_t *walk_plain(struct walk *w, const uint32_t *at, uint32_t node, bool is_flat)
{
    const char *p = w->src + at[0], *end = w->src + at[1], *q;
    struct json_hit hit = {.p = p, .kind = JSON_NUMBER, .is_flat = is_flat};

    switch (*p) {
    case 't':
        q = literal_end(p, end, STR("true"), JSON_TRUE, &hit.kind);
        break;
    case 'f':
        q = literal_end(p, end, STR("false"), JSON_FALSE, &hit.kind);
        break;
    case 'n':
        q = literal_end(p, end, STR("null"), JSON_NULL, &hit.kind);
        break;
    default:
        q = number_end(p, end);
    }
    if (!q || (q < end && *q != ' ' && *q != '\n' && *q != '\r' && *q != '\t'))
        return NULL;
    if (node != NODE_NONE) {
        hit.n = (uint32_t)(q - p);
        put_all(w, node, hit);
    }
    return at + 1;
}

/* Any value but a string; see walk_value(). */
static __attribute__((noinline)) const uint32_t *
walk_other(struct walk *w, const uint32_t *at, uint32_t node, bool is_flat, unsigned depth)
{
    char c = w->src[at[0]];

    if (c != '{' && c != '[')
        return walk_plain(w, at, node, is_flat);
    if (depth == JSON_DEPTH_MAX)
        return NULL;
    if (c == '[')
        return walk_array(w, at + 1, node, is_flat, depth + 1);
    if (node != NODE_NONE)
        put_all(w, node,
                (struct json_hit){.p = w->src + at[0], .kind = JSON_OBJECT, .is_flat = is_flat});
    if (!w->paths->nodes[node].has_edges)
        node = NODE_NONE;
    return walk_object(w, at + 1, node, depth + 1);
}

/* Any value whose first token is *at and which lies at `node`; `depth` containers are open.
 * Returns the token behind it, NULL on bad syntax or too deep nesting. */
static inline const uint32_t *walk_value(struct walk *w, const uint32_t *at, uint32_t node,
                                         bool is_flat, unsigned depth)
{
    if (__builtin_expect(w->src[at[0]] != '"', 0))
        return walk_other(w, at, node, is_flat, depth);
    put_string(w, at, node, is_flat);
    return at + 2;
}

/* The node of a key that holds escapes or bytes beyond ASCII. */
static __attribute__((noinline)) uint32_t step_unescaped(struct walk *w, uint32_t node,
                                                         struct str key)
{
    unsigned flags = 0;

    buf_clear(w->key);
    char *p = buf_reserve(w->key, key.n * 3 + 1);
    size_t n = json_unescape(key, p, &flags);
    return paths_step(w->paths, node, (struct str){p, n}, p);
}

/* The node that a key leads to. */
static inline uint32_t step(struct walk *w, uint32_t node, uint32_t from, uint32_t end)
{
    struct str key = {w->src + from, end - from};
    uint32_t to = paths_step(w->paths, node, key, w->limit);

    /* A wanted key that is met as it stands needs no look at its bytes, unless it has itself some
     * that mean something else when unescaped. */
    if (to != NODE_NONE && !w->paths->needs_care)
        return to;
    return __builtin_expect(any_bit(w->care, from, end), 0) ? step_unescaped(w, node, key) : to;
}

static inline bool memo_has_tail(const struct memo *m, struct str key)
{
    return key.n <= EDGE_HEAD || ((m->tail[0] ^ load64(key.p + key.n - 16)) |
                                  (m->tail[1] ^ load64(key.p + key.n - 8))) == 0;
}

/* Look the key up and remember it, unless it needs care or is long. */
static __attribute__((noinline)) uint32_t step_anew(struct walk *w, uint32_t node, uint32_t from,
                                                    uint32_t end, struct memo *m)
{
    struct str key = {w->src + from, end - from};
    uint32_t to = step(w, node, from, end);

    m->key_n = 0;
    if (key.n > MEMO_KEY_MAX || any_bit(w->care, from, end))
        return to;
    *m = (struct memo){.key_n = (uint32_t)key.n + 1, .to = to};
    paths_head(m->head, key, w->limit);
    if (key.n > EDGE_HEAD) {
        m->tail[0] = load64(key.p + key.n - 16);
        m->tail[1] = load64(key.p + key.n - 8);
    }
    return to;
}

/* The same by the memo. A key that is equal to one without escapes has none. */
static inline uint32_t step_remembered(struct walk *w, uint32_t node, uint32_t from, uint32_t end,
                                       struct memo *m)
{
    struct str key = {w->src + from, end - from};
    uint64_t head[2];

    paths_head(head, key, w->limit);
    uint64_t difference =
        (head[0] ^ m->head[0]) | (head[1] ^ m->head[1]) | (uint32_t)((key.n + 1) ^ m->key_n);
    if (__builtin_expect(difference == 0 && memo_has_tail(m, key), 1))
        return m->to;
    return step_anew(w, node, from, end, m);
}

/* Where the members of the object at the node are remembered; NULL: nowhere. */
static inline struct memo *memo_of(struct memos *memos, uint32_t node)
{
    if (!memos || node == NODE_NONE)
        return NULL;
    if (__builtin_expect(!memos->of[node] && memos->n < MEMO_OBJECTS, 0))
        memos->of[node] = (uint8_t)++memos->n;
    return memos->of[node] ? memos->objects[memos->of[node] - 1] : NULL;
}

/* put_string() for the usual case: at most one slot, and there is room. Writes without asking
 * whether anybody wants it and moves on by what was wanted: the branch would be hard to foretell.
 * The caller holds w->hit in a register; stores to hits may alias everything else. */
static inline struct json_hit *put_string_fast(const struct walk *w, const uint32_t *at,
                                               const struct json_path_node *nd, bool is_flat,
                                               struct json_hit *hit)
{
    uint32_t from = at[0] + 1, to = at[1];
    struct json_hit h = {.p = w->src + from, .n = to - from, .kind = JSON_STRING};

    h.flags = any_bit(w->care, from, to) ? JSON_ESCAPED : 0;
    h.slot = nd->slot;
    h.is_flat = is_flat;
    *hit = h;
    hit += nd->n_slots;
    if (w->has_leaves) {
        h.slot = w->paths->leaves_slot;
        h.is_flat = false;
        *hit++ = h;
    }
    return hit;
}

/* The members of an object up to its end; *at is behind the brace. The walk is copied, so that the
 * compiler knows that nothing else changes what it reads there. */
static const uint32_t *walk_object(struct walk *shared, const uint32_t *at, uint32_t node,
                                   unsigned depth)
{
    struct walk w = *shared;
    struct json_hit *hit = w.hit, *const almost_full = w.hits_end - 2;
    struct memo *memo = memo_of(w.memos, node);

    if (w.src[at[0]] == '}')
        return at + 1;
    for (size_t n_keys = 1;; n_keys++) {
        if (w.src[at[0]] != '"' || w.src[at[2]] != ':')
            return NULL;
        uint32_t to = NODE_NONE;
        if (node != NODE_NONE)
            to = memo && n_keys <= MEMO_MEMBERS
                     ? step_remembered(shared, node, at[0] + 1, at[1], &memo[n_keys - 1])
                     : step(shared, node, at[0] + 1, at[1]);
        at += 3;
        const struct json_path_node *nd = &w.paths->nodes[to];
        if (__builtin_expect(w.src[at[0]] == '"' && nd->n_slots <= 1 && hit < almost_full, 1)) {
            if (w.has_leaves || to != NODE_NONE)
                hit = put_string_fast(&w, at, nd, node == NODE_ROOT, hit);
            at += 2;
        } else {
            shared->hit = hit;
            at = walk_value(shared, at, to, node == NODE_ROOT, depth);
            hit = shared->hit;
            if (!at)
                return NULL;
        }
        char c = w.src[*at++];
        if (c == '}') {
            shared->n_keys += n_keys;
            shared->hit = hit;
            return at;
        }
        if (c != ',')
            return NULL;
    }
}

/* The members of an array, all at the array's own node: paths fan out. */
static const uint32_t *walk_array(struct walk *w, const uint32_t *at, uint32_t node, bool is_flat,
                                  unsigned depth)
{
    const char *src = w->src;

    w->has_list |= src[at[0]] == '{' || src[at[0]] == ']';
    if (src[at[0]] == ']') {
        if (node != NODE_NONE)
            put_all(
                w, node,
                (struct json_hit){.p = src + at[0], .kind = JSON_EMPTY_ARRAY, .is_flat = is_flat});
        return at + 1;
    }
    for (;;) {
        at = walk_value(w, at, node, is_flat, depth);
        if (!at)
            return NULL;
        char c = src[*at++];
        if (c == ']')
            return at;
        if (c != ',')
            return NULL;
    }
}

/* ---- the scanner ----------------------------------------------------------------- */

static void reserve(struct json_scanner *s, size_t n)
{
    if (n <= s->capacity)
        return;
    size_t capacity = s->capacity ? s->capacity : CAPACITY_MIN;
    while (capacity < n)
        capacity *= 2;
    s->ix.at = arena_alloc(s->arena, (capacity + JSON_INDEX_SLACK) * sizeof(s->ix.at[0]));
    s->ix.care = arena_alloc(s->arena, (capacity / 64 + 2) * sizeof(s->ix.care[0]));
    s->capacity = capacity;
}

struct json_scanner *json_scanner_new_with(enum simd_level level)
{
    static json_index_fn *const kernels[] = {json_index_scalar, json_index_avx2, json_index_avx512};
    static json_index_line_fn *const line_kernels[] = {json_index_line_scalar, json_index_line_avx2,
                                                       json_index_line_avx512};
    struct arena *a = arena_new(0);
    struct json_scanner *s = ARENA_NEW(a, struct json_scanner);

    ASSERT(level <= cpu_simd_max());
    s->index = kernels[level];
    s->index_line = line_kernels[level];
    s->arena = a;
    s->hits = arena_alloc(a, JSON_HITS_MAX * sizeof(*s->hits)); /* pages come with use */
    reserve(s, CAPACITY_MIN);
    return s;
}

struct json_scanner *json_scanner_new(void)
{
    return json_scanner_new_with(cpu_simd());
}

void json_scanner_free(struct json_scanner *s)
{
    if (!s)
        return;
    buf_release(&s->key);
    arena_free(s->arena);
}

/* Walk the indexed record; true if it is a JSON object within limits. */
static bool walk_record(struct json_scanner *s, struct walk *w)
{
    struct json_index *ix = &s->ix;

    if (ix->is_bad || ix->n < 2 || w->src[ix->at[0]] != '{' || w->src[ix->at[ix->n - 1]] != '}')
        return false;
    for (int i = 0; i < SENTINELS; i++)
        ix->at[ix->n + (size_t)i] = ix->at[0];
    uint32_t root = w->paths->nodes[NODE_ROOT].has_edges ? NODE_ROOT : NODE_NONE;
    const uint32_t *end = walk_object(w, ix->at + 1, root, 1);
    return end == ix->at + ix->n && w->n_keys <= JSON_KEYS_MAX;
}

/* Why a record was refused, at leisure. */
static __attribute__((noinline)) enum json_reason refuse(struct str record, size_t *offset)
{
    size_t at = 0;
    enum json_reason reason = json_check(record, &at);

    if (reason == JSON_OK) { /* all of the grammar, so it must be the kind of value */
        struct str text = str_trim(record);
        reason = text.p[0] == '{' ? JSON_BAD_SYNTAX : JSON_NOT_OBJECT;
        at = (size_t)(text.p - record.p);
    }
    if (offset)
        *offset = at;
    return reason;
}

/* Stage two on the record that the index is of; JSON_BAD_SYNTAX stands for any refusal. */
static enum json_reason walk_all(struct json_scanner *s, const struct json_paths *paths,
                                 struct str record)
{
    struct walk w = {
        .src = record.p,
        .limit = record.p + record.n,
        .care = s->ix.care,
        .paths = paths,
        .hit = s->hits,
        .hits_end = s->hits + JSON_HITS_MAX,
        .key = &s->key,
        .memos = s->memos && s->memos->paths == paths ? s->memos : NULL,
        .has_leaves = paths->leaves_slot != JSON_NO_SLOT && !s->no_leaves,
    };

    s->n_hits = 0;
    if (!walk_record(s, &w))
        return JSON_BAD_SYNTAX;
    if (w.is_full)
        return JSON_TOO_MANY_VALUES;
    s->n_hits = (size_t)(w.hit - s->hits);
    s->has_list = w.has_list;
    return JSON_OK;
}

enum json_reason json_scan(struct json_scanner *s, const struct json_paths *paths,
                           struct str record, size_t *offset)
{
    s->n_hits = 0;
    if (record.n > JSON_RECORD_MAX)
        return refuse(record, offset);
    reserve(s, record.n);
    s->index(record, &s->ix);
    enum json_reason reason = walk_all(s, paths, record);
    if (reason == JSON_BAD_SYNTAX)
        return refuse(record, offset);
    if (reason != JSON_OK && offset)
        *offset = 0;
    return reason;
}

bool json_scan_line(struct json_scanner *s, const struct json_paths *paths, struct str text,
                    struct str *line)
{
    size_t limit = text.n < JSON_LINE_MAX ? text.n : JSON_LINE_MAX;

    s->n_hits = 0;
    reserve(s, JSON_LINE_MAX);
    size_t n = s->index_line((struct str){text.p, limit}, &s->ix);
    if (n == limit || walk_all(s, paths, (struct str){text.p, n}) != JSON_OK)
        return false;
    /* An object reaches from its first token to its last. */
    uint32_t first = s->ix.at[0], last = s->ix.at[s->ix.n - 1];
    *line = (struct str){text.p + first, last + 1 - first};
    return true;
}

void json_scan_remember(struct json_scanner *s, const struct json_paths *paths)
{
    struct memos *m = s->memos = paths ? ARENA_NEW(s->arena, struct memos) : NULL;

    if (!m)
        return;
    m->paths = paths;
    m->of = ARENA_ARRAY(s->arena, paths->n_nodes, uint8_t);
    m->objects = arena_zalloc(s->arena, MEMO_OBJECTS * sizeof *m->objects);
}

bool json_scan_has_list(const struct json_scanner *s)
{
    return s->has_list;
}

enum json_reason json_scan_again(struct json_scanner *s, const struct json_paths *paths,
                                 struct str record)
{
    return walk_all(s, paths, record);
}

void json_scan_want_leaves(struct json_scanner *s, bool wants)
{
    s->no_leaves = !wants;
}

const struct json_hit *json_scan_hits(const struct json_scanner *s, size_t *n)
{
    *n = s->n_hits;
    return s->hits;
}
