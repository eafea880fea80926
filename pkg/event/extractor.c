/* extractor.c - compiling the wanted fields and the profiles into tables for the event path.
 *
 * Each profile turns each wanted field into its paths; paths of all profiles are interned into
 * one set of slots, since the record is scanned before anybody knows its profile. What a slot means
 * to a profile is collected as drafts and sorted into tables at the end, when all slots are known.
 */
#include "event/extractor.h"

#include "base/str.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

/* An entry before the slots are all known. */
struct draft {
    uint32_t slot;
    struct entry entry;
    struct treatment treatment;
    struct draft *next;
};

struct marker_draft {
    uint32_t slot;
    struct marker marker;
    struct marker_value_test *tests; /* marker.n_tests: a few of the MARKER_VALUE_TESTS_MAX */
    size_t cap;
};

struct build {
    struct arena *arena;   /* of the result */
    struct arena *scratch; /* until the build is done */
    const struct profile_set *profiles;
    const struct field_table *fields;
    const struct extract_options *options;
    bool wants_leaves;
    struct field_table *paths; /* interned: the number is the slot */
    struct draft **drafts;     /* per reader */
    struct marker_draft *markers;
    size_t n_markers;
    uint32_t n_bits;
    struct extractor *x;
};

/* ---- constants ------------------------------------------------------------------- */

static const struct constant_field *find_constant(const struct build *b, struct str name)
{
    if (!b->options)
        return NULL;
    for (size_t i = 0; i < b->options->n_constants; i++)
        if (str_eq(b->options->constants[i].name, name))
            return &b->options->constants[i];
    return NULL;
}

/* The first of two constants of a name stands, as in find_constant(). */
static bool has_constant(const struct constant_value *list, size_t n, uint32_t field)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].field == field)
            return true;
    return false;
}

static void build_constants(struct build *b)
{
    size_t n = b->options ? b->options->n_constants : 0;
    struct constant_value *list = ARENA_ARRAY(b->arena, n, struct constant_value);
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t field = field_find(b->fields, b->options->constants[i].name);
        if (field == FIELD_NONE || field == FIELD_ANY || has_constant(list, used, field))
            continue;
        list[used++] =
            (struct constant_value){field, arena_str(b->arena, b->options->constants[i].value)};
    }
    b->x->constants = list;
    b->x->n_constants = used;
}

/* ---- entries ---------------------------------------------------------------------- */

static void add_draft(struct build *b, uint32_t reader, uint32_t slot, struct entry entry,
                      struct treatment treatment)
{
    struct draft *d = ARENA_NEW(b->scratch, struct draft);

    d->slot = slot;
    d->entry = entry;
    d->treatment = treatment;
    d->next = b->drafts[reader];
    b->drafts[reader] = d;
}

/* Is one of the sources the dotted path that the field is called like? */
static bool has_own_path(struct str name, const struct field_source *sources, size_t n)
{
    bool is_found = false;

    for (size_t i = 0; i < n; i++)
        is_found |= str_eq(sources[i].path, name);
    return is_found && str_find_char(name, '.', 0) != SIZE_MAX;
}

static void want_sources(struct build *b, uint32_t reader, struct entry entry,
                         const struct value_map *map, const struct field_source *sources, size_t n)
{
    struct str name = entry.kind == ENTRY_VALUE ? field_name(b->fields, entry.target) : STR("");
    bool has_own = has_own_path(name, sources, n);

    for (size_t i = 0; i < n; i++) {
        bool is_dotted = str_find_char(sources[i].path, '.', 0) != SIZE_MAX;
        entry.source = (uint16_t)(i * 2);
        entry.nested_step = 1;
        entry.is_sole = n == 1 && !is_dotted;
        entry.is_own = has_own && is_dotted && str_eq(sources[i].path, name);
        entry.is_rival = has_own && !entry.is_own;
        add_draft(b, reader, field_intern(b->paths, sources[i].path), entry,
                  (struct treatment){sources[i].derive, map});
    }
}

static void want_paths(struct build *b, uint32_t reader, struct entry entry,
                       const struct str *paths, size_t n)
{
    struct field_source sources[PATHS_PER_FIELD_MAX];

    for (size_t i = 0; i < n; i++)
        sources[i] = (struct field_source){paths[i], NULL};
    want_sources(b, reader, entry, NULL, sources, n);
}

/* Keywords: the message if there is one, else every string leaf. */
static void want_any(struct build *b, uint32_t reader, const struct profile *p)
{
    struct entry entry = {.target = FIELD_ANY, .kind = ENTRY_VALUE};

    want_paths(b, reader, entry, p->message.items, p->message.n);
    entry.source = (uint16_t)(p->message.n * 2);
    entry.is_sole = p->message.n == 0;
    if (p->message.n == 1) /* two sources now compete: the message and the leaves */
        b->drafts[reader]->entry.is_sole = false;
    add_draft(b, reader, LEAVES_SLOT, entry, (struct treatment){0});
}

