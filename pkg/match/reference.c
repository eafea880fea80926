/* reference.c - the meaning of rules, one function per kind of atom.
 *
 * Nothing is clever here. Two memories exist so that a comparison over many rules ends the same
 * day: compiled regexes (as long as the struct lives) and the values of a field (as
 * long as one call, since trees come and go at the same address).
 */
#include "match/reference.h"

#include "base/hash.h"
#include "base/str.h"
#include "base/ip.h"
#include "base/words.h"
#include "match/field_expr.h"
#include "match/number.h"
#include "match/reference_text.h"
#include "match/regex.h"
#include "match/regex_pcre.h"
#include "match/timepart.h"

enum { REGEX_BUCKETS = 1024, FIELDS_REMEMBERED = 64 };

struct known_regex {
    struct known_regex *next;
    struct regex regex;
    pcre2_code *code; /* NULL: it does not compile, and matches nothing */
};

struct known_field {
    struct str name;
    struct field_values values;
};

struct reference {
    struct arena *lasting; /* as long as the struct: regexes */
    struct arena *brief;   /* as long as one call: values of fields */
    struct arena *step;    /* as long as one atom is asked of one value: folded copies */
    struct known_regex *regexes[REGEX_BUCKETS];
    struct known_field fields[FIELDS_REMEMBERED];
    size_t n_fields;
    const struct list_view *lists;  /* NULL: nothing stands on any */
    const struct event_tree *whole; /* whose fields these are */
    struct str named;               /* the field that atoms without a name are about */
    pcre2_match_data *data;
    pcre2_match_context *limits;
    uint64_t n_over_limit;
};

struct reference *reference_new(void)
{
    struct arena *lasting = arena_new(0);
    struct reference *r = ARENA_NEW(lasting, struct reference);

    r->lasting = lasting;
    r->brief = arena_new(0);
    r->step = arena_new(0);
    r->data = pcre2_match_data_create(1, NULL);
    ASSERT(r->data);
    r->limits = regex_pcre_limits(REFERENCE_LIMIT_FACTOR * REGEX_MATCH_LIMIT,
                                  REFERENCE_LIMIT_FACTOR * REGEX_DEPTH_LIMIT);
    return r;
}

void reference_free(struct reference *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < REGEX_BUCKETS; i++)
        for (struct known_regex *k = r->regexes[i]; k; k = k->next)
            pcre2_code_free(k->code);
    pcre2_match_data_free(r->data);
    pcre2_match_context_free(r->limits);
    arena_free(r->brief);
    arena_free(r->step);
    arena_free(r->lasting); /* r itself is in it */
}

void reference_use_lists(struct reference *r, const struct list_view *lists)
{
    r->lists = lists;
}

uint64_t reference_regex_limits(const struct reference *r)
{
    return r->n_over_limit;
}

/* Every public question starts here. */
static void begin(struct reference *r, const struct event_tree *event)
{
    arena_reset(r->brief);
    r->n_fields = 0;
    r->whole = event;
    r->named = (struct str){"", 0};
}

static struct field_values values_of(struct reference *r, const struct event_tree *event,
                                     struct str name)
{
    if (name.n == 0)
        name = r->named;
    if (event != r->whole)
        return event_lookup(r->brief, event, name);
    for (size_t i = 0; i < r->n_fields; i++)
        if (str_eq(r->fields[i].name, name))
            return r->fields[i].values;
    struct field_values values = event_lookup(r->brief, event, name);
    if (r->n_fields < FIELDS_REMEMBERED)
        r->fields[r->n_fields++] = (struct known_field){name, values};
    return values;
}

/* ---- one value ---------------------------------------------------------------- */

/* The text that text operations see; false if the value has none. */
bool reference_text_of(const struct field_value *value, struct str *text)
{
    switch (value->kind) {
    case JSON_STRING:
    case JSON_NUMBER:
        *text = value->text;
        return true;
    case JSON_TRUE:
        *text = STR("true");
        return true;
    case JSON_FALSE:
        *text = STR("false");
        return true;
    default:
        *text = (struct str){"", 0};
        return false;
    }
}

