/* head.c - what people read of a rule, its level and its score. */
#include "lang/elastic/impl.h"

#include "base/str.h"
#include "lang/settings.h"

enum { AUTHOR_BYTES_MAX = 1024, LIST_MAX = 1000 };

static struct str joined(struct elastic_scope *s, const struct str_list *list)
{
    struct str all = STR("");

    for (size_t i = 0; i < list->n && all.n < AUTHOR_BYTES_MAX; i++)
        all = arena_printf(s->scratch, "%.*s%s%.*s", (int)all.n, all.p, i ? ", " : "",
                           (int)list->items[i].n, list->items[i].p);
    return names_intern(s->names, all);
}

/* ---- ATT&CK ------------------------------------------------------------------------- */

struct tags {
    struct elastic_scope *s;
    struct str *items;
    size_t n;
};

static void add_tag(struct tags *t, struct str tag)
{
    for (size_t i = 0; i < t->n; i++)
        if (str_eq(t->items[i], tag))
            return;
    if (t->n < LIST_MAX)
        t->items[t->n++] = names_intern(t->s->names, tag);
}

/* T1059.001 as the tag that means it everywhere in weir: attack.t1059.001. */
static void add_technique(struct tags *t, const struct doc_node *technique)
{
    const struct doc_node *id = doc_get(technique, STR("id"));

    if (!id || id->type != DOC_STRING || id->text.n == 0)
        return;
    struct str tag =
        arena_printf(t->s->scratch, "attack.t%.*s", (int)id->text.n - 1, id->text.p + 1);
    add_tag(t, tag);
}

static void add_techniques(struct tags *t, const struct doc_node *list, const char *inner)
{
    for (size_t i = 0; list && list->type == DOC_LIST && i < list->n_items; i++) {
        add_technique(t, &list->items[i]);
        if (inner)
            add_techniques(t, doc_get(&list->items[i], str_from(inner)), NULL);
    }
}

/* "Credential Access" as attack.credential_access. */
static void add_tactic(struct tags *t, const struct doc_node *tactic)
{
    const struct doc_node *name = doc_get(tactic, STR("name"));

    if (!name || name->type != DOC_STRING || name->text.n == 0)
        return;
    char *text = arena_alloc(t->s->scratch, name->text.n);
    for (size_t i = 0; i < name->text.n; i++)
        text[i] = name->text.p[i] == ' ' ? '_' : ascii_lower(name->text.p[i]);
    add_tag(t, arena_printf(t->s->scratch, "attack.%.*s", (int)name->text.n, text));
}

static bool tags_load(struct reading *r)
{
    struct elastic_scope *s = r->s;
    struct str_list own;
    struct tags t = {s, ARENA_ARRAY(s->a, LIST_MAX, struct str), 0};

    if (!key_texts(s, r->rule, "tags", LIST_MAX, &own))
        return false;
    const struct doc_node *threat = key_node(s, r->rule, "threat", DOC_LIST);
    for (size_t i = 0; threat && i < threat->n_items; i++) {
        const struct doc_node *entry = &threat->items[i];
        const struct doc_node *framework = doc_get(entry, STR("framework"));
        if (!framework || !str_eq_ci(framework->text, STR("MITRE ATT&CK")))
            continue;
        add_tactic(&t, doc_get(entry, STR("tactic")));
        add_techniques(&t, doc_get(entry, STR("technique")), "subtechnique");
    }
    for (size_t i = 0; i < own.n; i++)
        add_tag(&t, own.items[i]);
    r->out->tags = (struct str_list){t.items, t.n};
    return true;
}

/* ---- who, when, what --------------------------------------------------------------------- */

static bool status_load(struct reading *r)
{
    static const char *const WORDS[] = {"production", "development", "experimental",
                                        "beta",       "deprecated",  NULL};
    static const enum rule_status STATUS[] = {STATUS_STABLE, STATUS_EXPERIMENTAL,
                                              STATUS_EXPERIMENTAL, STATUS_TEST, STATUS_DEPRECATED};
    const struct doc_node *maturity = doc_get(r->metadata, STR("maturity"));
    size_t i;

    if (!maturity)
        return true;
    if (!key_word(r->s, maturity, "maturity", WORDS, &i))
        return false;
    r->out->status = STATUS[i];
    return true;
}

static bool fields_load(struct reading *r)
{
    const struct doc_node *all = doc_get(r->rule, STR("investigation_fields"));
    bool is_list = all && all->type == DOC_LIST; /* as it was once written */
    const struct doc_node *fields =
        is_list ? r->rule : key_node(r->s, r->rule, "investigation_fields", DOC_MAP);

    if (fields && !key_texts(r->s, fields, is_list ? "investigation_fields" : "field_names",
                             LIST_MAX, &r->out->fields))
        return false;
    r->out->shows_fields = r->out->fields.n > 0;
    return true;
}

