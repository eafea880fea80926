/* matcher.c - the batch stages; the evaluation of one event's candidates is eval.c.
 *
 * Invariants while a batch runs: values for one table form a list (table_head, next) in reverse
 * order of arrival; folded texts lie one behind the other in one block with LITERAL_PAD
 * readable bytes at its end; signals of event e are the words [e * words, (e + 1) * words), and
 * a second, 64 times smaller bitmap says which of these words are not zero: an event raises a few
 * dozen of some ten thousand signals, so words that stayed zero are neither read nor cleared.
 * Between batches all signals are zero.
 */
#include "match/matcher.h"

#include "base/decimal.h"
#include "base/str.h"
#include "json/scan.h"
#include "match/eval.h"
#include "match/fold.h"
#include "match/keyword_filter.h"
#include "match/prepare.h"
#include "match/value_cache.h"

#include <stdlib.h>
#include <string.h>

/* Which fields were met, and what rules cost: 0 in a program that `make bench` measures beside the
 * real one, to show that they cost nothing. */
#ifndef MATCHER_STATS
#define MATCHER_STATS 1
#endif

/* Stages go over so many events: what they write of them (values, texts, signals) stays in the
 * second-level cache, and tables are used often enough before the next. With rules that look at
 * forty values of an event, 64 take 0.9 of the time of 128. */
enum { STAGE_EVENTS = 64 };

enum { HITS_CAP = 1024, NUMBER_TEXT_MAX = 96, SHORT_TEXT_MAX = 64, FINDS_MAX = 1 << 16 };

/* Fields with fewer literals are scanned faster than looked up. A field of whose last CACHE_PERIOD
 * values not half were known is left alone for CACHE_MUTE values. */
enum { CACHED_LITERALS_MIN = 1000, CACHE_PERIOD = 1024, CACHE_MUTE = 16384 };

struct cache_use {
    uint32_t asked, hits; /* in this period */
    uint32_t n_muted;     /* values still to be left alone */
};

/* A source found in a value; the finds of one value form a list. */
struct find {
    uint32_t source;
    uint32_t before; /* 1 + index of the one before, 0: none */
};

struct shape_state {
    bool is_known;
    uint32_t n_eligible;
    uint64_t events;
    uint64_t *rules;  /* eligible */
    uint64_t *fields; /* wanted */
    uint64_t *seen;   /* fields met */
};

struct matcher {
    const struct net *net;
    struct extract_worker *worker;
    struct arena *arena; /* of the batch */
    struct arena *home;  /* as long as the matcher */
    struct evaluator *evaluator;
    struct value_cache *cache;   /* NULL: none */
    struct cache_use *cache_use; /* per table */
    struct find *finds;          /* sources found in values that the cache wants */
    uint32_t n_finds;
    uint32_t *learned; /* values of the batch that the cache wants */
    uint32_t n_learned;

    struct shape_state shapes[SHAPES_MAX];
    uint32_t rule_words, field_words, signal_words;

    /* the batch */
    const struct event *events;
    struct prepared_value *values;
    uint32_t n_values;
    struct text_blocks blocks;
    uint32_t first_value[STAGE_EVENTS + 1]; /* values of event i: first_value[i] .. [i + 1] */
    uint32_t *table_head;                   /* per table: 1 + the last value for it, 0 if none */
    uint32_t *tables_met;
    uint32_t n_tables_met;
    uint64_t *signals;
    uint64_t *raised; /* per event: which words of its signals are not zero */
    uint32_t raised_words;
    struct literal_hit hit_space[HITS_CAP];

    struct match *matches;
    size_t n_matches, matches_cap;
    struct matcher_rule_stats *rule_stats;
    uint64_t n_batches;
};

struct matcher *matcher_new(const struct net *net, struct extract_worker *worker, bool has_cache)
{
    struct matcher *m = calloc(1, sizeof *m);

    ASSERT(m != NULL);
    m->net = net;
    m->worker = worker;
    m->arena = arena_new(1 << 20);
    m->home = arena_new(0);
    m->rule_words = route_rule_words(net->route);
    m->field_words = route_field_words(net->route);
    m->signal_words = (net->n_signals + 63) / 64;
    m->table_head = ARENA_ARRAY(m->home, net->n_tables, uint32_t);
    m->tables_met = ARENA_ARRAY(m->home, net->n_tables, uint32_t);
    m->raised_words = (m->signal_words + 63) / 64;
    m->signals = ARENA_ARRAY(m->home, (size_t)m->signal_words * STAGE_EVENTS, uint64_t);
    m->raised = ARENA_ARRAY(m->home, (size_t)m->raised_words * STAGE_EVENTS, uint64_t);
    m->rule_stats = ARENA_ARRAY(m->home, net->plan->n_rules, struct matcher_rule_stats);
    m->evaluator = evaluator_new(net, &m->blocks);
    if (has_cache) {
        m->cache = value_cache_new();
        m->finds = ARENA_ARRAY(m->home, FINDS_MAX, struct find);
        m->cache_use = ARENA_ARRAY(m->home, net->n_tables, struct cache_use);
    }
    return m;
}

