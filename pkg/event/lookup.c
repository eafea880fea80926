/* lookup.c - fields of an event by walking its whole tree: the obvious way.
 *
 * Every question starts from the root and from the profile as it was written. Nothing is
 * shared with extract_*.c on purpose: the two are tested against each other.
 */
#include "event/lookup.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/time.h"
#include "event/lookup_impl.h"
#include "event/profile_impl.h"
#include "event/transport.h"
#include "event/way.h"

/* ---- keys of the root ------------------------------------------------------------------- */

/* Which of the bits stands for a key: by its length and its ends. */
static unsigned key_bit(struct str key)
{
    unsigned first = key.n ? (unsigned char)key.p[0] : 0;
    unsigned last = key.n ? (unsigned char)key.p[key.n - 1] : 0;

    return ((unsigned)key.n * 37 + first * 11 + last) % ROOT_KEY_BITS;
}

static void know_root_keys(struct event_tree *t)
{
    t->knows_root_keys = true;
    for (const struct json_node *m = t->root->first; m; m = m->next)
        t->root_keys[key_bit(m->key) / 64] |= 1ull << (key_bit(m->key) % 64);
}

/* Some key of the root may be the path, or what is before one of its dots. */
static bool may_lead_on(const struct event_tree *t, struct str path)
{
    if (!t->knows_root_keys)
        return true;
    for (size_t n = 0; n <= path.n; n++) {
        unsigned bit;
        if (n < path.n && path.p[n] != '.')
            continue;
        bit = key_bit((struct str){path.p, n});
        if (t->root_keys[bit / 64] >> (bit % 64) & 1)
            return true;
    }
    return false;
}

/* ---- fields ----------------------------------------------------------------------------- */

/* The flat values of a path, or its nested ones. */
static struct field_values pick(struct arena *a, const struct found_list *list, bool is_flat,
                                bool *has_value)
{
    struct field_values out = {ARENA_ARRAY(a, list->n, struct field_value), 0};

    *has_value = false;
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i].is_flat != is_flat)
            continue;
        out.items[out.n++] = list->items[i].value;
        *has_value = *has_value || list->items[i].value.kind != JSON_NULL;
    }
    return out;
}

/* Keys whose texts are not asked for, and where they count. */
struct excepted {
    const struct str_list *names;
    struct found_list roots; /* objects that the profile takes for a root */
};

static bool is_excepted(const struct str_list *names, struct str key)
{
    for (size_t i = 0; i < names->n; i++) {
        struct str name = names->items[i];
        bool is_head = str_ends(name, STR("*"));
        if (is_head ? str_starts(key, str_sub(name, 0, name.n - 1)) : str_eq(key, name))
            return true;
    }
    return false;
}

static bool is_root_of(const struct excepted *x, const struct json_node *node)
{
    for (size_t i = 0; i < x->roots.n; i++)
        if (x->roots.items[i].value.object == node)
            return true;
    return false;
}

static void add_leaves(struct found_list *list, const struct json_node *node,
                       const struct excepted *x)
{
    bool is_root = x->names->n && is_root_of(x, node);

    if (node->type == JSON_T_STRING)
        lookup_add(list, JSON_STRING, node->text, true);
    for (const struct json_node *m = node->first; m; m = m->next)
        if (!is_root || !is_excepted(x->names, m->key))
            add_leaves(list, m, x);
}

static struct found_list leaves_of(struct arena *a, const struct event_tree *t,
                                   const struct str_list *except)
{
    struct found_list list = {.arena = a};
    struct excepted x = {except, {.arena = a}};

    lookup_add_node(&x.roots, t->root, true);
    for (size_t i = 0; except->n && i < t->reader->roots.n; i++) {
        struct found_list below = lookup_path(a, t->root, t->reader->roots.items[i]);
        for (size_t k = 0; k < below.n; k++)
            if (below.items[k].value.kind == JSON_OBJECT)
                lookup_add_node(&x.roots, below.items[k].value.object, true);
    }
    add_leaves(&list, t->root, &x);
    return list;
}