static bool people_load(struct reading *r)
{
    struct elastic_scope *s = r->s;
    struct rule *out = r->out;
    struct str_list author;
    bool is_good = key_texts(s, r->rule, "author", LIST_MAX, &author);

    out->author = joined(s, &author);
    is_good &= key_text(s, r->rule, "description", &out->description);
    is_good &= key_text(s, r->rule, "license", &out->licence);
    is_good &= key_texts(s, r->rule, "references", LIST_MAX, &out->references);
    is_good &= key_texts(s, r->rule, "false_positives", LIST_MAX, &out->falsepositives);
    const char *const *dates = r->metadata ? (const char *[]){"creation_date", "updated_date"}
                                           : (const char *[]){"created_at", "updated_at"};
    const struct doc_node *from = r->metadata ? r->metadata : r->rule;
    is_good &= key_text(s, from, dates[0], &out->date);
    is_good &= key_text(s, from, dates[1], &out->modified);
    is_good &= fields_load(r);
    is_good &= tags_load(r);
    is_good &= status_load(r);
    return is_good;
}

bool head_load(struct reading *r)
{
    struct elastic_scope *s = r->s;
    struct rule *out = r->out;
    struct str id, name;

    out->name = out->title = STR("");
    out->logsource = (struct logsource){STR(""), STR(""), STR(""), {NULL, 0}};
    out->by_value.title_field = STR("");
    bool is_good = key_text(s, r->rule, "rule_id", &id);
    is_good &= key_text(s, r->rule, "name", &name);
    if (id.n) {
        out->uid = id;
        out->has_own_id = true;
    }
    out->title = name;
    if (is_good && name.n == 0)
        is_good = key_missing(s, r->rule, "name");
    is_good &= people_load(r);
    return is_good;
}

/* ---- level and score ---------------------------------------------------------------------- */

static const char *const SEVERITIES[] = {"low", "medium", "high", "critical", NULL};

static enum rule_level severity_level(size_t i)
{
    return (enum rule_level)(LEVEL_LOW + (int)i);
}

/* What both mappings have: field, operator, value. */
static bool case_head(struct elastic_scope *s, const struct doc_node *entry, struct str *field,
                      struct str *value)
{
    static const char *const OPERATORS[] = {"equals", NULL};
    const struct doc_node *operator= doc_get(entry, STR("operator"));
    size_t i;

    if (!key_text(s, entry, "field", field) || !key_text(s, entry, "value", value))
        return false;
    if (field->n == 0)
        return key_missing(s, entry, "field");
    return !operator|| key_word(s, operator, "operator", OPERATORS, &i);
}

static bool check_cases(struct elastic_scope *s, const struct doc_node *list)
{
    if (list->n_items <= RULE_CASES_MAX)
        return true;
    return diag_error(s->diag, doc_place(list), "more than %d mappings", RULE_CASES_MAX);
}

static bool level_cases(struct reading *r)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *list = key_node(s, r->rule, "severity_mapping", DOC_LIST);
    bool is_good = true;

    if (!list)
        return true;
    if (!check_cases(s, list))
        return false;
    struct level_case *cases = ARENA_ARRAY(s->a, list->n_items, struct level_case);
    for (size_t i = 0; i < list->n_items; i++) {
        const struct doc_node *word = doc_get(&list->items[i], STR("severity"));
        size_t level;
        is_good &= case_head(s, &list->items[i], &cases[i].field, &cases[i].value);
        if (!word)
            is_good = key_missing(s, &list->items[i], "severity");
        else if (key_word(s, word, "severity", SEVERITIES, &level))
            cases[i].level = severity_level(level);
        else
            is_good = false;
    }
    /* The worst of those that hold: so it is the last. */
    for (size_t i = 1; i < list->n_items; i++)
        for (size_t k = i; k > 0 && cases[k].level < cases[k - 1].level; k--) {
            struct level_case swap = cases[k];
            cases[k] = cases[k - 1];
            cases[k - 1] = swap;
        }
    r->out->by_value.levels = cases;
    r->out->by_value.n_levels = list->n_items;
    return is_good;
}

static bool score_cases(struct reading *r)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *list = key_node(s, r->rule, "risk_score_mapping", DOC_LIST);
    bool is_good = true;

    if (!list)
        return true;
    if (!check_cases(s, list))
        return false;
    struct score_case *cases = ARENA_ARRAY(s->a, list->n_items, struct score_case);
    for (size_t i = 0; i < list->n_items; i++) {
        int64_t score = SCORE_OF_FIELD;
        is_good &= case_head(s, &list->items[i], &cases[i].field, &cases[i].value);
        is_good &= key_number(s, &list->items[i], "risk_score", 0, 100, &score);
        cases[i].score = (int32_t)score;
    }
    r->out->by_value.scores = cases;
    r->out->by_value.n_scores = list->n_items;
    return is_good;
}

bool level_load(struct reading *r)
{
    struct elastic_scope *s = r->s;
    const struct doc_node *severity = doc_get(r->rule, STR("severity"));
    int64_t score = -1;
    size_t level;

    if (!severity)
        return key_missing(s, r->rule, "severity");
    if (!key_word(s, severity, "severity", SEVERITIES, &level) ||
        !key_number(s, r->rule, "risk_score", 0, 100, &score))
        return false;
    if (score < 0)
        return key_missing(s, r->rule, "risk_score");
    r->out->level = severity_level(level);
    r->out->has_level = true;
    r->out->score = (int32_t)score;
    r->out->has_score = true;
    bool is_good = level_cases(r);
    is_good &= score_cases(r);
    is_good &= key_text(s, r->rule, "rule_name_override", &r->out->by_value.title_field);
    return is_good;
}
