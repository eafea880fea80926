/* way.c - see way.h.
 *
 * A root is filed under a hash of the length and the ends of its keys. Members with one key stand
 * in document order behind each other; where there are two, the question is not ours.
 */
#include "event/way.h"

#include "base/str.h"

/* First and last eight bytes, or what there is of them; keys are a few words at most. */
static uint32_t slot_of(struct str key)
{
    uint64_t head = 0, tail = 0;

    if (key.n >= sizeof(head)) {
        memcpy(&head, key.p, sizeof(head));
        memcpy(&tail, key.p + key.n - sizeof(tail), sizeof(tail));
    } else {
        for (size_t i = 0; i < key.n; i++)
            head = head << 8 | (uint8_t)key.p[i];
    }
    uint64_t h = (head ^ key.n) * 0x9E3779B97F4A7C15ull ^ tail * 0xC2B2AE3D27D4EB4Full;
    return (uint32_t)(h >> 32) % ROOT_SLOTS;
}

static void add_slot(uint64_t slots[static ROOT_SLOTS / 64], uint32_t slot)
{
    slots[slot / 64] |= 1ull << (slot % 64);
}

void event_tree_file_root(struct event_tree *t)
{
    const struct extract_options *o = t->options;
    size_t n = 0;

    if (t->root->type != JSON_T_OBJECT)
        return;
    for (size_t i = 0; o && i < o->n_constants; i++)
        add_slot(t->filed_at, slot_of(o->constants[i].name));
    for (const struct json_node *m = t->root->first; m; m = m->next) {
        uint32_t at = slot_of(m->key);
        if (n++ == ROOT_KEYS_MAX)
            return;
        add_slot(t->filed_at, at);
        while (t->filed[at])
            at = (at + 1) % ROOT_SLOTS;
        t->filed[at] = m;
    }
    t->is_filed = true;
}

/* The first member of the root with the key, which begins its search at the slot. */
static const struct json_node *member(const struct event_tree *t, struct str key, uint32_t slot,
                                      bool *has_more)
{
    const struct json_node *first = NULL;

    *has_more = false;
    for (; t->filed[slot]; slot = (slot + 1) % ROOT_SLOTS) {
        if (!str_eq(t->filed[slot]->key, key))
            continue;
        if (first) {
            *has_more = true;
            break;
        }
        first = t->filed[slot];
    }
    return first;
}

/* Is there a member of the root that is the beginning of a path with dots? */
static bool has_beginning(const struct event_tree *t, const struct way_source *s)
{
    bool ignored;

    for (size_t i = 0; i < s->n_heads; i++)
        if (member(t, (struct str){s->path.p, s->heads[i].n}, s->heads[i].slot, &ignored))
            return true;
    return false;
}

static bool is_given(const struct event_tree *t, struct str field)
{
    const struct extract_options *o = t->options;

    for (size_t i = 0; o && i < o->n_constants; i++)
        if (str_eq(o->constants[i].name, field))
            return true;
    return false;
}

static enum way_answer scalar_of(const struct json_node *node, struct field_value *out)
{
    enum json_kind kind;

    switch (node->type) {
    case JSON_T_STRING:
        kind = JSON_STRING;
        break;
    case JSON_T_NUMBER:
        kind = JSON_NUMBER;
        break;
    case JSON_T_BOOL:
        kind = node->is_true ? JSON_TRUE : JSON_FALSE;
        break;
    default:
        return WAY_ASK; /* null gives way to the next path */
    }
    *out = (struct field_value){.kind = kind, .text = node->text};
    return WAY_ONE;
}

enum way_answer way_value(const struct event_tree *t, const struct field_way *way,
                          struct field_value *out)
{
    if (!t->is_filed || way->is_asked || is_given(t, way->field))
        return WAY_ASK;
    for (size_t i = 0; i < way->n_sources; i++) {
        const struct way_source *s = &way->sources[i];
        bool has_more;
        const struct json_node *node = member(t, s->path, s->slot, &has_more);
        if (has_more || (node && s->is_derived) || has_beginning(t, s))
            return WAY_ASK;
        if (!node)
            continue;
        enum way_answer answer = scalar_of(node, out);
        if (answer == WAY_ONE && way->map) {
            struct str text = value_map_apply(way->map, out->text);
            if (text.p != out->text.p)
                *out = (struct field_value){.kind = JSON_STRING, .text = text};
        }
        return answer;
    }
    return WAY_NOTHING;
}

