/* value.c - a field beside a value.
 *
 * Elasticsearch's mapping says what a field holds; weir has no mapping. So the kind of a field is
 * told by its name (read_field), and whether numbers, addresses, times or texts are compared by
 * what the value looks like: `f: 5` and `f: "5"` are the same there, too.
 */
#include "lang/kql/lower.h"

#include "base/decimal.h"
#include "base/str.h"
#include "base/vec.h"
#include "base/words.h"
#include "lang/network.h"

#include <arpa/inet.h>

enum { WORDS_MAX = 1000 }; /* of one value that is searched by word */

/* How texts of a field compare. */
enum kind {
    KIND_KEYWORD,  /* whole, as written */
    KIND_CASELESS, /* whole, case aside */
    KIND_WORDS,    /* by word, case aside */
    KIND_SCRIPT,   /* by word of a script (script.c) */
    KIND_ANY       /* of no field in particular: by word, or as a keyword */
};

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
    if (str_eq(name, STR("powershell.file.script_block_text")))
        out->kind = KIND_SCRIPT;
    for (size_t i = 0; i < ARRAY_LEN(ENDINGS); i++)
        if (name.n > ENDINGS[i].ending.n && str_ends(name, ENDINGS[i].ending)) {
            out->names[out->n_names++] = str_sub(name, 0, name.n - ENDINGS[i].ending.n);
            out->kind = ENDINGS[i].kind;
            return;
        }
}

void query_field_read(struct str name, struct query_field *out)
{
    struct field f;

    read_field(name, &f);
    *out = (struct query_field){.n_names = f.n_names,
                                .is_caseless = f.kind == KIND_CASELESS,
                                .analysis = f.kind == KIND_SCRIPT  ? QUERY_SCRIPT
                                            : f.kind == KIND_WORDS ? QUERY_WORDS
                                                                   : QUERY_WHOLE};
    for (size_t i = 0; i < f.n_names; i++)
        out->names[i] = f.names[i];
}

enum query_analysis query_analysis_of(struct str name)
{
    struct query_field f;

    query_field_read(name, &f);
    return f.analysis;
}

/* Fields that are times in Elastic's schema: numbers beside them are milliseconds since 1970, and a
 * day is all of it. */
static bool is_time_field(struct str name)
{
    static const char *const NAMES[] = {
        "@timestamp",     "event.created", "event.start", "event.end",
        "file.created",   "file.mtime",    "file.ctime",  "file.accessed",
        "event.ingested", "process.start", "process.end", "process.parent.start",
    };

    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        if (str_eq(name, str_from(NAMES[i])))
            return true;
    return false;
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
    uint64_t prefix = 0;

    if (text.n == 0 || text.n >= sizeof address || (!has_length && !is_v6))
        return false;
    memcpy(address, text.p, text.n);
    address[text.n] = '\0';
    if (strlen(address) != text.n || inet_pton(is_v6 ? AF_INET6 : AF_INET, address, bytes) != 1)
        return false;
    if (has_length && (!str_to_u64(length, &prefix) || prefix > (is_v6 ? 128 : 32)))
        return false;
    return network_read(s->diag, t->at, STR(""), t->text, HOST_BITS_CLEARED, out);
}

/* ---- one field, one value ---------------------------------------------------------- */

static struct formula *exists(struct query_scope *s, struct place at, struct str field)
{
    return query_atom(s, at, field, (struct atom){.op = ATOM_HAS_VALUE});
}

/* a may be NULL: nothing yet. */
static struct formula *either(struct query_scope *s, struct formula *a, struct formula *b)
{
    struct formula *parts[2] = {a, b};

    return a ? formula_join(s->a, FORMULA_OR, parts, 2) : b;
}

/* A word of the value matches the pattern. */
static struct formula *word_like(struct query_scope *s, const struct kql_token *value,
                                 struct str field, struct str words)
{
    size_t n = 0, cap = 2 * words.n + 1;
    struct glob_part *parts = ARENA_ARRAY(s->a, cap, struct glob_part);

    for (size_t i = 0; i < words.n;) {
        size_t end = i;
        while (end < words.n && (words.p[end] == '*') == (words.p[i] == '*'))
            end++;
        bool is_star = words.p[i] == '*';
        parts[n++] = (struct glob_part){
            is_star ? GLOB_ANY : GLOB_TEXT,
            is_star ? STR("") : names_intern(s->names, str_sub(words, i, end - i))};
        i = end;
    }
    return query_atom(
        s, value->at, field,
        (struct atom){.op = ATOM_WORDS, .fold = query_fold(words, true), .glob = {parts, n}});
}

