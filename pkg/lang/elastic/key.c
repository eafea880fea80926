/* key.c - typed access to the keys of a rule file. */
#include "lang/elastic/impl.h"

#include "base/str.h"

enum { KNOWN_MAX = 128 };

static struct place key_place(const struct doc_node *map, size_t i)
{
    return (struct place){map->keys[i].line, map->keys[i].col};
}

static bool is_among(struct str name, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

/* is_lax: what looks like a known key is a note, too. */
static bool check_keys(struct elastic_scope *s, const struct doc_node *map,
                       const struct key_names *known, const char *what, bool is_lax)
{
    struct str names[KNOWN_MAX];
    bool is_good = true;

    ASSERT(known->n <= KNOWN_MAX);
    for (size_t i = 0; i < known->n; i++)
        names[i] = str_from(known->names[i]);
    for (size_t i = 0; map && i < map->n_items; i++) {
        struct str key = map->keys[i].text;
        if (is_among(key, names, known->n))
            continue;
        struct str hint = diag_hint(s->diag, key, names, known->n);
        if (hint.n && !is_lax)
            is_good = diag_error(s->diag, key_place(map, i), "unknown key '%.*s' of %s%.*s",
                                 SHOWN(key), what, SHOWN(hint));
        else
            diag_note(s->diag, key_place(map, i), "the key '%.*s' of %s means nothing to weir%.*s",
                      SHOWN(key), what, SHOWN(hint));
    }
    return is_good;
}

bool key_check(struct elastic_scope *s, const struct doc_node *map, const struct key_names *known,
               const char *what)
{
    return check_keys(s, map, known, what, false);
}

void key_note(struct elastic_scope *s, const struct doc_node *map, const struct key_names *known,
              const char *what)
{
    (void)check_keys(s, map, known, what, true);
}

static const struct doc_node *value_of(const struct doc_node *map, const char *key)
{
    const struct doc_node *node = doc_get(map, str_from(key));

    return node && node->type != DOC_NULL ? node : NULL;
}

bool key_text(struct elastic_scope *s, const struct doc_node *map, const char *key, struct str *out)
{
    const struct doc_node *node = value_of(map, key);

    *out = STR("");
    if (!node)
        return true;
    if (node->type != DOC_STRING)
        return diag_error(s->diag, doc_place(node), "'%s' must be text, not %s", key,
                          doc_type_name(node));
    *out = names_intern(s->names, node->text);
    return true;
}

bool key_texts(struct elastic_scope *s, const struct doc_node *map, const char *key, size_t max,
               struct str_list *out)
{
    const struct doc_node *node = value_of(map, key);
    bool is_good = true;

    *out = (struct str_list){NULL, 0};
    if (!node)
        return true;
    if (node->type != DOC_LIST && node->type != DOC_STRING)
        return diag_error(s->diag, doc_place(node), "'%s' must be a list of texts, not %s", key,
                          doc_type_name(node));
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n = node->type == DOC_LIST ? node->n_items : 1;
    if (n > max)
        return diag_error(s->diag, doc_place(node), "'%s' has more than %zu entries", key, max);
    struct str *texts = ARENA_ARRAY(s->a, n, struct str);
    for (size_t i = 0; i < n; i++) {
        if (items[i].type != DOC_STRING)
            is_good = diag_error(s->diag, doc_place(&items[i]), "'%s' holds texts, not %s", key,
                                 doc_type_name(&items[i]));
        else
            texts[out->n++] = names_intern(s->names, items[i].text);
    }
    out->items = texts;
    return is_good;
}

bool key_number(struct elastic_scope *s, const struct doc_node *map, const char *key, int64_t least,
                int64_t most, int64_t *out)
{
    const struct doc_node *node = value_of(map, key);

    if (!node)
        return true;
    if (node->type != DOC_INT || !str_to_i64(node->number, out) || *out < least || *out > most)
        return diag_error(s->diag, doc_place(node), "'%s' must be a whole number from %lld to %lld",
                          key, (long long)least, (long long)most);
    return true;
}

bool key_flag(struct elastic_scope *s, const struct doc_node *map, const char *key, bool *out)
{
    const struct doc_node *node = value_of(map, key);

    *out = node && node->is_true;
    if (node && node->type != DOC_BOOL)
        return diag_error(s->diag, doc_place(node), "'%s' must be true or false, not %s", key,
                          doc_type_name(node));
    return true;
}

const struct doc_node *key_node(struct elastic_scope *s, const struct doc_node *map,
                                const char *key, enum doc_type type)
{
    const struct doc_node *node = value_of(map, key);

    if (!node || node->type == type)
        return node;
    diag_error(s->diag, doc_place(node), "'%s' must be %s, not %s", key,
               type == DOC_MAP ? "a map" : "a list", doc_type_name(node));
    return NULL;
}

bool key_missing(struct elastic_scope *s, const struct doc_node *map, const char *key)
{
    return diag_error(s->diag, doc_place(map), "'%s' is missing", key);
}

bool key_word(struct elastic_scope *s, const struct doc_node *node, const char *key,
              const char *const *words, size_t *out)
{
    struct str known[KNOWN_MAX], all = STR("");
    size_t n = 0;

    if (node->type != DOC_STRING)
        return diag_error(s->diag, doc_place(node), "'%s' must be text, not %s", key,
                          doc_type_name(node));
    for (; words[n]; n++) {
        known[n] = str_from(words[n]);
        if (str_eq(node->text, known[n])) {
            *out = n;
            return true;
        }
        all = arena_printf(s->scratch, "%.*s%s%s", (int)all.n, all.p, n ? ", " : "", words[n]);
    }
    struct str hint = diag_hint(s->diag, node->text, known, n);
    return diag_error(s->diag, doc_place(node), "'%s' cannot be '%.*s'%.*s: %.*s", key,
                      SHOWN(node->text), SHOWN(hint), SHOWN(all));
}
