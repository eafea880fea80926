/* metric_rules.c - values per rule and per profile, over reloads.
 *
 * Each rule set that somebody may still count by has an array for each writer. The newest one has
 * besides what all sets before it had counted, by uid; a set that every writer has left is added to
 * that and goes: by whoever asks for values next, or announces a set. So a sum never falls while a
 * rule lives, and a writer only waits while pointers change.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "worker/metric_impl.h"

/* ---- names ------------------------------------------------------------------------------- */

struct name_place {
    struct str name;
    uint32_t at;
};

static int by_name(const void *a, const void *b)
{
    const struct name_place *x = a, *y = b;

    return str_cmp(x->name, y->name);
}

/* Where each of `from` is in `to`, UINT32_MAX: nowhere. */
static uint32_t *find_names(struct arena *a, const struct str *from, uint32_t n_from,
                            const struct str *to, uint32_t n_to)
{
    struct name_place *sorted = calloc((size_t)n_to + 1, sizeof *sorted);
    uint32_t *out = ARENA_ARRAY(a, n_from + 1, uint32_t);

    ASSERT(sorted);
    for (uint32_t i = 0; i < n_to; i++)
        sorted[i] = (struct name_place){to[i], i};
    qsort(sorted, n_to, sizeof *sorted, by_name);
    for (uint32_t i = 0; i < n_from; i++) {
        struct name_place key = {from[i], 0};
        const struct name_place *found = bsearch(&key, sorted, n_to, sizeof key, by_name);
        out[i] = found ? found->at : UINT32_MAX;
    }
    free(sorted);
    return out;
}

static struct str *copy_names(struct arena *a, const struct str *names, size_t n)
{
    struct str *out = ARENA_ARRAY(a, n + 1, struct str);

    for (size_t i = 0; i < n; i++)
        out[i] = arena_str(a, names[i]);
    return out;
}

/* ---- sums --------------------------------------------------------------------------------- */

static void add_rule(struct metric_rule_sum *to, const struct metric_rule_sum *add)
{
    to->matches += add->matches;
    to->findings += add->findings;
    to->evaluations += add->evaluations;
    to->cycles += add->cycles;
}

static void add_profile(struct metric_profile_sum *to, const struct metric_profile_sum *add)
{
    to->events += add->events;
    if (add->newest_ms > to->newest_ms)
        to->newest_ms = add->newest_ms;
}

/* Of one set: its base and its writers. */
static struct metric_rule_sum rule_sum(const struct metric_board *b, const struct metric_set *s,
                                       uint32_t rule)
{
    struct metric_rule_sum sum = s->base[rule];

    for (size_t w = 0; w < b->n_writers; w++) {
        const struct metric_rule_cell *c = &s->cells[w][rule];
        struct metric_rule_sum add = {cell_get(&c->matches), cell_get(&c->findings),
                                      cell_get(&c->evaluations), cell_get(&c->cycles), 0};
        add_rule(&sum, &add);
        if (cell_get(&c->sight) > sum.sight)
            sum.sight = cell_get(&c->sight);
    }
    return sum;
}

static struct metric_profile_sum profile_sum(const struct metric_board *b,
                                             const struct metric_set *s, uint32_t profile)
{
    struct metric_profile_sum sum = s->profile_base[profile];

    for (size_t w = 0; w < b->n_writers; w++) {
        const struct metric_profile_cell *c = &s->shape_cells[w][profile];
        struct metric_profile_sum add = {cell_get(&c->events), cell_get(&c->newest_ms)};
        add_profile(&sum, &add);
    }
    return sum;
}

/* What s has, by the numbers of the newest set. What a rule can see is no sum: it is judged anew
 * by each set. */
