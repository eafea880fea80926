/* filter.c - filters: conditions in the search DSL, as Kibana keeps them beside a query.
 *
 *     meta.disabled   the filter says nothing          meta.negate   it is turned around
 *     query           match_all, match, match_phrase, multi_match, term, terms, wildcard, prefix,
 *                     regexp, exists, range, query_string, kql; bool, dis_max, constant_score,
 *                     boosting, function_score of them
 *     no query        meta.type with meta.key and meta.params: phrase, phrases, exists, missing,
 *                     range, match_all
 *
 * All of them must hold. As in queries, a field that is missing makes a condition false and its
 * negation true; texts compare case as written, unless case_insensitive says otherwise.
 */
#include "lang/elastic/impl.h"

#include "base/str.h"
#include "base/time.h"
#include "base/words.h"
#include "lang/lucene.h"

enum { GLOB_ROOM = GLOB_PARTS_MAX };

struct query_scope query_scope_of(const struct elastic_scope *s, const struct doc_node *text)
{
    struct query_scope q = {.a = s->a,
                            .scratch = s->scratch,
                            .names = s->names,
                            .diag = s->diag,
                            .lists = s->lists,
                            .geo = s->geo,
                            .at = doc_place(text)};

    if (text->is_quoted)
        q.quoted = ARENA_NEW(s->scratch, struct quoted);
    if (q.quoted && !quoted_init(q.quoted, s->diag, q.at))
        q.quoted = NULL;
    return q;
}

/* ---- atoms ------------------------------------------------------------------------- */

static struct formula *atom_of(struct elastic_scope *s, const struct doc_node *at, struct str field,
                               struct atom atom)
{
    struct query_scope q = query_scope_of(s, at);
    struct query_field f;

    query_field_read(field, &f);
    return query_under_names(&q, doc_place(at), &f, &atom);
}

/* Cut a pattern into parts; texts without their backslashes go to `room`. */
static size_t glob_parts(struct elastic_scope *s, struct str text, struct glob_part *parts)
{
    char *room = arena_alloc(s->scratch, text.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.n && n <= GLOB_ROOM;) {
        if (text.p[i] == '*' || text.p[i] == '?') {
            enum glob_kind kind = text.p[i++] == '*' ? GLOB_ANY : GLOB_ONE;
            if (kind == GLOB_ONE || n == 0 || parts[n - 1].kind != GLOB_ANY)
                parts[n++] = (struct glob_part){kind, STR("")};
            continue;
        }
        size_t k = 0;
        for (; i < text.n && text.p[i] != '*' && text.p[i] != '?'; i++) {
            i += text.p[i] == '\\' && i + 1 < text.n;
            room[k++] = text.p[i];
        }
        parts[n++] = (struct glob_part){GLOB_TEXT, names_intern(s->names, (struct str){room, k})};
    }
    return n;
}

bool wildcard_glob(struct elastic_scope *s, struct place at, struct str text, struct glob *out)
{
    struct glob_part parts[GLOB_ROOM + 1];
    size_t n = glob_parts(s, text, parts);

    if (n > GLOB_ROOM)
        return diag_error(s->diag, at, "more than %d wildcards and texts in one pattern",
                          GLOB_PARTS_MAX);
    struct glob_part *own = ARENA_ARRAY(s->a, n, struct glob_part);
    for (size_t i = 0; i < n; i++)
        own[i] = parts[i];
    *out = (struct glob){own, n};
    return true;
}

struct formula *text_is(struct elastic_scope *s, const struct doc_node *text, struct str field)
{
    struct query_scope q = query_scope_of(s, text);

    return query_search(&q, doc_place(text), field, ":", text->text, true);
}

/* A value beside a field: a text, a number, a truth value. NULL after an error. */
static struct formula *equals(struct elastic_scope *s, const struct doc_node *value,
                              struct str field, bool is_caseless)
{
    struct query_scope q = query_scope_of(s, value);
    struct atom atom = {.op = ATOM_EQ, .text = value->text};

