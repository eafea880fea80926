/* rule_test_event.c - the events of a rule test: from YAML, from files, with changes. */
#include <string.h>

#include "app/rule_test_impl.h"
#include "base/buf.h"
#include "base/str.h"
#include "json/tree.h"
#include "json/write.h"

/* ---- YAML to JSON --------------------------------------------------------------------------- */

/* Scalars are what JSON would make of them; all else is text, so that 0x1f, 22:30 and `yes` are
 * what they look like. */
static void put_scalar(struct test_reader *r, struct json_writer *w, const struct doc_node *node)
{
    struct json_node *number;
    bool is_word = str_eq_ci(node->text, STR("true")) || str_eq_ci(node->text, STR("false"));

    if (node->type == DOC_NULL)
        json_put_null(w);
    else if (node->type == DOC_BOOL && is_word)
        json_put_bool(w, node->is_true);
    else if ((node->type == DOC_INT || node->type == DOC_FLOAT) &&
             json_tree_parse(r->a, node->text, &number, NULL) == JSON_OK &&
             number->type == JSON_T_NUMBER)
        json_put_number(w, node->text);
    else
        json_put_str(w, node->text);
}

static enum weir_rc put_node(struct test_reader *r, struct json_writer *w,
                             const struct doc_node *node, unsigned depth)
{
    if (depth >= JSON_WRITE_DEPTH_MAX)
        return fault_at(r, node->line, node->col, "this is nested too deep");
    if (doc_is_scalar(node)) {
        put_scalar(r, w, node);
        return WEIR_OK;
    }
    bool is_map = node->type == DOC_MAP;
    is_map ? json_open_object(w) : json_open_array(w);
    for (size_t i = 0; i < node->n_items; i++) {
        if (is_map)
            json_key(w, node->keys[i].text);
        TRY(put_node(r, w, &node->items[i], depth + 1));
    }
    is_map ? json_close_object(w) : json_close_array(w);
    return WEIR_OK;
}

enum weir_rc doc_to_json(struct test_reader *r, const struct doc_node *node, struct str *out)
{
    struct buf text = {0};
    struct json_writer w;

    json_writer_init(&w, &text);
    enum weir_rc rc = put_node(r, &w, node, 0);
    if (rc == WEIR_OK)
        *out = arena_str(r->a, buf_str(&text));
    buf_release(&text);
    return rc;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Has every event text that it should; tells at `node` if one is none. */
static enum weir_rc add_texts(struct test_reader *r, const struct doc_node *node,
                              const struct str *texts, size_t n, struct event_list *out)
{
    struct str made;

    out->items = ARENA_ARRAY(r->a, n, struct script_event);
    out->n = n;
    for (size_t i = 0; i < n; i++) {
        struct weir_err inner = {0};
        out->items[i] =
            (struct script_event){.text = texts[i], .is_as_read = true, .is_searched = true};
        if (script_event_text(r->a, &out->items[i], 0, 0, &made, &inner) != WEIR_OK)
            return fault_at(r, node->line, node->col, "%s", inner.text);
    }
    return WEIR_OK;
}

/* FILE, or FILE#NUMBER: one event of it, counted from 0. */
static enum weir_rc read_file(struct test_reader *r, const struct doc_node *node,
                              struct event_list *out)
{
    struct str path = node->text, number;
    struct str_list texts = {0};
    struct weir_err inner = {0};
    uint64_t i = 0;
    bool is_one = str_cut(path, '#', &path, &number);

    if (is_one && !str_to_u64(number, &i))
        return fault_at(r, node->line, node->col, "'%.*s' is no number of an event (0, 1, 2 ...)",
                        CUT(number));
    if (r->files->read(r->files->context, r->a, path, &texts, &inner) != WEIR_OK)
        return fault_at(r, node->line, node->col, "%.*s: %s", CUT(path), inner.text);
    if (is_one && i >= texts.n)
        return fault_at(r, node->line, node->col, "%.*s has %zu events, counted from 0", CUT(path),
                        texts.n);
    if (texts.n == 0)
        return fault_at(r, node->line, node->col, "%.*s has no event", CUT(path));
    if (texts.n > RULE_TEST_EVENTS_MAX)
        return fault_at(r, node->line, node->col, "%.*s has more than %d events", CUT(path),
                        RULE_TEST_EVENTS_MAX);
    return add_texts(r, node, texts.items + i, is_one ? 1 : texts.n, out);
}

/* ---- which events --------------------------------------------------------------------------- */

static const struct named_events *find_named(const struct test_reader *r, struct str name)
{
    const struct named_events *all = r->names.items;

    for (size_t i = 0; i < r->names.n; i++)
        if (str_eq(all[i].name, name))
            return &all[i];
    return NULL;
}

/* So that one use of an event does not change another. */
static struct event_list copy_of(struct test_reader *r, const struct event_list *events)
{
    struct event_list out = {ARENA_ARRAY(r->a, events->n, struct script_event), events->n};