void matcher_free(struct matcher *m)
{
    if (!m)
        return;
    evaluator_free(m->evaluator);
    value_cache_free(m->cache);
    arena_free(m->arena);
    arena_free(m->home);
    free(m->matches);
    free(m);
}

void matcher_use_lists(struct matcher *m, const struct list_view *lists)
{
    evaluator_use_lists(m->evaluator, lists);
}

/* ---- route --------------------------------------------------------------------------- */

/* An extract_leaves_fn. */
static bool may_hold_keyword(const void *filter, struct str record)
{
    return keyword_filter_may(filter, record);
}

static void filter_keywords(struct matcher *m, uint32_t shape, const uint64_t *rules)
{
    const struct keyword_filter *filter = keyword_filter_new(m->home, m->net->plan, rules);

    if (filter)
        extract_filter_leaves(m->worker, shape, may_hold_keyword, filter);
}

/* Once per shape: its bitmaps come from the matcher's own arena, SHAPES_MAX at most. */
static struct shape_state *shape_learn(struct matcher *m, uint32_t shape)
{
    struct shape_state *s = &m->shapes[shape];

    s->rules = ARENA_ARRAY(m->home, m->rule_words, uint64_t);
    s->fields = ARENA_ARRAY(m->home, m->field_words, uint64_t);
    s->seen = ARENA_ARRAY(m->home, m->field_words, uint64_t);
    s->n_eligible =
        route_shape(m->net->route, &extract_shape(m->worker, shape)->facts, s->rules, s->fields);
    bool has_keywords = s->fields[FIELD_ANY / 64] >> (FIELD_ANY % 64) & 1;
    extract_want_leaves(m->worker, shape, has_keywords);
    if (has_keywords)
        filter_keywords(m, shape, s->rules);
    s->is_known = true;
    return s;
}

static struct shape_state *shape_of(struct matcher *m, uint32_t shape)
{
    DASSERT(shape < SHAPES_MAX);
    return m->shapes[shape].is_known ? &m->shapes[shape] : shape_learn(m, shape);
}

/* ---- prepare ---------------------------------------------------------------------------- */

static void raise_signal(struct matcher *m, uint32_t event, uint32_t signal)
{
    uint32_t word = signal / 64;

    m->signals[(size_t)event * m->signal_words + word] |= 1ull << (signal % 64);
    m->raised[(size_t)event * m->raised_words + word / 64] |= 1ull << (word % 64);
}

