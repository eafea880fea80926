/* capsule.c - see capsule.h.
 *
 * A capsule is a head of fixed width and short texts (one byte of length). A book keeps its entries
 * in order. With more than six the fourth goes: three smallest and three greatest of all that ever
 * came are then there, whatever their order was.
 */
#include "state/capsule.h"

#include "base/pack.h"
#include "base/str.h"
#include "base/utf8.h"

#include <string.h>

enum { CAPSULE_VERSION = 1, BOOK_VERSION = 2 };
enum { CAPSULE_IS_CUT = 1 };

/* ---- one capsule ------------------------------------------------------------------------ */

/* version, flags, fields, which of them are cut; partition, offset, index, t */
enum { HEAD_OWN = 4 }; /* of these what stands before the partition */
enum { PARTITION_AT = HEAD_OWN, OFFSET_AT = PARTITION_AT + 4, INDEX_AT = OFFSET_AT + 8 };

_Static_assert(CAPSULE_HEAD + 2 * (1 + CAPSULE_INPUT_MAX) + 1 + CAPSULE_NAME_MAX < CAPSULE_BYTES,
               "the head and its texts always fit");
_Static_assert(CAPSULE_FIELDS <= 8, "a bit each");

/* At most max bytes, no character split. */
static struct str cut_to(struct str s, size_t max, bool *is_cut)
{
    if (s.n <= max)
        return s;
    *is_cut = true;
    return utf8_cut(s, max);
}

/* Returns where the next goes. */
static char *put_short(char *to, struct str s)
{
    ASSERT(s.n <= UINT8_MAX);
    *to++ = (char)(uint8_t)s.n;
    if (s.n)
        memcpy(to, s.p, s.n);
    return to + s.n;
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
    uint32_t index;

    ASSERT(n >= CAPSULE_HEAD);
    memcpy(&index, packed + INDEX_AT, sizeof index);
    index += add;
    memcpy(packed + INDEX_AT, &index, sizeof index);
}

/* ---- piece by piece ---------------------------------------------------------------------- */

void capsule_event_pack(struct capsule_event *e, const struct capsule *c)
{
    char *to = e->bytes + HEAD_OWN;

    e->is_cut = false;
    memcpy(to, &c->partition, 4);
    memcpy(to + 4, &c->offset, 8);
    memcpy(to + 12, &c->index, 4);
    memcpy(to + 16, &c->t_ms, 8);
    to = put_short(to + 24, cut_to(c->input, CAPSULE_INPUT_MAX, &e->is_cut));
    to = put_short(to, cut_to(c->profile, CAPSULE_NAME_MAX, &e->is_cut));
    e->n = (uint32_t)(to - e->bytes);
}

bool capsule_fields_add(struct capsule_fields *f, struct str name, struct str value)
{
    bool is_cut = false;

    if (f->n == CAPSULE_FIELDS || name.n > CAPSULE_NAME_MAX)
        return false;
    char *to = f->bytes + (f->n ? f->ends[f->n - 1] : 0);
    to = put_short(put_short(to, name), cut_to(value, CAPSULE_VALUE_MAX, &is_cut));
    f->cuts = (uint8_t)(f->cuts | (unsigned)is_cut << f->n);
    f->ends[f->n++] = (uint16_t)(to - f->bytes);
    return true;
}

void capsule_open(struct capsule_writer *w, char *to, const struct capsule_event *e,
                  struct str rule)
{
    *w = (struct capsule_writer){.start = to, .is_cut = e->is_cut};
    memcpy(to + HEAD_OWN, e->bytes + HEAD_OWN, e->n - HEAD_OWN);
    w->to = put_short(to + e->n, cut_to(rule, CAPSULE_INPUT_MAX, &w->is_cut));
}

/* A value that was cut before it came, too. */
static void put_field(struct capsule_writer *w, const struct capsule_field *f)
{
    bool is_cut = f->is_cut;
    struct str value = cut_to(f->value, CAPSULE_VALUE_MAX, &is_cut);

    /* A name that is cut is another name: then rather no field. */
    if (f->name.n > CAPSULE_NAME_MAX ||
        (size_t)(w->to - w->start) + 2 + f->name.n + value.n > CAPSULE_BYTES) {
        w->is_cut = true;
        return;
    }
    ASSERT(w->n_fields < CAPSULE_FIELDS);
    w->to = put_short(put_short(w->to, f->name), value);
    w->is_cut |= is_cut;
    w->cuts = (uint8_t)(w->cuts | (unsigned)is_cut << w->n_fields++);
}