static pcre2_code *code_of(struct reference *r, const struct regex *regex)
{
    struct known_regex **bucket = &r->regexes[hash_str(regex->pattern) % REGEX_BUCKETS];
    int error;
    size_t offset;

    for (struct known_regex *k = *bucket; k; k = k->next)
        if (regex_equal(&k->regex, regex))
            return k->code;
    struct known_regex *k = ARENA_NEW(r->lasting, struct known_regex);
    k->regex = *regex;
    k->regex.pattern = arena_str(r->lasting, regex->pattern);
    k->code = regex_pcre_compile(regex, &error, &offset);
    k->next = *bucket;
    *bucket = k;
    return k->code;
}

static bool regex_matches(struct reference *r, const struct regex *regex, struct str text)
{
    pcre2_code *code = code_of(r, regex);

    if (!code)
        return false;
    int rc =
        pcre2_match(code, (PCRE2_SPTR)(text.n ? text.p : ""), text.n, 0, 0, r->data, r->limits);
    r->n_over_limit += rc < 0 && rc != PCRE2_ERROR_NOMATCH;
    return rc >= 0;
}

static bool is_inside(const struct field_value *value, struct str network)
{
    struct ip_address ip;
    struct ip_network net;

    return value->kind == JSON_STRING && ip_network_parse(network, &net) &&
           ip_parse(value->text, &ip) && ip_in_network(&ip, &net);
}

static bool compares_with_other(struct reference *r, const struct atom *atom,
                                const struct event_tree *event, struct str text)
{
    struct field_values others = values_of(r, event, atom->other);
    struct str mine = reference_fold(r->step, atom->fold, text), other;

    for (size_t i = 0; i < others.n; i++)
        if (reference_text_of(&others.items[i], &other) &&
            reference_compare(atom->cmp, mine, reference_fold(r->step, atom->fold, other)))
            return true;
    return false;
}

/* One word of the folded value matches the glob. */
static bool a_word_matches(struct reference *r, const struct atom *atom, struct str value)
{
    struct str word;
    size_t at = 0;

    while (words_next(value, &at, &word))
        if (reference_glob(r->step, &atom->glob, atom->fold, word))
            return true;
    return false;
}

static bool text_matches(struct reference *r, const struct atom *atom,
                         const struct event_tree *event, struct str text)
{
    switch (atom->op) {
    case ATOM_GLOB:
        return reference_glob(r->step, &atom->glob, atom->fold,
                              reference_fold(r->step, atom->fold, text));
    case ATOM_REGEX:
        return regex_matches(r, &atom->regex, text);
    case ATOM_FIELD_CMP:
        return compares_with_other(r, atom, event, text);
    case ATOM_WORDS:
        text = reference_fold(r->step, atom->fold, text);
        return atom->glob.n_parts
                   ? a_word_matches(r, atom, text)
                   : words_contain(text, reference_fold(r->step, atom->fold, atom->text));
    case ATOM_TEXT_CMP:
        return order_satisfies(atom->cmp, str_cmp(text, atom->text));
    default:
        return reference_compare(atom->op, reference_fold(r->step, atom->fold, text),
                                 reference_fold(r->step, atom->fold, atom->text));
    }
}

uint32_t reference_row(struct reference *r, const struct atom *atom, const struct event_tree *event,
                       const struct field_value *value, const struct list **list)
{
    const struct list_index *index = list_view_of(r->lists, atom->list);
    struct str text;

    *list = NULL;
    if (!index || !reference_text_of(value, &text))
        return LIST_NO_ROW;
    struct list_value v = {.kind = value->kind,
                           .text = text,
                           .folded = reference_fold(r->step, FOLD_ASCII, text),
                           .is_ascii = str_is_ascii(text)};
    uint32_t row = list_index_find(index, &v, event_tree_at_ms(event));
    if (row != LIST_NO_ROW)
        *list = list_index_list(index);
    return row;
}