static void want_fields(struct build *b, uint32_t reader, const struct profile *p)
{
    struct field_source sources[PATHS_PER_FIELD_MAX];

    if (b->wants_leaves)
        want_any(b, reader, p);
    for (uint32_t f = 1; f < b->x->n_fields; f++) {
        struct str name = field_name(b->fields, f);
        if (field_is_pseudo(name) || find_constant(b, name) || profile_constants(p, name))
            continue;
        struct entry entry = {.target = f, .kind = ENTRY_VALUE};
        size_t n = profile_field_sources(b->scratch, p, name, sources);
        want_sources(b, reader, entry, profile_value_map(p, name), sources, n);
    }
}

/* What is said of fields without asking the event, and what is done with several values. */
static void note_fields(struct build *b, struct reader *r)
{
    struct vec fixed = {0}, joins = {0};

    for (uint32_t f = 1; f < b->x->n_fields; f++) {
        struct str name = field_name(b->fields, f);
        const struct str_list *constants = profile_constants(r->profile, name);
        struct str with = profile_join(r->profile, name);
        if (field_is_pseudo(name) || find_constant(b, name))
            continue;
        for (size_t i = 0; constants && i < constants->n; i++)
            *(struct constant_value *)vec_push(b->arena, &fixed, sizeof(struct constant_value)) =
                (struct constant_value){f, constants->items[i]};
        if (with.n && !constants)
            *(struct joined_field *)vec_push(b->arena, &joins, sizeof(struct joined_field)) =
                (struct joined_field){f, with};
    }
    r->fixed = fixed.items;
    r->n_fixed = fixed.n;
    r->joins = joins.items;
    r->n_joins = joins.n;
}

static void want_probes(struct build *b, uint32_t reader, struct reader *r)
{
    const struct profile *p = r->profile;
    struct field_source sources[PATHS_PER_FIELD_MAX];

    r->n_inputs = (uint32_t)p->inputs.n;
    r->n_times = (uint32_t)p->time.n;
    for (uint32_t i = 0; i < r->n_inputs; i++) {
        const struct constant_field *constant = find_constant(b, p->inputs.items[i]);
        const struct str_list *fixed = profile_constants(p, p->inputs.items[i]);
        if (constant || fixed) {
            r->inputs[i] = arena_str(b->arena, constant ? constant->value : fixed->items[0]);
            continue;
        }
        struct entry entry = {.target = i, .kind = ENTRY_PROBE};
        size_t n = profile_field_sources(b->scratch, p, p->inputs.items[i], sources);
        want_sources(b, reader, entry, NULL, sources, n);
    }
    for (uint32_t i = 0; i < r->n_times; i++) {
        struct entry entry = {.target = r->n_inputs + i, .kind = ENTRY_PROBE};
        want_paths(b, reader, entry, &p->time.items[i], 1);
    }
    for (size_t i = 0; i < p->embedded.n; i++)
        want_paths(b, reader, (struct entry){.kind = ENTRY_EMBEDDED}, &p->embedded.items[i], 1);
}

/* The number of a treatment in the reader's list. */
static uint16_t number_treatment(struct build *b, struct vec *all, struct treatment t)
{
    const struct treatment *list = all->items;
    uint32_t i = 0;

    while (i < all->n && (list[i].derive != t.derive || list[i].map != t.map))
        i++;
    if (i == all->n)
        *(struct treatment *)vec_push(b->arena, all, sizeof t) = t;
    ASSERT(i < UINT16_MAX);
    return (uint16_t)i;
}

static void note_plainness(struct entry *e)
{
    bool is_plain = e->kind == ENTRY_VALUE && e->treatment == 0;

    e->is_plain_own = is_plain && e->is_own && !e->is_sole;
    e->is_plain_ranked = is_plain && !e->is_own && !e->is_rival && !e->is_sole;
}

/* Mark the slots whose only entry needs no look at it. */
static void note_plain_slots(uint32_t *first, const uint32_t *sizes, const struct draft *drafts,
                             const struct entry *entries)
{
    for (const struct draft *d = drafts; d; d = d->next) {
        const struct entry *e = &entries[first[d->slot]];
        if (sizes[d->slot] > 1 || e->kind != ENTRY_VALUE || e->treatment)
            continue;
        if (e->is_sole)
            first[d->slot] = e->target | PLAIN_FIELD;
        else if (e->is_own)
            first[d->slot] |= OWN_PATH;
    }
}

