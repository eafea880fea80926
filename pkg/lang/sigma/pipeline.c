/* pipeline.c - pipelines applied to a rule.
 *
 * At the start of a rule its conditions are judged once, transformation by transformation: what a
 * condition may ask (log source, state, what was applied before) changes only by them. Those that
 * apply are the rule's `active` ones. Each item of a selection then goes through these in order,
 * before it is lowered: see sigma_item_lower().
 */
#include "lang/sigma/pipeline.h"

#include "lang/sigma/pipeline_impl.h"

#include <string.h>

#include "base/str.h"
#include "rule/correlation.h"

static bool has(const struct str_list *list, struct str text)
{
    for (size_t i = 0; i < list->n; i++)
        if (str_eq(list->items[i], text))
            return true;
    return false;
}

/* ---- conditions of rules ----------------------------------------------------------------- */

static bool part_is(struct str wanted, struct str got)
{
    return wanted.n == 0 || str_eq(wanted, got);
}

static struct str attribute(const struct rule *rule, struct str name)
{
    if (str_eq(name, STR("id")))
        return rule->uid;
    if (str_eq(name, STR("title")))
        return rule->title;
    if (str_eq(name, STR("level")))
        return rule->has_level ? str_from(rule_level_name(rule->level)) : STR("");
    return str_from(rule_status_name(rule->status));
}

static bool was_applied(const struct sigma_run *run, struct str id)
{
    for (size_t i = 0; i < run->n; i++)
        if (str_eq(run->active[i]->id, id))
            return true;
    return false;
}

static bool state_is(const struct sigma_run *run, struct str key, struct str value)
{
    for (size_t i = run->n_states; i-- > 0;)
        if (str_eq(run->states[i].key, key))
            return str_eq(run->states[i].value, value);
    return false;
}

/* Of a correlation: the source of any rule that it listens to. Depth: CORRELATION_DEPTH_MAX. */
static bool source_is(const struct logsource *wanted, const struct rule *rule)
{
    const struct logsource *l = &rule->logsource;
    const struct correlation *c = rule->correlation;

    for (size_t i = 0; c && i < c->n_inputs; i++)
        if (c->inputs[i].rule && source_is(wanted, c->inputs[i].rule))
            return true;
    return !c && part_is(wanted->category, l->category) && part_is(wanted->product, l->product) &&
           part_is(wanted->service, l->service);
}

static bool condition_holds(const struct sigma_run *run, const struct rule_condition *c,
                            const struct rule *rule)
{
    switch (c->kind) {
    case CONDITION_LOGSOURCE:
        return source_is(&c->source, rule);
    case CONDITION_TAG:
        return has(&rule->tags, c->value);
    case CONDITION_ATTRIBUTE:
        return str_eq(attribute(rule, c->key), c->value);
    case CONDITION_IS_RULE:
        return !rule->correlation;
    case CONDITION_IS_CORRELATION:
        return rule->correlation != NULL;
    case CONDITION_STATE:
        return state_is(run, c->key, c->value);
    case CONDITION_APPLIED:
        return was_applied(run, c->value);
    }
    return false;
}

static bool applies(const struct sigma_run *run, const struct transform *t, const struct rule *rule)
{
    bool holds = !t->rule_any || t->n_rule_conditions == 0;

    for (size_t i = 0; i < t->n_rule_conditions; i++) {
        bool one = condition_holds(run, &t->rule_conditions[i], rule);
        holds = t->rule_any ? holds || one : holds && one;
    }
    return t->n_rule_conditions == 0 || holds != t->rule_not;
}

/* ---- variables ----------------------------------------------------------------------------- */

/* What the last pipeline that may answer for the placeholder says; NULL: none does. */
static const struct pipeline_var *variable(const struct sigma_run *run, struct str name)
{
    for (size_t i = run->n; i-- > 0;) {
        const struct transform *t = run->active[i];
        if (t->kind != TRANSFORM_PLACEHOLDERS || (t->include.n && !has(&t->include, name)) ||
            has(&t->exclude, name))
            continue;
        for (size_t k = 0; k < t->n_vars; k++)
            if (str_eq(t->vars[k].name, name))
                return &t->vars[k];
    }
    return NULL;
}