    for (size_t i = 0; i < events->n; i++) {
        const struct script_event *e = &events->items[i];
        out.items[i] = *e;
        out.items[i].changes = ARENA_ARRAY(r->a, e->n_changes, struct script_change);
        if (e->n_changes)
            memcpy(out.items[i].changes, e->changes, e->n_changes * sizeof *e->changes);
    }
    return out;
}

static enum weir_rc by_name(struct test_reader *r, const struct doc_node *node,
                            struct event_list *out)
{
    const struct named_events *named = find_named(r, node->text);
    struct str names[RULE_TEST_NAMES_MAX];

    if (node->type != DOC_STRING || node->text.n == 0)
        return fault_at(r, node->line, node->col,
                        "an event is a name, a file or a map of its fields, not %s",
                        node->type == DOC_STRING ? "nothing" : doc_type_name(node));
    if (named) {
        *out = copy_of(r, &named->events);
        return WEIR_OK;
    }
    bool is_path = str_find_char(node->text, '.', 0) != SIZE_MAX ||
                   str_find_char(node->text, '/', 0) != SIZE_MAX;
    if (is_path)
        return read_file(r, node, out);
    for (size_t i = 0; i < r->names.n; i++)
        names[i] = ((const struct named_events *)r->names.items)[i].name;
    struct str hint = hint_of(r, node->text, names, r->names.n);
    return fault_at(r, node->line, node->col, "no event is called '%.*s'%.*s", CUT(node->text),
                    CUT(hint));
}

/* {from: EVENT, set: {...}, unset: [...]} and nothing else. */
static bool is_derived(const struct doc_node *map)
{
    for (size_t i = 0; i < map->n_items; i++)
        if (!str_eq(map->keys[i].text, STR("from")) && !str_eq(map->keys[i].text, STR("set")) &&
            !str_eq(map->keys[i].text, STR("unset")))
            return false;
    return doc_get(map, STR("from")) != NULL;
}

static enum weir_rc from_map(struct test_reader *r, const struct doc_node *node,
                             struct event_list *out)
{
    struct weir_err inner = {0};
    struct str text;
    size_t n_varied;

    if (is_derived(node)) {
        TRY(take_events(r, doc_get(node, STR("from")), out));
        return take_changes(r, node, out, &n_varied);
    }
    out->items = ARENA_NEW(r->a, struct script_event);
    out->n = 1;
    TRY(doc_to_json(r, node, &out->items[0].text));
    out->items[0].is_searched = true;
    if (script_event_text(r->a, &out->items[0], 0, 0, &text, &inner) != WEIR_OK)
        return fault_at(r, node->line, node->col, "%s", inner.text);
    return WEIR_OK;
}

static enum weir_rc from_list(struct test_reader *r, const struct doc_node *node,
                              struct event_list *out)
{
    struct event_list *parts = ARENA_ARRAY(r->a, node->n_items, struct event_list);
    size_t n = 0;

    if (node->n_items == 0)
        return fault_at(r, node->line, node->col, "a list without an event");
    for (size_t i = 0; i < node->n_items; i++) {
        if (node->items[i].type == DOC_LIST)
            return fault_at(r, node->items[i].line, node->items[i].col,
                            "an event is a name, a file or a map of its fields, not a list");
        TRY(take_events(r, &node->items[i], &parts[i]));
        n += parts[i].n;
        if (n > RULE_TEST_EVENTS_MAX)
            return fault_at(r, node->items[i].line, node->items[i].col,
                            "more than %d events in one step", RULE_TEST_EVENTS_MAX);
    }
    out->items = ARENA_ARRAY(r->a, n, struct script_event);
    out->n = 0;
    for (size_t i = 0; i < node->n_items; i++)
        for (size_t k = 0; k < parts[i].n; k++)
            out->items[out->n++] = parts[i].items[k];
    return WEIR_OK;
}

enum weir_rc take_events(struct test_reader *r, const struct doc_node *node, struct event_list *out)
{
    if (node->type == DOC_MAP)
        return from_map(r, node, out);
    return node->type == DOC_LIST ? from_list(r, node, out) : by_name(r, node, out);
}

enum weir_rc take_named_events(struct test_reader *r, const struct doc_node *map)
{
    if (map->type != DOC_MAP)
        return fault_at(r, map->line, map->col, "'events' must be a map of names, not %s",
                        doc_type_name(map));
    if (map->n_items > RULE_TEST_NAMES_MAX)
        return fault_at(r, map->line, map->col, "more than %d events with names",
                        RULE_TEST_NAMES_MAX);
    for (size_t i = 0; i < map->n_items; i++) {
        struct named_events named = {.name = map->keys[i].text};
        TRY(take_events(r, &map->items[i], &named.events));
        *(struct named_events *)vec_push(r->a, &r->names, sizeof named) = named;
    }
    return WEIR_OK;
}

/* ---- changes -------------------------------------------------------------------------------- */

static enum weir_rc take_set(struct test_reader *r, const struct doc_node *map, struct vec *out)
{
    if (map->type != DOC_MAP)
        return fault_at(r, map->line, map->col, "'set' must be a map of fields, not %s",
                        doc_type_name(map));
    for (size_t i = 0; i < map->n_items; i++) {
        struct script_change *c = vec_push(r->a, out, sizeof *c);
        *c = (struct script_change){.name = map->keys[i].text};
        TRY(doc_to_json(r, &map->items[i], &c->value));
    }
    return WEIR_OK;
}

/* A field or a list of them. */
static enum weir_rc take_unset(struct test_reader *r, const struct doc_node *node, struct vec *out)
{
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n = node->type == DOC_LIST ? node->n_items : 1;

