/* addends.c - see addends.h. One open hash table per list, entries folded where the list says so.
 */
#include "correlate/addends.h"

#include "base/hash.h"
#include "base/str.h"
#include "state/finding.h"

enum { ADDEND_LISTS = 3, VALUE_MAX = 512 /* longer values are on no list */ };

enum { ASSETS, USERS, VALUES };

static const struct {
    struct str list, name;
    int32_t points;
} KINDS[ADDEND_LISTS] = {
    [ASSETS] = {STR("critical_assets"), STR("asset_criticality"), ADDENDS_ASSET},
    [USERS] = {STR("critical_users"), STR("user_criticality"), ADDENDS_USER},
    [VALUES] = {STR("sensitive_values"), STR("sensitive_value"), ADDENDS_VALUE},
};

struct slot {
    struct str text; /* p NULL: free */
    int32_t points;
};

struct table {
    struct slot *slots; /* NULL: there is no such list */
    size_t mask;
    bool is_folded;
};

/* A list that rules of their own accord weigh by. */
struct weights {
    struct str list;
    struct table table;
};

struct addends {
    struct table tables[ADDEND_LISTS];
    bool asks_events; /* there is one of these */
    struct weights *weights;
    size_t n_weights;
};

_Static_assert(ADDEND_LISTS + ADDENDS_OWN_MAX <= FINDING_ADDENDS_MAX, "all addends of one event");

static struct slot *slot_of(const struct table *t, struct str text)
{
    for (size_t i = hash_str(text) & t->mask;; i = (i + 1) & t->mask)
        if (!t->slots[i].text.p || str_eq(t->slots[i].text, text))
            return &t->slots[i];
}

static struct str folded(struct str text, char *room)
{
    for (size_t i = 0; i < text.n; i++)
        room[i] = ascii_lower(text.p[i]);
    return (struct str){room, text.n};
}

static void fill(struct arena *a, struct table *t, const struct list *list, int32_t points)
{
    size_t slots = 16;

    while (slots < 2 * list->n_entries)
        slots *= 2;
    t->slots = ARENA_ARRAY(a, slots, struct slot);
    t->mask = slots - 1;
    t->is_folded = list->mode == LIST_CI;
    for (size_t i = 0; i < list->n_entries; i++) {
        struct str entry = list_entry(list, i);
        entry = t->is_folded ? folded(entry, arena_alloc(a, entry.n + 1)) : arena_str(a, entry);
        struct slot *slot = slot_of(t, entry);
        int32_t own =
            list->points && list->points[i] != LIST_POINTS_NONE ? list->points[i] : points;
        if (!slot->text.p || own > slot->points)
            *slot = (struct slot){entry, own};
    }
}

static enum weir_rc check_mode(const struct list *list, struct weir_err *err)
{
    if (list->mode == LIST_CI || list->mode == LIST_EXACT)
        return WEIR_OK;
    enum weir_rc rc =
        err_set(err, WEIR_UNSUPPORTED,
                "the list '%.*s' adds to scores: its mode must be ci or exact, not %s",
                (int)list->name.n, list->name.p, list_mode_name(list->mode));
    err_file(err, list->path);
    return rc;
}

static enum weir_rc add_weights(struct arena *a, const struct list_set *lists,
                                struct str_list names, struct addends *t, struct weir_err *err)
{
    t->weights = ARENA_ARRAY(a, names.n, struct weights);
    for (size_t i = 0; i < names.n; i++) {
        const struct list *list = list_find(lists, names.items[i]);
        if (!list || !list->points)
            continue;
        TRY(check_mode(list, err));
        struct weights *w = &t->weights[t->n_weights++];
        w->list = arena_str(a, list->name);
        fill(a, &w->table, list, 0);
    }
    return WEIR_OK;
}

