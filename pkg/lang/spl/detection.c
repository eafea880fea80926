/* detection.c - files of Splunk's security content: detections and macros.
 *
 * A detection's risk (confidence x impact / 100, what its findings add to the risk of whom they
 * concern) becomes the level that weir scores like that (rule/rule.h, rule_level_score()); without
 * one: medium.
 */
#include "base/str.h"
#include "base/vec.h"
#include "lang/amount.h"
#include "lang/spl/spl.h"

enum spl_kind spl_kind_of(const struct doc_node *document)
{
    if (!doc_is_scalar(doc_get(document, STR("name"))))
        return SPL_NOTHING;
    if (doc_is_scalar(doc_get(document, STR("search"))))
        return SPL_DETECTION;
    return doc_is_scalar(doc_get(document, STR("definition"))) ? SPL_MACRO : SPL_NOTHING;
}

bool spl_macro_load(struct diag *d, const struct doc_node *document, struct spl_macro *out)
{
    const struct doc_node *arguments = doc_get(document, STR("arguments"));

    *out = (struct spl_macro){.name = doc_get(document, STR("name"))->text,
                              .definition = doc_get(document, STR("definition"))->text};
    if (!arguments || arguments->type == DOC_NULL)
        return true;
    if (arguments->type != DOC_LIST)
        return diag_error(d, doc_place(arguments), "arguments: expected a list, found %s",
                          doc_type_name(arguments));
    if (arguments->n_items > SPL_ARGUMENTS_MAX)
        return diag_error(d, doc_place(arguments), "more than %d arguments", SPL_ARGUMENTS_MAX);
    for (size_t i = 0; i < arguments->n_items; i++) {
        if (!doc_is_scalar(&arguments->items[i]))
            return diag_error(d, doc_place(&arguments->items[i]), "an argument is a name");
        out->arguments[out->n_arguments++] = arguments->items[i].text;
    }
    return true;
}

/* ---- metadata ------------------------------------------------------------------------------ */

static struct str text_of(struct query_scope *s, const struct doc_node *map, struct str key)
{
    const struct doc_node *node = doc_get(map, key);

    return doc_is_scalar(node) && node->type != DOC_NULL ? arena_str(s->a, str_trim(node->text))
                                                         : STR("");
}

static struct str_list texts_of(struct query_scope *s, const struct doc_node *map, struct str key,
                                const char *before)
{
    const struct doc_node *node = doc_get(map, key);
    struct str *items;
    size_t n = 0;

    if (!node || node->type != DOC_LIST)
        return (struct str_list){NULL, 0};
    items = ARENA_ARRAY(s->a, node->n_items, struct str);
    for (size_t i = 0; i < node->n_items; i++)
        if (doc_is_scalar(&node->items[i]))
            items[n++] = arena_printf(s->a, "%s%.*s", before, (int)node->items[i].text.n,
                                      node->items[i].text.p);
    return (struct str_list){items, n};
}

/* attack.t1528 */
static struct str_list techniques(struct query_scope *s, const struct doc_node *tags)
{
    struct str_list list = texts_of(s, tags, STR("mitre_attack_id"), "attack.");
    struct str *items = ARENA_ARRAY(s->a, list.n, struct str);

    for (size_t i = 0; i < list.n; i++) {
        char *p = arena_alloc(s->a, list.items[i].n + 1);
        for (size_t k = 0; k < list.items[i].n; k++)
            p[k] = ascii_lower(list.items[i].p[k]);
        items[i] = (struct str){p, list.items[i].n};
    }
    return (struct str_list){items, list.n};
}

static enum rule_status status_of(struct str word)
{
    return str_eq(word, STR("production"))     ? STATUS_STABLE
           : str_eq(word, STR("experimental")) ? STATUS_EXPERIMENTAL
           : str_eq(word, STR("deprecated"))   ? STATUS_DEPRECATED
                                               : STATUS_NONE;
}

static void set_level(const struct doc_node *tags, struct rule *rule)
{
    const struct doc_node *confidence = doc_get(tags, STR("confidence"));
    const struct doc_node *impact = doc_get(tags, STR("impact"));
    int64_t c, i;

    rule->level = LEVEL_MEDIUM;
    if (!doc_is_scalar(confidence) || !doc_is_scalar(impact) ||
        !str_to_i64(confidence->number, &c) || !str_to_i64(impact->number, &i) || c < 0 ||
        c > 100 || i < 0 || i > 100)
        return;
    rule->has_level = true;
    rule->level = LEVEL_INFORMATIONAL;
    for (int level = LEVEL_LOW; level <= LEVEL_CRITICAL; level++)
        if (c * i / 100 >= rule_level_score((enum rule_level)level))
            rule->level = (enum rule_level)level;
}

static void metadata(struct query_scope *s, const struct doc_node *document, struct rule *rule)
{
    const struct doc_node *tags = doc_get(document, STR("tags"));
    struct str id = text_of(s, document, STR("id"));
    struct str falsepositive = text_of(s, document, STR("known_false_positives"));

    rule->language = STR("spl");
    rule->title = text_of(s, document, STR("name"));
    if (id.n) {
        rule->uid = id;
        rule->has_own_id = true;
    }
    rule->name = rule->licence = STR("");
    rule->description = text_of(s, document, STR("description"));
    rule->author = text_of(s, document, STR("author"));
    rule->date = text_of(s, document, STR("date"));
    rule->modified = STR("");
    rule->status = status_of(text_of(s, document, STR("status")));
    rule->references = texts_of(s, document, STR("references"), "");
    rule->tags = techniques(s, tags);
    rule->logsource = (struct logsource){STR(""), STR(""), STR(""), {NULL, 0}};
    set_level(tags, rule);
    if (falsepositive.n) {
        struct str *one = ARENA_NEW(s->a, struct str);
        *one = falsepositive;
        rule->falsepositives = (struct str_list){one, 1};
    }
}

bool spl_detection_load(struct query_scope *s, const struct doc_node *document,
                        const struct spl_macros *macros, struct rule *rule)
{
    const struct doc_node *search = doc_get(document, STR("search"));
    struct query_options options = {.macros = macros};

    metadata(s, document, rule);
    s->at = doc_place(search);
    return spl_load(s, search->text, &options, rule);
}
