/* profile_derive.c - from `apply: [url_decode, {split: ","}]` to steps. A step is a word, or a map
 * of one word to what it needs. */
#include "event/profile_derive.h"

#include "base/str.h"

static const struct str STEPS[] = {{"basename", 8}, {"extension", 9},   {"url_decode", 10},
                                   {"lower", 5},    {"hex_decode", 10}, {"split", 5},
                                   {"part", 4},     {"prefix", 6}};

static enum weir_rc refuse(struct weir_err *err, uint32_t line, uint32_t col, const char *text)
{
    return err_at(err, WEIR_SYNTAX, line, col, "%s", text);
}

static enum weir_rc kind_of(struct str word, uint32_t line, uint32_t col, enum derive_kind *out,
                            struct weir_err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(STEPS); i++)
        if (str_eq(STEPS[i], word)) {
            *out = (enum derive_kind)i;
            return WEIR_OK;
        }
    struct str near = str_nearest(word, STEPS, ARRAY_LEN(STEPS));
    if (near.n)
        return err_at(err, WEIR_SYNTAX, line, col, "unknown step '%.*s' (did you mean '%.*s'?)",
                      (int)word.n, word.p, (int)near.n, near.p);
    return err_at(err, WEIR_SYNTAX, line, col, "unknown step '%.*s'", (int)word.n, word.p);
}

static enum weir_rc read_separator(const struct doc_node *node, struct str *out,
                                   struct weir_err *err)
{
    if (node->type != DOC_STRING || node->text.n == 0)
        return refuse(err, node->line, node->col, "must be text of at least one byte");
    *out = node->text;
    return WEIR_OK;
}

static enum weir_rc read_number(const struct doc_node *node, int64_t *out, struct weir_err *err)
{
    if (node->type != DOC_INT || !str_to_i64(node->text, out))
        return refuse(err, node->line, node->col, "must be a whole number");
    return WEIR_OK;
}

static enum weir_rc read_after(struct arena *a, const struct doc_node *node, struct str_list *out,
                               struct weir_err *err)
{
    bool is_list = node->type == DOC_LIST;
    size_t n = is_list ? node->n_items : 1;
    const struct doc_node *items = is_list ? node->items : node;
    struct str *texts = ARENA_ARRAY(a, n, struct str);

    for (size_t i = 0; i < n; i++) {
        if (!doc_is_scalar(&items[i]) || items[i].type == DOC_NULL)
            return refuse(err, items[i].line, items[i].col,
                          "after must be text or a list of texts");
        texts[i] = items[i].text;
    }
    *out = (struct str_list){texts, n};
    return WEIR_OK;
}

static enum weir_rc read_part_key(struct arena *a, const struct doc_key *key,
                                  const struct doc_node *value, struct derive_step *out,
                                  struct weir_err *err)
{
    static const struct str names[] = {{"by", 2}, {"at", 2}, {"after", 5}, {"of", 2}};

    if (str_eq(key->text, names[0]))
        return read_separator(value, &out->by, err);
    if (str_eq(key->text, names[1]))
        return read_number(value, &out->at, err);
    if (str_eq(key->text, names[2]))
        return read_after(a, value, &out->after, err);
    if (str_eq(key->text, names[3]))
        return read_number(value, &out->of, err);
    struct str near = str_nearest(key->text, names, ARRAY_LEN(names));
    return err_at(err, WEIR_SYNTAX, key->line, key->col,
                  near.n ? "unknown key of part '%.*s' (did you mean '%.*s'?)"
                         : "unknown key of part '%.*s': known are by, at, after, of",
                  (int)key->text.n, key->text.p, (int)near.n, near.p);
}

/* {by: SEPARATOR, at: N, after: TEXTS, of: N} */
static enum weir_rc read_part(struct arena *a, const struct doc_node *node, struct derive_step *out,
                              struct weir_err *err)
{
    if (node->type != DOC_MAP)
        return refuse(err, node->line, node->col, "part must be a map with by and at");
    for (size_t i = 0; i < node->n_items; i++)
        TRY(read_part_key(a, &node->keys[i], &node->items[i], out, err));
    if (out->by.n == 0 || !doc_get(node, STR("at")))
        return refuse(err, node->line, node->col, "part needs by and at");
    return WEIR_OK;
}

static enum weir_rc read_step(struct arena *a, const struct doc_node *node, struct derive_step *out,
                              struct weir_err *err)
{
    *out = (struct derive_step){0};
    if (node->type == DOC_MAP && node->n_items == 1) {
        const struct doc_key *key = &node->keys[0];
        TRY(kind_of(key->text, key->line, key->col, &out->kind, err));
        if (out->kind == DERIVE_SPLIT || out->kind == DERIVE_PREFIX)
            return read_separator(&node->items[0], &out->by, err);
        if (out->kind == DERIVE_PART)
            return read_part(a, &node->items[0], out, err);
        return refuse(err, key->line, key->col, "this step stands alone, without a value");
    }
    if (node->type != DOC_STRING)
        return refuse(err, node->line, node->col, "a step is a word, or one `word: value`");
    TRY(kind_of(node->text, node->line, node->col, &out->kind, err));
    if (out->kind >= DERIVE_SPLIT)
        return refuse(err, node->line, node->col, "this step needs a value, as {split: \",\"}");
    return WEIR_OK;
}

enum weir_rc profile_read_derive(struct arena *a, const struct doc_node *node,
                                 const struct derive **out, struct weir_err *err)
{
    bool is_list = node->type == DOC_LIST;
    size_t n = is_list ? node->n_items : 1;
    const struct doc_node *items = is_list ? node->items : node;
    struct derive_step *steps = ARENA_ARRAY(a, n, struct derive_step);
    struct derive *d = ARENA_NEW(a, struct derive);

    if (n == 0 || n > DERIVE_STEPS_MAX)
        return err_at(err, WEIR_LIMIT, node->line, node->col, "apply has 1 to %d steps",
                      DERIVE_STEPS_MAX);
    for (size_t i = 0; i < n; i++)
        TRY(read_step(a, &items[i], &steps[i], err));
    *d = (struct derive){steps, n};
    *out = d;
    return WEIR_OK;
}