    switch (value->type) {
    case DOC_STRING:
        if (!is_caseless || query_analysis_of(field) != QUERY_WHOLE)
            return text_is(s, value, field);
        atom.fold = query_fold(value->text, is_caseless);
        break;
    case DOC_INT:
    case DOC_FLOAT:
        return query_search(&q, doc_place(value), field, ":", value->number, true);
    case DOC_BOOL:
        atom = (struct atom){.op = ATOM_BOOL, .is_true = value->is_true};
        break;
    default:
        diag_error(s->diag, doc_place(value), "a filter compares with a text or a number, not %s",
                   doc_type_name(value));
        return NULL;
    }
    return atom_of(s, value, field, atom);
}

static struct formula *equals_any(struct elastic_scope *s, const struct doc_node *values,
                                  struct str field)
{
    const struct doc_node *items = values->type == DOC_LIST ? values->items : values;
    size_t n = values->type == DOC_LIST ? values->n_items : 1;
    struct formula **parts = ARENA_ARRAY(s->scratch, n, struct formula *);
    bool is_good = true;

    for (size_t i = 0; i < n; i++) {
        parts[i] = equals(s, &items[i], field, false);
        is_good &= parts[i] != NULL;
    }
    return is_good ? formula_join(s->a, FORMULA_OR, parts, n) : NULL;
}

struct formula *has_value(struct elastic_scope *s, const struct doc_node *at, struct str field)
{
    static const struct glob_part ANY = {GLOB_ANY, {"", 0}};
    struct query_scope q = query_scope_of(s, at);

    return query_search_glob(&q, doc_place(at), field, &(struct glob){&ANY, 1});
}

/* ---- range ---------------------------------------------------------------------------- */

/* How the bounds of a range are written as times; numbers are of the unit. */
struct time_format {
    int64_t unit_ms; /* 0: numbers are numbers */
};

static bool read_format(struct elastic_scope *s, const struct doc_node *format,
                        struct time_format *out)
{
    static const char *const READ[] = {"date_optional_time",       "date_time",
                                       "date_time_no_millis",      "date",
                                       "date_optional_time_nanos", "date_hour_minute_second"};
    struct str rest = format->text, one;
    bool has_more = true;

    while (has_more) {
        size_t bars = str_find(rest, STR("||"), 0);
        has_more = bars != SIZE_MAX;
        one = has_more ? str_sub(rest, 0, bars) : rest;
        rest = has_more ? str_sub(rest, bars + 2, SIZE_MAX) : STR("");
        if (str_eq(one, STR("epoch_millis")) || str_eq(one, STR("epoch_second"))) {
            out->unit_ms = str_eq(one, STR("epoch_second")) ? 1000 : 1;
            continue;
        }
        struct str name = str_starts(one, STR("strict_")) ? str_sub(one, 7, SIZE_MAX) : one;
        bool is_read = str_eq(one, STR("yyyy-MM-dd"));
        for (size_t i = 0; i < ARRAY_LEN(READ); i++)
            is_read |= str_eq(name, str_from(READ[i]));
        if (!is_read)
            return diag_unsupported(s->diag, doc_place(format), "the format '%.*s' of times",
                                    SHOWN(one));
    }
    return true;
}

/* A number of the format's unit as a time that everybody reads. */
static struct str time_of_number(struct elastic_scope *s, struct str number,
                                 const struct time_format *format)
{
    char text[TIME_TEXT_MAX];
    int64_t n;

    if (!format->unit_ms || !str_to_i64(number, &n) || n > INT64_MAX / format->unit_ms ||
        n < INT64_MIN / format->unit_ms)
        return STR("");
    return arena_str(s->a, (struct str){text, time_format_ms(n * format->unit_ms, text)});
}