static bool lookup(void *context, struct str name, struct str_list *entries, enum list_mode *mode)
{
    const struct sigma_run *run = context;
    const struct pipeline_var *var = variable(run, name);

    if (!var)
        return run->outer && run->outer->lookup(run->outer->context, name, entries, mode);
    *entries = var->values;
    *mode = LIST_GLOB;
    return true;
}

static const struct list_slot *slot(void *context, struct str name, struct str column)
{
    const struct sigma_run *run = context;

    if (variable(run, name) || !run->outer || !run->outer->slot)
        return NULL;
    return run->outer->slot(run->outer->context, name, column);
}

static struct str nearest(void *context, struct str name)
{
    const struct sigma_run *run = context;

    if (!run->outer || !run->outer->nearest)
        return STR("");
    return run->outer->nearest(run->outer->context, name);
}

/* ---- the start of a rule -------------------------------------------------------------------- */

static void change_source(struct sigma_scope *s, const struct logsource *to, struct rule *rule)
{
    if (!rule->written_source) {
        struct logsource *written = ARENA_NEW(s->a, struct logsource);
        *written = rule->logsource;
        rule->written_source = written;
    }
    const struct str parts[] = {to->category, to->product, to->service};
    struct str *const slots[] = {&rule->logsource.category, &rule->logsource.product,
                                 &rule->logsource.service};

    /* As pySigma does: the new log source takes the place of the whole old one. */
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        *slots[i] = parts[i].n ? names_intern(s->names, parts[i]) : STR("");
}

bool pipeline_take(struct sigma_run *run, const struct transform *t, const struct rule *rule)
{
    if (!applies(run, t, rule))
        return false;
    run->active[run->n++] = t;
    if (t->kind == TRANSFORM_SET_STATE && run->n_states < PIPELINE_STATES_MAX)
        run->states[run->n_states++] = (struct pipeline_state){t->key, t->text};
    return true;
}

/* False: the rule is not wanted. */
static bool start_one(struct sigma_scope *s, struct sigma_run *run, const struct transform *t,
                      struct rule *rule)
{
    if (!pipeline_take(run, t, rule))
        return true;
    if (t->kind == TRANSFORM_LOGSOURCE)
        change_source(s, &t->source, rule);
    if (t->kind == TRANSFORM_FAILURE)
        return diag_unsupported(s->diag, (struct place){rule->line, 1},
                                "refused by the pipeline %.*s:%u: %.*s", SHOWN(t->pipeline),
                                t->line, SHOWN(t->text));
    return true;
}

bool sigma_pipelines_begin(struct sigma_scope *s, struct rule *rule)
{
    const struct sigma_pipelines *p = s->pipelines;
    struct sigma_run *run;

    if (!p)
        return true;
    run = ARENA_NEW(s->scratch, struct sigma_run);
    run->active = ARENA_ARRAY(s->scratch, p->n, const struct transform *);
    for (size_t i = 0; i < p->n; i++)
        if (!start_one(s, run, &p->items[i], rule))
            return false;
    run->outer = s->lists;
    run->lists =
        (struct list_source){.lookup = lookup, .slot = slot, .nearest = nearest, .context = run};
    s->lists = &run->lists;
    s->run = run;
    pipeline_rename_shown(s->a, run, rule);
    return true;
}

/* ---- conditions of fields ------------------------------------------------------------------ */

bool pipeline_means(const struct transform *t, struct str field)
{
    bool holds = !t->field_any || t->n_field_conditions == 0;

    for (size_t i = 0; i < t->n_field_conditions; i++) {
        const struct field_condition *c = &t->field_conditions[i];
        bool one = has(&c->fields, field) != c->is_exclude;
        holds = t->field_any ? holds || one : holds && one;
    }
    return holds != t->field_not;
}