static void add_set(const struct metric_board *b, const struct metric_set *s,
                    struct metric_rule_sum *rules, struct metric_profile_sum *profiles)
{
    for (uint32_t i = 0; rules && i < s->n_rules; i++) {
        struct metric_rule_sum sum = rule_sum(b, s, i), *to;
        if (s->rule_now[i] == UINT32_MAX)
            continue;
        to = &rules[s->rule_now[i]];
        add_rule(to, &sum);
        if (s == b->newest && sum.sight > to->sight)
            to->sight = sum.sight;
    }
    for (uint32_t i = 0; profiles && i < s->n_profiles; i++) {
        struct metric_profile_sum sum = profile_sum(b, s, i);
        if (s->profile_now[i] != UINT32_MAX)
            add_profile(&profiles[s->profile_now[i]], &sum);
    }
}

void metric_rule_sums(const struct metric_board *b, struct metric_rule_sum *out)
{
    memset(out, 0, b->newest->n_rules * sizeof *out);
    for (const struct metric_set *s = b->newest; s; s = s->older)
        add_set(b, s, out, NULL);
}

void metric_profile_sums(const struct metric_board *b, struct metric_profile_sum *out)
{
    memset(out, 0, b->newest->n_profiles * sizeof *out);
    for (const struct metric_set *s = b->newest; s; s = s->older)
        add_set(b, s, NULL, out);
}

/* ---- sets ----------------------------------------------------------------------------------- */

static void free_set(struct metric_board *b, struct metric_set *s)
{
    for (size_t w = 0; w < b->n_writers; w++) {
        free(s->cells[w]);
        free(s->shape_cells[w]);
    }
    arena_free(s->arena);
}

void metric_sets_free(struct metric_board *b)
{
    while (b->newest) {
        struct metric_set *s = b->newest;
        b->newest = s->older;
        free_set(b, s);
    }
}

size_t metric_sets_count(const struct metric_board *b)
{
    size_t n = 0;

    for (const struct metric_set *s = b->newest; s; s = s->older)
        n++;
    return n;
}

/* The least number that a writer counts by. One that counts by none yet does not count: it begins
 * with the newest. */
static uint64_t least_in_use(const struct metric_board *b)
{
    uint64_t least = UINT64_MAX;

    for (size_t w = 0; w < b->n_writers; w++)
        if (b->writers[w].set_number && b->writers[w].set_number < least)
            least = b->writers[w].set_number;
    return least;
}

/* The oldest set if all writers have left it, off the list; else NULL. Numbers only rise along a
 * writer's life: what all have left nobody comes back to. */
static struct metric_set *take_left_set(struct metric_board *b)
{
    struct metric_set *left = NULL, **at = &b->newest;

    pthread_mutex_lock(&b->sets_lock);
    while (*at && (*at)->older)
        at = &(*at)->older;
    if (*at && *at != b->newest && least_in_use(b) != UINT64_MAX &&
        (*at)->number < least_in_use(b)) {
        left = *at;
        *at = NULL;
    }
    pthread_mutex_unlock(&b->sets_lock);
    return left;
}

void metric_fold_sets(struct metric_board *b)
{
    struct metric_set *left;

    while ((left = take_left_set(b)) != NULL) {
        add_set(b, left, b->newest->base, b->newest->profile_base);
        free_set(b, left);
    }
}

static struct metric_set *new_set(const struct metric_board *b, const struct metric_ruleset *r)
{
    struct arena *a = arena_new(0);
    struct metric_set *s = ARENA_NEW(a, struct metric_set);

    s->arena = a;
    s->number = r->number;
    s->generation = arena_str(a, r->generation);
    s->loaded_ms = r->loaded_ms;
    s->n_rules = (uint32_t)r->n_rules;
    s->n_profiles = (uint32_t)r->n_profiles + 1;
    s->rules = copy_names(a, r->rules, r->n_rules);
    s->profiles = copy_names(a, r->profiles, r->n_profiles);
    s->profiles[r->n_profiles] = STR("unknown");
    s->base = ARENA_ARRAY(a, s->n_rules + 1, struct metric_rule_sum);
    s->profile_base = ARENA_ARRAY(a, s->n_profiles, struct metric_profile_sum);
    s->cells = ARENA_ARRAY(a, b->n_writers, struct metric_rule_cell *);
    s->shape_cells = ARENA_ARRAY(a, b->n_writers, struct metric_profile_cell *);
    for (size_t w = 0; w < b->n_writers; w++) {
        s->cells[w] = calloc((size_t)s->n_rules + 1, sizeof *s->cells[w]);
        s->shape_cells[w] = calloc(s->n_profiles, sizeof *s->shape_cells[w]);
        ASSERT(s->cells[w] && s->shape_cells[w]);
    }
    return s;
}