/* Does one member satisfy the atom? */
static bool value_matches(struct reference *r, const struct atom *atom,
                          const struct event_tree *event, const struct field_value *value)
{
    const struct list *list;
    struct str text;

    arena_reset(r->step);
    switch (atom->op) {
    case ATOM_LIST:
        return reference_row(r, atom, event, value, &list) != LIST_NO_ROW;
    case ATOM_EXISTS:
        return true;
    case ATOM_HAS_VALUE:
        return value->kind == JSON_OBJECT || reference_text_of(value, &text);
    case ATOM_TIME_CMP:
        return time_matches(atom, atom->time.is_relative ? event_tree_at_ms(event) : INT64_MIN,
                            value->kind, value->text);
    case ATOM_IS_NULL:
        return value->kind == JSON_NULL;
    case ATOM_CIDR:
        return is_inside(value, atom->text);
    case ATOM_NUM_EQ:
    case ATOM_NUM_LT:
    case ATOM_NUM_LE:
    case ATOM_NUM_GT:
    case ATOM_NUM_GE:
        return number_matches(atom->op, value->kind, value->text, atom->text);
    case ATOM_BOOL:
        return boolean_matches(value->kind, value->text, atom->is_true);
    case ATOM_TIME_PART:
        return time_part_matches(atom->part, atom->cmp, value->kind, value->text, atom->text);
    default:
        return reference_text_of(value, &text) && text_matches(r, atom, event, text);
    }
}

/* ---- computed values ------------------------------------------------------------ */

struct expr_event {
    struct reference *r;
    const struct atom *atom;
    const struct event_tree *event;
};

static struct expr_value expr_field(void *context, uint32_t slot)
{
    const struct expr_event *e = context;
    struct field_values values = values_of(e->r, e->event, e->atom->expr_fields.items[slot]);

    for (size_t i = 0; i < values.n; i++) {
        struct expr_value v = field_expr_value(values.items[i].kind, values.items[i].text);
        if (v.type != EXPR_VALUE_NULL)
            return v;
    }
    return (struct expr_value){.type = EXPR_VALUE_NULL};
}

static struct expr_value expr_members(void *context, uint32_t slot)
{
    const struct expr_event *e = context;
    struct field_values values = values_of(e->r, e->event, e->atom->expr_fields.items[slot]);
    struct expr_value *all = ARENA_ARRAY(e->r->step, values.n, struct expr_value);

    for (size_t i = 0; i < values.n; i++)
        all[i] = field_expr_value(values.items[i].kind, values.items[i].text);
    return expr_value_list(e->r->step, all, values.n);
}

static enum truth expr_atom(struct reference *r, const struct atom *atom,
                            const struct event_tree *event)
{
    struct expr_event e = {r, atom, event};
    int64_t at_ms = event_tree_at_ms(event);

    arena_reset(r->step);
    return expr_truth(atom->expr, &(struct expr_scope){.field = expr_field,
                                                       .members = expr_members,
                                                       .context = &e,
                                                       .space = r->step,
                                                       .has_time = at_ms != INT64_MIN,
                                                       .time_ms = at_ms});
}

/* ---- atoms that ask a formula of parts of the event --------------------------------- */

static enum truth atom_truth(struct reference *r, const struct atom *atom,
                             const struct event_tree *event, struct atom_witness *by);
static enum truth formula_truth(struct reference *r, const struct formula *f,
                                const struct event_tree *event);

/* What the first true atom of a true formula rests on. */
static bool find_witness(struct reference *r, const struct formula *f,
                         const struct event_tree *event, struct atom_witness *by)
{
    if (f->kind == FORMULA_ATOM)
        return atom_truth(r, f->atom, event, by) == TRUTH_TRUE;
    if (f->kind != FORMULA_AND && f->kind != FORMULA_OR)
        return false;
    for (size_t i = 0; i < f->n_children; i++)
        if (find_witness(r, f->children[i], event, by))
            return true;
    return false;
}