static void raise_source(struct matcher *m, uint32_t event, uint32_t source)
{
    const struct net_lists *l = &m->net->source_signals;

    for (uint32_t i = l->first[source]; i < l->first[source + 1]; i++)
        raise_signal(m, event, l->at[i]);
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

/* Of many fields only whole texts are asked for, and their values are short: these are looked up at
 * once, and prepared only if a rule tests them. False: the value must take the way of all others.
 */
static bool look_up_short(struct matcher *m, uint32_t at)
{
    struct prepared_value *v = &m->values[at];
    const struct net_field *f = &m->net->tables[v->table];
    char folded[SHORT_TEXT_MAX];

    if (f->literals || f->numbers || f->beyond_ascii != NET_NONE || v->raw.n > sizeof folded ||
        (v->flags & JSON_ESCAPED))
        return false;
    if (!f->exact)
        return true;
    if (fold_ascii(folded, v->raw.p, v->raw.n))
        return false;
    v->text = v->raw;
    uint32_t source = exact_find(f->exact, (struct str){folded, v->raw.n});
    if (source != EXACT_NONE)
        take_whole(m, at, source);
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

static bool is_joint(const struct net_joint *joint, const struct event *e, uint32_t i)
{
    const struct event_value *v = &e->values[i];

    if (joint->n > e->n_values - i)
        return false;
    for (uint32_t k = 1; k < joint->n; k++)
        if (v[k].field != joint->fields[k] || v[k].p != v->p || v[k].n != v->n ||
            v[k].kind != v->kind)
            return false;
    return true;
}

/* Do rules want more than one of its fields? */
static bool is_wanted(const struct net_joint *joint, const struct shape_state *shape)
{
    uint32_t n = 0;

    for (uint32_t k = 0; k < joint->n; k++)
        n += shape->fields[joint->fields[k] / 64] >> (joint->fields[k] % 64) & 1;
    return n > 1;
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
        if (is_joint(joint, e, i) && is_wanted(joint, shape)) {
            *out = (struct joined){joint, i + joint->n, NET_NONE};
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
    struct shape_state *shape = shape_of(m, e->shape);
    uint32_t last = (uint32_t)FIELD_NONE; /* members of one field mostly come in a row */
    struct joined joined = {0};

    shape->events++;
    m->first_value[number] = m->n_values;
    for (uint32_t i = 0; i < e->n_values; i++) {
        const struct event_value *in = &e->values[i];
        uint64_t bit = 1ull << (in->field % 64);
        if (i >= joined.end)
            find_joint(m, shape, e, i, &joined);
        if (!(shape->fields[in->field / 64] & bit))
            continue;
        if (MATCHER_STATS)
            shape->seen[in->field / 64] |= bit;
        if (e->has_no_leaves && in->field == FIELD_ANY)
            continue;
        uint32_t at = m->n_values++;
        struct prepared_value *v = &m->values[at];
        *v = (struct prepared_value){.raw = {in->p, in->n},
                                     .field = in->field,
                                     .table = in->field,
                                     .event = number,
                                     .kind = in->kind,
                                     .flags = in->flags};
        if (m->net->present[in->field] != NET_NONE && in->field != last)
            raise_signal(m, number, m->net->present[in->field]);
        last = in->field;
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
    if (m->cache)
        m->learned = arena_alloc(m->arena, (n_values + 1) * sizeof *m->learned);
    m->n_learned = 0;
    m->n_values = 0;
    m->n_tables_met = 0;
    m->n_finds = 0;
    m->blocks.plain_at = arena_alloc(m->arena, bytes * 3);
    m->blocks.folded_at = arena_alloc(m->arena, bytes * 3);
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

    if (v->kind != JSON_NUMBER && v->kind != JSON_STRING)
        return;
    if (v->text.n == 0 || !(v->text.p[0] == '-' || (v->text.p[0] >= '0' && v->text.p[0] <= '9')))
        return;
    struct arena *a = m->arena;
    size_t size = v->text.n + 64;
    char *out = size <= sizeof text ? text : arena_alloc(a, size);
    size_t n = decimal_canonical(v->text, out, size <= sizeof text ? sizeof text : size);
    if (n == 0)
        return;
    uint32_t source = exact_find(f->numbers, (struct str){out, n});
    if (source != EXACT_NONE)
        find_source(m, value, source);
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
        const struct prepared_value *v = &m->values[i - 1];
        if (f->exact) {
            uint32_t source = exact_find(f->exact, v->folded);
            if (source != EXACT_NONE)
                take_whole(m, i - 1, source);
        }
        if (f->numbers)
            look_up_number(m, f, i - 1);
        if (scan)
            scan[n_scan++] = (struct literal_value){v->folded.p, (uint32_t)v->folded.n, i - 1};
    }
    m->table_head[table] = 0;
    if (!scan)
        return;
    struct literal_hits hits = {
        .at = m->hit_space, .cap = HITS_CAP, .flush = take_hits, .context = m};
    literal_scan(f->literals, scan, n_scan, &hits);
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

/* ---- evaluate ------------------------------------------------------------------------------ */

static void add_match(struct matcher *m, uint32_t event, uint32_t rule)
{
    if (m->n_matches == m->matches_cap) { /* doubles until it has met its largest batch */
        m->matches_cap = m->matches_cap ? m->matches_cap * 2 : 256;
        m->matches = realloc(m->matches, m->matches_cap * sizeof *m->matches);
        ASSERT(m->matches != NULL);
    }
    m->matches[m->n_matches++] = (struct match){event, rule};
    m->rule_stats[rule].matches++;
}

/* candidates |= the rules that the signals of word w wake. */
static void wake_word(const struct net *net, uint32_t w, uint64_t signals, uint64_t *candidates)
{
    for (uint64_t bits = signals & net->is_waker[w]; bits; bits &= bits - 1) {
        uint32_t signal = w * 64 + (uint32_t)__builtin_ctzll(bits);
        for (uint32_t i = net->wakes.first[signal]; i < net->wakes.first[signal + 1]; i++)
            candidates[net->wakes.at[i] / 64] |= 1ull << (net->wakes.at[i] % 64);
    }
}

static void wake(const struct matcher *m, uint32_t event, uint64_t *candidates)
{
    const uint64_t *signals = m->signals + (size_t)event * m->signal_words;
    const uint64_t *raised = m->raised + (size_t)event * m->raised_words;

    for (uint32_t r = 0; r < m->raised_words; r++)
        for (uint64_t bits = raised[r]; bits; bits &= bits - 1) {
            uint32_t w = r * 64 + (uint32_t)__builtin_ctzll(bits);
            wake_word(m->net, w, signals[w], candidates);
        }
}

/* Put the event's signals back to zero for the next batch. */
static void lower_signals(struct matcher *m, uint32_t event)
{
    uint64_t *signals = m->signals + (size_t)event * m->signal_words;
    uint64_t *raised = m->raised + (size_t)event * m->raised_words;

    for (uint32_t r = 0; r < m->raised_words; r++) {
        for (uint64_t bits = raised[r]; bits; bits &= bits - 1)
            signals[r * 64 + (uint32_t)__builtin_ctzll(bits)] = 0;
        raised[r] = 0;
    }
}

static void evaluate_event(struct matcher *m, uint32_t number, uint64_t *candidates,
                           bool is_sampled)
{
    const struct event *event = &m->events[number];
    const struct shape_state *shape = &m->shapes[event->shape];
    const uint64_t *signals = m->signals + (size_t)number * m->signal_words;

    if (shape->n_eligible == 0)
        return;
    memcpy(candidates, m->net->always, m->rule_words * sizeof *candidates);
    wake(m, number, candidates);
    evaluator_begin(m->evaluator, event, extract_shape(m->worker, event->shape)->profile, signals,
                    m->values + m->first_value[number],
                    m->first_value[number + 1] - m->first_value[number]);
    for (uint32_t w = 0; w < m->rule_words; w++)
        for (uint64_t bits = candidates[w] & shape->rules[w]; bits; bits &= bits - 1) {
            uint32_t rule = w * 64 + (uint32_t)__builtin_ctzll(bits);
            uint64_t start = is_sampled ? __builtin_ia32_rdtsc() : 0;
            if (evaluator_rule(m->evaluator, rule))
                add_match(m, number, rule);
            if (is_sampled) {
                m->rule_stats[rule].evaluations++;
                m->rule_stats[rule].cost_cycles += __builtin_ia32_rdtsc() - start;
            }
        }
}

/* At most STAGE_EVENTS, of which the first is number `from` of the batch. */
static void run_stages(struct matcher *m, uint32_t from, size_t n, bool is_sampled)
{
    prepare_batch(m, n);
    for (uint32_t i = 0; i < m->n_tables_met; i++)
        match_table(m, m->tables_met[i]);
    if (m->cache)
        learn_values(m);
    uint64_t *candidates = arena_alloc(m->arena, m->rule_words * sizeof *candidates + 8);
    for (uint32_t i = 0; i < n; i++) {
        size_t before = m->n_matches;
        evaluate_event(m, i, candidates, is_sampled);
        lower_signals(m, i);
        for (; before < m->n_matches; before++)
            m->matches[before].event += from;
    }
}

size_t matcher_run(struct matcher *m, const struct event *events, size_t n,
                   const struct match **out)
{
    ASSERT(n <= MATCH_BATCH_MAX);
    m->n_matches = 0;
    bool is_sampled = MATCHER_STATS && m->n_batches++ % MATCH_SAMPLE_EVERY == 0;
    for (size_t i = 0; i < n; i += STAGE_EVENTS) {
        m->events = events + i;
        run_stages(m, (uint32_t)i, n - i < STAGE_EVENTS ? n - i : STAGE_EVENTS, is_sampled);
    }
    *out = m->matches;
    return m->n_matches;
}

/* ---- statistics ---------------------------------------------------------------------------- */

const struct matcher_rule_stats *matcher_rule_stats(const struct matcher *m, uint32_t rule)
{
    ASSERT(rule < m->net->plan->n_rules);
    return &m->rule_stats[rule];
}

struct matcher_shape_stats matcher_shape_stats(const struct matcher *m, uint32_t shape)
{
    ASSERT(shape < SHAPES_MAX);
    return (struct matcher_shape_stats){m->shapes[shape].events, m->shapes[shape].n_eligible};
}

static bool shape_bit(const struct matcher *m, uint32_t shape, const uint64_t *bits, uint32_t i)
{
    return m->shapes[shape].is_known && (bits[i / 64] >> (i % 64) & 1);
}

bool matcher_field_wanted(const struct matcher *m, uint32_t shape, uint32_t field)
{
    return shape_bit(m, shape, m->shapes[shape].fields, field);
}

bool matcher_field_seen(const struct matcher *m, uint32_t shape, uint32_t field)
{
    return shape_bit(m, shape, m->shapes[shape].seen, field);
}

bool matcher_rule_eligible(const struct matcher *m, uint32_t shape, uint32_t rule)
{
    return shape_bit(m, shape, m->shapes[shape].rules, rule);
}

uint64_t matcher_regex_limits(const struct matcher *m)
{
    return evaluator_regex_limits(m->evaluator);
}
