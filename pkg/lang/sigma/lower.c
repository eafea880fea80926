/* lower.c - items and selections to formulas over atoms.
 *
 * map = AND of its items; list of scalars under a field = OR (AND with `all`); list of maps =
 * OR of maps; bare scalars = keywords. The values that one listed scalar expands to are
 * alternatives whatever the item's own joint is.
 */
#include "lang/sigma/modifier.h"

#include "base/letter.h"
#include "base/str.h"
#include "base/vec.h"
#include "lang/query.h"
#include "lang/sigma/pipeline_impl.h"
#include "rule/regex_check.h"

struct item {
    struct sigma_scope *s;
    const struct sigma_key *key;
    struct str field;
    size_t n_exact; /* EQ, NUM_EQ atoms and nulls so far: for the lint of `all` */
    bool has_null;
};

struct formulas {
    struct formula **items;
    size_t n, cap;
};

static void add_formula(struct arena *a, struct formulas *list, struct formula *f)
{
    list->items = vec_room(a, list->items, list->n, &list->cap, sizeof *list->items);
    list->items[list->n++] = f;
}

/* ---- strings ------------------------------------------------------------------------------ */

static enum fold fold_of(const struct sigma_value *v)
{
    if (v->is_cased)
        return FOLD_NONE;
    for (size_t i = 0; i < v->string.n; i++)
        if (letter_has_cased(v->string.parts[i].text))
            return FOLD_SIMPLE;
    return FOLD_ASCII;
}

static struct sigma_string with_open_ends(struct arena *a, struct sigma_string s)
{
    struct sigma_part *parts = ARENA_ARRAY(a, s.n + 2, struct sigma_part);

    parts[0].kind = parts[s.n + 1].kind = SIGMA_ANY;
    parts[0].text = parts[s.n + 1].text = STR("");
    for (size_t i = 0; i < s.n; i++)
        parts[i + 1] = s.parts[i];
    return sigma_string_tidy(a, (struct sigma_string){parts, s.n + 2});
}

static bool to_glob(struct item *it, const struct sigma_value *v, struct sigma_string s,
                    struct glob *out)
{
    static const enum glob_kind KINDS[] = {[SIGMA_TEXT] = GLOB_TEXT,
                                           [SIGMA_ONE] = GLOB_ONE,
                                           [SIGMA_ANY] = GLOB_ANY,
                                           [SIGMA_SET] = GLOB_SET};

    if (s.n > GLOB_PARTS_MAX)
        return diag_error(it->s->diag, v->at, "more than %d wildcards and texts in one value",
                          GLOB_PARTS_MAX);
    struct glob_part *parts = ARENA_ARRAY(it->s->a, s.n, struct glob_part);
    for (size_t i = 0; i < s.n; i++) {
        ASSERT(s.parts[i].kind != SIGMA_PLACEHOLDER);
        parts[i].kind = KINDS[s.parts[i].kind];
        parts[i].text = names_intern(it->s->names, s.parts[i].text);
    }
    *out = (struct glob){parts, s.n};
    return true;
}

static bool lower_string(struct item *it, const struct sigma_value *v, struct atom *atom)
{
    struct sigma_string s = sigma_string_tidy(it->s->scratch, v->string);
    bool is_keyword = it->key->field.n == 0;
    struct glob glob;

    if ((is_keyword || it->key->is_open) && !it->key->has_affix)
        s = with_open_ends(it->s->scratch, s);
    if (!to_glob(it, v, s, &glob))
        return false;
    query_glob_atom(&glob, fold_of(v), atom);
    if (atom->op == ATOM_CONTAINS && atom->text.n == 0)
        diag_warn(it->s->diag, v->at, "always matches an event that has %s",
                  is_keyword ? "any text" : "the field");
    return true;
}

/* ---- regexes -------------------------------------------------------------------------------- */

static void warn_of_regex(struct item *it, const struct sigma_value *v)
{
    query_warn_of_slow_regex(it->s->diag, v->at, v->text);
    if (v->text.n == 0 || str_eq(v->text, STR(".*")))
        diag_warn(it->s->diag, v->at, "always matches: the regex '%.*s' is in every value",
                  SHOWN(v->text));
}