struct formula_list {
    struct formula **items;
    size_t n, cap;
};

static void add_formula(struct query_scope *s, struct formula_list *list, struct formula *f)
{
    list->items = vec_room(s->scratch, list->items, list->n, &list->cap, sizeof *list->items);
    list->items[list->n++] = f;
}

/* The words of a run without blanks: one pattern, or plain words. */
static void add_words(struct query_scope *s, const struct kql_token *value, struct str field,
                      struct str run, struct formula_list *list)
{
    struct str word;
    size_t at = 0;

    if (value->glob.n_parts && str_find_char(run, '*', 0) != SIZE_MAX) {
        add_formula(s, list, word_like(s, value, field, run));
        return;
    }
    while (words_next(run, &at, &word) && list->n <= WORDS_MAX)
        add_formula(
            s, list,
            query_atom(
                s, value->at, field,
                (struct atom){.op = ATOM_WORDS, .text = word, .fold = query_fold(word, true)}));
}

/* Without quotes a field of words wants any of them; patterns are of one word each. */
static struct formula *any_word(struct query_scope *s, const struct kql_token *value,
                                struct str field)
{
    struct formula_list list = {0};
    struct str rest = value->text, run;

    while (rest.n && list.n <= WORDS_MAX) {
        str_cut(rest, ' ', &run, &rest);
        if (run.n)
            add_words(s, value, field, run, &list);
    }
    if (list.n > WORDS_MAX) {
        diag_error(s->diag, value->at, "more than %d words in one value", WORDS_MAX);
        return NULL;
    }
    return list.n ? formula_join(s->a, FORMULA_OR, list.items, list.n) : formula_const(s->a, false);
}

static struct formula *by_word(struct query_scope *s, const struct kql_token *value,
                               struct str field)
{
    struct str word;
    size_t at = 0;

    if (value->kind == KQL_T_TEXT)
        return any_word(s, value, field);
    if (!words_next(value->text, &at, &word))
        return formula_const(s->a, false);
    return query_atom(s, value->at, field,
                      (struct atom){.op = ATOM_WORDS,
                                    .text = value->text,
                                    .fold = query_fold(value->text, true)});
}

static struct formula *by_whole(struct query_scope *s, const struct kql_token *value,
                                struct str field, bool is_caseless)
{
    struct atom atom = {
        .op = ATOM_EQ, .text = value->text, .fold = query_fold(value->text, is_caseless)};
    struct str network;

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
    return either(s, text,
                  query_atom(s, value->at, field, (struct atom){.op = ATOM_CIDR, .text = network}));
}

static struct formula *time_atom(struct query_scope *s, const struct kql_node *n, struct str field,
                                 struct rule_time time)
{
    return query_atom(s, n->at, field,
                      (struct atom){.op = ATOM_TIME_CMP, .cmp = n->op, .time = time});
}

/* A time as long as it is written: "2026-03-01" is the whole day. *is_time: it is one. */
static struct formula *within(struct query_scope *s, const struct kql_node *n, struct str field,
                              bool *is_time)
{
    static const enum atom_op ENDS[] = {ATOM_NUM_GE, ATOM_NUM_LE};
    struct formula *parts[ARRAY_LEN(ENDS)];

    *is_time = false;
    if (n->value->glob.n_parts || !is_time_field(field))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(ENDS); i++) {
        struct kql_node end = *n;
        struct rule_time time;
        end.op = ENDS[i];
        enum kql_time kind = kql_time(s, &end, true, &time);
        *is_time = kind != KQL_TIME_NONE;
        if (kind != KQL_TIME_READ)
            return NULL;
        parts[i] = time_atom(s, &end, field, time);
    }
    return formula_join(s->a, FORMULA_AND, parts, ARRAY_LEN(ENDS));
}

/* One name of the field beside the value. */
static struct formula *equals(struct query_scope *s, const struct kql_node *n, struct str field,
                              enum kind kind)
{
    if (is_only_star(n->value))
        return exists(s, n->at, field);
    if (kind == KIND_WORDS)
        return by_word(s, n->value, field);
    if (kind == KIND_SCRIPT)
        return kql_script(s, n->value, field);
    bool is_time;
    struct formula *time = within(s, n, field, &is_time), *words;
    if (is_time)
        return time;
    struct formula *whole = by_whole(s, n->value, field, kind == KIND_CASELESS);
    if (kind != KIND_ANY)
        return whole;
    words = by_word(s, n->value, field);
    return words ? either(s, whole, words) : NULL;
}

