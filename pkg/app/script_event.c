/* script_event.c - what a script says about JSON: events made from it, documents compared with it.
 */
#include <string.h>

#include "app/script.h"
#include "base/buf.h"
#include "base/decimal.h"
#include "base/time.h"
#include "json/tree.h"
#include "json/write.h"

/* ---- slots ---------------------------------------------------------------------------------- */

struct slot {
    struct str name, value;
};

static struct str fill(struct arena *a, struct str text, const struct slot *slots, size_t n_slots)
{
    struct buf out = {0};

    for (size_t i = 0; i < text.n;) {
        size_t k = 0;
        while (k < n_slots && !str_starts(str_sub(text, i, text.n), slots[k].name))
            k++;
        if (k == n_slots) {
            buf_add_char(&out, text.p[i++]);
            continue;
        }
        buf_add(&out, slots[k].value);
        i += slots[k].name.n;
    }
    struct str filled = arena_str(a, buf_str(&out));
    buf_release(&out);
    return filled;
}

/* ---- trees ---------------------------------------------------------------------------------- */

/* Trees that are nested deeper than the writer goes were refused. */
static struct str print(struct arena *a, const struct json_node *n)
{
    struct buf out = {0};
    struct json_writer w;

    json_writer_init(&w, &out);
    json_put_tree(&w, n);
    struct str text = arena_str(a, buf_str(&out));
    buf_release(&out);
    return text;
}

/* ---- changes -------------------------------------------------------------------------------- */

static struct json_node **member(struct json_node *object, struct str key)
{
    struct json_node **at = &object->first;

    while (*at && !str_eq((*at)->key, key))
        at = &(*at)->next;
    return at;
}

/* Where `name` is or would be: the member of that very name, else nested along its dots. */
static struct json_node **place_of(struct json_node *root, struct str name, struct str *key)
{
    for (;;) {
        struct json_node **at = member(root, name);
        struct str head, rest;
        *key = name;
        if (*at || !str_cut(name, '.', &head, &rest))
            return at;
        struct json_node **inner = member(root, head);
        if (!*inner || (*inner)->type != JSON_T_OBJECT)
            return at;
        root = *inner;
        name = rest;
    }
}

/* JSON if it is written as such, else a text. */
static struct json_node *value_node(struct arena *a, struct str text)
{
    struct json_node *n;

    if (json_tree_parse(a, text, &n, NULL) == JSON_OK)
        return n;
    n = ARENA_NEW(a, struct json_node);
    *n = (struct json_node){.type = JSON_T_STRING, .text = text};
    return n;
}

/* Members of that name anywhere below; the place of the first goes to *at. */
static size_t search(struct json_node *n, struct str name, struct json_node ***at)
{
    size_t found = 0;

    if (n->type == JSON_T_OBJECT && *member(n, name)) {
        *at = member(n, name);
        found = 1;
    }
    for (struct json_node *c = n->first; c; c = c->next) {
        struct json_node **deeper;
        size_t more = search(c, name, &deeper);
        if (more && !found)
            *at = deeper;
        found += more;
    }
    return found;
}

/* Nothing is where the name says: the one place elsewhere, if there is one. */
static enum weir_rc look_further(struct json_node *root, struct str name, struct json_node ***at,
                                 struct str *key, struct weir_err *err)
{
    struct json_node **found;
    size_t n = search(root, name, &found);

    if (n > 1)
        return err_set(err, WEIR_SYNTAX,
                       "the event has '%.*s' in %zu places: write its whole path (a.b.c)",
                       (int)name.n, name.p, n);
    if (n == 1) {
        *at = found;
        *key = name;
    }
    return WEIR_OK;
}

static enum weir_rc change(struct arena *a, struct json_node *root, const struct script_event *e,
                           const struct script_change *c, struct str value, struct weir_err *err)
{
    struct str key;
    struct json_node **at = place_of(root, c->name, &key);

    if (!*at && e->is_searched)
        TRY(look_further(root, c->name, &at, &key, err));
    struct json_node *after = *at ? (*at)->next : NULL;
    if (c->is_removal) {
        *at = after;
        return WEIR_OK;
    }
    *at = value_node(a, value);
    (*at)->key = key;
    (*at)->next = after;
    return WEIR_OK;
}

