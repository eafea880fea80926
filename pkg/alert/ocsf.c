/* ocsf.c - see ocsf.h.
 *
 * Leaves are put into a tree one by one; then each object is completed from the inside out.
 * An object that stays incomplete is taken off its parent and its leaves are handed back.
 */
#include "alert/ocsf.h"

#include "alert/document.h"
#include "alert/ocsf_impl.h"
#include "alert/ocsf_table.h"
#include "base/decimal.h"
#include "base/hash.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* ---- the schema -------------------------------------------------------------------- */

static const struct ocsf_object *object_of(const struct ocsf_node *node)
{
    return &ocsf_objects[node->attr ? node->attr->object : ocsf_evidences];
}

/* Attributes by object and name. Built before main(), hence before any thread. */
enum { SLOTS = 4096 };

static uint16_t slots[SLOTS]; /* 1 + the attribute; 0: free */
static uint8_t name_bytes[SLOTS / 2];

static size_t slot_of(const struct ocsf_object *object, struct str name)
{
    uint64_t h = (uint64_t)object->first << 8 | name.n;

    for (size_t i = 0; i < name.n; i += 8) {
        uint64_t part = 0;
        memcpy(&part, name.p + i, name.n - i < 8 ? name.n - i : 8);
        h = (h ^ part) * 0x9E3779B97F4A7C15ull;
        h ^= h >> 29;
    }
    return (size_t)(h % SLOTS);
}

static void file_attr(const struct ocsf_object *object, size_t i)
{
    struct str name = str_from(ocsf_attrs[i].name);
    size_t at = slot_of(object, name);

    ASSERT(i < ARRAY_LEN(name_bytes) && name.n <= UINT8_MAX);
    name_bytes[i] = (uint8_t)name.n;
    while (slots[at])
        at = (at + 1) % SLOTS;
    slots[at] = (uint16_t)(i + 1);
}

static __attribute__((constructor)) void file_attrs(void)
{
    for (size_t o = 0; o < ocsf_objects_n; o++)
        for (size_t i = 0; i < ocsf_objects[o].n; i++)
            file_attr(&ocsf_objects[o], ocsf_objects[o].first + i);
}

struct str ocsf_attr_name(const struct ocsf_attr *attr)
{
    return (struct str){attr->name, name_bytes[attr - ocsf_attrs]};
}

static const struct ocsf_attr *find_attr(const struct ocsf_object *object, struct str name)
{
    for (size_t at = slot_of(object, name); slots[at]; at = (at + 1) % SLOTS) {
        size_t i = slots[at] - 1u;
        if (i - object->first < object->n && str_eq(ocsf_attr_name(&ocsf_attrs[i]), name))
            return &ocsf_attrs[i];
    }
    return NULL;
}

/* ---- values -------------------------------------------------------------------------- */

static bool hex_number(struct str text, uint64_t *out)
{
    *out = 0;
    if (text.n < 3 || text.n > 16 || text.p[0] != '0' || ascii_lower(text.p[1]) != 'x')
        return false;
    for (size_t i = 2; i < text.n; i++) {
        char c = ascii_lower(text.p[i]);
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        *out = *out * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

/* Windows writes process ids as 0x1a4 in the Security log: the same number in decimal. */
static bool integer(struct arena *a, struct str text, uint64_t max, struct str *out)
{
    uint64_t number;

    if (!str_to_u64(text, &number) && !hex_number(text, &number))
        return false;
    if (number > max)
        return false;
    *out = document_number(a, number);
    return true;
}

static bool is_address(struct str text)
{
    char z[INET6_ADDRSTRLEN + 1];
    struct in6_addr space;

    if (text.n == 0 || text.n >= sizeof(z))
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    return inet_pton(AF_INET, z, &space) == 1 || inet_pton(AF_INET6, z, &space) == 1;
}

/* The text has the form: 'x' a hex digit, all else itself ('-' also ':'). */
static bool has_form(struct str text, const char *form)
{
    if (text.n != strlen(form))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = ascii_lower(text.p[i]);
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (form[i] == 'x' ? !is_hex : form[i] == ':' ? c != ':' && c != '-' : c != form[i])
            return false;
    }
    return true;
}

static bool is_email(struct str text)
{
    size_t at = str_find_char(text, '@', 0);
    size_t dot = at == SIZE_MAX ? SIZE_MAX : str_find_char(text, '.', at + 2);

    if (at == 0 || dot == SIZE_MAX || dot + 1 >= text.n)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        char c = ascii_lower(text.p[i]);
        bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        if (!is_word && (i > at || (i < at && !strchr("!#$%&'*+/=?^_`{|}~", c))))
            return false;
    }
    return true;
}