static struct formula *range_bound(struct elastic_scope *s, const struct doc_key *key,
                                   const struct doc_node *value, struct str field,
                                   const struct time_format *format)
{
    static const struct str WORDS[] = {{"gt", 2}, {"gte", 3}, {"lt", 2}, {"lte", 3}};
    static const char *const SIGNS[] = {">", ">=", "<", "<="};
    struct place at = {key->line, key->col};
    struct query_scope q = query_scope_of(s, value);

    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++) {
        if (!str_eq(key->text, WORDS[i]))
            continue;
        bool is_number = value->type == DOC_INT || value->type == DOC_FLOAT;
        struct str time = is_number || value->type == DOC_STRING
                              ? time_of_number(s, is_number ? value->number : value->text, format)
                              : STR("");
        if (time.n)
            return query_search(&q, doc_place(value), field, SIGNS[i], time, true);
        if (is_number || value->type == DOC_STRING)
            return query_search(&q, doc_place(value), field, SIGNS[i],
                                is_number ? value->number : value->text, true);
        diag_error(s->diag, doc_place(value), "a range is between numbers, times or texts, not %s",
                   doc_type_name(value));
        return NULL;
    }
    struct str hint = diag_hint(s->diag, key->text, WORDS, ARRAY_LEN(WORDS));
    diag_unsupported(s->diag, at, "'%.*s' in a range%.*s", SHOWN(key->text), SHOWN(hint));
    return NULL;
}

/* What says nothing of the bounds, or belongs to one of them. */
static bool is_aside(const struct doc_key *key, const struct doc_node *value)
{
    static const char *const KEYS[] = {"format", "boost", "_name", "include_lower",
                                       "include_upper"};

    for (size_t i = 0; i < ARRAY_LEN(KEYS); i++)
        if (str_eq(key->text, str_from(KEYS[i])))
            return true;
    return str_eq(key->text, STR("time_zone")) && str_eq_ci(value->text, STR("UTC"));
}

static bool is_excluded(const struct doc_node *map, const char *key)
{
    const struct doc_node *flag = doc_get(map, str_from(key));

    return flag && flag->type == DOC_BOOL && !flag->is_true;
}

static struct formula *range(struct elastic_scope *s, const struct doc_node *map, struct str field)
{
    struct formula **parts = ARENA_ARRAY(s->scratch, map->n_items, struct formula *);
    const struct doc_node *word = doc_get(map, STR("format"));
    struct time_format format = {0};
    size_t n = 0;

    bool is_good = !word || word->type != DOC_STRING || read_format(s, word, &format);
    for (size_t i = 0; i < map->n_items; i++) {
        struct doc_key key = map->keys[i];
        if (map->items[i].type == DOC_NULL || is_aside(&key, &map->items[i]))
            continue;
        if (str_eq(key.text, STR("from"))) /* as it was once written */
            key.text = is_excluded(map, "include_lower") ? STR("gt") : STR("gte");
        if (str_eq(key.text, STR("to")))
            key.text = is_excluded(map, "include_upper") ? STR("lt") : STR("lte");
        parts[n] = range_bound(s, &key, &map->items[i], field, &format);
        is_good &= parts[n++] != NULL;
    }
    if (is_good && n == 0) {
        diag_error(s->diag, doc_place(map), "a range without a bound: gt, gte, lt or lte");
        return NULL;
    }
    return is_good ? formula_join(s->a, FORMULA_AND, parts, n) : NULL;
}

/* ---- one field ------------------------------------------------------------------------ */

/* {FIELD: value} or {FIELD: {"value": value, case_insensitive: true}}. */
struct about {
    struct str field;
    const struct doc_node *value;
    size_t at; /* of the field in the body */
    bool is_caseless;
};

/* Beside the field there may be what only weighs or names. */
static const struct doc_key *field_of(const struct doc_node *body, size_t *out)
{
    size_t n = 0;

    for (size_t i = 0; body->type == DOC_MAP && i < body->n_items; i++) {
        struct str key = body->keys[i].text;
        if ((str_eq(key, STR("boost")) && doc_is_scalar(&body->items[i])) ||
            str_eq(key, STR("_name")))
            continue;
        *out = i;
        n++;
    }
    return n == 1 ? &body->keys[*out] : NULL;
}

static bool about_field(struct elastic_scope *s, struct str word, const struct doc_node *body,
                        struct about *out)
{
    static const struct str WORDS[] = {{"value", 5}, {"query", 5}, {"wildcard", 8}};
    size_t i;

