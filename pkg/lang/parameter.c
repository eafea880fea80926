/* parameter.c - see parameter.h. Which settings there are says rule/setting.h. Lists are asked by
 * the placeholder's name; the source in between knows of which parameter that is, and asks first
 * whether somebody gave it values.
 */
#include "lang/parameter.h"

#include "base/str.h"
#include "lang/amount.h"
#include "rule/setting.h"

/* ---- settings -------------------------------------------------------------------------------- */

/* What a threshold may be depends on what it is compared with. */
static bool check_threshold(struct diag *d, const char *key, const struct doc_node *node,
                            const struct correlation *c, int64_t micro)
{
    bool counts = c->kind == OPERATOR_COUNT || c->kind == OPERATOR_DISTINCT;

    if (counts && (micro < 0 || micro > (int64_t)CORRELATION_COUNT_MAX * CORRELATION_MICRO))
        return diag_error(d, doc_place(node), "'%s' is a count of 0 to %d", key,
                          CORRELATION_COUNT_MAX);
    if (c->kind == OPERATOR_RATIO && (micro < 0 || micro > CORRELATION_MICRO))
        return diag_error(d, doc_place(node), "'%s' is a share of 0 to 1", key);
    return true;
}

static bool read_value(struct diag *d, const char *key, enum setting_unit unit,
                       const struct doc_node *node, const struct correlation *c, int64_t *out)
{
    switch (unit) {
    case SETTING_SPAN:
        return amount_span(d, node, key, out);
    case SETTING_DISTANCE:
        return amount_distance(d, node, key, out);
    case SETTING_SPEED:
        return amount_speed(d, node, key, out);
    case SETTING_POSITIVE:
        return amount_number(d, node, key, out) &&
               (*out > 0 || diag_error(d, doc_place(node), "'%s' must be above 0", key));
    case SETTING_THRESHOLD:
        return amount_number(d, node, key, out) && check_threshold(d, key, node, c, *out);
    }
    return false;
}

bool parameter_set(struct diag *d, const struct rule_parameter *p, const struct doc_node *value,
                   struct correlation *c)
{
    const struct setting *setting = setting_find(p->sets);
    int64_t number;

    ASSERT(setting);
    if (!read_value(d, arena_str(d->a, p->name).p, setting->unit, value, c, &number))
        return false;
    setting_put(setting, c, number);
    return true;
}