static enum weir_rc apply_changes(struct arena *a, const struct script_event *e, uint64_t i,
                                  const struct slot *slots, size_t n_slots, struct json_node *root,
                                  struct str *out, struct weir_err *err)
{
    for (size_t k = 0; k < e->n_changes; k++) {
        const struct script_change *c = &e->changes[k];
        struct str value = c->n_values ? c->values[i % c->n_values] : c->value;
        TRY(change(a, root, e, c, fill(a, value, slots, n_slots), err));
    }
    if (json_tree_depth(root) > JSON_WRITE_DEPTH_MAX)
        return err_set(err, WEIR_SYNTAX, "this event is nested too deep to be changed");
    *out = print(a, root);
    return WEIR_OK;
}

enum weir_rc script_event_text(struct arena *a, const struct script_event *e, int64_t ms,
                               uint64_t i, struct str *out, struct weir_err *err)
{
    char time[TIME_TEXT_MAX];
    struct slot slots[] = {
        {STR("{time}"), {time, time_format_ms(ms, time)}},
        {STR("{ms}"), arena_printf(a, "%lld", (long long)ms)},
        {STR("{n}"), arena_printf(a, "%llu", (unsigned long long)i)},
    };
    struct str text = e->is_as_read ? e->text : fill(a, e->text, slots, ARRAY_LEN(slots));
    struct json_node *root;

    if (json_tree_parse(a, text, &root, NULL) != JSON_OK || root->type != JSON_T_OBJECT)
        return err_set(err, WEIR_SYNTAX, "this is no event: %.*s",
                       (int)(text.n < 200 ? text.n : 200), text.p);
    if (e->n_changes)
        return apply_changes(a, e, i, slots, ARRAY_LEN(slots), root, out, err);
    *out = text;
    return WEIR_OK;
}

/* ---- documents ------------------------------------------------------------------------------ */

static const struct json_node *step(const struct json_node *n, struct str key)
{
    uint64_t index;

    if (n->type == JSON_T_OBJECT)
        return json_tree_get(n, key);
    if (n->type != JSON_T_ARRAY || !str_to_u64(key, &index))
        return NULL;
    for (n = n->first; n && index; index--)
        n = n->next;
    return n;
}

/* ".a.b.0"; NULL: nothing is there. */
static const struct json_node *find(const struct json_node *n, struct str path)
{
    struct str key, rest = str_sub(path, 1, path.n);

    while (n && rest.n) {
        str_cut(rest, '.', &key, &rest);
        n = step(n, key);
    }
    return n;
}

static struct str text_of(struct arena *a, const struct json_node *n)
{
    if (n->type == JSON_T_STRING || n->type == JSON_T_NUMBER)
        return n->text;
    return json_tree_depth(n) > JSON_WRITE_DEPTH_MAX ? STR("...") : print(a, n);
}

static bool orders(enum compare op, int order)
{
    switch (op) {
    case COMPARE_EQ:
        return order == 0;
    case COMPARE_NE:
        return order != 0;
    case COMPARE_LT:
        return order < 0;
    case COMPARE_LE:
        return order <= 0;
    case COMPARE_GT:
        return order > 0;
    case COMPARE_GE:
        return order >= 0;
    case COMPARE_HAS:
        break;
    }
    return false;
}

bool script_count_meets(const struct expectation *e, uint64_t seen)
{
    return orders(e->op, (seen > e->number) - (seen < e->number));
}

bool script_document_meets(struct arena *a, struct str document, const struct expectation *e,
                           struct str *seen)
{
    struct json_node *root, *wanted;
    struct str value = e->value;
    int64_t x, y;

    *seen = STR("absent");
    if (json_tree_parse(a, document, &root, NULL) == JSON_OK) {
        const struct json_node *n = find(root, e->path);
        *seen = n ? text_of(a, n) : *seen;
    }
    if (json_tree_parse(a, value, &wanted, NULL) == JSON_OK)
        value = text_of(a, wanted);
    if (e->op == COMPARE_HAS)
        return str_find(*seen, value, 0) != SIZE_MAX;
    if (decimal_to_micro(*seen, &x) && decimal_to_micro(value, &y))
        return orders(e->op, (x > y) - (x < y));
    bool is_order = e->op != COMPARE_EQ && e->op != COMPARE_NE;
    return !is_order && orders(e->op, !str_eq(*seen, value));
}