static bool lower_regex(struct item *it, const struct sigma_value *v, struct atom *atom)
{
    struct regex_fault fault;

    struct str pattern = regex_with_least_counts(it->s->scratch, v->text);
    atom->op = ATOM_REGEX;
    atom->regex = (struct regex){.pattern = names_intern(it->s->names, pattern),
                                 .is_caseless = v->is_caseless,
                                 .is_multiline = v->is_multiline,
                                 .is_dotall = v->is_dotall};
    if (regex_check(&atom->regex, &fault) == WEIR_OK) {
        warn_of_regex(it, v);
        return true;
    }
    struct place at = v->is_expanded || pattern.n != v->text.n
                          ? v->at
                          : diag_inside(it->s->diag, v->at, v->raw, fault.offset);
    return diag_error(it->s->diag, at, "not a valid regex: %s", fault.text);
}

/* ---- values -------------------------------------------------------------------------------- */

static bool refuse_keyword(struct item *it, const struct sigma_value *v)
{
    return diag_error(it->s->diag, v->at,
                      "%s needs a field: a keyword is text, a number or a regex",
                      sigma_value_name(v));
}

static bool lower_scalar(struct item *it, const struct sigma_value *v, struct atom *atom)
{
    static const enum atom_op OPS[] = {
        [SIGMA_NUMBER] = ATOM_NUM_EQ,  [SIGMA_BOOL] = ATOM_BOOL,
        [SIGMA_NULL] = ATOM_IS_NULL,   [SIGMA_CIDR] = ATOM_CIDR,
        [SIGMA_EXISTS] = ATOM_EXISTS,  [SIGMA_FIELDREF] = ATOM_FIELD_CMP,
        [SIGMA_TIME] = ATOM_TIME_PART, [SIGMA_LIST] = ATOM_LIST};

    atom->op = v->kind == SIGMA_COMPARE ? v->cmp : OPS[v->kind];
    switch (v->kind) {
    case SIGMA_FIELDREF:
        atom->other = names_intern(it->s->names, v->text);
        /* neither side is known here, so letters of any script must fold */
        atom->fold = v->is_cased ? FOLD_NONE : FOLD_SIMPLE;
        atom->cmp = v->cmp;
        return true;
    case SIGMA_TIME:
        atom->cmp = v->cmp;
        atom->part = v->part;
        break;
    case SIGMA_BOOL:
    case SIGMA_EXISTS:
        atom->is_true = v->is_true;
        return true;
    case SIGMA_NULL:
        return true;
    case SIGMA_LIST:
        atom->list = v->list;
        return true;
    default:
        break;
    }
    atom->text = names_intern(it->s->names, v->text);
    return true;
}

/* A number as a keyword is its text somewhere in the event. */
static void number_to_keyword(struct item *it, struct sigma_value *v)
{
    v->kind = SIGMA_STRING;
    v->string = sigma_string_of(it->s->scratch, v->text);
}

static bool lower_atom(struct item *it, struct sigma_value *v, struct atom *atom)
{
    bool is_keyword = it->key->field.n == 0;

    if ((is_keyword || it->key->is_open) && v->kind == SIGMA_NUMBER)
        number_to_keyword(it, v);
    ASSERT(!is_keyword || v->kind != SIGMA_LIST);
    if (is_keyword && v->kind != SIGMA_STRING && v->kind != SIGMA_REGEX && v->kind != SIGMA_CIDR)
        return refuse_keyword(it, v);
    *atom = (struct atom){.fold = FOLD_NONE, .field = it->field};
    if (!it->s->is_filter) {
        atom->line = v->at.line;
        atom->col = v->at.col;
    }
    if (v->has_eaten_star)
        diag_warn(
            it->s->diag, v->at,
            "the last star is literal, because a backslash stands before it: write '\\\\*' for "
            "a backslash and a wildcard");
    if (v->kind == SIGMA_STRING)
        return lower_string(it, v, atom);
    if (v->kind == SIGMA_REGEX)
        return lower_regex(it, v, atom);
    return lower_scalar(it, v, atom);
}