/* ---- leaves ------------------------------------------------------------------- */

static struct formula *some_field(struct query_scope *s, struct place at,
                                  const struct kql_token *pattern, struct formula *inner)
{
    static const struct glob_part ALL[] = {{GLOB_ANY, {"", 0}}};
    struct atom atom = {.op = ATOM_SOME_FIELD, .inner = inner, .glob = {ALL, 1}};

    if (!inner)
        return NULL;
    if (pattern)
        atom.glob = pattern->glob;
    return query_atom(s, at, pattern ? pattern->text : STR("*"), atom);
}

static struct formula *negated(struct query_scope *s, struct formula *f, bool is_negated)
{
    return f && is_negated ? formula_not(s->a, f) : f;
}

static struct formula *lower_is(struct query_scope *s, const struct kql_node *n)
{
    bool is_null = is_word(n->value, "null");
    struct formula *all = NULL;
    struct field field;

    if (is_only_star(n->field) && is_only_star(n->value))
        return formula_const(s->a, true);
    read_field(n->field->text, &field);
    if (n->field->glob.n_parts) {
        enum kind kind = is_only_star(n->field) ? KIND_ANY : field.kind;
        struct formula *inner = is_null ? exists(s, n->at, STR("")) : equals(s, n, STR(""), kind);
        return negated(s, some_field(s, n->at, n->field, inner), is_null);
    }
    for (size_t i = 0; i < field.n_names; i++) {
        struct formula *one =
            is_null ? exists(s, n->at, field.names[i]) : equals(s, n, field.names[i], field.kind);
        if (!one)
            return NULL;
        all = either(s, all, one);
    }
    return negated(s, all, is_null);
}

static struct formula *range_atom(struct query_scope *s, const struct kql_node *n, struct str field)
{
    struct atom atom = {.op = ATOM_TEXT_CMP, .cmp = n->op, .text = n->value->text};
    bool is_number = decimal_is_number(n->value->text), is_time = is_time_field(field);
    enum kql_time kind = KQL_TIME_NONE;
    struct rule_time time;

    if (!network_no_order(s->diag, n->value->at, field, n->value->text))
        return NULL;
    if (!is_number || is_time)
        kind = kql_time(s, n, is_time, &time);
    if (kind != KQL_TIME_NONE)
        return kind == KQL_TIME_READ ? time_atom(s, n, field, time) : NULL;
    if (is_number)
        atom.op = n->op;
    return query_atom(s, n->at, field, atom);
}

static struct formula *lower_range(struct query_scope *s, const struct kql_node *n)
{
    struct formula *all = NULL;
    struct field field;

    if (n->value->glob.n_parts) {
        diag_error(s->diag, n->value->at, "a comparison takes no wildcards");
        return NULL;
    }
    if (is_word(n->value, "true") || is_word(n->value, "false") || is_word(n->value, "null")) {
        diag_error(s->diag, n->value->at, "'%.*s' has no order", SHOWN(n->value->raw));
        return NULL;
    }
    if (n->field->glob.n_parts)
        return some_field(s, n->at, n->field, range_atom(s, n, STR("")));
    read_field(n->field->text, &field);
    for (size_t i = 0; i < field.n_names; i++) {
        struct formula *one = range_atom(s, n, field.names[i]);
        if (!one)
            return NULL;
        all = either(s, all, one);
    }
    return all;
}

static struct formula *lower_bare(struct query_scope *s, const struct kql_node *n)
{
    if (is_only_star(n->value))
        return formula_const(s->a, true);
    diag_warn(s->diag, n->at,
              "no field: '%.*s' is looked for in every field of every event, which is slow",
              SHOWN(n->value->text));
    return some_field(s, n->at, NULL, equals(s, n, STR(""), KIND_ANY));
}

struct formula *kql_leaf(struct query_scope *s, const struct kql_node *n)
{
    if (n->kind == KQL_IS)
        return lower_is(s, n);
    return n->kind == KQL_RANGE ? lower_range(s, n) : lower_bare(s, n);
}