void capsule_put(struct capsule_writer *w, struct str name, struct str value)
{
    put_field(w, &(struct capsule_field){.name = name, .value = value});
}

bool capsule_put_range(struct capsule_writer *w, const struct capsule_fields *f, uint32_t from,
                       uint32_t to)
{
    ASSERT(from <= to && to <= f->n);
    uint32_t n = to - from, begin = from ? f->ends[from - 1] : 0;
    size_t bytes = n ? f->ends[to - 1] - begin : 0;
    unsigned cuts = (unsigned)f->cuts >> from & ((1U << n) - 1);

    if ((size_t)(w->to - w->start) + bytes > CAPSULE_BYTES)
        return false;
    ASSERT(w->n_fields + n <= CAPSULE_FIELDS);
    memcpy(w->to, f->bytes + begin, bytes);
    w->to += bytes;
    w->is_cut |= cuts != 0;
    w->cuts = (uint8_t)(w->cuts | cuts << w->n_fields);
    w->n_fields = (uint8_t)(w->n_fields + n);
    return true;
}

size_t capsule_close(struct capsule_writer *w)
{
    uint8_t head[HEAD_OWN] = {CAPSULE_VERSION, w->is_cut ? CAPSULE_IS_CUT : 0, w->n_fields,
                              w->cuts};

    memcpy(w->start, head, sizeof head);
    return (size_t)(w->to - w->start);
}

void capsule_pack(const struct capsule *c, struct buf *out)
{
    struct capsule_event event;
    struct capsule_writer w;
    uint32_t n = c->n_fields < CAPSULE_FIELDS ? c->n_fields : CAPSULE_FIELDS;

    capsule_event_pack(&event, c);
    capsule_open(&w, buf_reserve(out, CAPSULE_BYTES), &event, c->rule);
    w.is_cut |= c->is_cut || c->n_fields > CAPSULE_FIELDS;
    for (uint32_t i = 0; i < n; i++)
        put_field(&w, &c->fields[i]);
    out->n += capsule_close(&w);
}

/* ---- reading it back --------------------------------------------------------------------- */

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

/* ---- the book -----------------------------------------------------------------------------
 *
 * version, number of entries, how many came by; a slot for each entry, oldest first; then the
 * capsules, in no order, each in a room of its own. So a new last one takes the room of the one
 * that goes, and nothing else is touched.
 */

struct slot {
    int64_t t_ms;
    uint16_t at;      /* among the capsules */
    uint16_t n, room; /* bytes: of the capsule, kept for it */
} __attribute__((packed, may_alias));

enum { BOOK_HEAD = 1 + 1 + 8, BOOK_MAX = CAPSULES_FIRST + CAPSULES_LAST, ROOM_STEP = 8 };

_Static_assert(BOOK_HEAD + BOOK_MAX * ((uint32_t)sizeof(struct slot) + CAPSULE_BYTES) <=
                   CELL_SIDE_MAX,
               "a full book fits");

/* A look at a side part; made anew when it has moved. */
struct opened {
    uint8_t *p;
    uint32_t n;         /* entries */
    uint32_t data, end; /* where the capsules begin and end in p */
    struct slot *slots;
};

static uint64_t seen_of(const struct opened *b)
{
    uint64_t seen;

    memcpy(&seen, b->p + 2, sizeof seen);
    return seen;
}

static void set_seen(const struct opened *b, uint64_t seen)
{
    memcpy(b->p + 2, &seen, sizeof seen);
}

static struct str packed_of(const struct opened *b, uint32_t i)
{
    return (struct str){(const char *)b->p + b->data + b->slots[i].at, b->slots[i].n};
}

/* False: there is none, or it is damaged. */
static bool open_book(const struct cell_part *side, struct opened *b)
{
    if (side->n < BOOK_HEAD || side->p[0] != BOOK_VERSION || side->p[1] > BOOK_MAX)
        return false;
    *b = (struct opened){.p = side->p, .n = side->p[1], .end = side->n};
    b->data = BOOK_HEAD + b->n * (uint32_t)sizeof(struct slot);
    b->slots = (struct slot *)(side->p + BOOK_HEAD);
    if (b->end < b->data)
        return false;
    uint32_t bytes = b->end - b->data, rooms = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const struct slot *s = &b->slots[i];
        if (s->n == 0 || s->n > s->room || s->n > CAPSULE_BYTES ||
            (uint32_t)s->at + s->room > bytes)
            return false;
        rooms += s->room;
        for (uint32_t k = 0; k < i; k++) /* no two lie over each other: at most 15 pairs */
            if (s->at < b->slots[k].at + b->slots[k].room && b->slots[k].at < s->at + s->room)
                return false;
    }
    return rooms == bytes;
}

