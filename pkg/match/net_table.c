/* net_table.c - what is looked for in values, as tables: one per field, one per joint.
 *
 * A joint's table is made of copies of its fields' sources; a copy raises what the sources that it
 * stands for raise (docs/decisions/0023).
 */
#include "match/net_impl.h"

#include <string.h>

/* ---- tables ---- */

static uint32_t found_of(const struct net *net, uint32_t source)
{
    const struct net_lists *signals = &net->source_signals, *casings = &net->casings;
    uint32_t first = signals->first[source];
    bool is_one = signals->first[source + 1] == first + 1 &&
                  casings->first[source + 1] == casings->first[source];

    return is_one ? signals->at[first] | NET_FOUND_SIGNAL : source;
}

/* All sources of one kind and field, as the builder of its table wants them. */
static void build_field(struct compiler *c, const struct net *net, struct net_field *f,
                        const uint32_t *sources, uint32_t n)
{
    const struct source *all = c->sources.items;
    struct exact_entry *exact = ARENA_ARRAY(c->temp, n, struct exact_entry);
    struct exact_entry *numbers = ARENA_ARRAY(c->temp, n, struct exact_entry);
    struct literal *literals = ARENA_ARRAY(c->temp, n, struct literal);
    size_t n_exact = 0, n_numbers = 0, n_literals = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct source *s = &all[sources[i]];
        uint32_t found = found_of(net, sources[i]);
        if (s->kind == SOURCE_EXACT)
            exact[n_exact++] = (struct exact_entry){s->text, found};
        else if (s->kind == SOURCE_NUMBER)
            numbers[n_numbers++] = (struct exact_entry){s->text, found};
        else if (s->kind == SOURCE_LITERAL)
            literals[n_literals++] = (struct literal){s->text, found, s->where};
        else if (s->kind == SOURCE_BEYOND)
            f->beyond_ascii = found;
    }
    if (n_exact)
        f->exact = exact_new(c->arena, exact, n_exact);
    if (n_numbers)
        f->numbers = exact_new(c->arena, numbers, n_numbers);
    f->n_literals = (uint32_t)n_literals;
    if (n_literals)
        f->literals = literal_set_new(c->arena, literals, n_literals);
    f->is_short = !f->literals && (f->exact || f->beyond_ascii == NET_NONE);
}

/* Sources in order of their table: those of table i are at[first[i] .. first[i + 1]). */
static struct net_lists sources_by_table(struct compiler *c, uint32_t n_tables)
{
    const struct source *all = c->sources.items;
    uint32_t *first = ARENA_ARRAY(c->temp, n_tables + 1, uint32_t);
    uint32_t *fill = ARENA_ARRAY(c->temp, n_tables, uint32_t);
    uint32_t *sorted = ARENA_ARRAY(c->temp, c->sources.n, uint32_t);

    for (uint32_t i = 0; i < c->sources.n; i++)
        first[all[i].field + 1]++;
    for (uint32_t i = 0; i < n_tables; i++)
        first[i + 1] += first[i];
    for (uint32_t i = 0; i < c->sources.n; i++)
        sorted[first[all[i].field] + fill[all[i].field]++] = i;
    return (struct net_lists){first, sorted};
}

static const struct net_cased *spellings(struct compiler *c, const struct net *net)
{
    struct net_cased *cased = c->cased.items;

    for (uint32_t i = 0; i < c->cased.n; i++)
        cased[i].found = found_of(net, cased[i].found);
    return cased;
}

void net_make_tables(struct compiler *c, struct net *net)
{
    struct net_lists sources = sources_by_table(c, net->n_tables);
    struct net_field *tables = ARENA_ARRAY(c->arena, net->n_tables, struct net_field);
    uint32_t n_fields = field_count(c->plan->fields);

    net->source_signals = net_lists_of(c, &c->pairs, c->sources.n);
    net->casings = net_lists_of(c, &c->casings, c->sources.n);
    net->cased = spellings(c, net);
    for (uint32_t i = 0; i < net->n_tables; i++) {
        tables[i] = (struct net_field){.beyond_ascii = NET_NONE};
        build_field(c, net, &tables[i], sources.at + sources.first[i],
                    sources.first[i + 1] - sources.first[i]);
    }
    net->tables = tables;
    uint32_t *present = ARENA_ARRAY(c->arena, n_fields, uint32_t);
    memcpy(present, c->present_of, n_fields * sizeof *present);
    net->present = present;
    uint32_t *fields = ARENA_ARRAY(c->arena, c->n_signals, uint32_t);
    for (uint32_t i = 0; i < c->n_signals; i++)
        fields[i] = NET_NONE;
    for (uint32_t i = 0; i < n_fields; i++)
        if (present[i] != NET_NONE)
            fields[present[i]] = i;
    net->present_field = fields;
}