    if (!field_of(body, &i))
        return diag_error(s->diag, doc_place(body), "one field must stand here");
    *out = (struct about){.field = body->keys[i].text, .value = &body->items[i], .at = i};
    if (out->value->type != DOC_MAP)
        return true;
    const struct doc_node *map = out->value;
    const struct doc_node *flag = doc_get(map, STR("case_insensitive"));
    if (str_eq(word, STR("terms")))
        return diag_unsupported(s->diag, doc_place(map), "terms that stand in an index");
    if (!options_check(s, word, map))
        return false;
    out->is_caseless = flag && flag->is_true;
    out->value = NULL;
    for (size_t k = 0; k < ARRAY_LEN(WORDS) && !out->value; k++)
        out->value = doc_get(map, WORDS[k]);
    return out->value || diag_error(s->diag, doc_place(map), "no 'value' for the field '%.*s'",
                                    SHOWN(out->field));
}

static struct formula *pattern(struct elastic_scope *s, const struct about *a, bool is_prefix)
{
    struct query_scope q = query_scope_of(s, a->value);
    struct glob glob;

    if (a->value->type != DOC_STRING) {
        diag_error(s->diag, doc_place(a->value), "a pattern must be text, not %s",
                   doc_type_name(a->value));
        return NULL;
    }
    if (is_prefix) {
        struct glob_part *parts = ARENA_ARRAY(s->a, 2, struct glob_part);
        parts[0] = (struct glob_part){GLOB_TEXT, names_intern(s->names, a->value->text)};
        parts[1] = (struct glob_part){GLOB_ANY, STR("")};
        glob = (struct glob){parts + (a->value->text.n == 0), 2 - (a->value->text.n == 0)};
    } else if (!wildcard_glob(s, doc_place(a->value), a->value->text, &glob)) {
        return NULL;
    }
    return query_pattern(&q, doc_place(a->value), a->field, &glob, a->is_caseless);
}

/* The whole value, or a word of it, begins so; a text without words is in none. */
static struct formula *phrase_prefix(struct elastic_scope *s, const struct about *a)
{
    struct doc_node word = *a->value;
    struct about own = *a;
    struct str more;
    size_t next = 0;

    if (query_analysis_of(a->field) != QUERY_WORDS || a->value->type != DOC_STRING)
        return pattern(s, a, true);
    if (!words_next(a->value->text, &next, &word.text))
        return formula_const(s->a, false);
    if (words_next(a->value->text, &next, &more)) {
        diag_unsupported(s->diag, doc_place(a->value),
                         "match_phrase_prefix of several words in a field that is searched by "
                         "word");
        return NULL;
    }
    own.value = &word;
    return pattern(s, &own, true);
}

/* ---- the tree ----------------------------------------------------------------------------- */

static struct formula *clause(struct elastic_scope *s, const struct doc_node *map, unsigned depth);

/* One clause or a list of them. */
static bool clauses(struct elastic_scope *s, const struct doc_node *node, unsigned depth,
                    struct formula **out, size_t *n)
{
    const struct doc_node *items = node->type == DOC_LIST ? node->items : node;
    size_t n_items = node->type == DOC_LIST ? node->n_items : 1;
    bool is_good = true;

    for (size_t i = 0; i < n_items; i++) {
        out[*n] = clause(s, &items[i], depth);
        is_good &= out[(*n)++] != NULL;
    }
    return is_good;
}

static size_t n_clauses(const struct doc_node *node)
{
    return !node ? 0 : node->type == DOC_LIST ? node->n_items : 1;
}

static struct formula *joined(struct elastic_scope *s, const struct doc_node *node, unsigned depth,
                              enum formula_kind kind)
{
    struct formula **parts = ARENA_ARRAY(s->scratch, n_clauses(node), struct formula *);
    size_t n = 0;

    if (!clauses(s, node, depth, parts, &n))
        return NULL;
    if (n == 0)
        return formula_const(s->a, kind == FORMULA_AND);
    return formula_join(s->a, kind, parts, n);
}