static bool is_scalar(enum json_kind kind)
{
    return kind == JSON_STRING || kind == JSON_NUMBER || kind == JSON_TRUE || kind == JSON_FALSE;
}

/* The values at the path of a source, each through its steps. */
static struct found_list derived_at(struct arena *a, const struct json_node *root,
                                    const struct field_source *source)
{
    struct found_list raw = lookup_path(a, root, source->path);
    struct found_list out = {.arena = a};
    struct str texts[DERIVE_VALUES_MAX];

    if (!source->derive)
        return raw;
    for (size_t i = 0; i < raw.n; i++) {
        const struct found *f = &raw.items[i];
        if (!is_scalar(f->value.kind)) {
            lookup_add(&out, f->value.kind, f->value.text, f->is_flat);
            continue;
        }
        size_t n = derive_apply(a, source->derive, f->value.text, texts);
        for (size_t k = 0; k < n; k++)
            lookup_add(&out, JSON_STRING, texts[k], f->is_flat);
    }
    return out;
}

/* The first path with a value other than null, flat before nested; else the first with any. */
static struct field_values first_of(struct arena *a, const struct event_tree *t,
                                    const struct field_source *sources, size_t n)
{
    struct field_values nulls = {0};

    for (size_t i = 0; i < n; i++) {
        struct found_list list = {.arena = a};
        if (may_lead_on(t, sources[i].path))
            list = derived_at(a, t->root, &sources[i]);
        if (list.n == 0)
            continue;
        for (int is_nested = 0; is_nested < 2; is_nested++) {
            bool has_value;
            struct field_values values = pick(a, &list, !is_nested, &has_value);
            if (has_value)
                return values;
            if (nulls.n == 0)
                nulls = values;
        }
    }
    return nulls;
}

static const struct constant_field *constant_of(const struct event_tree *t, struct str field)
{
    if (!t->options)
        return NULL;
    for (size_t i = 0; i < t->options->n_constants; i++)
        if (str_eq(t->options->constants[i].name, field))
            return &t->options->constants[i];
    return NULL;
}

/* Where a profile keeps a field: as listed, or its own name below each root. */
static const struct field_source *sources_of(struct arena *a, const struct profile *p,
                                             struct str field, size_t *n)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (str_eq(p->fields[i].name, field)) {
            *n = p->fields[i].n_sources;
            return p->fields[i].sources;
        }

    struct field_source *sources = ARENA_ARRAY(a, p->roots.n, struct field_source);
    for (size_t i = 0; i < p->roots.n; i++)
        sources[i].path = lookup_below(a, p->roots.items[i], profile_name_below_roots(a, p, field));
    *n = p->roots.n;
    return sources;
}

static void map_values(const struct profile *p, struct str field, struct field_values *values)
{
    for (size_t m = 0; m < p->n_maps; m++) {
        if (!str_eq(p->maps[m].field, field))
            continue;
        for (size_t v = 0; v < values->n; v++)
            for (size_t i = 0; i < p->maps[m].n_pairs && is_scalar(values->items[v].kind); i++)
                if (str_eq_ci(p->maps[m].pairs[i].from, values->items[v].text)) {
                    values->items[v] =
                        (struct field_value){.kind = JSON_STRING, .text = p->maps[m].pairs[i].to};
                    break;
                }
    }
}

/* A field as the event has it, before value maps. */
static struct field_values raw_field(struct arena *a, const struct event_tree *t, struct str field)
{
    size_t n;
    const struct field_source *sources = sources_of(a, t->reader, field, &n);

    return first_of(a, t, sources, n);
}

static struct field_values as_values(struct arena *a, const struct str_list *texts)
{
    struct field_values out = {ARENA_ARRAY(a, texts->n, struct field_value), texts->n};