/* Sort the drafts of a reader into its tables. */
static void finish_reader(struct build *b, struct reader *r, const struct draft *drafts)
{
    uint32_t *first = ARENA_ARRAY(b->arena, b->x->n_slots, uint32_t);
    uint32_t *sizes = ARENA_ARRAY(b->scratch, b->x->n_slots, uint32_t);
    uint32_t *filled = ARENA_ARRAY(b->scratch, b->x->n_slots, uint32_t);
    struct vec treatments = {0};
    uint32_t total = 1; /* 0 means: none */

    for (const struct draft *d = drafts; d; d = d->next)
        sizes[d->slot]++;
    r->values_per_hit = 1;
    for (uint32_t slot = 0; slot < b->x->n_slots; slot++) {
        first[slot] = sizes[slot] ? total : 0;
        total += sizes[slot];
        r->values_per_hit = sizes[slot] > r->values_per_hit ? sizes[slot] : r->values_per_hit;
    }
    struct entry *entries = ARENA_ARRAY(b->arena, total, struct entry);
    (void)number_treatment(b, &treatments, (struct treatment){0});
    for (const struct draft *d = drafts; d; d = d->next) {
        uint32_t at = filled[d->slot]++;
        struct entry *e = &entries[first[d->slot] + at];
        *e = d->entry;
        e->is_last = at + 1 == sizes[d->slot];
        e->treatment = number_treatment(b, &treatments, d->treatment);
        note_plainness(e);
    }
    note_plain_slots(first, sizes, drafts, entries);
    r->first = first;
    r->entries = entries;
    r->treatments = treatments.items;
}

/* ---- markers ------------------------------------------------------------------------ */