bool parameters_fit(struct diag *d, const struct rule *rule)
{
    bool is_good = true;

    for (size_t i = 0; i < rule->n_parameters; i++) {
        const struct rule_parameter *p = &rule->parameters[i];
        struct place at = {p->line, p->col};
        if (p->list.n && rule->correlation)
            is_good =
                diag_error(d, at, "the parameter '%.*s' is about a list: a correlation asks none",
                           SHOWN(p->name));
        else if (p->sets.n && !rule->correlation)
            is_good = diag_error(d, at,
                                 "the parameter '%.*s' sets '%.*s': only correlations "
                                 "have that",
                                 SHOWN(p->name), SHOWN(p->sets));
        else if (p->sets.n && !setting_find(p->sets)->fits(rule->correlation))
            is_good = diag_error(d, at, "the parameter '%.*s' sets '%.*s', which this %s has not",
                                 SHOWN(p->name), SHOWN(p->sets),
                                 correlation_type_name(rule->correlation));
    }
    return is_good;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_text(struct diag *d, struct names *names, const struct doc_node *node,
                      const char *key, struct str *out)
{
    if (!doc_is_scalar(node) || node->type == DOC_NULL || str_trim(node->text).n == 0)
        return diag_error(d, doc_place(node), "'%s' of a parameter must be text, not %s", key,
                          doc_is_scalar(node) ? "nothing" : doc_type_name(node));
    *out = names_intern(names, str_trim(node->text));
    return true;
}

static bool read_sets(struct diag *d, const struct doc_node *node, struct rule_parameter *p)
{
    size_t n = setting_count();
    struct str *known = ARENA_ARRAY(d->a, n, struct str);

    if (setting_find(p->sets))
        return true;
    for (size_t i = 0; i < n; i++)
        known[i] = setting_at(i)->name;
    struct str hint = diag_hint(d, p->sets, known, n);
    return diag_error(d, doc_place(node), "a parameter cannot set '%.*s'%.*s", SHOWN(p->sets),
                      SHOWN(hint));
}

static bool read_key(struct diag *d, struct names *names, const struct doc_key *key,
                     const struct doc_node *node, struct rule_parameter *p)
{
    static const struct str KNOWN[] = {
        {"description", 11}, {"sets", 4}, {"list", 4}, {"weighs", 6}};
    struct str *const TEXTS[] = {&p->description, &p->sets, &p->list, &p->weighs};

    for (size_t i = 0; i < ARRAY_LEN(KNOWN); i++)
        if (str_eq(key->text, KNOWN[i]))
            return read_text(d, names, node, KNOWN[i].p, TEXTS[i]) &&
                   (TEXTS[i] != &p->sets || read_sets(d, node, p));
    struct str hint = diag_hint(d, key->text, KNOWN, ARRAY_LEN(KNOWN));
    return diag_error(d, (struct place){key->line, key->col},
                      "unknown key '%.*s' of a parameter%.*s", SHOWN(key->text), SHOWN(hint));
}

static bool read_parameter(struct diag *d, struct names *names, const struct doc_key *key,
                           const struct doc_node *map, struct rule_parameter *p)
{
    bool is_good = true;

    *p = (struct rule_parameter){
        .name = names_intern(names, key->text), .line = key->line, .col = key->col};
    if (map->type != DOC_MAP)
        return diag_error(d, doc_place(map),
                          "the parameter '%.*s' must be a map (description, and sets or list), "
                          "not %s",
                          SHOWN(p->name), doc_type_name(map));
    for (size_t i = 0; i < map->n_items; i++)
        is_good &= read_key(d, names, &map->keys[i], &map->items[i], p);
    if (!is_good)
        return false;
    if ((p->sets.n > 0) == (p->list.n > 0))
        return diag_error(d, (struct place){key->line, key->col},
                          "the parameter '%.*s' needs one of 'sets' and 'list'", SHOWN(p->name));
    if (p->description.n == 0)
        return diag_error(d, (struct place){key->line, key->col},
                          "the parameter '%.*s' has no 'description'", SHOWN(p->name));
    if (p->weighs.n && !p->list.n)
        return diag_error(d, (struct place){key->line, key->col},
                          "the parameter '%.*s' has no 'list' that could weigh", SHOWN(p->name));
    return true;
}

static bool check_lists(struct diag *d, const struct rule *rule)
{
    size_t n_weights = 0;

    for (size_t i = 0; i < rule->n_parameters; i++) {
        const struct rule_parameter *p = &rule->parameters[i];
        n_weights += p->weighs.n > 0;
        if (n_weights > RULE_WEIGHTS_MAX)
            return diag_error(d, (struct place){p->line, p->col},
                              "more than %d parameters that weigh", RULE_WEIGHTS_MAX);
        for (size_t k = 0; k < i; k++)
            if (p->list.n && str_eq(p->list, rule->parameters[k].list))
                return diag_error(d, (struct place){p->line, p->col},
                                  "the parameters '%.*s' and '%.*s' are about the same list",
                                  SHOWN(rule->parameters[k].name), SHOWN(p->name));
    }
    return true;
}

bool parameters_load(struct diag *d, struct names *names, const struct doc_node *map,
                     struct rule *rule)
{
    bool is_good = true;

    if (map->type != DOC_MAP)
        return diag_error(d, doc_place(map), "'%s' must be a map of names, not %s", PARAMETERS_KEY,
                          doc_type_name(map));
    if (map->n_items > RULE_PARAMETERS_MAX)
        return diag_error(d, doc_place(map), "more than %d parameters", RULE_PARAMETERS_MAX);
    struct rule_parameter *list = ARENA_ARRAY(d->a, map->n_items, struct rule_parameter);
    for (size_t i = 0; i < map->n_items; i++)
        is_good &= read_parameter(d, names, &map->keys[i], &map->items[i], &list[i]);
    if (!is_good)
        return false;
    rule->parameters = list;
    rule->n_parameters = map->n_items;
    return check_lists(d, rule);
}

const struct rule_parameter *parameter_find(const struct rule *rule, struct str name)
{
    for (size_t i = 0; i < rule->n_parameters; i++)
        if (str_eq(rule->parameters[i].name, name))
            return &rule->parameters[i];
    return NULL;
}

struct str parameter_nearest(struct arena *a, const struct rule *rule, struct str name)
{
    struct str *names = ARENA_ARRAY(a, rule->n_parameters, struct str);

    for (size_t i = 0; i < rule->n_parameters; i++)
        names[i] = rule->parameters[i].name;
    return str_nearest(name, names, rule->n_parameters);
}

/* ---- lists ----------------------------------------------------------------------------------- */

enum { LISTS_MAGIC = 0x50415241 };

struct parameter_lists {
    uint32_t magic; /* travels through the void * of struct list_source */
    const struct rule_parameter *parameters;
    size_t n;
    bool is_asked[RULE_PARAMETERS_MAX];
    const struct list_source *below; /* may be NULL */
    struct list_source source;
};

static struct parameter_lists *lists_of(void *context)
{
    struct parameter_lists *l = context;

    ASSERT(l->magic == LISTS_MAGIC);
    return l;
}

/* Somebody has given values for the parameter that this list belongs to. */
static bool given(struct parameter_lists *l, struct str name, struct str_list *entries,
                  enum list_mode *mode)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!str_eq(l->parameters[i].list, name))
            continue;
        l->is_asked[i] = true;
        return l->below && l->below->given &&
               l->below->given(l->below->context, l->parameters[i].name, name, entries, mode);
    }
    return false;
}

