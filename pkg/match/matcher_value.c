/* matcher_value.c - values of a batch: prepared, looked up and scanned, a stage over all of them;
 * those of lazy fields when a formula asks.
 *
 * Invariants while a batch runs: values for one table form a list (table_head, next) in reverse
 * order of arrival; behind each folded text there are LITERAL_PAD readable bytes of its block.
 */
#include "match/matcher_impl.h"

#include "base/decimal.h"
#include "base/load.h"
#include "base/str.h"
#include "json/scan.h"

_Static_assert(STAGE_EVENTS <= UINT8_MAX, "prepared_value.event");

/* ---- prepare ---------------------------------------------------------------------------- */

/* What a table found (net.h) is up for the event. */
static inline void raise_found(struct matcher *m, uint32_t event, uint32_t found)
{
    const struct net_lists *l = &m->net->source_signals;

    if (found & NET_FOUND_SIGNAL) {
        raised_add(&m->raised, event, found & ~NET_FOUND_SIGNAL);
        return;
    }
    uint32_t first = l->first[found];
    raised_add_all(&m->raised, event, l->at + first, l->first[found + 1] - first);
}

static void link_value(struct matcher *m, uint32_t i)
{
    uint32_t table = m->values[i].table;

    if (m->table_head[table] == 0)
        m->tables_met[m->n_tables_met++] = table;
    m->values[i].next = m->table_head[table];
    m->table_head[table] = i + 1;
}

/* A string that is a field's value and one of the leaves, too, comes twice in a row. */
static bool is_same_text(const struct prepared_value *a, const struct prepared_value *b)
{
    return a->raw.p == b->raw.p && a->raw.n == b->raw.n && a->kind == b->kind && a->is_ready;
}

static void copy_text(struct prepared_value *v, const struct prepared_value *from)
{
    v->text.p = from->text.p;
    v->text.n = from->text.n;
    v->folded = from->folded;
    v->is_ascii = from->is_ascii;
    v->is_ready = true;
}

static struct value_key key_of(const struct prepared_value *v)
{
    return (struct value_key){v->raw, v->table, v->kind, v->flags};
}

/* Is it worth asking the cache about a value for this table? Not where its stages are cheaper than
 * the question, nor, for a while, where values did not come again. */
static bool is_cached(struct matcher *m, uint32_t table)
{
    struct cache_use *use = &m->cache_use[table];

    if (m->net->tables[table].n_literals < CACHED_LITERALS_MIN)
        return false;
    if (use->n_muted) {
        use->n_muted--;
        return false;
    }
    if (++use->asked == CACHE_PERIOD) {
        if (use->hits < CACHE_PERIOD / 2)
            use->n_muted = CACHE_MUTE;
        use->asked = use->hits = 0;
    }
    return true;
}

/* True if the cache knows what is in the value: that is raised, and nothing is left to do. */
static __attribute__((noinline)) bool recall(struct matcher *m, uint32_t at)
{
    struct prepared_value *v = &m->values[at];
    struct value_found found;
    struct value_key key = key_of(v);

    if (is_cached(m, v->table) && value_cache_find(m->cache, &key, &found, &v->is_learned)) {
        m->cache_use[v->table].hits++;
        for (uint32_t i = 0; i < found.n; i++)
            raise_found(m, v->event, found.all[i]);
        return true;
    }
    if (v->is_learned)
        m->learned[m->n_learned++] = at;
    return false;
}

/* The cache wants to know what is found in the value. */
static __attribute__((noinline)) void note_find(struct matcher *m, struct prepared_value *v,
                                                uint32_t found)
{
    if (m->n_finds == FINDS_MAX) { /* an outlandish batch: this value is not worth remembering */
        v->is_learned = false;
        return;
    }
    m->finds[m->n_finds] = (struct find){found, v->found};
    v->found = ++m->n_finds;
}

static inline void take_found(struct matcher *m, uint32_t value, uint32_t found)
{
    struct prepared_value *v = &m->values[value];

    raise_found(m, v->event, found);
    if (v->is_learned)
        note_find(m, v, found);
}

/* Some rules want to know the letters of a text that was found folded. */
static void take_spellings(struct matcher *m, uint32_t value, uint32_t source)
{
    const struct net_lists *casings = &m->net->casings;
    struct str text = m->values[value].text;

    for (uint32_t i = casings->first[source]; i < casings->first[source + 1]; i++) {
        const struct net_cased *cased = &m->net->cased[casings->at[i]];
        if (text.n == cased->text.n && same_bytes(text.p, cased->text.p, text.n))
            take_found(m, value, cased->found);
    }
}