/* ---- items --------------------------------------------------------------------------------- */

/* An item on its way through the transformations. */
struct passing {
    struct sigma_scope *s;
    struct sigma_key key;
    const struct doc_node *node;
    bool is_dropped;
};

static struct formula *pass(struct passing *p, size_t at);

static struct str joined(struct arena *a, struct str x, struct str y)
{
    return arena_printf(a, "%.*s%.*s", (int)x.n, x.p, (int)y.n, y.p);
}

struct str_list pipeline_mapped(struct arena *a, const struct transform *t, struct str field)
{
    for (size_t i = 0; i < t->n_mappings; i++) {
        const struct field_mapping *m = &t->mappings[i];
        if (t->kind == TRANSFORM_FIELD_MAPPING && str_eq(m->from, field))
            return m->to;
        if (t->kind != TRANSFORM_PREFIX_MAPPING || field.n == 0 || !str_starts(field, m->from))
            continue;
        struct str *names = ARENA_ARRAY(a, m->to.n, struct str);
        for (size_t k = 0; k < m->to.n; k++)
            names[k] = joined(a, m->to.items[k], str_sub(field, m->from.n, field.n));
        return (struct str_list){names, m->to.n};
    }
    return (struct str_list){0};
}

/* All names that a field has behind one transformation. */
static struct str_list names_behind(struct arena *a, const struct transform *t, struct str field)
{
    struct str_list names = {0};

    if (pipeline_means(t, field))
        names = pipeline_mapped(a, t, field);
    if (names.n)
        return names;
    struct str *one = ARENA_NEW(a, struct str);
    *one = field;
    if (t->kind == TRANSFORM_FIELD_PREFIX && pipeline_means(t, field))
        *one = joined(a, t->text, field);
    if (t->kind == TRANSFORM_FIELD_SUFFIX && pipeline_means(t, field))
        *one = joined(a, field, t->text);
    return (struct str_list){one, 1};
}

struct str_list pipeline_names(struct arena *a, const struct sigma_run *run, struct str field)
{
    struct str_list names =
        names_behind(a, &(struct transform){.kind = TRANSFORM_SET_STATE}, field);

    for (size_t i = run->from; i < run->n; i++) {
        struct str *all = ARENA_ARRAY(a, PIPELINE_FIELDS_MAX, struct str);
        size_t n = 0;
        for (size_t k = 0; k < names.n; k++) {
            struct str_list more = names_behind(a, run->active[i], names.items[k]);
            for (size_t m = 0; m < more.n && n < PIPELINE_FIELDS_MAX; m++)
                all[n++] = more.items[m];
        }
        names = (struct str_list){all, n};
    }
    return names;
}

void pipeline_rename_shown(struct arena *a, const struct sigma_run *run, struct rule *rule)
{
    struct str *all = ARENA_ARRAY(a, rule->fields.n * PIPELINE_FIELDS_MAX, struct str);
    size_t n = 0;

    for (size_t i = 0; i < rule->fields.n; i++) {
        struct str_list names = pipeline_names(a, run, rule->fields.items[i]);
        for (size_t k = 0; k < names.n; k++)
            all[n++] = arena_str(a, names.items[k]);
    }
    rule->fields = (struct str_list){all, n};
}

/* What becomes of one of several, unless it is dropped. False after an error. */
static bool add_part(struct passing *one, size_t at, struct formula **parts, size_t *n)
{
    struct formula *f = pass(one, at);

    if (f)
        parts[(*n)++] = f;
    return f || one->is_dropped;
}

/* The OR over several fields: what `neq` negates is the whole. */
static struct formula *pass_fields(struct passing *p, const struct str_list *fields, size_t at)
{
    struct formula **parts = ARENA_ARRAY(p->s->scratch, fields->n, struct formula *);
    bool is_negated = p->key.is_negated;
    size_t n = 0;

