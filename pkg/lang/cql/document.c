/* document.c - files of LogScale's packages: saved queries, alerts, scheduled searches, dashboards.
 *
 * A file has its query under `queryString`, a dashboard one in each of its widgets. What LogScale
 * does not say of a query may stand beside it: id, level, tags, references, author, and `weir:`
 * (lang/settings.h) with `strict: true` for the strict grammar.
 */
#include "lang/cql/cql.h"

#include "base/str.h"
#include "lang/amount.h"
#include "lang/cql/scan.h"

#define SCHEMA "schemas.humio.com/"

enum cql_kind cql_kind_of(const struct doc_node *document)
{
    const struct doc_node *schema = doc_get(document, STR("$schema"));
    const struct doc_node *widgets = doc_get(document, STR("widgets"));
    bool is_package = doc_is_scalar(schema) && str_find(schema->text, STR(SCHEMA), 0) != SIZE_MAX;

    if (document->type != DOC_MAP)
        return CQL_NOTHING;
    if (doc_is_scalar(doc_get(document, STR("queryString"))))
        return CQL_QUERY;
    if (is_package && widgets && widgets->type == DOC_MAP)
        return CQL_DASHBOARD;
    return is_package ? CQL_OTHER : CQL_NOTHING;
}

static struct str text_of(struct arena *a, const struct doc_node *map, struct str key)
{
    const struct doc_node *node = doc_get(map, key);

    return doc_is_scalar(node) && node->type != DOC_NULL ? arena_str(a, str_trim(node->text))
                                                         : STR("");
}

static struct str_list texts_of(struct arena *a, const struct doc_node *map, struct str key)
{
    const struct doc_node *node = doc_get(map, key);
    struct str *items;
    size_t n = 0;

    if (!node || node->type != DOC_LIST)
        return (struct str_list){NULL, 0};
    items = ARENA_ARRAY(a, node->n_items, struct str);
    for (size_t i = 0; i < node->n_items; i++)
        if (doc_is_scalar(&node->items[i]))
            items[n++] = arena_str(a, node->items[i].text);
    return (struct str_list){items, n};
}

static bool read_level(struct diag *d, const struct doc_node *map, struct rule *rule)
{
    const struct doc_node *level = doc_get(map, STR("level"));

    if (!level)
        return true;
    rule->has_level = doc_is_scalar(level) && rule_level_parse(level->text, &rule->level);
    return rule->has_level ||
           diag_error(d, doc_place(level), "level: informational, low, medium, high or critical");
}

/* How far back it looks, by the words of alerts, scheduled searches, queries and widgets. */
static int64_t window_of(const struct doc_node *map)
{
    const struct doc_node *interval = doc_get(map, STR("timeInterval"));
    const struct doc_node *tries[] = {interval, doc_get(interval, STR("start")),
                                      doc_get(map, STR("queryStart")), doc_get(map, STR("start"))};
    int64_t ms;

    for (size_t i = 0; i < ARRAY_LEN(tries); i++)
        if (doc_is_scalar(tries[i]) && cql_span(tries[i]->text, &ms))
            return ms;
    return 0;
}

static bool read_settings(struct query_scope *s, const struct doc_node *map,
                          struct cql_document *out)
{
    static const struct str OWN[] = {{"strict", 6}};
    const struct doc_node *weir = doc_get(map, STR("weir")), *strict = doc_get(weir, OWN[0]);

    if (!weir)
        return true;
    out->has_settings = true;
    if (strict && strict->type != DOC_BOOL)
        return diag_error(s->diag, doc_place(strict), "strict: true or false");
    out->is_strict = strict && strict->is_true;
    return rule_settings_load(s->diag, s->names, weir, OWN, ARRAY_LEN(OWN), &out->settings);
}

static void set_query(struct arena *a, const struct doc_node *map, struct cql_document *out)
{
    const struct doc_node *query = doc_get(map, STR("queryString"));

    out->query = arena_str(a, query->text);
    out->at = doc_place(query);
    out->window_ms = window_of(map);
}

bool cql_document_read(struct query_scope *s, struct arena *keep, const struct doc_node *document,
                       struct rule *rule, struct cql_document *out)
{
    struct str id = text_of(s->a, document, STR("id"));

    *out = (struct cql_document){.is_there = true};
    set_query(keep, document, out);
    rule->title = text_of(s->a, document, STR("name"));
    if (id.n) {
        rule->uid = id;
        rule->has_own_id = true;
    }
    rule->description = text_of(s->a, document, STR("description"));
    rule->author = text_of(s->a, document, STR("author"));
    rule->tags = texts_of(s->a, document, STR("tags"));
    rule->references = texts_of(s->a, document, STR("references"));
    rule->falsepositives = texts_of(s->a, document, STR("falsepositives"));
    bool is_good = read_level(s->diag, document, rule);
    is_good &= read_settings(s, document, out);
    if (out->settings.window_ms)
        out->window_ms = out->settings.window_ms;
    return is_good;
}

void cql_widget_read(struct query_scope *s, struct arena *keep, const struct doc_node *document,
                     size_t i, struct rule *rule, struct cql_document *out)
{
    const struct doc_node *widgets = doc_get(document, STR("widgets"));
    const struct doc_node *widget = &widgets->items[i];
    struct str title = text_of(s->a, widget, STR("title"));
    struct str key = widgets->keys[i].text;

    *out = (struct cql_document){.is_widget = true};
    if (!doc_is_scalar(doc_get(widget, STR("queryString"))) ||
        str_trim(doc_get(widget, STR("queryString"))->text).n == 0)
        return;
    out->is_there = true;
    set_query(keep, widget, out);
    rule->line = widgets->keys[i].line;
    rule->uid = arena_printf(s->a, "%.*s/%.*s", (int)rule->uid.n, rule->uid.p, (int)key.n, key.p);
    rule->title = title.n ? title : arena_str(s->a, key);
    rule->channel = CHANNEL_OFF;
    rule->is_display = true;
}

/* parameters: {name: {defaultValue: "*"}} */
struct cql_parameters cql_parameters_read(struct arena *a, const struct doc_node *document)
{
    const struct doc_node *map = doc_get(document, STR("parameters"));
    struct cql_parameter *items;
    size_t n = 0;

    if (!map || map->type != DOC_MAP)
        return (struct cql_parameters){NULL, 0};
    items = ARENA_ARRAY(a, map->n_items, struct cql_parameter);
    for (size_t i = 0; i < map->n_items; i++) {
        struct str value = text_of(a, &map->items[i], STR("defaultValue"));
        if (value.n)
            items[n++] = (struct cql_parameter){arena_str(a, map->keys[i].text), value};
    }
    return (struct cql_parameters){items, n};
}