static const struct field_way *listed_way(const struct profile *p, struct str field)
{
    for (size_t i = 0; i < p->n_evidence; i++)
        if (str_eq(p->evidence[i].field, field))
            return p->evidence[i].way;
    for (size_t i = 0; i < p->n_entities; i++)
        for (size_t k = 0; k < p->entities[i].fields.n; k++)
            if (str_eq(p->entities[i].fields.items[k], field))
                return &p->entities[i].ways[k];
    return NULL;
}

struct field_values event_lookup_listed(struct arena *a, const struct event_tree *t,
                                        struct str field)
{
    const struct field_way *way = t->is_filed ? listed_way(t->reader, field) : NULL;
    struct field_value one;

    switch (way ? way_value(t, way, &one) : WAY_ASK) {
    case WAY_NOTHING:
        return (struct field_values){0};
    case WAY_ONE:
        break;
    default:
        return event_lookup(a, t, field);
    }
    struct field_values out = {arena_alloc(a, sizeof(one)), 1};
    out.items[0] = one;
    return out;
}

/* ---- when profiles load ---------------------------------------------------------------- */

static void find_heads(struct arena *a, struct way_source *s)
{
    struct way_head *heads = ARENA_ARRAY(a, s->path.n, struct way_head);

    for (size_t n = 0; n < s->path.n; n++)
        if (s->path.p[n] == '.')
            heads[s->n_heads++] =
                (struct way_head){(uint32_t)n, slot_of((struct str){s->path.p, n})};
    s->heads = heads;
}

static struct field_way way_of(struct arena *a, const struct profile *p, struct str field)
{
    struct field_source found[PATHS_PER_FIELD_MAX];
    bool is_asked = str_eq(field, STR(FIELD_ANY_NAME)) || field_is_pseudo(field) ||
                    profile_constants(p, field) != NULL;
    struct field_way way = {.field = field, .is_asked = is_asked};

    if (is_asked)
        return way;
    way.map = profile_value_map(p, field);
    way.n_sources = profile_field_sources(a, p, field, found);
    struct way_source *sources = ARENA_ARRAY(a, way.n_sources, struct way_source);
    for (size_t i = 0; i < way.n_sources; i++) {
        struct str path = found[i].path;
        sources[i] = (struct way_source){
            .path = path, .slot = slot_of(path), .is_derived = found[i].derive != NULL};
        find_heads(a, &sources[i]);
    }
    way.sources = sources;
    add_slot(way.slots, slot_of(field));
    for (size_t i = 0; i < way.n_sources; i++) {
        add_slot(way.slots, sources[i].slot);
        for (size_t k = 0; k < sources[i].n_heads; k++)
            add_slot(way.slots, sources[i].heads[k].slot);
    }
    return way;
}

void profile_find_ways(struct arena *a, struct profile *p)
{
    struct profile_entity *entities = ARENA_ARRAY(a, p->n_entities, struct profile_entity);
    struct profile_evidence *evidence = ARENA_ARRAY(a, p->n_evidence, struct profile_evidence);

    for (size_t i = 0; i < p->n_entities; i++) {
        struct str_list fields = p->entities[i].fields;
        struct field_way *ways = ARENA_ARRAY(a, fields.n, struct field_way);
        for (size_t k = 0; k < fields.n; k++)
            ways[k] = way_of(a, p, fields.items[k]);
        entities[i] = p->entities[i];
        entities[i].ways = ways;
    }
    for (size_t i = 0; i < p->n_evidence; i++) {
        struct field_way *way = ARENA_NEW(a, struct field_way);
        *way = way_of(a, p, p->evidence[i].field);
        evidence[i] = p->evidence[i];
        evidence[i].way = way;
    }
    p->entities = entities;
    p->evidence = evidence;
}
