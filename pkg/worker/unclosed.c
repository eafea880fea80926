/* unclosed.c - a table by uid: what of a finding was met, and the newest text of its cell.
 *
 * Records of a finding come in any order (they lie in several topics), so closed ones stay in the
 * table, without text.
 */
#include "worker/unclosed.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/pack.h"
#include "base/str.h"
#include "correlate/hit.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 1024, RESTORE_BATCH = 500 };
enum { HAS_CREATE = 1, HAS_UPDATE = 2, HAS_CLOSE = 4 };

struct known {
    uint8_t uid[16];
    uint8_t met;       /* 0: free */
    uint64_t sequence; /* of the record that the text is of */
    struct buf text;   /* packed: rule, tenant, cell */
};

struct unclosed {
    struct known *known;
    size_t n, cap;
    uint64_t n_beyond;
};

struct unclosed *unclosed_new(void)
{
    struct unclosed *u = calloc(1, sizeof *u);

    ASSERT(u);
    return u;
}

void unclosed_free(struct unclosed *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < u->cap; i++)
        buf_release(&u->known[i].text);
    free(u->known);
    free(u);
}

/* Its place, or the free one where it would be. */
static struct known *place_of(struct known *known, size_t cap, const uint8_t uid[16])
{
    size_t i = hash_bytes(uid, 16) & (cap - 1);

    while (known[i].met && memcmp(known[i].uid, uid, sizeof known[i].uid) != 0)
        i = (i + 1) & (cap - 1);
    return &known[i];
}

static void widen(struct unclosed *u)
{
    size_t cap = u->cap ? u->cap * 2 : FIRST_CAP;
    struct known *wider = calloc(cap, sizeof *wider);

    ASSERT(wider);
    for (size_t i = 0; i < u->cap; i++)
        if (u->known[i].met)
            *place_of(wider, cap, u->known[i].uid) = u->known[i];
    free(u->known);
    u->known = wider;
    u->cap = cap;
}

/* NULL: there are too many. */
static struct known *know(struct unclosed *u, const uint8_t uid[16])
{
    if (u->n * 2 >= u->cap && u->n < UNCLOSED_MAX)
        widen(u);
    struct known *k = place_of(u->known, u->cap, uid);
    if (k->met)
        return k;
    if (u->n == UNCLOSED_MAX)
        return NULL;
    u->n++;
    memcpy(k->uid, uid, sizeof k->uid);
    return k;
}

void unclosed_note(struct unclosed *u, const struct store_claim *claim,
                   const struct unclosed_record *record)
{
    struct known *k = know(u, claim->uid);
    uint64_t sequence = claim->kind == FINDING_CREATE ? 1 : claim->sequence;

    if (!k) {
        u->n_beyond++;
        return;
    }
    k->met |= claim->kind == FINDING_CREATE  ? HAS_CREATE
              : claim->kind == FINDING_CLOSE ? HAS_CLOSE
                                             : HAS_UPDATE;
    if (k->met & HAS_CLOSE) {
        buf_release(&k->text);
        return;
    }
    if (!record->cell.n || sequence <= k->sequence)
        return;
    k->sequence = sequence;
    buf_clear(&k->text);
    pack_str(&k->text, record->rule);
    pack_str(&k->text, record->tenant);
    pack_str(&k->text, record->cell);
}

/* ---- back into cells ------------------------------------------------------------------------ */

struct names {
    const struct graph *graph;
    uint32_t *rules; /* by tenant and uid */
};

static int compare_names(struct str tenant, struct str uid, const struct graph *g, uint32_t rule)
{
    int order = str_cmp(tenant, graph_tenant_of(g, rule));

    return order ? order : str_cmp(uid, g->rules[rule].rule->uid);
}

static int by_name(const void *x, const void *y, void *names)
{
    const struct graph *g = ((const struct names *)names)->graph;
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

    return compare_names(graph_tenant_of(g, a), g->rules[a].rule->uid, g, b);
}

static void sort_names(struct names *names, const struct graph *g)
{
    names->graph = g;
    names->rules = calloc(g->n_rules + 1, sizeof *names->rules);
    ASSERT(names->rules);
    for (uint32_t i = 0; i < g->n_rules; i++)
        names->rules[i] = i;
    qsort_r(names->rules, g->n_rules, sizeof *names->rules, by_name, names);
}

static bool find_rule(const struct names *names, struct str tenant, struct str uid, uint32_t *rule)
{
    size_t low = 0, high = names->graph->n_rules;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_names(tenant, uid, names->graph, names->rules[middle]);
        *rule = names->rules[middle];
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

/* A call of the store: what its operations are made of stays where it is. */
struct restoring {
    struct names names;
    struct store *store;
    const struct store_lease *lease;
    struct reopen_reach reach;
    struct unclosed_counts *counts;
    struct reopen cells[RESTORE_BATCH];
    struct hit hits[RESTORE_BATCH];
    struct state_op ops[RESTORE_BATCH];
    size_t n;
};

static bool add_op(struct restoring *r, const struct known *k)
{
    struct unpack u = unpack_from(buf_str(&k->text));
    struct str uid = unpack_str(&u), tenant = unpack_str(&u), cell = unpack_str(&u);
    struct reopen *c = &r->cells[r->n];
    uint32_t rule;

    if (!find_rule(&r->names, tenant, uid, &rule) || !reopen_parse(cell, c) ||
        !reopen_op(r->names.graph, rule, k->uid, r->reach, c, &r->hits[r->n], &r->ops[r->n]))
        return false;
    r->ops[r->n].order = r->n;
    r->n++;
    return true;
}

static enum weir_rc send(struct restoring *r, enum store_answer *answer, struct weir_err *err)
{
    struct store_batch batch = {.ops = r->ops,
                                .n_ops = r->n,
                                .clock = {INT64_MIN},
                                .timer_ms = INT64_MIN,
                                .lease = r->lease};
    const struct emission *told;
    size_t n_told;

    if (r->n == 0)
        return WEIR_OK;
    r->counts->restored += r->n;
    r->n = 0;
    return store_apply(r->store, &batch, &told, &n_told, answer, err);
}

static enum weir_rc restore_all(const struct unclosed *u, struct restoring *r,
                                enum store_answer *answer, struct weir_err *err)
{
    for (size_t i = 0; i < u->cap; i++) {
        const struct known *k = &u->known[i];
        if (!(k->met & HAS_CREATE) || k->met & HAS_CLOSE || !k->text.n)
            continue;
        r->counts->open++;
        if (!add_op(r, k) || r->n < RESTORE_BATCH)
            continue;
        TRY(send(r, answer, err));
        if (*answer != STORE_DONE)
            return WEIR_OK;
    }
    return send(r, answer, err);
}

enum weir_rc unclosed_restore(const struct unclosed *u, struct store *store,
                              const struct store_lease *lease, const struct graph *graph,
                              struct reopen_reach reach, struct unclosed_counts *counts,
                              enum store_answer *answer, struct weir_err *err)
{
    struct restoring *r = calloc(1, sizeof *r);

    ASSERT(r);
    *answer = STORE_DONE;
    *counts = (struct unclosed_counts){.beyond = u->n_beyond};
    r->store = store;
    r->lease = lease;
    r->reach = reach;
    r->counts = counts;
    sort_names(&r->names, graph);
    enum weir_rc rc = restore_all(u, r, answer, err);
    for (size_t i = 0; i < RESTORE_BATCH; i++)
        reopen_release(&r->cells[i]);
    free(r->names.rules);
    free(r);
    return rc;
}