enum weir_rc addends_new(struct arena *a, const struct list_set *lists, struct str_list weighing,
                         const struct addends **out, struct weir_err *err)
{
    struct addends *t = ARENA_NEW(a, struct addends);

    for (size_t i = 0; i < ADDEND_LISTS; i++) {
        const struct list *list = list_find(lists, KINDS[i].list);
        if (!list)
            continue;
        TRY(check_mode(list, err));
        fill(a, &t->tables[i], list, KINDS[i].points);
        t->asks_events = true;
    }
    TRY(add_weights(a, lists, weighing, t, err));
    *out = t->asks_events || t->n_weights ? t : NULL;
    return WEIR_OK;
}

static const struct table *weights_of(const struct addends *t, struct str list)
{
    for (size_t i = 0; t && i < t->n_weights; i++)
        if (str_eq(t->weights[i].list, list))
            return &t->weights[i].table;
    return NULL;
}

bool addends_use(const struct addends *t, struct str list)
{
    for (size_t i = 0; i < ADDEND_LISTS; i++)
        if (str_eq(list, KINDS[i].list))
            return true;
    return weights_of(t, list) != NULL;
}

bool addends_ask_events(const struct addends *t)
{
    return t->asks_events;
}

/* ---- asking ----------------------------------------------------------------------------- */

/* The best hit of one list. */
struct hits {
    bool has;
    int32_t points;
    struct str about; /* role or field */
};

static void ask(const struct table *t, struct str text, struct str about, struct hits *hits)
{
    char room[VALUE_MAX];

    if (!t->slots || text.n == 0 || text.n > VALUE_MAX)
        return;
    const struct slot *slot = slot_of(t, t->is_folded ? folded(text, room) : text);
    if (slot->text.p && (!hits->has || slot->points > hits->points))
        *hits = (struct hits){true, slot->points, about};
}

static int kind_of(const struct event_entity *e)
{
    if (str_eq(e->ocsf, STR("user")))
        return USERS;
    return str_eq(e->ocsf, STR("process")) || str_eq(e->ocsf, STR("file")) ? -1 : ASSETS;
}

static struct str why_of(struct buf *text, const struct hits *hits, size_t kind)
{
    size_t from = text->n;

    buf_add(text, str_sub(hits->about, 0, CAPSULE_NAME_MAX));
    buf_add(text, STR(" is on list "));
    buf_add(text, KINDS[kind].list);
    return (struct str){text->p + from, text->n - from};
}

bool addends_weigh(const struct addends *t, struct str list, struct str value, int32_t *points)
{
    const struct table *table = weights_of(t, list);
    struct hits hits = {0};

    if (table)
        ask(table, value, STR(""), &hits);
    *points = hits.points;
    return hits.has && hits.points != 0;
}

static void pack_hits(const struct hits *hits, const struct finding_addend *own, size_t n_own,
                      struct buf *out)
{
    struct finding_addend list[ADDEND_LISTS + ADDENDS_OWN_MAX];
    char room[ADDEND_LISTS][2 * CAPSULE_NAME_MAX];
    size_t n = 0;

    for (size_t i = 0; i < ADDEND_LISTS; i++) {
        struct buf text = {room[i], 0, sizeof room[i]};
        if (hits[i].has)
            list[n++] =
                (struct finding_addend){KINDS[i].name, hits[i].points, why_of(&text, &hits[i], i)};
    }
    for (size_t i = 0; i < n_own; i++)
        list[n++] = own[i];
    finding_addends_pack(list, n, out);
}

void addends_of(const struct addends *t, const struct event_entity *entities, size_t n_entities,
                const struct event_field *fields, size_t n_fields, const struct finding_addend *own,
                size_t n_own, struct buf *out)
{
    struct hits hits[ADDEND_LISTS] = {{0}};

    for (size_t i = 0; i < n_entities; i++) {
        int kind = kind_of(&entities[i]);
        if (kind < 0)
            continue;
        ask(&t->tables[kind], entities[i].key, entities[i].role, &hits[kind]);
        ask(&t->tables[kind], entities[i].value, entities[i].role, &hits[kind]);
    }
    for (size_t i = 0; i < n_fields; i++)
        ask(&t->tables[VALUES], fields[i].value, fields[i].name, &hits[VALUES]);
    pack_hits(hits, own, n_own, out);
}