static enum truth some_field(struct reference *r, const struct atom *atom,
                             const struct event_tree *event, struct atom_witness *by)
{
    struct str_list names = event_names(r->brief, event);
    struct str before = r->named;
    enum truth truth = TRUTH_FALSE;
    size_t asked = 0;

    for (size_t i = 0; i < names.n && asked < MATCH_NAMES_MAX && truth != TRUTH_TRUE; i++) {
        arena_reset(r->step);
        if (!reference_glob(r->step, &atom->glob, FOLD_NONE, names.items[i]))
            continue;
        asked++;
        r->named = names.items[i];
        if (formula_truth(r, atom->inner, event) != TRUTH_TRUE)
            continue;
        truth = TRUTH_TRUE;
        if (!find_witness(r, atom->inner, event, by))
            by->value = NULL;
        by->field = names.items[i];
    }
    r->named = before;
    return truth;
}

/* "field.name" */
static struct str joined_name(struct reference *r, struct str field, struct str name)
{
    return name.n ? arena_printf(r->brief, "%.*s.%.*s", (int)field.n, field.p, (int)name.n, name.p)
                  : field;
}

static enum truth some_member(struct reference *r, const struct atom *atom,
                              const struct event_tree *event, struct atom_witness *by)
{
    struct field_values values = values_of(r, event, atom->field);

    for (size_t i = 0; i < values.n; i++) {
        struct event_tree part;
        if (values.items[i].kind != JSON_OBJECT)
            continue;
        event_tree_init_part(&part, event, values.items[i].object);
        if (formula_truth(r, atom->inner, &part) != TRUTH_TRUE)
            continue;
        if (find_witness(r, atom->inner, &part, by))
            by->field = joined_name(r, atom->field, by->field);
        else
            *by = (struct atom_witness){&values.items[i], atom->field};
        return TRUTH_TRUE;
    }
    return TRUTH_FALSE;
}

/* ---- one atom ----------------------------------------------------------------- */

enum truth reference_truth_of_missing(const struct atom *atom)
{
    if (atom->op == ATOM_EXISTS)
        return TRUTH_FALSE;
    if (atom->op == ATOM_IS_NULL)
        return TRUTH_TRUE;
    switch (atom->miss) {
    case MISS_TRUE:
        return TRUTH_TRUE;
    case MISS_UNKNOWN:
        return TRUTH_UNKNOWN;
    default:
        return TRUTH_FALSE;
    }
}

/* by: the first member that satisfied a true atom, NULL if the field is missing. */
static enum truth atom_truth(struct reference *r, const struct atom *atom,
                             const struct event_tree *event, struct atom_witness *by)
{
    if (atom->op == ATOM_SOME_FIELD)
        return some_field(r, atom, event, by);
    if (atom->op == ATOM_SOME_MEMBER)
        return some_member(r, atom, event, by);
    *by = (struct atom_witness){NULL, atom->field};
    if (atom->op == ATOM_BEFORE)
        return event_tree_at_ms(event) < atom->time_ms ? TRUTH_TRUE : TRUTH_FALSE;
    struct field_values values = atom->except.n ? event_texts(r->brief, event, &atom->except)
                                                : values_of(r, event, atom->field);
    size_t asked = atom->array == ARRAY_FIRST && values.n ? 1 : values.n, n_true = 0;

    if (atom->op == ATOM_EXPR) {
        by->value = values.n ? &values.items[0] : NULL;
        return expr_atom(r, atom, event);
    }
    if (values.n == 0)
        return reference_truth_of_missing(atom);
    if (atom->array == ARRAY_SINGLE && values.n > 1)
        return TRUTH_UNKNOWN;
    for (size_t i = 0; i < asked; i++) {
        if (!value_matches(r, atom, event, &values.items[i]))
            continue;
        by->value = n_true++ ? by->value : &values.items[i];
        if (atom->array == ARRAY_ANY)
            break;
    }
    bool is_true = atom->array == ARRAY_ALL ? n_true == asked : n_true > 0;
    return is_true ? TRUTH_TRUE : TRUTH_FALSE;
}

/* ---- formulas ----------------------------------------------------------------- */