/* A whole text was found by its folded letters. */
static inline void take_whole(struct matcher *m, uint32_t value, uint32_t found)
{
    take_found(m, value, found);
    if (!(found & NET_FOUND_SIGNAL))
        take_spellings(m, value, found);
}

static inline void take_exact(struct matcher *m, const struct exact_table *t, struct str folded,
                              uint32_t value)
{
    uint32_t found = exact_find(t, folded);

    if (found != EXACT_NONE)
        take_whole(m, value, found);
}

static void take_number(struct matcher *m, const struct exact_table *t, struct str canonical,
                        uint32_t value)
{
    uint32_t found = exact_find(t, canonical);

    if (found != EXACT_NONE)
        take_found(m, value, found);
}

/* A plain number is spelt as the table has it (decimal_canonical()). Other texts that begin like
 * numbers: false. */
static bool is_plain_integer(struct str text)
{
    if (text.n == 0 || text.n > PLAIN_INTEGER_MAX || (text.p[0] == '0' && text.n > 1))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    return true;
}

/* Could decimal_canonical() read it? Of texts that begin like a number, logon sessions and
 * addresses in hexadecimal are the most common that it could not. */
static inline bool may_be_number(uint8_t kind, struct str text)
{
    if (text.n == 0 || (kind != JSON_NUMBER && kind != JSON_STRING))
        return false;
    if (text.n > 1 && text.p[0] == '0' && (text.p[1] | 0x20) == 'x')
        return false;
    return text.p[0] == '-' || (text.p[0] >= '0' && text.p[0] <= '9');
}

/* Of many fields only whole texts and numbers are asked for, and their values are short: these are
 * looked up at once, and prepared only if a rule tests them. False: the value must take the way of
 * all others. */
static bool look_up_short(struct matcher *m, const struct net_field *f, uint32_t at)
{
    struct prepared_value *v = &m->values[at];
    uint32_t found = EXACT_NONE;

    if (v->raw.n > EXACT_FOLDED_MAX || (v->flags & JSON_ESCAPED))
        return false;
    bool is_number = f->numbers && may_be_number(v->kind, v->raw);
    if (is_number && !is_plain_integer(v->raw))
        return false;
    if (f->exact && !exact_find_folded(f->exact, v->raw, &found))
        return false;
    if (found != EXACT_NONE)
        take_whole(m, at, found);
    if (is_number)
        take_number(m, f->numbers, v->raw, at);
    return true;
}

/* To the stages over all values of its table. */
static inline void prepare_long(struct matcher *m, const struct net_field *f, uint32_t at)
{
    struct prepared_value *v = &m->values[at];

    if (at > 0 && is_same_text(&m->values[at - 1], v))
        copy_text(v, &m->values[at - 1]);
    else
        value_make_ready(v, &m->blocks);
    if (!v->is_ascii && f->beyond_ascii != NET_NONE)
        take_found(m, at, f->beyond_ascii);
    link_value(m, at);
}

/* Values with a text go to the stages of their field, unless the cache knows what they hold. */
static inline void prepare_value(struct matcher *m, uint32_t at)
{
    struct prepared_value *v = &m->values[at];
    const struct net_field *f = &m->net->tables[v->table];

    if (m->cache && recall(m, at))
        return;
    if (!f->is_short || !look_up_short(m, f, at))
        prepare_long(m, f, at);
}

static __attribute__((noinline)) void note_seen(struct shape_state *shape, uint32_t field)
{
    shape->seen[field / 64] |= 1ull << (field % 64);
    shape->how[field] &= (uint8_t)~HOW_UNSEEN;
}

/* A wanted value of the event becomes one of the stage's; its index. */
static inline uint32_t take_up(struct matcher *m, struct shape_state *shape, uint32_t event,
                               const struct event_value *in, uint8_t how)
{
    uint32_t at = m->n_values++;
    struct prepared_value *v = &m->values[at];

    m->places[at].field = in->field;
    v->raw.p = v->text.p = in->p;
    v->raw.n = v->text.n = in->n;
    v->table = in->field;
    v->found = 0;
    v->event = (uint8_t)event;
    v->kind = in->kind;
    v->flags = in->flags;
    v->is_ready = v->is_learned = false;
    if (how & HOW_UNSEEN)
        note_seen(shape, in->field);
    if (how & HOW_PRESENT)
        raised_add(&m->raised, event, m->net->present[in->field]);
    return at;
}