/* So many of them; if nobody says how many, one where it is all that is asked. */
static struct formula *choice(struct elastic_scope *s, const struct doc_node *node, unsigned depth,
                              const struct doc_node *least, bool is_all)
{
    struct formula **parts = ARENA_ARRAY(s->scratch, n_clauses(node), struct formula *);
    size_t n = 0, k = is_all;
    bool is_good = clauses(s, node, depth, parts, &n);

    if (least && least->type != DOC_NULL)
        is_good &= least_of(s, least, n, &k);
    if (!is_good)
        return NULL;
    return at_least(s, node, parts, n, k == 0 && is_all ? 1 : k);
}

/* must and filter: all; must_not: none; should: one, if there is nothing else or it is asked for.
 */
static struct formula *boolean(struct elastic_scope *s, const struct doc_node *body, unsigned depth)
{
    static const char *const KEYS[] = {
        "must",  "filter", "must_not", "should", "minimum_should_match", "adjust_pure_negative",
        "boost", "_name"};
    static const struct key_names KNOWN = {KEYS, ARRAY_LEN(KEYS)};
    const struct doc_node *must_not = doc_get(body, STR("must_not"));
    const struct doc_node *should = doc_get(body, STR("should"));
    const struct doc_node *least = doc_get(body, STR("minimum_should_match"));
    struct formula *parts[4];
    size_t n = 0;
    bool is_good = key_check(s, body, &KNOWN, "'bool'");

    for (size_t i = 0; i < 2; i++) {
        const struct doc_node *all = doc_get(body, str_from(KEYS[i]));
        if (n_clauses(all))
            is_good &= (parts[n++] = joined(s, all, depth, FORMULA_AND)) != NULL;
    }
    if (n_clauses(should) && (n == 0 || least))
        is_good &= (parts[n] = choice(s, should, depth, least, n == 0)) != NULL && ++n;
    if (n_clauses(must_not)) {
        struct formula *f = joined(s, must_not, depth, FORMULA_OR);
        is_good &= f != NULL;
        if (f)
            parts[n++] = formula_not(s->a, f);
    }
    if (!is_good)
        return NULL;
    return n ? formula_join(s->a, FORMULA_AND, parts, n) : formula_const(s->a, true);
}

static struct formula *regexp(struct elastic_scope *s, const struct about *a)
{
    struct query_scope q = query_scope_of(s, a->value);

    if (a->value->type != DOC_STRING) {
        diag_error(s->diag, doc_place(a->value), "a pattern must be text, not %s",
                   doc_type_name(a->value));
        return NULL;
    }
    return lucene_field_regex(&q, doc_place(a->value), a->field, a->value->text, a->is_caseless);
}

static struct formula *field_clause(struct elastic_scope *s, struct str word,
                                    const struct doc_node *body)
{
    struct about a = {.field = STR("")};
    size_t i;

    if (str_eq(word, STR("range"))) {
        if (field_of(body, &i) && body->items[i].type == DOC_MAP)
            return range(s, &body->items[i], body->keys[i].text);
        diag_error(s->diag, doc_place(body), "a range is {FIELD: {gte: ..., lt: ...}}");
        return NULL;
    }
    if (!about_field(s, word, body, &a))
        return NULL;
    if (str_eq(word, STR("match")) && a.value->type == DOC_STRING && !a.is_caseless)
        return match_words(s, &body->items[a.at], a.value, a.field);
    if (str_eq(word, STR("regexp")))
        return regexp(s, &a);
    if (str_eq(word, STR("terms")))
        return equals_any(s, a.value, a.field);
    if (str_eq(word, STR("match_phrase_prefix")))
        return phrase_prefix(s, &a);
    if (str_eq(word, STR("wildcard")) || str_eq(word, STR("prefix")))
        return pattern(s, &a, word.p[0] == 'p');
    return equals(s, a.value, a.field, a.is_caseless);
}

static struct formula *exists_clause(struct elastic_scope *s, const struct doc_node *body)
{
    const struct doc_node *field = doc_get(body, STR("field"));

    if (field && field->type == DOC_STRING)
        return has_value(s, body, field->text);
    diag_error(s->diag, doc_place(body), "exists without its 'field'");
    return NULL;
}

