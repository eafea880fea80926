/* matcher_value.c - values of a batch: prepared, looked up and scanned, a stage over all of them;
 * those of lazy fields when a formula asks.
 *
 * Invariants while a batch runs: values for one table form a list (table_head, next) in reverse
 * order of arrival; folded texts lie one behind the other in one block with LITERAL_PAD readable
 * bytes at its end.
 */
#include "match/matcher_impl.h"

#include "base/decimal.h"
#include "base/str.h"
#include "json/scan.h"

/* ---- prepare ---------------------------------------------------------------------------- */

static void raise_source(struct matcher *m, uint32_t event, uint32_t source)
{
    const struct net_lists *l = &m->net->source_signals;

    for (uint32_t i = l->first[source]; i < l->first[source + 1]; i++)
        raised_add(&m->raised, event, l->at[i]);
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
    return a->is_ready && a->raw.p == b->raw.p && a->raw.n == b->raw.n && a->kind == b->kind;
}

static void copy_text(struct prepared_value *v, const struct prepared_value *from)
{
    v->text = from->text;
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

/* True if the cache knows what is in the value: its sources are raised and nothing is left to do.
 */
static bool recall(struct matcher *m, struct prepared_value *v)
{
    struct value_found found;
    struct value_key key = key_of(v);

    if (!is_cached(m, v->table) || !value_cache_find(m->cache, &key, &found, &v->is_learned))
        return false;
    m->cache_use[v->table].hits++;
    for (uint32_t i = 0; i < found.n; i++)
        raise_source(m, v->event, found.sources[i]);
    return true;
}

/* Note that a source was found in a value, for its event and, if the cache wants it, for later. */
static void find_source(struct matcher *m, uint32_t value, uint32_t source)
{
    struct prepared_value *v = &m->values[value];

    raise_source(m, v->event, source);
    if (!v->is_learned)
        return;
    if (m->n_finds == FINDS_MAX) { /* an outlandish batch: this value is not worth remembering */
        v->is_learned = false;
        return;
    }
    m->finds[m->n_finds] = (struct find){source, v->found};
    v->found = ++m->n_finds;
}

/* A whole text was found by its folded letters; some rules want to know the letters. */
static void take_whole(struct matcher *m, uint32_t value, uint32_t source)
{
    const struct net_lists *casings = &m->net->casings;

    find_source(m, value, source);
    for (uint32_t i = casings->first[source]; i < casings->first[source + 1]; i++) {
        const struct net_cased *cased = &m->net->cased[casings->at[i]];
        if (str_eq(m->values[value].text, cased->text))
            find_source(m, value, cased->source);
    }
}

static void take_exact(struct matcher *m, const struct exact_table *t, struct str folded,
                       uint32_t value)
{
    uint32_t source = exact_find(t, folded);

    if (source != EXACT_NONE)
        take_whole(m, value, source);
}

static void take_number(struct matcher *m, const struct exact_table *t, struct str canonical,
                        uint32_t value)
{
    uint32_t source = exact_find(t, canonical);

    if (source != EXACT_NONE)
        find_source(m, value, source);
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
static bool may_be_number(uint8_t kind, struct str text)
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
static bool look_up_short(struct matcher *m, uint32_t at)
{
    struct prepared_value *v = &m->values[at];
    const struct net_field *f = &m->net->tables[v->table];
    uint32_t source = EXACT_NONE;

    if (f->literals || v->raw.n > EXACT_FOLDED_MAX || (v->flags & JSON_ESCAPED) ||
        (f->beyond_ascii != NET_NONE && !f->exact))
        return false;
    bool is_number = f->numbers && may_be_number(v->kind, v->raw);
    if (is_number && !is_plain_integer(v->raw))
        return false;
    if (f->exact && !exact_find_folded(f->exact, v->raw, &source))
        return false;
    v->text = v->raw;
    if (source != EXACT_NONE)
        take_whole(m, at, source);
    if (is_number)
        take_number(m, f->numbers, v->raw, at);
    return true;
}

/* Values with a text go to the stages of their field, unless the cache knows what they hold. */
static void prepare_value(struct matcher *m, uint32_t at)
{
    struct prepared_value *v = &m->values[at];

    if (m->cache && recall(m, v))
        return;
    if (v->is_learned)
        m->learned[m->n_learned++] = at;
    if (look_up_short(m, at))
        return;
    if (at > m->first_value[v->event] && is_same_text(&m->values[at - 1], v))
        copy_text(v, &m->values[at - 1]);
    else
        value_make_ready(v, &m->blocks);
    if (!v->is_ascii && m->net->tables[v->table].beyond_ascii != NET_NONE)
        find_source(m, at, m->net->tables[v->table].beyond_ascii);
    link_value(m, at);
}

/* The values of an event that a joint is for. */
struct joined {
    const struct net_joint *joint; /* NULL: none */
    uint32_t end;                  /* of its values among the event's */
    uint32_t leader;               /* value that is looked at for all of them; NET_NONE: none yet */
};

/* How many values from i on are the same slice, of the joint's fields in their order; 0: a field
 * that rules ask about is not among them, so what the joint's table finds would be raised for it,
 * too. */
static uint32_t joint_length(const struct shape_state *shape, const struct net_joint *joint,
                             const struct event *e, uint32_t i)
{
    const struct event_value *v = &e->values[i];
    uint32_t left = e->n_values - i, n = 1;

    for (uint32_t k = 1; k < joint->n; k++) {
        if (n < left && v[n].field == joint->fields[k] && v[n].p == v->p && v[n].n == v->n &&
            v[n].kind == v->kind)
            n++;
        else if (shape->how[joint->fields[k]] & HOW_WANTED)
            return 0;
    }
    return n > 1 ? n : 0;
}

/* Does a joint begin with value i of the event? */
static void find_joint(const struct matcher *m, const struct shape_state *shape,
                       const struct event *e, uint32_t i, struct joined *out)
{
    const struct net_lists *of = &m->net->joints_of;
    uint32_t field = e->values[i].field;

    out->joint = NULL;
    for (uint32_t k = of->first[field]; k < of->first[field + 1]; k++) {
        const struct net_joint *joint = &m->net->joints[of->at[k]];
        uint32_t n =
            matcher_has_bit(shape->joints, of->at[k]) ? joint_length(shape, joint, e, i) : 0;
        if (n) {
            *out = (struct joined){joint, i + n, NET_NONE};
            return;
        }
    }
}

/* The first of a joint's values is looked at for all, the others come along. */
static void prepare_joined(struct matcher *m, uint32_t at, struct joined *j)
{
    if (j->leader == NET_NONE) {
        j->leader = at;
        m->values[at].table = j->joint->table;
        prepare_value(m, at);
    } else if (m->values[j->leader].is_ready) {
        copy_text(&m->values[at], &m->values[j->leader]);
    }
}

/* Take up one event's wanted values. */
static void prepare_event(struct matcher *m, uint32_t number)
{
    const struct event *e = &m->events[number];
    struct shape_state *shape = matcher_shape(m, e->shape);
    uint32_t last = (uint32_t)FIELD_NONE; /* members of one field mostly come in a row */
    struct joined joined = {0};

    shape->events++;
    m->first_value[number] = m->n_values;
    for (uint32_t i = 0; i < e->n_values; i++) {
        const struct event_value *in = &e->values[i];
        uint8_t how = shape->how[in->field];
        if (i >= joined.end && (joined.joint || (how & HOW_JOINT)))
            find_joint(m, shape, e, i, &joined);
        if (!(how & HOW_WANTED))
            continue;
        if (MATCHER_STATS)
            shape->seen[in->field / 64] |= 1ull << (in->field % 64);
        if (e->has_no_leaves && in->field == FIELD_ANY)
            continue;
        uint32_t at = m->n_values++;
        struct prepared_value *v = &m->values[at];
        m->places[at].field = in->field;
        *v = (struct prepared_value){.raw = {in->p, in->n},
                                     .field = in->field,
                                     .table = in->field,
                                     .event = number,
                                     .kind = in->kind,
                                     .flags = in->flags};
        if ((how & HOW_PRESENT) && in->field != last)
            raised_add(&m->raised, number, m->net->present[in->field]);
        last = in->field;
        if (how & HOW_LAZY)
            continue;
        if (value_has_text(v) && joined.joint)
            prepare_joined(m, at, &joined);
        else if (value_has_text(v))
            prepare_value(m, at);
    }
}

static void prepare_batch(struct matcher *m, size_t n)
{
    size_t n_values = 0, bytes = LITERAL_PAD;

    for (size_t i = 0; i < n; i++) {
        n_values += m->events[i].n_values;
        for (uint32_t k = 0; k < m->events[i].n_values; k++)
            bytes += m->events[i].values[k].n;
    }
    arena_reset(m->arena);
    m->values = arena_alloc(m->arena, (n_values + 1) * sizeof *m->values);
    m->places = arena_alloc(m->arena, (n_values + 1) * sizeof *m->places);
    if (m->cache)
        m->learned = arena_alloc(m->arena, (n_values + 1) * sizeof *m->learned);
    m->n_learned = 0;
    m->n_values = 0;
    m->n_tables_met = 0;
    m->n_finds = 0;
    m->blocks.plain_at = arena_alloc(m->arena, bytes * 3);
    m->blocks.folded_at = arena_alloc(m->arena, bytes * 3);
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
        find_source(m, hits[i].tag, hits[i].id);
}

static void look_up_number(struct matcher *m, const struct net_field *f, uint32_t value)
{
    const struct prepared_value *v = &m->values[value];
    char text[NUMBER_TEXT_MAX];

    if (!may_be_number(v->kind, v->text))
        return;
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
static void look_up_value(struct matcher *m, const struct net_field *f, uint32_t at)
{
    if (f->exact)
        take_exact(m, f->exact, m->values[at].folded, at);
    if (f->numbers)
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

    return (struct literal_value){v->folded.p, (uint32_t)v->folded.n, at};
}

/* All values for one table: hash look-ups first, then one scan over all of them. */
static void match_table(struct matcher *m, uint32_t table)
{
    const struct net_field *f = &m->net->tables[table];
    struct literal_value *scan = NULL;
    size_t n_scan = 0;

    if (f->literals)
        scan = arena_alloc(m->arena, (size_t)m->n_values * sizeof *scan);
    for (uint32_t i = m->table_head[table]; i; i = m->values[i - 1].next) {
        look_up_value(m, f, i - 1);
        if (scan)
            scan[n_scan++] = scanned(m, i - 1);
    }
    m->table_head[table] = 0;
    if (scan)
        scan_values(m, f, scan, n_scan);
}

void matcher_look_later(void *matcher, struct prepared_value *v)
{
    struct matcher *m = matcher;
    const struct net_field *f = &m->net->tables[v->table];
    uint32_t at = (uint32_t)(v - m->values);

    if (!v->is_ready && look_up_short(m, at))
        return;
    value_ready(v, &m->blocks);
    if (!v->is_ascii && f->beyond_ascii != NET_NONE)
        find_source(m, at, f->beyond_ascii);
    look_up_value(m, f, at);
    if (f->literals) {
        struct literal_value one = scanned(m, at);
        scan_values(m, f, &one, 1);
    }
}

/* Tell the cache what was found in the values that it wants to know. */
static void learn_values(struct matcher *m)
{
    uint32_t sources[VALUE_CACHE_SOURCES_MAX];

    for (uint32_t i = 0; i < m->n_learned; i++) {
        struct prepared_value *v = &m->values[m->learned[i]];
        uint32_t n = 0, at = v->found;
        if (!v->is_learned)
            continue;
        for (; at && n < ARRAY_LEN(sources); at = m->finds[at - 1].before)
            sources[n++] = m->finds[at - 1].source;
        struct value_key key = key_of(v);
        if (at == 0)
            value_cache_put(m->cache, &key, sources, n);
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