    for (size_t i = 0; i < texts->n; i++)
        out.items[i] = (struct field_value){.kind = JSON_STRING, .text = texts->items[i]};
    return out;
}

/* One text of all scalar values, if there are several. */
static struct field_values joined(struct arena *a, struct field_values values, struct str with)
{
    struct buf text = {0};
    size_t n = 0;

    if (with.n == 0)
        return values;
    for (size_t i = 0; i < values.n; i++) {
        if (!is_scalar(values.items[i].kind))
            continue;
        if (n++)
            buf_add(&text, with);
        buf_add(&text, values.items[i].text);
    }
    if (n > 1) {
        values.n = 1;
        values.items[0] =
            (struct field_value){.kind = JSON_STRING, .text = arena_str(a, buf_str(&text))};
    }
    buf_release(&text);
    return values;
}

struct field_values event_texts(struct arena *a, const struct event_tree *t,
                                const struct str_list *except)
{
    const struct str_list *paths = &t->reader->message;
    struct field_source *sources = ARENA_ARRAY(a, paths->n, struct field_source);
    bool has_value;

    for (size_t i = 0; i < paths->n; i++)
        sources[i].path = paths->items[i];
    struct field_values message = first_of(a, t, sources, paths->n);
    for (size_t i = 0; i < message.n; i++)
        if (message.items[i].kind != JSON_NULL)
            return message;
    struct found_list leaves = leaves_of(a, t, except);
    return leaves.n ? pick(a, &leaves, true, &has_value) : message;
}

static struct field_values one_text(struct arena *a, struct str text)
{
    struct field_value *value = ARENA_NEW(a, struct field_value);

    *value = (struct field_value){.kind = JSON_STRING, .text = text};
    return (struct field_values){value, 1};
}

static struct field_values of_transport(struct arena *a, const struct event_tree *t,
                                        struct str field)
{
    struct str value;

    return transport_find(t->transport, field, &value) ? one_text(a, value)
                                                       : (struct field_values){0};
}

struct field_values event_lookup(struct arena *a, const struct event_tree *t, struct str field)
{
    if (str_eq(field, STR(FIELD_ANY_NAME)))
        return event_texts(a, t, &(struct str_list){0});

    const struct constant_field *constant = constant_of(t, field);
    if (constant)
        return one_text(a, constant->value);
    if (field_is_pseudo(field))
        return of_transport(a, t, field);

    const struct str_list *constants = profile_constants(t->reader, field);
    if (constants)
        return as_values(a, constants);
    struct field_values values = raw_field(a, t, field);
    map_values(t->reader, field, &values);
    return joined(a, values, profile_join(t->reader, field));
}

/* ---- recognising ---------------------------------------------------------------------------- */

static bool test_holds(struct arena *a, const struct json_node *root,
                       const struct marker_test *test)
{
    struct found_list list = lookup_path(a, root, test->path);
    bool exists = false;

    for (size_t i = 0; i < list.n; i++) {
        const struct field_value *value = &list.items[i].value;
        exists = exists || value->kind != JSON_NULL;
        for (size_t k = 0; test->kind == MARKER_IN && k < test->values.n; k++)
            if (is_scalar(value->kind) && str_eq_ci(test->values.items[k], value->text))
                return true;
    }
    return test->kind == MARKER_EXISTS ? exists : test->kind == MARKER_ABSENT && !exists;
}

static bool match_holds(struct arena *a, const struct json_node *root,
                        const struct marker_match *match)
{
    for (size_t i = 0; i < match->n_all; i++)
        if (!test_holds(a, root, &match->all[i]))
            return false;
    for (size_t i = 0; i < match->n_any; i++)
        if (test_holds(a, root, &match->any[i]))
            return true;
    return match->n_any == 0;
}

static bool profile_matches(struct arena *a, const struct json_node *root, const struct profile *p)
{
    for (size_t i = 0; i < p->n_matches; i++)
        if (match_holds(a, root, &p->matches[i]))
            return true;
    return false;
}