static void set_bit(uint64_t *mask, uint32_t bit)
{
    mask[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static struct marker_draft *marker_at(struct build *b, uint32_t slot)
{
    for (size_t i = 0; i < b->n_markers; i++)
        if (b->markers[i].slot == slot)
            return &b->markers[i];
    struct marker_draft *m = &b->markers[b->n_markers++];
    m->slot = slot;
    ASSERT(slot == b->n_markers); /* paths of markers are the first that are interned */
    return m;
}

static uint32_t bit_of_test(struct build *b, const struct marker_test *test)
{
    struct marker_draft *m = marker_at(b, field_intern(b->paths, test->path));

    if (test->kind == MARKER_IN) {
        for (size_t i = 0; i < m->marker.n_tests; i++)
            if (str_list_eq(&m->tests[i].values, &test->values))
                return m->tests[i].bit;
        m->tests = vec_room(b->scratch, m->tests, m->marker.n_tests, &m->cap, sizeof *m->tests);
        struct marker_value_test *t = &m->tests[m->marker.n_tests++];
        *t = (struct marker_value_test){.bit = b->n_bits, .values = test->values};
        for (size_t i = 0; i < test->values.n; i++)
            t->lengths |= marker_length(test->values.items[i].n);
        m->marker.lengths |= t->lengths;
        return b->n_bits++;
    }
    if (!m->marker.has_exists) {
        m->marker.has_exists = true;
        m->marker.exists_bit = b->n_bits++;
    }
    return m->marker.exists_bit;
}

static void build_mask(struct build *b, const struct marker_match *match, struct marker_masks *out)
{
    for (size_t i = 0; i < match->n_all; i++) {
        bool is_absent = match->all[i].kind == MARKER_ABSENT;
        set_bit(is_absent ? out->none : out->all, bit_of_test(b, &match->all[i]));
    }
    for (size_t i = 0; i < match->n_any; i++) {
        bool is_absent = match->any[i].kind == MARKER_ABSENT;
        set_bit(is_absent ? out->any_absent : out->any, bit_of_test(b, &match->any[i]));
    }
    out->has_any = match->n_any > 0;
}

static void build_masks(struct build *b, struct reader *r)
{
    const struct profile *p = r->profile;
    struct marker_masks *masks = ARENA_ARRAY(b->arena, p->n_matches, struct marker_masks);

    for (size_t i = 0; i < p->n_matches; i++)
        build_mask(b, &p->matches[i], &masks[i]);
    r->masks = masks;
    r->n_masks = p->n_matches;
}

static void finish_markers(struct build *b)
{
    struct marker *markers = ARENA_ARRAY(b->arena, b->n_markers, struct marker);

    ASSERT(b->n_bits <= MARKER_TESTS_MAX);
    for (size_t i = 0; i < b->n_markers; i++) {
        struct marker_draft *d = &b->markers[i];
        struct marker_value_test *tests =
            ARENA_ARRAY(b->arena, d->marker.n_tests, struct marker_value_test);
        for (size_t k = 0; k < d->marker.n_tests; k++)
            tests[k] = d->tests[k];
        markers[i] = d->marker;
        markers[i].tests = tests;
    }
    b->x->markers = markers;
    b->x->n_markers = (uint32_t)b->n_markers;
}

/* ---- all together --------------------------------------------------------------------- */

static void build_readers(struct build *b)
{
    const struct profile *pinned = b->options ? b->options->pinned : NULL;
    uint32_t n = pinned ? 1 : b->profiles->n + 1;
    struct reader *readers = ARENA_ARRAY(b->arena, n, struct reader);

    b->drafts = ARENA_ARRAY(b->scratch, n, struct draft *);
    for (uint32_t i = 0; i < n; i++) {
        struct reader *r = &readers[i];
        r->is_fallback = !pinned && i == b->profiles->n;
        r->profile = pinned           ? pinned
                     : r->is_fallback ? b->profiles->fallback
                                      : b->profiles->items[i];
        if (!pinned && !r->is_fallback)
            build_masks(b, r);
    }
    for (uint32_t i = 0; i < n; i++) {
        want_fields(b, i, readers[i].profile);
        want_probes(b, i, &readers[i]);
        note_fields(b, &readers[i]);
    }
    b->x->n_slots = field_count(b->paths);
    for (uint32_t i = 0; i < n; i++)
        finish_reader(b, &readers[i], b->drafts[i]);
    finish_markers(b);
    b->x->readers = readers;
    b->x->n_readers = n;
    b->x->pinned = pinned ? &readers[0] : NULL;
}

static void build_paths(struct build *b)
{
    uint32_t n = b->x->n_slots - 1; /* slot 0 is no path */
    struct json_path_want *wants = ARENA_ARRAY(b->scratch, n, struct json_path_want);

    for (uint32_t i = 0; i < n; i++)
        wants[i] = (struct json_path_want){field_name(b->paths, i + 1), i + 1};
    b->x->paths = json_paths_new(b->arena, wants, n,
                                 b->wants_leaves ? (uint32_t)LEAVES_SLOT : (uint32_t)JSON_NO_SLOT);
}

const struct extractor *extractor_new(struct arena *a, const struct profile_set *profiles,
                                      const struct field_table *fields, bool wants_leaves,
                                      const struct extract_options *options)
{
    struct build b = {.arena = a,
                      .scratch = arena_new(0),
                      .profiles = profiles,
                      .fields = fields,
                      .options = options,
                      .wants_leaves = wants_leaves};

    b.x = ARENA_NEW(a, struct extractor);
    b.x->fields = fields;
    b.x->n_fields = field_count(fields);
    b.x->has_leaves = wants_leaves;
    b.x->no_memo = options && options->no_memo;
    b.paths = field_table_new(b.scratch);
    b.markers = ARENA_ARRAY(b.scratch, MARKER_TESTS_MAX, struct marker_draft);
    build_constants(&b);
    build_readers(&b);
    build_paths(&b);
    arena_free(b.scratch);
    return b.x;
}

/* ---- what was compiled, for those who look at values ---------------------------------- */

/* The fields that are handed the bytes of this slot as they are; returns how many. */
static uint32_t fields_of_slot(const struct reader *r, uint32_t slot, uint32_t *out)
{
    uint32_t n = 0;

    if (r->first[slot] == 0 || (r->first[slot] & PLAIN_FIELD))
        return 0;
    for (const struct entry *e = &r->entries[r->first[slot] & ~OWN_PATH];; e++) {
        if (e->kind == ENTRY_VALUE && e->source == 0 && !e->treatment && e->target != FIELD_ANY)
            out[n++] = e->target;
        if (e->is_last)
            return n;
    }
}

static bool has_shared_path(const struct vec *all, const uint32_t *fields, uint32_t n)
{
    const struct shared_path *paths = all->items;

    for (uint32_t i = 0; i < all->n; i++)
        if (paths[i].n == n && memcmp(paths[i].fields, fields, n * sizeof *fields) == 0)
            return true;
    return false;
}

size_t extractor_shared_paths(const struct extractor *x, struct arena *a,
                              const struct shared_path **out)
{
    struct arena *scratch = arena_new(0);
    uint32_t *fields = ARENA_ARRAY(scratch, x->n_fields + 1, uint32_t);
    struct vec all = {0};

    for (uint32_t i = 0; i < x->n_readers; i++)
        for (uint32_t slot = 0; slot < x->n_slots; slot++) {
            uint32_t n = fields_of_slot(&x->readers[i], slot, fields);
            if (n < 2 || has_shared_path(&all, fields, n))
                continue;
            uint32_t *copy = ARENA_ARRAY(a, n, uint32_t);
            memcpy(copy, fields, n * sizeof *copy);
            *(struct shared_path *)vec_push(a, &all, sizeof(struct shared_path)) =
                (struct shared_path){copy, n};
        }
    arena_free(scratch);
    *out = all.items;
    return all.n;
}