static struct formula *lower_value(struct item *it, struct sigma_value *v)
{
    struct arena *a = it->s->a;

    if (v->kind == SIGMA_NEVER)
        return formula_const(a, false);
    if (++it->s->n_atoms > SIGMA_ATOMS_MAX) {
        if (it->s->n_atoms == SIGMA_ATOMS_MAX + 1)
            diag_error(it->s->diag, v->at, "more than %d values in one rule", SIGMA_ATOMS_MAX);
        return NULL;
    }
    struct atom *atom = ARENA_NEW(a, struct atom);
    if (!lower_atom(it, v, atom))
        return NULL;
    it->n_exact += atom->op == ATOM_EQ || atom->op == ATOM_NUM_EQ || atom->op == ATOM_IS_NULL;
    it->has_null |= atom->op == ATOM_IS_NULL;
    struct formula *f = formula_atom(a, atom);
    return v->kind == SIGMA_EXISTS && !v->is_true ? formula_not(a, f) : f;
}

/* ---- items --------------------------------------------------------------------------------- */

/* Pipelines rename the other field of a comparison, too; of several names one has to match. */
static void rename_references(struct sigma_scope *s, struct sigma_values *values)
{
    size_t n = s->run ? values->n : 0;

    for (size_t i = 0; i < n; i++) {
        struct sigma_value v = values->items[i];
        if (v.kind != SIGMA_FIELDREF)
            continue;
        struct str_list names = pipeline_names(s->scratch, s->run, v.text);
        values->items[i].text = names.items[0];
        for (size_t k = 1; k < names.n; k++) {
            v.text = names.items[k];
            sigma_values_push(s->scratch, values, &v);
        }
    }
}

/* All that one listed scalar stands for, added to `out`; as one OR if the item is an AND. */
static bool lower_listed(struct item *it, const struct doc_node *node, struct formulas *out)
{
    struct sigma_values values = {0};
    struct formulas group = {0}, *to = it->key->is_all ? &group : out;

    if (node->type == DOC_LIST || node->type == DOC_MAP)
        return diag_error(it->s->diag, sigma_at(node), "a value cannot be %s here",
                          doc_type_name(node));
    if (!sigma_modifiers_apply(it->s, it->key, node, &values) ||
        !sigma_values_replace(it->s, it->key, &values))
        return false;
    rename_references(it->s, &values);
    for (size_t i = 0; i < values.n; i++) {
        struct formula *f = lower_value(it, &values.items[i]);
        if (!f)
            return false;
        add_formula(it->s->scratch, to, f);
    }
    if (it->key->is_all)
        add_formula(it->s->scratch, out, formula_join(it->s->a, FORMULA_OR, group.items, group.n));
    return true;
}

static void lint_list(struct item *it, const struct doc_node *node)
{
    struct diag *d = it->s->diag;
    bool is_list = node->type == DOC_LIST && node->n_items > 1;

    if (it->key->is_all && !is_list)
        diag_warn(d, it->key->at, "'all' with a single value does nothing");
    if (!is_list)
        return;
    if (it->has_null && it->key->is_all)
        diag_warn(d, it->key->at,
                  "hardly matches: with 'all' the field must be null and have a value");
    else if (it->has_null)
        diag_warn(d, it->key->at, "null in a list: Sigma asks for a selection of its own");
    else if (it->key->is_all && it->n_exact > 1)
        diag_warn(d, it->key->at,
                  "hardly matches: with 'all' the field must equal %zu values at once",
                  it->n_exact);
}