/* Who took the set before it was announced counts by it from now on. */
static void give_set(struct metric_board *b, struct metric_set *s)
{
    for (size_t w = 0; w < b->n_writers; w++)
        if (b->writers[w].set_number == s->number)
            atomic_store_explicit(&b->writers[w].set, s, memory_order_release);
}

void metric_set_rules(struct metric_board *b, const struct metric_ruleset *r)
{
    struct metric_set *s = new_set(b, r);

    pthread_mutex_lock(&b->lock);
    ASSERT(!b->newest || b->newest->number < r->number);
    s->older = b->newest;
    for (struct metric_set *o = s; o; o = o->older) {
        o->rule_now = find_names(o->arena, o->rules, o->n_rules, s->rules, s->n_rules);
        o->profile_now =
            find_names(o->arena, o->profiles, o->n_profiles, s->profiles, s->n_profiles);
    }
    pthread_mutex_lock(&b->sets_lock);
    b->newest = s;
    give_set(b, s);
    pthread_mutex_unlock(&b->sets_lock);
    /* What the set before had inherited goes on to the next with the set itself: its base is part
     * of its sums. */
    metric_fold_sets(b);
    pthread_mutex_unlock(&b->lock);
}

void metric_reloaded(struct metric_board *b, bool is_ok)
{
    pthread_mutex_lock(&b->lock);
    b->reloads[is_ok]++;
    pthread_mutex_unlock(&b->lock);
}

void metric_use_rules(struct metric_lane *l, uint64_t number)
{
    struct metric_board *b = l->board;
    struct metric_set *s;

    pthread_mutex_lock(&b->sets_lock);
    ASSERT(number >= l->set_number);
    for (s = b->newest; s && s->number != number; s = s->older)
        ;
    atomic_store_explicit(&l->set, s, memory_order_release);
    l->set_number = number;
    pthread_mutex_unlock(&b->sets_lock);
}

/* ---- counting ------------------------------------------------------------------------------ */

static struct metric_set *set_of(struct metric_lane *l)
{
    /* acquire: pairs with the stores under the lock */
    return atomic_load_explicit(&l->set, memory_order_acquire);
}

/* NULL: not counted. */
static struct metric_rule_cell *rule_cell(struct metric_lane *l, uint32_t rule)
{
    struct metric_set *s = set_of(l);

    return s && rule < s->n_rules ? &s->cells[l->writer][rule] : NULL;
}

void metric_rule_match(struct metric_lane *l, uint32_t rule)
{
    struct metric_rule_cell *c = rule_cell(l, rule);

    if (c)
        cell_add(&c->matches, 1);
}

void metric_rule_finding(struct metric_lane *l, uint32_t rule)
{
    struct metric_rule_cell *c = rule_cell(l, rule);

    if (c)
        cell_add(&c->findings, 1);
}

void metric_profile(struct metric_lane *l, uint32_t profile, uint64_t n, int64_t now_ms)
{
    struct metric_set *s = set_of(l);

    if (s && profile == METRIC_NO_PROFILE)
        profile = s->n_profiles - 1;
    if (!s || profile >= s->n_profiles)
        return;
    struct metric_profile_cell *c = &s->shape_cells[l->writer][profile];
    cell_add(&c->events, n);
    cell_set(&c->newest_ms, (uint64_t)now_ms);
}

void metric_rule_use(struct metric_lane *l, uint32_t rule, const struct metric_rule_use *use)
{
    struct metric_rule_cell *c = rule_cell(l, rule);

    if (!c)
        return;
    cell_add(&c->evaluations, use->evaluations);
    cell_add(&c->cycles, use->cycles);
    if (use->sight > cell_get(&c->sight))
        cell_set(&c->sight, use->sight);
}