/* How many values from v on are the same slice, of the joint's fields in their order; 0: a field
 * that rules ask about is not among them, so what the joint's table finds would be raised for it,
 * too. */
static uint32_t joint_length(const struct shape_state *shape, const struct net_joint *joint,
                             const struct event_value *v, const struct event_value *end)
{
    uint32_t n = 1;

    for (uint32_t k = 1; k < joint->n; k++) {
        if (v + n < end && v[n].field == joint->fields[k] && v[n].p == v->p && v[n].n == v->n &&
            v[n].kind == v->kind)
            n++;
        else if (shape->how[joint->fields[k]] & HOW_WANTED)
            return 0;
    }
    return n > 1 ? n : 0;
}

/* The joint that begins with this value, and of how many values; NULL: none. */
static const struct net_joint *find_joint(const struct matcher *m, const struct shape_state *shape,
                                          const struct event_value *v,
                                          const struct event_value *end, uint32_t *n)
{
    const struct net_lists *of = &m->net->joints_of;

    for (uint32_t k = of->first[v->field]; k < of->first[v->field + 1]; k++) {
        const struct net_joint *joint = &m->net->joints[of->at[k]];
        if (!matcher_has_bit(shape->joints, of->at[k]))
            continue;
        *n = joint_length(shape, joint, v, end);
        if (*n)
            return joint;
    }
    return NULL;
}

/* The values of a joint: the first that is wanted is looked at for all, the others come along. How
 * many; 0: no joint begins here. */
static uint32_t prepare_joint(struct matcher *m, struct shape_state *shape, uint32_t event,
                              const struct event_value *in, const struct event_value *end)
{
    uint32_t n, leader = NET_NONE;
    const struct net_joint *joint = find_joint(m, shape, in, end, &n);

    if (!joint)
        return 0;
    for (uint32_t k = 0; k < n; k++) {
        uint8_t how = shape->how[in[k].field];
        if (!(how & HOW_WANTED))
            continue;
        uint32_t at = take_up(m, shape, event, &in[k], how);
        if ((how & HOW_LAZY) || !value_has_text(&m->values[at]))
            continue;
        if (leader == NET_NONE) {
            leader = at;
            m->values[at].table = joint->table;
            prepare_value(m, at);
        } else if (m->values[leader].is_ready) {
            copy_text(&m->values[at], &m->values[leader]);
        }
    }
    return n;
}

/* Take up one event's wanted values. */
static void prepare_event(struct matcher *m, uint32_t number)
{
    const struct event *e = &m->events[number];
    struct shape_state *shape = matcher_shape(m, e->shape);
    const struct event_value *in = e->values, *end = in + e->n_values;

    shape->events++;
    m->first_value[number] = m->n_values;
    while (in < end) {
        uint8_t how = shape->how[in->field];
        uint32_t n = how & HOW_JOINT ? prepare_joint(m, shape, number, in, end) : 0;
        if (n) {
            in += n;
            continue;
        }
        if ((how & HOW_WANTED) && !((how & HOW_LEAVES) && e->has_no_leaves)) {
            uint32_t at = take_up(m, shape, number, in, how);
            if (!(how & HOW_LAZY) && value_has_text(&m->values[at]))
                prepare_value(m, at);
        }
        in++;
    }
}

static void prepare_batch(struct matcher *m, size_t n)
{
    size_t n_values = 0;

    for (size_t i = 0; i < n; i++)
        n_values += m->events[i].n_values;
    arena_reset(m->arena);
    m->values = arena_alloc(m->arena, (n_values + 1) * sizeof *m->values);
    m->places = arena_alloc(m->arena, (n_values + 1) * sizeof *m->places);
    m->scan = arena_alloc(m->arena, (n_values + 1) * sizeof *m->scan);
    if (m->cache)
        m->learned = arena_alloc(m->arena, (n_values + 1) * sizeof *m->learned);
    m->n_learned = 0;
    m->n_values = 0;
    m->n_tables_met = 0;
    m->n_finds = 0;
    m->blocks = (struct text_blocks){.arena = m->arena};
    raised_begin(&m->raised, n);
    for (size_t i = 0; i < n; i++)
        prepare_event(m, (uint32_t)i);
    m->first_value[n] = m->n_values;
}