struct formula *sigma_item_lower(struct sigma_scope *s, const struct sigma_key *key,
                                 const struct doc_node *node)
{
    static const struct doc_node NOTHING = {.type = DOC_NULL, .text = {"", 0}, .number = {"", 0}};
    struct item it = {.s = s, .key = key};
    struct formulas parts = {0};
    struct doc_node empty = NOTHING;
    bool is_good = true, is_list = node->type == DOC_LIST;

    it.field = key->field.n ? names_intern(s->names, key->field) : STR(FIELD_ANY_NAME);
    empty.line = node->line;
    empty.col = node->col;
    if (is_list && node->n_items == 0) /* `field: []` is null, as in pySigma */
        is_good = lower_listed(&it, &empty, &parts);
    else if (is_list)
        for (size_t i = 0; i < node->n_items; i++)
            is_good &= lower_listed(&it, &node->items[i], &parts);
    else
        is_good = lower_listed(&it, node, &parts);
    if (!is_good)
        return NULL;
    lint_list(&it, node);
    struct formula *f =
        formula_join(s->a, key->is_all ? FORMULA_AND : FORMULA_OR, parts.items, parts.n);
    return key->is_negated ? formula_not(s->a, f) : f;
}

/* ---- selections ---------------------------------------------------------------------------- */

static struct formula *lower_keyword(struct sigma_scope *s, const struct doc_node *node)
{
    static const struct sigma_key BARE = {.field = {"", 0}, .text = {"", 0}};

    bool is_dropped;
    struct formula *f = sigma_item_pass(s, &BARE, node, &is_dropped);

    if (is_dropped)
        diag_unsupported(s->diag, sigma_at(node), "a pipeline drops a keyword");
    return f;
}

static struct formula *lower_map(struct sigma_scope *s, const struct doc_node *map)
{
    struct formulas parts = {0};
    bool is_good = true;

    for (size_t i = 0; i < map->n_items; i++) {
        const struct doc_key *k = &map->keys[i];
        struct sigma_key key;
        struct formula *f = NULL;
        bool is_dropped = false;
        if (sigma_key_parse(s, k->text, (struct place){k->line, k->col}, &key))
            f = sigma_item_pass(s, &key, &map->items[i], &is_dropped);
        if (f)
            add_formula(s->scratch, &parts, f);
        else if (!is_dropped)
            is_good = false;
    }
    if (is_good && parts.n == 0) {
        diag_unsupported(s->diag, sigma_at(map), "the pipelines drop all of this selection");
        return NULL;
    }
    return is_good ? formula_join(s->a, FORMULA_AND, parts.items, parts.n) : NULL;
}

static bool is_plain_list(const struct doc_node *list)
{
    for (size_t i = 0; i < list->n_items; i++)
        if (!doc_is_scalar(&list->items[i]))
            return false;
    return true;
}

static struct formula *lower_list(struct sigma_scope *s, const struct doc_node *list)
{
    struct formulas parts = {0};
    bool is_good = true;

    if (is_plain_list(list))
        return lower_keyword(s, list);
    for (size_t i = 0; i < list->n_items; i++) {
        const struct doc_node *node = &list->items[i];
        struct formula *f = NULL;
        if (node->type == DOC_LIST)
            diag_error(s->diag, sigma_at(node), "a list cannot stand inside a list here");
        else
            f = doc_is_scalar(node) ? lower_keyword(s, node) : sigma_detection_lower(s, node);
        if (f)
            add_formula(s->scratch, &parts, f);
        else
            is_good = false;
    }
    return is_good ? formula_join(s->a, FORMULA_OR, parts.items, parts.n) : NULL;
}

struct formula *sigma_detection_lower(struct sigma_scope *s, const struct doc_node *node)
{
    bool is_empty = node->type == DOC_NULL || (!doc_is_scalar(node) && node->n_items == 0);

    if (is_empty) {
        diag_error(s->diag, sigma_at(node), "the selection is empty");
        return NULL;
    }
    if (node->type == DOC_MAP)
        return lower_map(s, node);
    return node->type == DOC_LIST ? lower_list(s, node) : lower_keyword(s, node);
}

void sigma_measure(const struct formula *f, size_t *n_nodes, unsigned *depth)
{
    *n_nodes = 1;
    *depth = 1;
    for (size_t i = 0; i < f->n_children; i++) {
        size_t n;
        unsigned d;
        sigma_measure(f->children[i], &n, &d);
        *n_nodes += n;
        if (d + 1 > *depth)
            *depth = d + 1;
    }
}
