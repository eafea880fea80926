/* capsule.c - see capsule.h.
 *
 * A capsule is a head of fixed width and short texts (one byte of length); an entry of a book is
 * the time, the length and the capsule. A book is kept sorted. With more than six entries the
 * fourth goes: three smallest and three greatest of all that ever came are then there, whatever
 * their order was.
 */
#include "state/capsule.h"

#include "base/pack.h"
#include "base/str.h"

#include <string.h>

enum { CAPSULE_VERSION = 1, BOOK_VERSION = 1 };
enum { CAPSULE_IS_CUT = 1 };

/* ---- one capsule ------------------------------------------------------------------------ */

/* version, flags, fields, which of them are cut; partition, offset, index, t */
enum { CAPSULE_HEAD = 4 + 4 + 8 + 4 + 8 };

_Static_assert(CAPSULE_HEAD + 2 * (1 + CAPSULE_INPUT_MAX) + 1 + CAPSULE_NAME_MAX < CAPSULE_BYTES,
               "the head and its texts always fit");
_Static_assert(CAPSULE_FIELDS <= 8, "a bit each");

/* At most max bytes, no character split. */
static struct str cut_to(struct str s, size_t max, bool *is_cut)
{
    if (s.n <= max)
        return s;
    size_t n = max;
    while (max - n < 3 && ((uint8_t)s.p[n] & 0xc0) == 0x80)
        n--;
    *is_cut = true;
    return str_sub(s, 0, n);
}

static void pack_short(struct buf *out, struct str s)
{
    ASSERT(s.n <= UINT8_MAX);
    pack_u8(out, (uint8_t)s.n);
    buf_add(out, s);
}

static struct str unpack_short(struct unpack *u)
{
    size_t n = unpack_u8(u);

    if (n > unpack_left(u)) {
        u->has_failed = true;
        return (struct str){0};
    }
    struct str s = {(const char *)u->p, n};
    u->p += n;
    return s;
}

void capsule_add_index(char *packed, size_t n, uint32_t add)
{
    enum { INDEX_AT = 4 + 4 + 8 };
    uint32_t index;

    ASSERT(n >= CAPSULE_HEAD);
    memcpy(&index, packed + INDEX_AT, sizeof index);
    index += add;
    memcpy(packed + INDEX_AT, &index, sizeof index);
}

void capsule_pack(const struct capsule *c, struct buf *out)
{
    size_t start = out->n;
    uint8_t head[4] = {CAPSULE_VERSION};
    bool is_cut = c->is_cut || c->n_fields > CAPSULE_FIELDS;
    uint32_t n = c->n_fields < CAPSULE_FIELDS ? c->n_fields : CAPSULE_FIELDS;

    pack_bytes(out, head, sizeof head);
    pack_u32(out, c->partition);
    pack_u64(out, c->offset);
    pack_u32(out, c->index);
    pack_i64(out, c->t_ms);
    pack_short(out, cut_to(c->input, CAPSULE_INPUT_MAX, &is_cut));
    pack_short(out, cut_to(c->profile, CAPSULE_NAME_MAX, &is_cut));
    pack_short(out, cut_to(c->rule, CAPSULE_INPUT_MAX, &is_cut));
    for (uint32_t i = 0; i < n; i++) {
        bool is_value_cut = c->fields[i].is_cut;
        struct str value = cut_to(c->fields[i].value, CAPSULE_VALUE_MAX, &is_value_cut);
        /* A name that is cut is another name: then rather no field. */
        if (c->fields[i].name.n > CAPSULE_NAME_MAX ||
            out->n - start + 2 + c->fields[i].name.n + value.n > CAPSULE_BYTES) {
            is_cut = true;
            continue;
        }
        pack_short(out, c->fields[i].name);
        pack_short(out, value);
        is_cut |= is_value_cut;
        head[3] = (uint8_t)(head[3] | (uint32_t)is_value_cut << head[2]);
        head[2]++;
    }
    head[1] = is_cut ? CAPSULE_IS_CUT : 0;
    memcpy(out->p + start, head, sizeof head);
}