/* Conditions around conditions that only weigh: what they hold is what they are. */
static const struct wrapper {
    const char *word, *inner;
} WRAPPERS[] = {{"constant_score", "filter"},
                {"boosting", "positive"},
                {"function_score", "query"},
                {"dis_max", "queries"}};

static const struct wrapper *wrapper_of(struct str word)
{
    for (size_t i = 0; i < ARRAY_LEN(WRAPPERS); i++)
        if (str_eq(word, str_from(WRAPPERS[i].word)))
            return &WRAPPERS[i];
    return NULL;
}

static struct formula *wrapped(struct elastic_scope *s, const struct wrapper *w,
                               const struct doc_node *body, unsigned depth)
{
    const struct doc_node *inner = doc_get(body, str_from(w->inner));
    const struct doc_node *least = doc_get(body, STR("min_score"));

    if (least) {
        diag_unsupported(s->diag, doc_place(least), "'min_score' in a filter");
        return NULL;
    }
    if (inner)
        return joined(s, inner, depth, FORMULA_OR);
    diag_error(s->diag, doc_place(body), "%s without its '%s'", w->word, w->inner);
    return NULL;
}

/* ---- nested: one object of the field has all of it ------------------------------------------- */

/* The formula about `path`.x as one about x of an object there. NULL: it asks something else. */
static struct formula *inside(struct elastic_scope *s, struct str path, const struct formula *f)
{
    struct formula *out = ARENA_NEW(s->a, struct formula);

    *out = *f;
    if (f->kind == FORMULA_ATOM) {
        struct atom *atom = ARENA_NEW(s->a, struct atom);
        struct str field = f->atom->field;
        *atom = *f->atom;
        out->atom = atom;
        if (field.n <= path.n + 1 || !str_starts(field, path) || field.p[path.n] != '.' ||
            atom->op == ATOM_REGEX || atom->op == ATOM_EXPR || atom->op == ATOM_SOME_FIELD)
            return NULL;
        atom->field = names_intern(s->names, str_sub(field, path.n + 1, SIZE_MAX));
    }
    if (f->n_children)
        out->children = ARENA_ARRAY(s->a, f->n_children, struct formula *);
    for (size_t i = 0; i < f->n_children; i++)
        if (!(out->children[i] = inside(s, path, f->children[i])))
            return NULL;
    return out;
}

static struct formula *nested(struct elastic_scope *s, const struct doc_node *body, unsigned depth)
{
    static const char *const KEYS[] = {"path",  "query", "score_mode", "ignore_unmapped",
                                       "boost", "_name"};
    const struct doc_node *path = doc_get(body, STR("path")), *query = doc_get(body, STR("query"));
    struct query_scope q = query_scope_of(s, body);

    for (size_t i = 0; body->type == DOC_MAP && i < body->n_items; i++) {
        bool is_known = false;
        for (size_t k = 0; k < ARRAY_LEN(KEYS); k++)
            is_known |= str_eq(body->keys[i].text, str_from(KEYS[k]));
        if (!is_known)
            return diag_unsupported(s->diag, (struct place){body->keys[i].line, body->keys[i].col},
                                    "'%.*s' in the condition 'nested'", SHOWN(body->keys[i].text)),
                   NULL;
    }
    if (!path || path->type != DOC_STRING || path->text.n == 0 || !query)
        return diag_error(s->diag, doc_place(body), "nested without its 'path' and 'query'"), NULL;
    struct formula *f = clause(s, query, depth);
    if (!f)
        return NULL;
    struct formula *own = inside(s, path->text, f);
    if (!own)
        return diag_unsupported(s->diag, doc_place(query),
                                "nested: a regex, or what is not about fields below '%.*s'",
                                SHOWN(path->text)),
               NULL;
    return query_atom(&q, doc_place(body), path->text,
                      (struct atom){.op = ATOM_SOME_MEMBER, .inner = own});
}