    for (size_t i = 0; i < fields->n; i++) {
        struct passing one = *p;
        one.key.field = fields->items[i];
        one.key.is_negated = false;
        if (!add_part(&one, at, parts, &n))
            return NULL;
    }
    p->is_dropped = n == 0;
    if (n == 0)
        return NULL;
    struct formula *f = formula_join(p->s->a, FORMULA_OR, parts, n);
    return is_negated ? formula_not(p->s->a, f) : f;
}

/* ---- hashes: "SHA256=abc" is the field SHA256 with abc ------------------------------------- */

static struct str algorithm_of(const struct transform *t, struct str hash)
{
    static const struct {
        size_t digits;
        struct str name;
    } LENGTHS[] = {{32, {"MD5", 3}}, {40, {"SHA1", 4}}, {64, {"SHA256", 6}}, {128, {"SHA512", 6}}};

    for (size_t i = 0; i < ARRAY_LEN(LENGTHS); i++)
        if (LENGTHS[i].digits == hash.n && has(&t->algorithms, LENGTHS[i].name))
            return LENGTHS[i].name;
    return STR("");
}

/* Algorithm and digits of a value as Sysmon's Hashes have it; false: it is none that is listed. */
static bool take_hash(struct passing *p, const struct transform *t, struct str text,
                      struct str *algorithm, struct str *hash)
{
    struct str head, rest;

    if (!str_cut(text, '=', &head, &rest) && !str_cut(text, '|', &head, &rest)) {
        *hash = text;
        *algorithm = algorithm_of(t, text);
        return algorithm->n > 0;
    }
    while (head.n && head.p[0] == '*') /* '*SHA256=...' asks anywhere in the list */
        head = str_sub(head, 1, head.n);
    for (size_t i = 0; i < t->algorithms.n; i++)
        if (str_eq_ci(t->algorithms.items[i], head)) {
            *algorithm = t->algorithms.items[i];
            *hash = rest;
            while (hash->n && hash->p[hash->n - 1] == '*')
                hash->n--;
            return true;
        }
    (void)p;
    return false;
}

static bool pass_hash(struct passing *p, const struct transform *t, const struct doc_node *value,
                      size_t at, struct formula **parts, size_t *n)
{
    struct doc_node *node = ARENA_NEW(p->s->scratch, struct doc_node);
    struct passing one = *p;
    struct str algorithm;

    *node = *value;
    if (p->key.n_replacements)
        return diag_unsupported(p->s->diag, sigma_at(value),
                                "the pipeline %.*s:%u splits hashes behind a replace_string",
                                SHOWN(t->pipeline), t->line);
    if (!doc_is_scalar(value) || !take_hash(p, t, value->text, &algorithm, &node->text)) {
        return diag_unsupported(
            p->s->diag, sigma_at(value),
            "the pipeline %.*s:%u splits hashes by algorithm: this is none that it "
            "lists",
            SHOWN(t->pipeline), t->line);
    }
    node->type = DOC_STRING;
    one.node = node;
    one.key.field = t->drops_algorithm ? t->text : joined(p->s->scratch, t->text, algorithm);
    one.key.n_chain = 0; /* the value is whole now: no contains */
    one.key.has_affix = one.key.is_all = one.key.is_negated = false;
    return add_part(&one, at, parts, n);
}

/* A regex over Hashes stays what it is. */
static bool is_hash_item(const struct sigma_key *key)
{
    return (str_eq(key->field, STR("Hashes")) || str_eq(key->field, STR("Hash"))) &&
           sigma_key_is_plain(key);
}

static struct formula *pass_hashes(struct passing *p, const struct transform *t, size_t at)
{
    bool is_list = p->node->type == DOC_LIST;
    size_t n_items = is_list ? p->node->n_items : 1, n = 0;
    const struct doc_node *items = is_list ? p->node->items : p->node;
    struct formula **parts = ARENA_ARRAY(p->s->scratch, n_items, struct formula *);