/* ---- fields that share a path --------------------------------------------------------------- */

/* A joint repeats the texts of its fields. Where all but one of them look for next to nothing, they
 * do so themselves sooner than large tables are made twice. */
enum { JOINT_OTHERS = 16, JOINT_SMALL = 256, JOINTS_MAX = 512 };

static bool is_worth_joining(const struct net_lists *sources, const struct shared_path *p)
{
    uint32_t all = 0, most = 0;

    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t n = sources->first[p->fields[i] + 1] - sources->first[p->fields[i]];
        all += n;
        most = n > most ? n : most;
    }
    return all > most && (all < JOINT_SMALL || (all - most) * JOINT_OTHERS >= all);
}

struct joining {
    struct compiler *c;
    struct net_lists sources; /* by field */
    struct net_lists signals, casings;
};

static uint32_t source_at_table(struct compiler *c, uint32_t source, uint32_t table)
{
    struct source s = ((const struct source *)c->sources.items)[source];

    s.field = table;
    return net_source_for(c, s);
}

/* The spellings of a whole text that the field asks about: those of the joint's table. */
static void join_casings(struct joining *j, uint32_t source, uint32_t table)
{
    struct compiler *c = j->c;

    for (uint32_t i = j->casings.first[source]; i < j->casings.first[source + 1]; i++) {
        struct net_cased cased = ((const struct net_cased *)c->cased.items)[j->casings.at[i]];
        uint32_t from = source_at_table(c, source, table), known = c->sources.n;
        cased.found = source_at_table(c, cased.found, table);
        if (cased.found != known)
            continue; /* another field of the joint asks about it, too */
        *(struct pair *)vec_push(c->temp, &c->casings, sizeof(struct pair)) =
            (struct pair){from, c->cased.n};
        *(struct net_cased *)vec_push(c->arena, &c->cased, sizeof cased) = cased;
    }
}

/* What is found by the table raises what it would raise in the field. */
static void join_field(struct joining *j, uint32_t field, uint32_t table)
{
    struct compiler *c = j->c;

    for (uint32_t i = j->sources.first[field]; i < j->sources.first[field + 1]; i++) {
        uint32_t source = j->sources.at[i];
        uint32_t from = source_at_table(c, source, table);
        for (uint32_t k = j->signals.first[source]; k < j->signals.first[source + 1]; k++)
            *(struct pair *)vec_push(c->temp, &c->pairs, sizeof(struct pair)) =
                (struct pair){from, j->signals.at[k]};
    }
}

static void make_joint(struct joining *j, const struct shared_path *p, uint32_t table)
{
    for (uint32_t f = 0; f < p->n; f++)
        for (uint32_t i = j->sources.first[p->fields[f]]; i < j->sources.first[p->fields[f] + 1];
             i++)
            join_casings(j, j->sources.at[i], table);
    for (uint32_t f = 0; f < p->n; f++)
        join_field(j, p->fields[f], table);
}

void net_make_joints(struct compiler *c, struct net *net)
{
    const struct shared_path *paths;
    size_t n = extractor_shared_paths(c->plan->extractor, c->arena, &paths);
    uint32_t n_fields = field_count(c->plan->fields);
    struct net_joint *joints = ARENA_ARRAY(c->arena, JOINTS_MAX, struct net_joint);
    struct joining j = {.c = c, .sources = sources_by_table(c, n_fields)};
    struct vec begins = {0};
    uint32_t n_joints = 0;

    j.signals = net_lists_of(c, &c->pairs, c->sources.n);
    j.casings = net_lists_of(c, &c->casings, c->sources.n);
    for (size_t i = 0; i < n && n_joints < JOINTS_MAX; i++) {
        if (!is_worth_joining(&j.sources, &paths[i]))
            continue;
        *(struct pair *)vec_push(c->temp, &begins, sizeof(struct pair)) =
            (struct pair){paths[i].fields[0], n_joints};
        make_joint(&j, &paths[i], n_fields + n_joints);
        joints[n_joints] = (struct net_joint){paths[i].fields, paths[i].n, n_fields + n_joints};
        n_joints++;
    }
    net->joints = joints;
    net->n_joints = n_joints;
    net->joints_of = net_lists_of(c, &begins, n_fields);
    net->n_tables = n_fields + n_joints;
}
