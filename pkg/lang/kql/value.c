/* value.c - a field beside a value.
 *
 * Elasticsearch's mapping says what a field holds; weir has no mapping. So the kind of a field is
 * told by its name (kind_of), and whether numbers, addresses or texts are compared by what the
 * value looks like: `f: 5` and `f: "5"` are the same there, too.
 */
#include "lang/kql/lower.h"

#include "base/decimal.h"
#include "base/str.h"
#include "lang/network.h"

#include <arpa/inet.h>

/* How texts of a field compare. */
enum kind { KIND_KEYWORD, KIND_CASELESS, KIND_WORDS };

/* A field as a query names it. Names such as process.name.caseless are another index of the
 * same values, which events do not carry, so the field without the ending is asked as well. */
struct field {
    struct str names[2];
    size_t n_names;
    enum kind kind;
};

static void read_field(struct str name, struct field *out)
{
    static const struct {
        struct str ending;
        enum kind kind;
    } ENDINGS[] = {
        {{".caseless", 9}, KIND_CASELESS},
        {{".keyword", 8}, KIND_KEYWORD},
        {{".text", 5}, KIND_WORDS},
    };

    *out = (struct field){{name}, 1, KIND_KEYWORD};
    if (str_eq(name, STR("message")))
        out->kind = KIND_WORDS;
    for (size_t i = 0; i < ARRAY_LEN(ENDINGS); i++)
        if (name.n > ENDINGS[i].ending.n && str_ends(name, ENDINGS[i].ending)) {
            out->names[out->n_names++] = str_sub(name, 0, name.n - ENDINGS[i].ending.n);
            out->kind = ENDINGS[i].kind;
            return;
        }
}

/* ---- what a value says ---------------------------------------------------------- */

static bool is_only_star(const struct kql_token *t)
{
    return t->glob.n_parts == 1 && t->glob.parts[0].kind == GLOB_ANY;
}

static bool is_word(const struct kql_token *t, const char *word)
{
    return t->kind == KQL_T_TEXT && str_eq(t->raw, str_from(word));
}

/* "10.0.0.0/8", or an IPv6 address: the same network in any spelling. */
static bool is_network(struct query_scope *s, const struct kql_token *t, struct str *out)
{
    char address[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    struct str text, length;
    bool has_length = str_cut(t->text, '/', &text, &length);
    bool is_v6 = str_find_char(text, ':', 0) != SIZE_MAX;

    if (text.n == 0 || text.n >= sizeof address || (!has_length && !is_v6))
        return false;
    memcpy(address, text.p, text.n);
    address[text.n] = '\0';
    if (strlen(address) != text.n || inet_pton(is_v6 ? AF_INET6 : AF_INET, address, bytes) != 1)
        return false;
    uint64_t prefix = 0;
    if (has_length && (!str_to_u64(length, &prefix) || prefix > (is_v6 ? 128 : 32)))
        return false;
    return network_read(s->diag, t->at, STR(""), t->text, HOST_BITS_CLEARED, out);
}

static struct formula *exists(struct query_scope *s, const struct kql_node *n, struct str field)
{
    return query_atom(s, n->at, field, (struct atom){.op = ATOM_CONTAINS});
}

/* One name of the field beside the value. */
static struct formula *equals(struct query_scope *s, const struct kql_node *n, struct str field,
                              enum kind kind)
{
    const struct kql_token *value = n->value;
    bool is_caseless = kind != KIND_KEYWORD;
    struct atom atom = {
        .op = ATOM_EQ, .text = value->text, .fold = query_fold(value->text, is_caseless)};
    struct str network;

    if (is_only_star(value))
        return exists(s, n, field);
    if (kind == KIND_WORDS) {
        diag_unsupported(s->diag, n->at, "texts by word: not in this version");
        return NULL;
    }
    if (value->glob.n_parts) {
        query_glob_atom(&value->glob, atom.fold, &atom);
        return query_atom(s, value->at, field, atom);
    }
    if (is_word(value, "true") || is_word(value, "false"))
        return query_atom(s, value->at, field,
                          (struct atom){.op = ATOM_BOOL, .is_true = is_word(value, "true")});
    if (decimal_is_number(value->text))
        atom.op = ATOM_NUM_EQ;
    struct formula *text = query_atom(s, value->at, field, atom);
    if (!is_network(s, value, &network))
        return text;
    struct formula *parts[2] = {
        text, query_atom(s, value->at, field, (struct atom){.op = ATOM_CIDR, .text = network})};
    return formula_join(s->a, FORMULA_OR, parts, 2);
}

/* ---- leaves ------------------------------------------------------------------- */

static struct formula *lower_is(struct query_scope *s, const struct kql_node *n)
{
    bool is_null = is_word(n->value, "null");
    struct formula *parts[2];
    struct field field;

    if (is_only_star(n->field) && is_only_star(n->value))
        return formula_const(s->a, true);
    if (n->field->glob.n_parts) {
        diag_unsupported(s->diag, n->field->at, "wildcards in a field's name: not in this version");
        return NULL;
    }
    read_field(n->field->text, &field);
    for (size_t i = 0; i < field.n_names; i++) {
        parts[i] =
            is_null ? exists(s, n, field.names[i]) : equals(s, n, field.names[i], field.kind);
        if (!parts[i])
            return NULL;
    }
    struct formula *f = formula_join(s->a, FORMULA_OR, parts, field.n_names);
    return is_null ? formula_not(s->a, f) : f;
}

static struct formula *lower_range(struct query_scope *s, const struct kql_node *n)
{
    if (n->value->glob.n_parts) {
        diag_error(s->diag, n->value->at, "a comparison takes no wildcards");
        return NULL;
    }
    if (!decimal_is_number(n->value->text)) {
        diag_unsupported(s->diag, n->value->at,
                         "a comparison with a text or a time: not in this "
                         "version");
        return NULL;
    }
    return query_atom(s, n->at, n->field->text, (struct atom){.op = n->op, .text = n->value->text});
}

static struct formula *lower_bare(struct query_scope *s, const struct kql_node *n)
{
    if (is_only_star(n->value))
        return formula_const(s->a, true);
    diag_unsupported(s->diag, n->at, "a value without a field: not in this version");
    return NULL;
}

struct formula *kql_leaf(struct query_scope *s, const struct kql_node *n)
{
    if (n->kind == KQL_IS)
        return lower_is(s, n);
    return n->kind == KQL_RANGE ? lower_range(s, n) : lower_bare(s, n);
}
