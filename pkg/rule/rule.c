/* rule.c - names of the IR's enumerations and the building of formulas. */
#include "rule/rule.h"

#include "base/str.h"

static const char *const LEVELS[] = {"informational", "low", "medium", "high", "critical"};
static const int SCORES[] = {10, 21, 47, 73, 99};
static const char *const STATUSES[] = {"",           "stable",     "test", "experimental",
                                       "deprecated", "unsupported"};
static const char *const OPS[] = {[ATOM_EQ] = "eq",
                                  [ATOM_PREFIX] = "startswith",
                                  [ATOM_SUFFIX] = "endswith",
                                  [ATOM_CONTAINS] = "contains",
                                  [ATOM_GLOB] = "glob",
                                  [ATOM_REGEX] = "re",
                                  [ATOM_CIDR] = "cidr",
                                  [ATOM_NUM_EQ] = "eq",
                                  [ATOM_NUM_LT] = "lt",
                                  [ATOM_NUM_LE] = "lte",
                                  [ATOM_NUM_GT] = "gt",
                                  [ATOM_NUM_GE] = "gte",
                                  [ATOM_BOOL] = "eq",
                                  [ATOM_EXISTS] = "exists",
                                  [ATOM_IS_NULL] = "null",
                                  [ATOM_FIELD_CMP] = "fieldref",
                                  [ATOM_TIME_PART] = "time",
                                  [ATOM_EXPR] = "expr",
                                  [ATOM_LIST] = "in",
                                  [ATOM_BEFORE] = "before",
                                  [ATOM_HAS_VALUE] = "value",
                                  [ATOM_WORDS] = "words",
                                  [ATOM_TEXT_CMP] = "text",
                                  [ATOM_TIME_CMP] = "time",
                                  [ATOM_SOME_FIELD] = "some field",
                                  [ATOM_SOME_MEMBER] = "some member"};

bool rule_has_level(const struct rule *r)
{
    return r->has_level || r->correlation;
}

const char *rule_level_word(const struct rule *r)
{
    return rule_has_level(r) ? rule_level_name(r->level) : "unknown";
}

const char *rule_level_name(enum rule_level level)
{
    return LEVELS[level];
}

int rule_level_score(enum rule_level level)
{
    return SCORES[level];
}

bool str_list_eq(const struct str_list *a, const struct str_list *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++)
        if (!str_eq(a->items[i], b->items[i]))
            return false;
    return a->n == b->n;
}

bool glob_equal(const struct glob *a, const struct glob *b)
{
    if (a->n_parts != b->n_parts)
        return false;
    for (size_t i = 0; i < a->n_parts; i++)
        if (a->parts[i].kind != b->parts[i].kind || !str_eq(a->parts[i].text, b->parts[i].text))
            return false;
    return true;
}

bool regex_equal(const struct regex *a, const struct regex *b)
{
    return str_eq(a->pattern, b->pattern) && a->is_caseless == b->is_caseless &&
           a->is_multiline == b->is_multiline && a->is_dotall == b->is_dotall &&
           a->is_whole_value == b->is_whole_value;
}

bool rule_level_parse(struct str text, enum rule_level *out)
{
    for (size_t i = 0; i < ARRAY_LEN(LEVELS); i++)
        if (str_eq(text, str_from(LEVELS[i]))) {
            *out = (enum rule_level)i;
            return true;
        }
    return false;
}

const char *rule_status_name(enum rule_status status)
{
    return STATUSES[status];
}

bool rule_status_parse(struct str text, enum rule_status *out)
{
    for (size_t i = 1; i < ARRAY_LEN(STATUSES); i++)
        if (str_eq(text, str_from(STATUSES[i]))) {
            *out = (enum rule_status)i;
            return true;
        }
    return false;
}

const char *rule_channel_name(enum rule_channel channel)
{
    static const char *const NAMES[] = {[CHANNEL_ALERT] = "alert",
                                        [CHANNEL_SHADOW] = "shadow",
                                        [CHANNEL_INTERNAL] = "internal",
                                        [CHANNEL_OFF] = "off"};

    return NAMES[channel];
}

const char *atom_op_name(enum atom_op op)
{
    return OPS[op];
}

static struct formula *formula_node(struct arena *a, enum formula_kind kind)
{
    struct formula *f = ARENA_NEW(a, struct formula);

    f->kind = kind;
    f->label = STR("");
    return f;
}

struct formula *formula_atom(struct arena *a, const struct atom *atom)
{
    struct formula *f = formula_node(a, FORMULA_ATOM);

    f->atom = atom;
    return f;
}

struct formula *formula_not(struct arena *a, struct formula *child)
{
    struct formula *f = formula_node(a, FORMULA_NOT);

    f->children = ARENA_NEW(a, struct formula *);
    f->children[0] = child;
    f->n_children = 1;
    return f;
}

struct formula *formula_join(struct arena *a, enum formula_kind kind, struct formula **children,
                             size_t n)
{
    ASSERT(kind == FORMULA_AND || kind == FORMULA_OR);
    ASSERT(n > 0);
    if (n == 1)
        return children[0];
    struct formula *f = formula_node(a, kind);
    f->children = ARENA_ARRAY(a, n, struct formula *);
    for (size_t i = 0; i < n; i++)
        f->children[i] = children[i];
    f->n_children = n;
    return f;
}

struct formula *formula_const(struct arena *a, bool value)
{
    struct formula *f = formula_node(a, FORMULA_CONST);

    f->value = value;
    return f;
}

void formula_each_atom(const struct formula *f, void (*fn)(const struct atom *, void *),
                       void *context)
{
    if (f->kind == FORMULA_ATOM)
        fn(f->atom, context);
    for (size_t i = 0; i < f->n_children; i++)
        formula_each_atom(f->children[i], fn, context);
}

uint32_t rule_derived_find(const struct rule *r, struct str name)
{
    for (size_t i = 0; i < r->n_derived; i++)
        if (str_eq(r->derived[i].name, name))
            return (uint32_t)i;
    return RULE_NO_DERIVED;
}