/* {WORD: body}. NULL after an error. */
static struct formula *clause(struct elastic_scope *s, const struct doc_node *map, unsigned depth)
{
    static const struct str WORDS[] = {{"match_phrase_prefix", 19},
                                       {"match_phrase", 12},
                                       {"match", 5},
                                       {"term", 4},
                                       {"terms", 5},
                                       {"wildcard", 8},
                                       {"prefix", 6},
                                       {"range", 5},
                                       {"exists", 6},
                                       {"regexp", 6}};

    if (map->type != DOC_MAP || map->n_items != 1) {
        diag_error(s->diag, doc_place(map), "a condition is a map of one word, not %s",
                   map->type == DOC_MAP ? "of several" : doc_type_name(map));
        return NULL;
    }
    if (depth > ELASTIC_FILTERS_DEPTH) {
        diag_error(s->diag, doc_place(map), "conditions nested deeper than %d",
                   ELASTIC_FILTERS_DEPTH);
        return NULL;
    }
    struct str word = map->keys[0].text;
    const struct doc_node *body = &map->items[0];
    if (str_eq(word, STR("match_all")) || str_eq(word, STR("match_none")))
        return formula_const(s->a, word.n == 9);
    if (str_eq(word, STR("bool")))
        return boolean(s, body, depth + 1);
    if (str_eq(word, STR("exists")))
        return exists_clause(s, body);
    if (str_eq(word, STR("query_string")) || str_eq(word, STR("kql")))
        return query_text(s, word, body);
    if (str_eq(word, STR("multi_match")))
        return multi_match(s, body);
    if (str_eq(word, STR("nested")))
        return nested(s, body, depth + 1);
    const struct wrapper *around = wrapper_of(word);
    if (around)
        return wrapped(s, around, body, depth + 1);
    for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
        if (str_eq(word, WORDS[i]))
            return field_clause(s, word, body);
    struct str hint = diag_hint(s->diag, word, WORDS, ARRAY_LEN(WORDS));
    diag_unsupported(s->diag, (struct place){map->keys[0].line, map->keys[0].col},
                     "the condition '%.*s' in a filter%.*s", SHOWN(word), SHOWN(hint));
    return NULL;
}

/* ---- filters without a query: what their meta says --------------------------------------- */

static struct formula *of_meta(struct elastic_scope *s, const struct doc_node *at,
                               const struct doc_node *meta)
{
    enum { EXISTS, PHRASE, PHRASES, RANGE, FROM_VALUE, MISSING, ALL };
    static const char *const TYPES[] = {"exists",           "phrase",  "phrases",   "range",
                                        "range_from_value", "missing", "match_all", NULL};
    const struct doc_node *type = doc_get(meta, STR("type")), *key = doc_get(meta, STR("key"));
    const struct doc_node *params = doc_get(meta, STR("params"));
    size_t i;

    if (!type || !key || key->type != DOC_STRING) {
        diag_error(s->diag, doc_place(at),
                   "a filter needs a 'query', or 'type' and 'key' in its "
                   "'meta'");
        return NULL;
    }
    if (!key_word(s, type, "type", TYPES, &i))
        return NULL;
    if (i == ALL)
        return formula_const(s->a, true);
    if (i == EXISTS || i == MISSING) {
        struct formula *f = has_value(s, type, key->text);
        return i == EXISTS ? f : formula_not(s->a, f);
    }
    bool is_range = i == RANGE || i == FROM_VALUE;
    const struct doc_node *inner = doc_get(params, STR("query"));
    if (inner)
        params = inner;
    if (!params || is_range != (params->type == DOC_MAP)) {
        diag_error(s->diag, doc_place(meta), "a filter of type '%s' needs its 'params'", TYPES[i]);
        return NULL;
    }
    return is_range ? range(s, params, key->text) : equals_any(s, params, key->text);
}

/* {meta, "exists": {...}}: a condition beside the meta, as it was once written. */
static const struct doc_node *old_condition(struct elastic_scope *s, const struct doc_node *node)
{
    static const struct str WORDS[] = {{"exists", 6}, {"range", 5},         {"bool", 4},
                                       {"match", 5},  {"match_phrase", 12}, {"term", 4},
                                       {"terms", 5},  {"wildcard", 8},      {"query_string", 12}};

    for (size_t i = 0; node->type == DOC_MAP && i < node->n_items; i++)
        for (size_t k = 0; k < ARRAY_LEN(WORDS); k++)
            if (str_eq(node->keys[i].text, WORDS[k])) {
                struct doc_node *map = ARENA_NEW(s->scratch, struct doc_node);
                *map = *node;
                map->keys = &node->keys[i];
                map->items = &node->items[i];
                map->n_items = 1;
                return map;
            }
    return NULL;
}