static bool look_up(void *context, struct str name, struct str_list *entries, enum list_mode *mode)
{
    struct parameter_lists *l = lists_of(context);

    return given(l, name, entries, mode) ||
           (l->below && l->below->lookup(l->below->context, name, entries, mode));
}

/* Values given to one rule are copied into it. */
static const struct list_slot *slot_of(void *context, struct str name, struct str column)
{
    struct parameter_lists *l = lists_of(context);
    struct str_list entries;
    enum list_mode mode;

    if (given(l, name, &entries, &mode) || !l->below || !l->below->slot)
        return NULL;
    return l->below->slot(l->below->context, name, column);
}

static struct str nearest(void *context, struct str name)
{
    const struct parameter_lists *l = lists_of(context);

    return l->below && l->below->nearest ? l->below->nearest(l->below->context, name) : STR("");
}

struct parameter_lists *parameter_lists_new(struct arena *a, const struct rule *rule,
                                            const struct list_source *below)
{
    struct parameter_lists *l = NULL;

    for (size_t i = 0; i < rule->n_parameters && !l; i++)
        if (rule->parameters[i].list.n)
            l = ARENA_NEW(a, struct parameter_lists);
    if (!l)
        return NULL;
    l->magic = LISTS_MAGIC;
    l->parameters = rule->parameters;
    l->n = rule->n_parameters;
    l->below = below;
    l->source =
        (struct list_source){.lookup = look_up, .slot = slot_of, .nearest = nearest, .context = l};
    return l;
}

const struct list_source *parameter_lists_source(const struct parameter_lists *lists)
{
    return &lists->source;
}

static bool is_there(const struct parameter_lists *l, struct str name)
{
    struct str_list entries;
    enum list_mode mode;

    return l->below && l->below->lookup(l->below->context, name, &entries, &mode);
}

bool parameter_lists_check(struct diag *d, const struct parameter_lists *lists)
{
    bool is_good = true;

    for (size_t i = 0; lists && i < lists->n; i++) {
        const struct rule_parameter *p = &lists->parameters[i];
        struct place at = {p->line, p->col};
        if (p->list.n && !lists->is_asked[i] && !p->weighs.n)
            is_good =
                diag_error(d, at, "the parameter '%.*s': the rule has no placeholder %%%.*s%%",
                           SHOWN(p->name), SHOWN(p->list));
        else if (p->weighs.n && !is_there(lists, p->list))
            is_good = diag_error(
                d, at, "the parameter '%.*s': no list '%.*s': give it with --list %.*s=FILE",
                SHOWN(p->name), SHOWN(p->list), SHOWN(p->list));
    }
    return is_good;
}