/* Kleene: false, unknown, true are 0, 1, 2; AND is the least, OR the greatest, NOT the mirror. */
static enum truth formula_truth(struct reference *r, const struct formula *f,
                                const struct event_tree *event)
{
    struct atom_witness by;

    switch (f->kind) {
    case FORMULA_CONST:
        return f->value ? TRUTH_TRUE : TRUTH_FALSE;
    case FORMULA_ATOM:
        return atom_truth(r, f->atom, event, &by);
    case FORMULA_NOT:
        return (enum truth)(TRUTH_TRUE - formula_truth(r, f->children[0], event));
    default:
        break;
    }
    bool is_and = f->kind == FORMULA_AND;
    enum truth result = is_and ? TRUTH_TRUE : TRUTH_FALSE;
    enum truth last_word = is_and ? TRUTH_FALSE : TRUTH_TRUE;
    for (size_t i = 0; i < f->n_children && result != last_word; i++) {
        enum truth t = formula_truth(r, f->children[i], event);
        if (is_and ? t < result : t > result)
            result = t;
    }
    return result;
}

enum truth reference_atom(struct reference *r, const struct atom *atom,
                          const struct event_tree *event)
{
    struct atom_witness by;

    return reference_atom_by(r, atom, event, &by);
}

enum truth reference_atom_by(struct reference *r, const struct atom *atom,
                             const struct event_tree *event, struct atom_witness *by)
{
    begin(r, event);
    return atom_truth(r, atom, event, by);
}

enum truth reference_formula(struct reference *r, const struct formula *f,
                             const struct event_tree *event)
{
    begin(r, event);
    return formula_truth(r, f, event);
}

bool reference_value(struct reference *r, const struct atom *atom, const struct event_tree *event,
                     const struct field_value *value)
{
    begin(r, event);
    return value_matches(r, atom, event, value);
}

bool reference_match(struct reference *r, const struct rule *rule, const struct event_tree *event)
{
    return reference_formula(r, rule->formula, event) == TRUTH_TRUE;
}

/* ---- evidence ------------------------------------------------------------------ */

struct evidence_list {
    struct arena *arena;
    struct match_evidence *items; /* EVIDENCE_MAX of them */
    size_t n;
};

static void evidence_add(struct reference *r, const struct event_tree *event,
                         struct evidence_list *list, struct str selection, const struct atom *atom,
                         const struct atom_witness *by)
{
    struct str text = {"", 0};

    if (by->value)
        (void)reference_text_of(by->value, &text);
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].atom == atom && str_eq(list->items[i].value, text))
            return;
    if (list->n == EVIDENCE_MAX)
        return;
    struct match_evidence *e = &list->items[list->n++];
    *e = (struct match_evidence){.selection = selection,
                                 .atom = atom,
                                 .field = arena_str(list->arena, by->field),
                                 .value = arena_str(list->arena, text),
                                 .is_missing = by->value == NULL};
    if (atom->op == ATOM_LIST && by->value)
        e->row = reference_row(r, atom, event, by->value, &e->list);
}

/* f is true. */
static void evidence_collect(struct reference *r, const struct formula *f, struct str selection,
                             const struct event_tree *event, struct evidence_list *list)
{
    struct atom_witness by;

    if (f->label.n)
        selection = f->label;
    if (f->kind == FORMULA_ATOM && atom_truth(r, f->atom, event, &by) == TRUTH_TRUE)
        evidence_add(r, event, list, selection, f->atom, &by);
    if (f->kind != FORMULA_AND && f->kind != FORMULA_OR)
        return;
    for (size_t i = 0; i < f->n_children && list->n < EVIDENCE_MAX; i++)
        if (formula_truth(r, f->children[i], event) == TRUTH_TRUE)
            evidence_collect(r, f->children[i], selection, event, list);
}

size_t reference_evidence(struct reference *r, struct arena *a, const struct rule *rule,
                          const struct event_tree *event, struct match_evidence **out)
{
    struct evidence_list list = {.arena = a,
                                 .items = ARENA_ARRAY(a, EVIDENCE_MAX, struct match_evidence)};

    begin(r, event);
    if (formula_truth(r, rule->formula, event) == TRUTH_TRUE)
        evidence_collect(r, rule->formula, (struct str){"", 0}, event, &list);
    *out = list.items;
    return list.n;
}