    for (size_t i = 0; i < n_items; i++)
        if (!pass_hash(p, t, &items[i], at, parts, &n))
            return NULL;
    p->is_dropped = n == 0;
    if (n == 0)
        return NULL;
    struct formula *f = formula_join(p->s->a, p->key.is_all ? FORMULA_AND : FORMULA_OR, parts, n);
    return p->key.is_negated ? formula_not(p->s->a, f) : f;
}

/* ---- one step, and the next ---------------------------------------------------------------- */

/* Values are replaced when their modifiers have made them: see sigma_values_replace(). */
static void add_replacement(struct passing *p, const struct transform *t)
{
    size_t n = p->key.n_replacements;
    const struct transform **list = ARENA_ARRAY(p->s->scratch, n + 1, const struct transform *);

    for (size_t i = 0; i < n; i++)
        list[i] = p->key.replacements[i];
    list[n] = t;
    p->key.replacements = list;
    p->key.n_replacements = n + 1;
}

static struct formula *pass(struct passing *p, size_t at)
{
    const struct sigma_run *run = p->s->run;
    struct str_list fields;

    for (; at < run->n; at++) {
        const struct transform *t = run->active[at];
        bool has_field = p->key.field.n > 0;
        if (!pipeline_means(t, p->key.field))
            continue;
        switch (t->kind) {
        case TRANSFORM_FIELD_MAPPING:
        case TRANSFORM_PREFIX_MAPPING:
            fields = pipeline_mapped(p->s->scratch, t, p->key.field);
            p->key.is_open |= !has_field && fields.n;
            if (fields.n > 1)
                return pass_fields(p, &fields, at + 1);
            if (fields.n == 1)
                p->key.field = fields.items[0];
            break;
        case TRANSFORM_FIELD_PREFIX:
            if (has_field)
                p->key.field = joined(p->s->scratch, t->text, p->key.field);
            break;
        case TRANSFORM_FIELD_SUFFIX:
            if (has_field)
                p->key.field = joined(p->s->scratch, p->key.field, t->text);
            break;
        case TRANSFORM_HASHES:
            if (is_hash_item(&p->key))
                return pass_hashes(p, t, at + 1);
            break;
        case TRANSFORM_REPLACE_STRING:
            add_replacement(p, t);
            break;
        case TRANSFORM_DROP:
            p->is_dropped = true;
            return NULL;
        case TRANSFORM_PLACEHOLDERS:
        case TRANSFORM_ADD_CONDITION:
        case TRANSFORM_LOGSOURCE:
        case TRANSFORM_FAILURE:
        case TRANSFORM_SET_STATE:
            break; /* of the rule as a whole */
        }
    }
    return sigma_item_lower(p->s, &p->key, p->node);
}

struct formula *sigma_item_pass(struct sigma_scope *s, const struct sigma_key *key,
                                const struct doc_node *node, bool *is_dropped)
{
    struct passing p = {.s = s, .key = *key, .node = node};

    *is_dropped = false;
    if (!s->run)
        return sigma_item_lower(s, key, node);
    struct formula *f = pass(&p, s->run->from);
    *is_dropped = p.is_dropped;
    return f;
}

/* ---- added conditions ---------------------------------------------------------------------- */

struct formula *sigma_pipelines_end(struct sigma_scope *s, struct formula *formula)
{
    struct sigma_run *run = s->run;
    bool is_filter = s->is_filter;

    if (!run || !formula)
        return formula;
    s->is_filter = true; /* places in the pipeline's file would mislead */
    for (size_t i = 0; i < run->n && formula; i++) {
        const struct transform *t = run->active[i];
        if (t->kind != TRANSFORM_ADD_CONDITION)
            continue;
        run->from = i + 1; /* what was added is changed by what comes behind it */
        struct formula *added = sigma_detection_lower(s, t->conditions);
        if (!added)
            return NULL;
        if (t->is_negated)
            added = formula_not(s->a, added);
        struct formula *both[] = {formula, added};
        formula = formula_join(s->a, FORMULA_AND, both, 2);
    }
    s->is_filter = is_filter;
    run->from = 0;
    return formula;
}