/* The first scalar of a list, as logsource rules and times want it; p NULL if none. */
static struct str first_scalar(struct field_values values)
{
    for (size_t i = 0; i < values.n; i++)
        if (is_scalar(values.items[i].kind))
            return values.items[i].text;
    return (struct str){0};
}

static void find_facts(struct arena *a, struct event_tree *t)
{
    struct str inputs[SOURCE_INPUTS_MAX] = {0};

    for (size_t i = 0; i < t->reader->inputs.n; i++) {
        struct str field = t->reader->inputs.items[i];
        const struct constant_field *constant = constant_of(t, field);
        const struct str_list *fixed = profile_constants(t->reader, field);
        inputs[i] = constant ? constant->value
                    : fixed  ? fixed->items[0]
                             : first_scalar(raw_field(a, t, field));
    }
    profile_facts(t->reader, inputs, &t->shape.facts);
}

void event_tree_init(struct event_tree *t, const struct profile_set *profiles,
                     const struct json_node *root, const struct extract_options *options)
{
    struct arena *scratch = arena_new(0);

    *t = (struct event_tree){.root = root, .options = options, .reader = profiles->fallback};
    t->shape.profile = options ? options->pinned : NULL;
    for (uint32_t i = 0; i < profiles->n && !t->shape.profile; i++)
        if (profile_matches(scratch, root, profiles->items[i]))
            t->shape.profile = profiles->items[i];
    if (t->shape.profile) {
        t->reader = t->shape.profile;
        find_facts(scratch, t);
    }
    arena_free(scratch);
}

void event_tree_init_known(struct event_tree *t, const struct profile_set *profiles,
                           const struct json_node *root, const struct extract_options *options,
                           const struct profile *profile)
{
    if (!profile) {
        event_tree_init(t, profiles, root, options);
        return;
    }
    *t = (struct event_tree){.root = root, .options = options, .reader = profile};
    t->shape.profile = profile;
    know_root_keys(t);
    event_tree_file_root(t);
}

void event_tree_init_read(struct event_tree *t, const struct profile_set *profiles,
                          const struct json_node *root, const struct extract_options *options,
                          const struct profile *profile)
{
    *t = (struct event_tree){
        .root = root, .options = options, .reader = profile ? profile : profiles->fallback};
    t->shape.profile = profile;
    know_root_keys(t);
}

void event_tree_init_part(struct event_tree *t, const struct event_tree *whole,
                          const struct json_node *object)
{
    static const struct str ROOT = {"", 0};
    static const struct profile PLAIN = {.roots = {&ROOT, 1}};

    *t = (struct event_tree){.root = object, .reader = &PLAIN, .whole = whole};
}

/* ---- time and id --------------------------------------------------------------------------- */

bool event_tree_time_ms(const struct event_tree *t, int64_t *ms)
{
    if (t->whole)
        return event_tree_time_ms(t->whole, ms);
    struct arena *scratch = arena_new(0);
    bool has_time = false;

    for (size_t i = 0; i < t->reader->time.n && !has_time; i++) {
        struct str text = first_scalar(
            first_of(scratch, t, &(struct field_source){t->reader->time.items[i], NULL}, 1));
        has_time = text.p && time_parse_ms(text, ms);
    }
    arena_free(scratch);
    return has_time;
}

int64_t event_tree_at_ms(const struct event_tree *t)
{
    int64_t ms;

    if (t->whole)
        return event_tree_at_ms(t->whole);
    if (t->has_at)
        return t->at_ms;
    return event_tree_time_ms(t, &ms) ? ms : INT64_MIN;
}

struct str event_tree_id(struct arena *a, const struct event_tree *t)
{
    for (size_t i = 0; i < t->reader->id.n; i++) {
        struct str text =
            first_scalar(first_of(a, t, &(struct field_source){t->reader->id.items[i], NULL}, 1));
        if (text.n)
            return text;
    }
    return (struct str){"", 0};
}