bool capsule_unpack(struct str bytes, struct capsule *out)
{
    struct unpack u = unpack_from(bytes);
    uint8_t head[4];

    unpack_bytes(&u, head, sizeof head);
    if (head[0] != CAPSULE_VERSION || head[2] > CAPSULE_FIELDS)
        return false;
    *out = (struct capsule){.is_cut = head[1] & CAPSULE_IS_CUT, .n_fields = head[2]};
    out->partition = unpack_u32(&u);
    out->offset = unpack_u64(&u);
    out->index = unpack_u32(&u);
    out->t_ms = unpack_i64(&u);
    out->input = unpack_short(&u);
    out->profile = unpack_short(&u);
    out->rule = unpack_short(&u);
    for (uint32_t i = 0; i < out->n_fields; i++) {
        out->fields[i].name = unpack_short(&u);
        out->fields[i].value = unpack_short(&u);
        out->fields[i].is_cut = head[3] >> i & 1;
    }
    return unpack_ok(&u) && unpack_left(&u) == 0;
}

/* ---- the book ----------------------------------------------------------------------------- */

/* version, number of entries, how many came by; then of each entry t and length */
enum { BOOK_HEAD = 1 + 1 + 8, ENTRY_HEAD = 8 + 2, BOOK_MAX = CAPSULES_FIRST + CAPSULES_LAST };

_Static_assert(BOOK_HEAD + BOOK_MAX * (ENTRY_HEAD + CAPSULE_BYTES) <= CELL_SIDE_MAX,
               "a full book fits");

struct entry {
    uint32_t at; /* of its head in the side part */
    int64_t t_ms;
    struct str packed;
};

struct entries {
    uint64_t seen;
    size_t n;
    struct entry items[BOOK_MAX];
};

static uint32_t entry_bytes(struct str packed)
{
    return ENTRY_HEAD + (uint32_t)packed.n;
}

/* Empty if the bytes are damaged. */
static void read_book(const struct cell_part *side, struct entries *out)
{
    struct unpack u = unpack_from((struct str){(const char *)side->p, side->n});
    uint8_t version = unpack_u8(&u), n = unpack_u8(&u);

    *out = (struct entries){.seen = unpack_u64(&u)};
    if (version != BOOK_VERSION || n > BOOK_MAX) {
        out->seen = 0;
        return;
    }
    for (; out->n < n; out->n++) {
        struct entry *e = &out->items[out->n];
        e->at = (uint32_t)(side->n - unpack_left(&u));
        e->t_ms = unpack_i64(&u);
        uint16_t bytes = unpack_u16(&u);
        if (!unpack_ok(&u) || bytes > CAPSULE_BYTES || bytes > unpack_left(&u)) {
            *out = (struct entries){0};
            return;
        }
        e->packed = (struct str){(const char *)u.p, bytes};
        u.p += bytes;
    }
    if (unpack_left(&u) > 0)
        *out = (struct entries){0};
}

/* What orders entries of the same time: the event's reference. */
struct reference {
    uint64_t offset;
    uint32_t index, partition;
    struct str input;
};

static struct reference reference_of(struct str packed)
{
    struct unpack u = unpack_from(packed);
    struct reference r;