    for (size_t i = 0; i < n; i++) {
        if (!doc_is_scalar(&items[i]) || items[i].type == DOC_NULL)
            return fault_at(r, items[i].line, items[i].col,
                            "'unset' is a field or a list of fields, not %s",
                            doc_type_name(&items[i]));
        struct script_change *c = vec_push(r->a, out, sizeof *c);
        *c = (struct script_change){.name = items[i].text, .is_removal = true};
    }
    return WEIR_OK;
}

static enum weir_rc take_varied(struct test_reader *r, struct str field,
                                const struct doc_node *list, struct vec *out)
{
    if (list->type != DOC_LIST || list->n_items == 0)
        return fault_at(r, list->line, list->col, "'vary' gives each field a list of values");
    struct str *values = ARENA_ARRAY(r->a, list->n_items, struct str);
    for (size_t i = 0; i < list->n_items; i++)
        TRY(doc_to_json(r, &list->items[i], &values[i]));
    struct script_change *c = vec_push(r->a, out, sizeof *c);
    *c = (struct script_change){.name = field, .values = values, .n_values = list->n_items};
    return WEIR_OK;
}

static enum weir_rc take_vary(struct test_reader *r, const struct doc_node *map, struct vec *out,
                              size_t *n_varied)
{
    if (map->type != DOC_MAP)
        return fault_at(r, map->line, map->col, "'vary' must be a map of fields, not %s",
                        doc_type_name(map));
    for (size_t i = 0; i < map->n_items; i++) {
        TRY(take_varied(r, map->keys[i].text, &map->items[i], out));
        if (map->items[i].n_items > *n_varied)
            *n_varied = map->items[i].n_items;
    }
    return WEIR_OK;
}

/* The changes behind those that the event has already; what cannot be changed is told at `at`. */
static enum weir_rc put_changes(struct test_reader *r, const struct doc_node *at,
                                const struct vec *changes, struct script_event *e)
{
    struct weir_err inner = {0};
    size_t n = e->n_changes + changes->n;
    struct str text;

    if (n > SCRIPT_CHANGES_MAX)
        return fault_at(r, at->line, at->col, "more than %d changes to one event",
                        SCRIPT_CHANGES_MAX);
    struct script_change *all = ARENA_ARRAY(r->a, n, struct script_change);
    if (e->n_changes)
        memcpy(all, e->changes, e->n_changes * sizeof *all);
    memcpy(all + e->n_changes, changes->items, changes->n * sizeof *all);
    e->changes = all;
    e->n_changes = n;
    if (script_event_text(r->a, e, 0, 0, &text, &inner) != WEIR_OK)
        return fault_at(r, at->line, at->col, "%s", inner.text);
    return WEIR_OK;
}

enum weir_rc take_changes(struct test_reader *r, const struct doc_node *map,
                          struct event_list *events, size_t *n_varied)
{
    const struct doc_node *set = doc_get(map, STR("set")), *unset = doc_get(map, STR("unset"));
    const struct doc_node *vary = doc_get(map, STR("vary"));
    struct vec changes = {0};

    *n_varied = 0;
    if (set)
        TRY(take_set(r, set, &changes));
    if (unset)
        TRY(take_unset(r, unset, &changes));
    if (vary)
        TRY(take_vary(r, vary, &changes, n_varied));
    for (size_t i = 0; changes.n && i < events->n; i++)
        TRY(put_changes(r, set ? set : unset ? unset : vary, &changes, &events->items[i]));
    return WEIR_OK;
}