/* What orders entries of the same time: the event's reference. */
struct reference {
    uint64_t offset;
    uint32_t index, partition;
    struct str input;
};

static struct reference reference_of(struct str packed)
{
    struct reference r = {0};

    if (!capsule_place(packed, &r.offset, &r.index)) /* damaged */
        return r;
    memcpy(&r.partition, packed.p + PARTITION_AT, sizeof r.partition);
    struct unpack u = unpack_from(str_sub(packed, CAPSULE_HEAD, packed.n));
    r.input = unpack_short(&u);
    return r;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* With entry i; 0: the same event. */
static int compare(int64_t t_ms, struct str packed, const struct opened *book, uint32_t i)
{
    int64_t other_ms = book->slots[i].t_ms;

    if (t_ms != other_ms)
        return t_ms < other_ms ? -1 : 1;
    struct reference a = reference_of(packed), b = reference_of(packed_of(book, i));
    int order = compare_numbers(a.offset, b.offset);
    if (order == 0)
        order = compare_numbers(a.index, b.index);
    if (order == 0)
        order = compare_numbers(a.partition, b.partition);
    return order ? order : str_cmp(a.input, b.input);
}

static uint16_t room_for(struct str packed)
{
    return (uint16_t)((packed.n + ROOM_STEP - 1) & ~(size_t)(ROOM_STEP - 1));
}

/* n more bytes at `at` of the side part; false: no memory. */
static bool open_gap(struct cell *c, uint32_t at, uint32_t n)
{
    uint32_t before = c->side.n;

    if (!cell_resize_side(c, before + n))
        return false;
    memmove(c->side.p + at + n, c->side.p + at, before - at);
    return true;
}

static void close_gap(struct cell *c, uint32_t at, uint32_t n)
{
    memmove(c->side.p + at, c->side.p + at + n, c->side.n - at - n);
    bool is_smaller = cell_resize_side(c, c->side.n - n);
    ASSERT(is_smaller);
}

/* The entry's room becomes large enough. Opens the book again. */
static bool widen(struct cell *c, struct opened *b, uint32_t i, uint16_t room)
{
    uint32_t more = room - b->slots[i].room, behind = (uint32_t)b->slots[i].at + b->slots[i].room;

    if (!open_gap(c, b->data + behind, more))
        return false;
    b->slots = (struct slot *)(c->side.p + BOOK_HEAD);
    for (uint32_t k = 0; k < b->n; k++)
        if (b->slots[k].at >= behind)
            b->slots[k].at = (uint16_t)(b->slots[k].at + more);
    b->slots[i].room = room;
    return open_book(&c->side, b);
}

/* The entry `gone` becomes the new one, and number `place` of those that are left. */
static bool replace(struct cell *c, struct opened *b, uint32_t gone, uint32_t place, int64_t t_ms,
                    struct str packed)
{
    if (b->slots[gone].room < packed.n && !widen(c, b, gone, room_for(packed)))
        return false;
    struct slot s = b->slots[gone];
    s.t_ms = t_ms;
    s.n = (uint16_t)packed.n;
    if (place > gone)
        memmove(b->slots + gone, b->slots + gone + 1, (place - gone) * sizeof s);
    else
        memmove(b->slots + place + 1, b->slots + place, (gone - place) * sizeof s);
    b->slots[place] = s;
    memcpy(b->p + b->data + s.at, packed.p, packed.n);
    return true;
}

/* One more entry, before number `place`. */
static bool insert(struct cell *c, struct opened *b, uint32_t place, int64_t t_ms,
                   struct str packed)
{
    struct slot s = {t_ms, (uint16_t)(b->end - b->data), (uint16_t)packed.n, room_for(packed)};
    uint32_t at = BOOK_HEAD + place * (uint32_t)sizeof s, before = c->side.n;