static bool http_method(struct str text, struct str *out)
{
    static const char *const methods[] = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS",
                                          "PATCH",   "POST",   "PUT", "TRACE"};

    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (str_eq_ci(text, str_from(methods[i]))) {
            *out = str_from(methods[i]);
            return true;
        }
    }
    return false;
}

bool ocsf_convert(struct arena *a, const struct ocsf_attr *attr, struct str text, struct str *out)
{
    *out = text;
    if (attr->flags & OCSF_ENUM)
        return false; /* ids of a vocabulary are not to be had from a source's own words */
    switch ((enum ocsf_kind)attr->kind) {
    case OCSF_TEXT:
        return true;
    case OCSF_METHOD:
        return http_method(text, out);
    case OCSF_IP:
        return is_address(text);
    case OCSF_MAC:
        return has_form(text, "xx:xx:xx:xx:xx:xx");
    case OCSF_EMAIL:
        return is_email(text);
    case OCSF_UUID:
        return has_form(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    case OCSF_INT:
    case OCSF_TIME:
        return integer(a, text, INT64_MAX, out);
    case OCSF_PORT:
        return integer(a, text, 65535, out);
    case OCSF_BOOL:
        *out = str_eq_ci(text, STR("true")) ? STR("true") : STR("false");
        return str_eq_ci(text, *out);
    case OCSF_FLOAT:
        return decimal_is_number(text);
    case OCSF_NONE:
    case OCSF_OBJECT:
        break;
    }
    return false;
}

/* ---- building ---------------------------------------------------------------------------- */

static struct ocsf_node *find_child(struct ocsf_node *node, const struct ocsf_attr *attr)
{
    for (struct ocsf_node *c = node->first; c; c = c->next)
        if (c->attr == attr && !c->is_dead)
            return c;
    return NULL;
}

static struct ocsf_node *add_child(struct arena *a, struct ocsf_node *node,
                                   const struct ocsf_attr *attr)
{
    struct ocsf_node *child = ARENA_NEW(a, struct ocsf_node);

    child->attr = attr;
    if (node->last)
        node->last->next = child;
    else
        node->first = child;
    node->last = child;
    return child;
}

static struct str without_brackets(struct str name)
{
    return str_ends(name, STR("[]")) ? str_sub(name, 0, name.n - 2) : name;
}

struct ocsf_way ocsf_find_way(struct str path)
{
    const struct ocsf_object *object = &ocsf_objects[ocsf_evidences];
    struct str rest = path, name;
    struct ocsf_way way = {.n = 0};

    do {
        str_cut(rest, '.', &name, &rest);
        const struct ocsf_attr *attr = find_attr(object, without_brackets(name));
        if (!attr || way.n == OCSF_DEPTH_MAX)
            return (struct ocsf_way){.n = 0};
        way.steps[way.n++] = attr;
        if (attr->kind != OCSF_OBJECT)
            break;
        object = &ocsf_objects[attr->object];
        if (rest.n == 0 && way.n < OCSF_DEPTH_MAX) /* a long_string is an object with a value */
            rest = STR("value");
    } while (rest.n > 0);
    if (rest.n > 0 || way.steps[way.n - 1]->kind == OCSF_OBJECT)
        way.n = 0;
    return way;
}

/* Ways that were found before; a place is taken over by the next path that falls on it. */
enum { WAYS = 256, WAY_TEXT = 64 };

struct ocsf_ways {
    struct known_way {
        char text[WAY_TEXT];
        size_t n; /* of the text; 0: free */
        struct ocsf_way way;
    } known[WAYS];
    struct ocsf_forms *forms;
};

struct ocsf_forms *ocsf_forms_of(struct ocsf_ways *w)
{
    return w->forms;
}

struct ocsf_ways *ocsf_ways_new(void)
{
    struct ocsf_ways *w = calloc(1, sizeof(*w));

    ASSERT(w);
    w->forms = ocsf_forms_new();
    return w;
}

void ocsf_ways_free(struct ocsf_ways *w)
{
    if (!w)
        return;
    ocsf_forms_free(w->forms);
    free(w);
}

static const struct ocsf_way *known_way(struct ocsf_ways *w, struct str path)
{
    struct known_way *k = &w->known[hash_str(path) % WAYS];

    if (!str_eq((struct str){k->text, k->n}, path)) {
        memcpy(k->text, path.p, path.n);
        k->n = path.n;
        k->way = ocsf_find_way(path);
    }
    return &k->way;
}

static bool add_leaf(struct arena *a, struct ocsf_ways *ways, struct ocsf_node *root,
                     const struct ocsf_leaf *leaf)
{
    struct ocsf_way own;
    const struct ocsf_way *way = &own;
    struct str text;

    /* All steps first: a path that leads nowhere must not leave objects behind. */
    if (leaf->path.n == 0 || leaf->path.n > WAY_TEXT)
        own = ocsf_find_way(leaf->path);
    else
        way = known_way(ways, leaf->path);
    const struct ocsf_attr *const *steps = way->steps;
    size_t n = way->n;
    if (n == 0 || !ocsf_convert(a, steps[n - 1], leaf->text, &text))
        return false;
    const struct ocsf_attr *last = steps[n - 1];
    struct ocsf_node *node = root;
    for (size_t i = 0; i + 1 < n; i++) {
        struct ocsf_node *child = find_child(node, steps[i]);
        node = child ? child : add_child(a, node, steps[i]);
    }
    if (find_child(node, last))
        return false;
    node = add_child(a, node, last);
    node->text = text;
    node->path = leaf->path;
    return true;
}

/* ---- completing ----------------------------------------------------------------------------- */

struct str ocsf_base_name(struct str path)
{
    size_t from = path.n;

    while (from > 0 && path.p[from - 1] != '/' && path.p[from - 1] != '\\')
        from--;
    return from < path.n ? str_sub(path, from, path.n - from) : path;
}

static struct ocsf_node *child_named(struct ocsf_node *node, struct str name)
{
    const struct ocsf_attr *attr = find_attr(object_of(node), name);

    return attr ? find_child(node, attr) : NULL;
}

/* Give a required attribute a value if there is an honest one. */
static bool fill_in(struct arena *a, struct ocsf_node *node, const struct ocsf_attr *attr)
{
    struct str name = ocsf_attr_name(attr), text = {0};

    if (str_eq(name, STR("name"))) {
        struct ocsf_node *path = child_named(node, STR("path"));
        if (path)
            text = ocsf_base_name(path->text);
    } else if ((attr->flags & OCSF_ENUM) && str_ends(name, STR("_id"))) {
        text = STR("0"); /* Unknown, in every vocabulary of OCSF */
    }
    if (text.n == 0)
        return false;
    add_child(a, node, attr)->text = text;
    return true;
}

static bool has_one_of(struct ocsf_node *node, struct str names)
{
    struct str name;

    if (names.n == 0)
        return true;
    while (names.n > 0) {
        str_cut(names, ' ', &name, &names);
        if (child_named(node, name))
            return true;
    }
    return false;
}

static void hand_back(struct ocsf_node *node, struct ocsf_leaf *rejected, size_t *n)
{
    if (node->is_dead)
        return;
    node->is_dead = true;
    if (node->path.n > 0)
        rejected[(*n)++] = (struct ocsf_leaf){node->path, node->text};
    for (struct ocsf_node *c = node->first; c; c = c->next)
        hand_back(c, rejected, n);
}

static void complete(struct arena *a, struct ocsf_node *node, struct ocsf_leaf *rejected, size_t *n)
{
    const struct ocsf_object *object = object_of(node);
    bool is_whole = true;

    for (struct ocsf_node *c = node->first; c; c = c->next)
        if (c->attr->kind == OCSF_OBJECT)
            complete(a, c, rejected, n);
    if (!node->attr)
        return; /* the evidence itself has its data beside this */
    for (size_t i = object->first; i < (size_t)object->first + object->n; i++) {
        const struct ocsf_attr *attr = &ocsf_attrs[i];
        if ((attr->flags & OCSF_REQUIRED) && !find_child(node, attr))
            is_whole = fill_in(a, node, attr) && is_whole;
    }
    if (!is_whole || !has_one_of(node, str_from(object->at_least_one)))
        hand_back(node, rejected, n);
}

const struct ocsf_node *ocsf_build(struct arena *a, struct ocsf_ways *ways,
                                   const struct ocsf_leaf *leaves, size_t n,
                                   struct ocsf_leaf *rejected, size_t *n_rejected)
{
    struct ocsf_node *root = ARENA_NEW(a, struct ocsf_node);

    *n_rejected = 0;
    for (size_t i = 0; i < n; i++)
        if (!add_leaf(a, ways, root, &leaves[i]))
            rejected[(*n_rejected)++] = leaves[i];
    complete(a, root, rejected, n_rejected);
    for (struct ocsf_node *c = root->first; c; c = c->next)
        if (!c->is_dead)
            return root;
    return NULL;
}

/* ---- out ------------------------------------------------------------------------------------- */

bool ocsf_is_bare(const struct ocsf_attr *attr)
{
    switch ((enum ocsf_kind)attr->kind) {
    case OCSF_INT:
    case OCSF_TIME:
    case OCSF_PORT:
    case OCSF_BOOL:
    case OCSF_FLOAT:
        return true;
    default:
        return false;
    }
}

static void write_leaf(struct json_writer *w, const struct ocsf_node *node)
{
    if (ocsf_is_bare(node->attr))
        json_put_number(w, node->text);
    else
        json_put_str(w, node->text);
}

void ocsf_write(struct json_writer *w, const struct ocsf_node *root)
{
    for (const struct ocsf_node *c = root->first; c; c = c->next) {
        bool is_array = (c->attr->flags & OCSF_ARRAY) != 0;
        if (c->is_dead)
            continue;
        json_key_name(w, ocsf_attr_name(c->attr));
        if (is_array)
            json_open_array(w);
        if (c->attr->kind == OCSF_OBJECT) {
            json_open_object(w);
            ocsf_write(w, c);
            json_close_object(w);
        } else {
            write_leaf(w, c);
        }
        if (is_array)
            json_close_array(w);
    }
}

const char *ocsf_observable_type(uint8_t type_id)
{
    static const char *const names[] = {
        [0] = "Unknown",   [1] = "Hostname",      [2] = "IP Address",    [3] = "MAC Address",
        [4] = "User Name", [5] = "Email Address", [6] = "URL String",    [7] = "File Name",
        [8] = "Hash",      [9] = "Process Name",  [10] = "Resource UID", [11] = "Port",
        [12] = "Subnet",   [13] = "Command Line", [15] = "Process ID",   [16] = "HTTP User-Agent",
        [45] = "File Path"};

    return type_id < ARRAY_LEN(names) && names[type_id] ? names[type_id] : "Other";
}

struct str ocsf_child_path(struct arena *a, struct str prefix, const struct ocsf_attr *attr)
{
    size_t n = ocsf_attr_name(attr).n, at = 0;
    char *text = arena_alloc(a, prefix.n + n + 4);

    if (prefix.n > 0) {
        memcpy(text, prefix.p, prefix.n);
        text[prefix.n] = '.';
        at = prefix.n + 1;
    }
    memcpy(text + at, attr->name, n);
    at += n;
    if (attr->flags & OCSF_ARRAY) {
        memcpy(text + at, "[0]", 3);
        at += 3;
    }
    return (struct str){text, at};
}

static size_t list_observables(struct arena *a, const struct ocsf_node *node, struct str prefix,
                               struct ocsf_observable *out, size_t n, size_t max)
{
    for (const struct ocsf_node *c = node->first; c && n < max; c = c->next) {
        if (c->is_dead)
            continue;
        struct str name = ocsf_child_path(a, prefix, c->attr);
        if (c->attr->kind == OCSF_OBJECT)
            n = list_observables(a, c, name, out, n, max);
        else if (c->attr->observable && c->text.n > 0 && c->path.n > 0)
            out[n++] = (struct ocsf_observable){name, c->attr->observable,
                                                ocsf_observable_type(c->attr->observable), c->text};
    }
    return n;
}

size_t ocsf_observables(struct arena *a, const struct ocsf_node *root, struct ocsf_observable *out,
                        size_t max)
{
    return root ? list_observables(a, root, (struct str){0}, out, 0, max) : 0;
}