/* ---- look up and scan ------------------------------------------------------------------------ */

static void take_hits(void *context, const struct literal_hit *hits, uint32_t n)
{
    struct matcher *m = context;

    for (uint32_t i = 0; i < n; i++)
        take_found(m, hits[i].tag, hits[i].id);
}

/* The text may be a number. */
static void look_up_number(struct matcher *m, const struct net_field *f, uint32_t value)
{
    const struct prepared_value *v = &m->values[value];
    char text[NUMBER_TEXT_MAX];

    if (is_plain_integer(v->text)) {
        take_number(m, f->numbers, v->text, value);
        return;
    }
    struct arena *a = m->arena;
    size_t size = v->text.n + 64;
    char *out = size <= sizeof text ? text : arena_alloc(a, size);
    size_t n = decimal_canonical(v->text, out, size <= sizeof text ? sizeof text : size);
    if (n)
        take_number(m, f->numbers, (struct str){out, n}, value);
}

/* What hash look-ups find in a value that is ready. */
static inline void look_up_value(struct matcher *m, const struct net_field *f, uint32_t at)
{
    const struct prepared_value *v = &m->values[at];

    if (f->exact)
        take_exact(m, f->exact, value_folded(v), at);
    if (f->numbers && may_be_number(v->kind, v->text))
        look_up_number(m, f, at);
}

static void scan_values(struct matcher *m, const struct net_field *f,
                        const struct literal_value *values, size_t n)
{
    struct literal_hits hits = {
        .at = m->hit_space, .cap = HITS_CAP, .flush = take_hits, .context = m};

    literal_scan(f->literals, values, n, &hits);
}

static struct literal_value scanned(const struct matcher *m, uint32_t at)
{
    const struct prepared_value *v = &m->values[at];

    return (struct literal_value){v->folded, (uint32_t)v->text.n, at};
}

/* All values for one table: hash look-ups first, then one scan over all of them. */
static void match_table(struct matcher *m, uint32_t table)
{
    const struct net_field *f = &m->net->tables[table];
    size_t n_scan = 0;

    for (uint32_t i = m->table_head[table]; i; i = m->values[i - 1].next) {
        look_up_value(m, f, i - 1);
        m->scan[n_scan++] = scanned(m, i - 1);
    }
    m->table_head[table] = 0;
    if (f->literals)
        scan_values(m, f, m->scan, n_scan);
}

static void look_at(struct matcher *m, const struct net_field *f, uint32_t at)
{
    struct prepared_value *v = &m->values[at];

    if (f->is_short && !v->is_ready && look_up_short(m, f, at))
        return;
    value_ready(v, &m->blocks);
    if (!v->is_ascii && f->beyond_ascii != NET_NONE)
        take_found(m, at, f->beyond_ascii);
    look_up_value(m, f, at);
    if (f->literals) {
        struct literal_value one = scanned(m, at);
        scan_values(m, f, &one, 1);
    }
}

void matcher_look_later(void *matcher, struct prepared_value *v)
{
    struct matcher *m = matcher;
    struct raised_mark mark = raised_mark(&m->raised);

    look_at(m, &m->net->tables[v->table], (uint32_t)(v - m->values));
    raised_since(&m->raised, mark);
}

/* Tell the cache what was found in the values that it wants to know. */
static void learn_values(struct matcher *m)
{
    uint32_t all[VALUE_CACHE_FOUND_MAX];

    for (uint32_t i = 0; i < m->n_learned; i++) {
        struct prepared_value *v = &m->values[m->learned[i]];
        uint32_t n = 0, at = v->found;
        if (!v->is_learned)
            continue;
        for (; at && n < ARRAY_LEN(all); at = m->finds[at - 1].before)
            all[n++] = m->finds[at - 1].found;
        struct value_key key = key_of(v);
        if (at == 0)
            value_cache_put(m->cache, &key, all, n);
    }
}

void matcher_look(struct matcher *m, size_t n)
{
    prepare_batch(m, n);
    for (uint32_t i = 0; i < m->n_tables_met; i++)
        match_table(m, m->tables_met[i]);
    if (m->cache)
        learn_values(m);
}