    if (!cell_resize_side(c, before + (uint32_t)sizeof s + s.room))
        return false;
    c->side.n = before; /* the room is there */
    bool has_room = open_gap(c, at, (uint32_t)sizeof s) && cell_resize_side(c, c->side.n + s.room);
    ASSERT(has_room);
    memcpy(c->side.p + at, &s, sizeof s);
    c->side.p[1]++;
    memcpy(c->side.p + c->side.n - s.room, packed.p, packed.n);
    return open_book(&c->side, b);
}

/* A book that can be read: a new one if need be. */
static bool ready(struct cell *c, struct opened *b)
{
    if (open_book(&c->side, b))
        return true;
    if (!cell_resize_side(c, 0) || !cell_resize_side(c, BOOK_HEAD))
        return false;
    c->side.p[0] = BOOK_VERSION;
    return open_book(&c->side, b);
}

/* The new one would be number `place` of seven: number of the one to go among the six, BOOK_MAX if
 * it is the new one itself. */
static uint32_t victim_of(uint32_t place)
{
    if (place == CAPSULES_FIRST)
        return BOOK_MAX;
    return place < CAPSULES_FIRST ? CAPSULES_FIRST - 1 : CAPSULES_FIRST;
}

bool capsule_place(struct str bytes, uint64_t *offset, uint32_t *index)
{
    if (bytes.n < CAPSULE_HEAD)
        return false;
    memcpy(offset, bytes.p + OFFSET_AT, sizeof *offset);
    memcpy(index, bytes.p + INDEX_AT, sizeof *index);
    return true;
}

void capsule_book_add(struct cell *c, int64_t t_ms, struct str packed)
{
    struct opened b;
    int order = 1;

    if (packed.n == 0 || packed.n > CAPSULE_BYTES || !ready(c, &b))
        return;
    uint32_t place = b.n;
    while (place > 0 && (order = compare(t_ms, packed, &b, place - 1)) < 0)
        place--;
    if (place > 0 && order == 0) {
        /* By another rule: one of the two, whichever came first. */
        if (str_cmp(packed, packed_of(&b, place - 1)) < 0)
            (void)replace(c, &b, place - 1, place - 1, t_ms, packed);
        return;
    }
    set_seen(&b, seen_of(&b) + 1);
    if (b.n < BOOK_MAX) {
        (void)insert(c, &b, place, t_ms, packed);
        return;
    }
    uint32_t gone = victim_of(place);
    if (gone < BOOK_MAX)
        (void)replace(c, &b, gone, gone < place ? place - 1 : place, t_ms, packed);
}

bool capsule_book_pass(struct cell *c, int64_t t_ms, bool is_followed)
{
    enum { FULL = BOOK_HEAD + BOOK_MAX * (uint32_t)sizeof(struct slot) };
    const struct slot *slots = (const struct slot *)(c->side.p + BOOK_HEAD);

    if (c->side.n < FULL || c->side.p[0] != BOOK_VERSION || c->side.p[1] != BOOK_MAX ||
        t_ms <= slots[CAPSULES_FIRST - 1].t_ms ||
        (!is_followed && t_ms >= slots[CAPSULES_FIRST].t_ms))
        return false;
    struct opened b = {.p = c->side.p};
    set_seen(&b, seen_of(&b) + 1);
    return true;
}

void capsule_book_recall(struct cell *c, int64_t t_ms, struct str packed)
{
    struct opened b;
    uint64_t seen = open_book(&c->side, &b) ? seen_of(&b) : 0;

    capsule_book_add(c, t_ms, packed);
    if (seen && open_book(&c->side, &b))
        set_seen(&b, seen);
}

/* False: the book was damaged, and is empty now. */
static bool remove_first(struct cell *c, struct opened *b)
{
    struct slot s = b->slots[0];

    for (uint32_t i = 1; i < b->n; i++)
        if (b->slots[i].at > s.at)
            b->slots[i].at = (uint16_t)(b->slots[i].at - s.room);
    close_gap(c, b->data + s.at, s.room);
    close_gap(c, BOOK_HEAD, (uint32_t)sizeof s);
    c->side.p[1]--;
    if (open_book(&c->side, b))
        return true;
    bool is_smaller = cell_resize_side(c, 0);
    ASSERT(is_smaller);
    return false;
}

void capsule_book_trim(struct cell *c, int64_t before_ms)
{
    struct opened b;

    if (!open_book(&c->side, &b) || b.n == 0 || b.slots[0].t_ms >= before_ms)
        return;
    while (b.n > 0 && b.slots[0].t_ms < before_ms)
        if (!remove_first(c, &b))
            return;
    set_seen(&b, b.n);
}

size_t capsule_book_list(const struct cell_part *side, struct str *out, uint64_t *seen)
{
    struct opened b;

    *seen = 0;
    if (!open_book(side, &b))
        return 0;
    for (uint32_t i = 0; i < b.n; i++)
        out[i] = packed_of(&b, i);
    *seen = seen_of(&b);
    return b.n;
}