    (void)unpack_u32(&u);
    r.partition = unpack_u32(&u);
    r.offset = unpack_u64(&u);
    r.index = unpack_u32(&u);
    (void)unpack_i64(&u);
    r.input = unpack_short(&u);
    return r;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* 0: the same event. */
static int compare(int64_t t_ms, struct str packed, const struct entry *e)
{
    if (t_ms != e->t_ms)
        return t_ms < e->t_ms ? -1 : 1;
    struct reference a = reference_of(packed), b = reference_of(e->packed);
    int order = compare_numbers(a.offset, b.offset);
    if (order == 0)
        order = compare_numbers(a.index, b.index);
    if (order == 0)
        order = compare_numbers(a.partition, b.partition);
    return order ? order : str_cmp(a.input, b.input);
}

static void write_head(struct cell *c, const struct entries *book)
{
    c->side.p[0] = BOOK_VERSION;
    c->side.p[1] = (uint8_t)book->n;
    memcpy(c->side.p + 2, &book->seen, sizeof book->seen);
}

/* Replace `gone` bytes at `at` by n others; false if there is no memory for them. */
static bool splice(struct cell *c, uint32_t at, uint32_t gone, uint32_t n)
{
    uint32_t before = c->side.n, after = before - gone + n;

    if (after > before && !cell_resize_side(c, after))
        return false;
    memmove(c->side.p + at + n, c->side.p + at + gone, before - at - gone);
    return after >= before || cell_resize_side(c, after);
}

static void write_entry(struct cell *c, uint32_t at, int64_t t_ms, struct str packed)
{
    uint16_t n = (uint16_t)packed.n;

    memcpy(c->side.p + at, &t_ms, sizeof t_ms);
    memcpy(c->side.p + at + 8, &n, sizeof n);
    memcpy(c->side.p + at + ENTRY_HEAD, packed.p, packed.n);
}

/* Make room among the six for one that belongs before number `place`: number of the one to go,
 * BOOK_MAX if it is the new one itself. */
static size_t victim_of(size_t place)
{
    if (place == CAPSULES_FIRST)
        return BOOK_MAX;
    return place < CAPSULES_FIRST ? CAPSULES_FIRST - 1 : CAPSULES_FIRST;
}

/* The entry `gone` goes (BOOK_MAX: none does) and the new one comes before number `place`. */
static bool place_entry(struct cell *c, const struct entries *book, size_t gone, size_t place,
                        int64_t t_ms, struct str packed)
{
    uint32_t at = place < book->n ? book->items[place].at : c->side.n;
    uint32_t bytes = entry_bytes(packed), gone_bytes = 0;

    if (gone < BOOK_MAX) {
        /* Room first: a refusal leaves everything as it was. */
        uint32_t before = c->side.n;
        gone_bytes = entry_bytes(book->items[gone].packed);
        if (bytes > gone_bytes) {
            if (!cell_resize_side(c, before + bytes - gone_bytes))
                return false;
            c->side.n = before;
        }
        if (!splice(c, book->items[gone].at, gone_bytes, 0))
            return false;
        at -= gone < place ? gone_bytes : 0;
    }
    if (!splice(c, at, 0, bytes))
        return false;
    write_entry(c, at, t_ms, packed);
    return true;
}

static bool ready(struct cell *c, struct entries *book)
{
    read_book(&c->side, book);
    if (c->side.n >= BOOK_HEAD && (book->n > 0 || book->seen > 0))
        return true;
    *book = (struct entries){0};
    return cell_resize_side(c, BOOK_HEAD);
}

void capsule_book_add(struct cell *c, int64_t t_ms, struct str packed)
{
    struct entries book;
    int order = 1;

    if (packed.n == 0 || packed.n > CAPSULE_BYTES || !ready(c, &book))
        return;
    size_t place = book.n, gone = BOOK_MAX;
    while (place > 0 && (order = compare(t_ms, packed, &book.items[place - 1])) < 0)
        place--;
    bool is_same = place > 0 && order == 0;
    if (is_same) {
        /* By another rule: one of the two, whichever came first. */
        if (str_cmp(packed, book.items[place - 1].packed) >= 0)
            return;
        gone = --place;
    } else if (book.n == BOOK_MAX) {
        gone = victim_of(place);
    }
    bool is_kept = is_same || book.n < BOOK_MAX || gone < BOOK_MAX;
    book.seen += !is_same;
    if (is_kept && place_entry(c, &book, gone, place, t_ms, packed))
        book.n += gone == BOOK_MAX;
    write_head(c, &book);
}

void capsule_book_trim(struct cell *c, int64_t before_ms)
{
    struct entries book;
    size_t n = 0;

    read_book(&c->side, &book);
    while (n < book.n && book.items[n].t_ms < before_ms)
        n++;
    if (n == 0)
        return;
    uint32_t end = n < book.n ? book.items[n].at : c->side.n;
    bool is_cut = splice(c, BOOK_HEAD, end - BOOK_HEAD, 0);
    ASSERT(is_cut); /* it became smaller */
    book.n -= n;
    book.seen = book.n;
    write_head(c, &book);
}

size_t capsule_book_list(const struct cell_part *side, struct str *out, uint64_t *seen)
{
    struct entries book;

    read_book(side, &book);
    for (size_t i = 0; i < book.n; i++)
        out[i] = book.items[i].packed;
    *seen = book.seen;
    return book.n;
}