static struct formula *one_filter(struct elastic_scope *s, const struct doc_node *node,
                                  unsigned depth);

/* meta.params are filters, meta.relation says whether all of them hold. */
static struct formula *combined(struct elastic_scope *s, const struct doc_node *meta,
                                unsigned depth)
{
    static const char *const RELATIONS[] = {"AND", "OR", NULL};
    const struct doc_node *relation = doc_get(meta, STR("relation"));
    const struct doc_node *params = doc_get(meta, STR("params"));
    bool is_good = true;
    size_t i = 0;

    if (!params || params->type != DOC_LIST || params->n_items == 0 ||
        depth > ELASTIC_FILTERS_DEPTH) {
        diag_error(s->diag, doc_place(meta), "a combined filter needs a list as its 'params'");
        return NULL;
    }
    if (relation && !key_word(s, relation, "relation", RELATIONS, &i))
        return NULL;
    struct formula **parts = ARENA_ARRAY(s->scratch, params->n_items, struct formula *);
    for (size_t k = 0; k < params->n_items; k++) {
        parts[k] = one_filter(s, &params->items[k], depth + 1);
        is_good &= parts[k] != NULL;
    }
    return is_good ? formula_join(s->a, i ? FORMULA_OR : FORMULA_AND, parts, params->n_items)
                   : NULL;
}

static struct formula *one_filter(struct elastic_scope *s, const struct doc_node *node,
                                  unsigned depth)
{
    const struct doc_node *meta = doc_get(node, STR("meta")), *query = doc_get(node, STR("query"));
    const struct doc_node *disabled = doc_get(meta, STR("disabled"));
    const struct doc_node *negate = doc_get(meta, STR("negate"));
    const struct doc_node *type = doc_get(meta, STR("type"));
    const struct doc_node *old = old_condition(s, node);
    struct formula *f;

    if (query && (query->type == DOC_NULL || (query->type == DOC_MAP && query->n_items == 0)))
        query = NULL;
    if (node->type != DOC_MAP) {
        diag_error(s->diag, doc_place(node), "'filters' holds maps, not %s", doc_type_name(node));
        return NULL;
    }
    if (disabled && disabled->is_true)
        return formula_const(s->a, true);
    if (query)
        f = clause(s, query, 0);
    else if (old)
        f = clause(s, old, 0);
    else if (type && str_eq(type->text, STR("combined")))
        f = combined(s, meta, depth);
    else
        f = of_meta(s, node, meta);
    return f && negate && negate->is_true ? formula_not(s->a, f) : f;
}

bool filters_formula(struct elastic_scope *s, const struct doc_node *list, struct formula **out)
{
    struct formula **parts = ARENA_ARRAY(s->scratch, list->n_items, struct formula *);
    bool is_good = true;

    *out = NULL;
    for (size_t i = 0; i < list->n_items; i++) {
        parts[i] = one_filter(s, &list->items[i], 0);
        is_good &= parts[i] != NULL;
    }
    if (is_good && list->n_items)
        *out = formula_join(s->a, FORMULA_AND, parts, list->n_items);
    return is_good;
}

bool filters_load(struct reading *r)
{
    const struct doc_node *list = key_node(r->s, r->rule, "filters", DOC_LIST);
    struct formula *f;

    if (!list)
        return !doc_get(r->rule, STR("filters")) || !diag_failed(r->s->diag);
    if (!filters_formula(r->s, list, &f))
        return false;
    if (f && !elastic_restrict(r->s->a, r->out, f))
        return diag_error(r->s->diag, doc_place(list), "the condition is nested deeper than %d",
                          FORMULA_DEPTH_MAX);
    return true;
}
