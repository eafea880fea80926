/* lucene.c - one pass: clauses by recursive descent, straight to formulas.
 *
 * A level (the whole text, or what stands between parentheses) collects its clauses in three heaps:
 * must, must not, may. AND makes both of its sides must; OR and mere neighbours are may.
 */
#include "lang/lucene/lucene.h"

#include "base/decimal.h"
#include "base/str.h"
#include "lang/lucene.h"

enum { CLAUSES_MAX = QUERY_VALUES_MAX };

struct lucene {
    struct query_scope *s;
    struct query_reader r;
    unsigned depth;
    size_t n_clauses;
};

/* A word or a text in quotes. */
struct term {
    struct place at;
    struct str text;  /* escapes resolved */
    struct glob glob; /* n_parts 0: no wildcards */
    bool is_quoted, is_alone_star;
};

/* ---- reading ---------------------------------------------------------------------- */

static struct place here(const struct lucene *l)
{
    return query_place(&l->r, l->r.next);
}

static char next(const struct lucene *l)
{
    return l->r.next < l->r.text.n ? l->r.text.p[l->r.next] : '\0';
}

static void skip_blanks(struct lucene *l)
{
    while (l->r.next < l->r.text.n &&
           (next(l) == ' ' || next(l) == '\t' || next(l) == '\n' || next(l) == '\r'))
        query_step(&l->r);
}

static void step(struct lucene *l, size_t n)
{
    for (; n > 0 && l->r.next < l->r.text.n; n--)
        query_step(&l->r);
}

static bool ends_word(char c)
{
    return c == '\0' || strchr(" \t\r\n()[]{}\":^~", c) != NULL;
}

/* The operator stands here as a word of its own. */
static bool has_word(const struct lucene *l, const char *word)
{
    size_t n = strlen(word);

    if (!query_has(&l->r, l->r.next, word))
        return false;
    size_t end = l->r.next + n;
    return end >= l->r.text.n || ends_word(l->r.text.p[end]);
}

static struct formula *refuse(struct lucene *l, struct place at, const char *what)
{
    diag_unsupported(l->s->diag, at, "Lucene: %s", what);
    return NULL;
}

static struct formula *wrong(struct lucene *l, const char *what)
{
    diag_error(l->s->diag, here(l), "Lucene: %s", what);
    return NULL;
}

/* ---- terms --------------------------------------------------------------------------- */

static bool quoted_term(struct lucene *l, struct term *t)
{
    char *text = arena_alloc(l->s->scratch, l->r.text.n - l->r.next);
    size_t n = 0;

    t->is_quoted = true;
    step(l, 1);
    while (next(l) && next(l) != '"') {
        if (next(l) == '\\')
            step(l, 1);
        if (!next(l))
            break;
        text[n++] = next(l);
        step(l, 1);
    }
    if (next(l) != '"')
        return diag_error(l->s->diag, t->at, "Lucene: the text is not closed: '\"' is missing");
    step(l, 1);
    t->text = (struct str){text, n};
    return true;
}

/* What was read so far of a text becomes a part of the pattern. */
static void end_part(struct lucene *l, struct glob_part *parts, size_t *n, struct str text)
{
    if (text.n)
        parts[(*n)++] = (struct glob_part){GLOB_TEXT, names_intern(l->s->names, text)};
}

static bool word_term(struct lucene *l, struct term *t)
{
    char *text = arena_alloc(l->s->scratch, l->r.text.n - l->r.next + 1);
    struct glob_part parts[GLOB_PARTS_MAX + 2];
    size_t n = 0, from = 0, n_parts = 0;
    bool has_wildcard = false;

    while (!ends_word(next(l))) {
        char c = next(l);
        if (n_parts > GLOB_PARTS_MAX)
            return diag_error(l->s->diag, t->at, "more than %d wildcards and texts in one pattern",
                              GLOB_PARTS_MAX);
        step(l, 1);
        if (c == '*' || c == '?') {
            enum glob_kind kind = c == '*' ? GLOB_ANY : GLOB_ONE;
            end_part(l, parts, &n_parts, (struct str){text + from, n - from});
            from = n;
            has_wildcard = true;
            if (kind == GLOB_ONE || n_parts == 0 || parts[n_parts - 1].kind != GLOB_ANY)
                parts[n_parts++] = (struct glob_part){kind, STR("")};
            continue;
        }
        if (c == '\\' && next(l)) {
            c = next(l);
            step(l, 1);
        }
        text[n++] = c;
    }
    end_part(l, parts, &n_parts, (struct str){text + from, n - from});
    t->text = (struct str){text, n};
    t->is_alone_star = n_parts == 1 && parts[0].kind == GLOB_ANY;
    if (has_wildcard) {
        struct glob_part *own = ARENA_ARRAY(l->s->a, n_parts, struct glob_part);
        for (size_t i = 0; i < n_parts; i++)
            own[i] = parts[i];
        t->glob = (struct glob){own, n_parts};
    }
    return true;
}

static bool read_term(struct lucene *l, struct term *t)
{
    *t = (struct term){.at = here(l)};
    if (next(l) == '"' ? !quoted_term(l, t) : !word_term(l, t))
        return false;
    if (next(l) == '~' || next(l) == '^') {
        refuse(l, here(l), next(l) == '~' ? "fuzzy and near ('~')" : "boosts ('^')");
        return false;
    }
    return true;
}

/* ---- conditions about one field ---------------------------------------------------------- */

static struct formula *exists(struct lucene *l, struct place at, struct str field)
{
    return query_atom(l->s, at, field, (struct atom){.op = ATOM_CONTAINS, .text = STR("")});
}

static bool is_number(struct str text)
{
    int64_t micro;

    return decimal_to_micro(text, &micro);
}

static struct formula *compare(struct lucene *l, const struct term *t, struct str field,
                               enum atom_op op)
{
    if (!is_number(t->text))
        return refuse(l, t->at, "a range of anything but numbers");
    return query_atom(l->s, t->at, field, (struct atom){.op = op, .text = t->text});
}

static struct formula *equals(struct lucene *l, const struct term *t, struct str field)
{
    struct atom atom = {.op = ATOM_EQ, .text = t->text};

    if (t->is_alone_star)
        return exists(l, t->at, field);
    if (t->glob.n_parts)
        query_glob_atom(&t->glob, FOLD_NONE, &atom);
    else if (is_number(t->text))
        atom.op = ATOM_NUM_EQ;
    else if (!t->is_quoted && (str_eq(t->text, STR("true")) || str_eq(t->text, STR("false"))))
        atom = (struct atom){.op = ATOM_BOOL, .is_true = t->text.n == 4};
    return query_atom(l->s, t->at, field, atom);
}

/* [a TO b], with any mixture of brackets. */
static struct formula *range(struct lucene *l, struct str field)
{
    struct term low, high;
    struct formula *parts[2];
    size_t n = 0;
    bool has_low = next(l) == '[';

    step(l, 1);
    skip_blanks(l);
    if (!read_term(l, &low))
        return NULL;
    skip_blanks(l);
    if (!has_word(l, "TO"))
        return wrong(l, "a range is [LOW TO HIGH]");
    step(l, 2);
    skip_blanks(l);
    if (!read_term(l, &high))
        return NULL;
    skip_blanks(l);
    if (next(l) != ']' && next(l) != '}')
        return wrong(l, "']' or '}' is missing behind a range");
    bool has_high = next(l) == ']';
    step(l, 1);
    if (!low.is_alone_star &&
        !(parts[n++] = compare(l, &low, field, has_low ? ATOM_NUM_GE : ATOM_NUM_GT)))
        return NULL;
    if (!high.is_alone_star &&
        !(parts[n++] = compare(l, &high, field, has_high ? ATOM_NUM_LE : ATOM_NUM_LT)))
        return NULL;
    return n ? formula_join(l->s->a, FORMULA_AND, parts, n) : exists(l, low.at, field);
}

static struct formula *level(struct lucene *l, struct str field);

/* /pattern/, of the whole value; \\/ is a slash. */
static struct formula *regex(struct lucene *l, struct str field)
{
    struct place at = here(l);
    struct atom atom = {.op = ATOM_REGEX};
    char *text = arena_alloc(l->s->scratch, l->r.text.n - l->r.next);
    size_t n = 0;

    step(l, 1);
    while (next(l) && next(l) != '/') {
        if (next(l) == '\\' && query_has(&l->r, l->r.next + 1, "/"))
            step(l, 1);
        else if (next(l) == '\\') {
            text[n++] = '\\';
            step(l, 1);
        }
        if (!next(l))
            break;
        text[n++] = next(l);
        step(l, 1);
    }
    if (next(l) != '/')
        return wrong(l, "'/' is missing behind a regex");
    step(l, 1);
    if (!lucene_regex(l->s, at, (struct str){text, n}, false, &atom.regex))
        return NULL;
    return query_atom(l->s, at, field, atom);
}

/* What stands behind a field's colon. */
static struct formula *field_value(struct lucene *l, struct str field)
{
    struct term t;

    if (next(l) == '[' || next(l) == '{')
        return range(l, field);
    if (next(l) == '/')
        return regex(l, field);
    if (next(l) == '>' || next(l) == '<') {
        bool is_more = next(l) == '>', has_equal = query_has(&l->r, l->r.next + 1, "=");
        step(l, has_equal ? 2 : 1);
        if (!read_term(l, &t))
            return NULL;
        return compare(l, &t, field,
                       is_more ? (has_equal ? ATOM_NUM_GE : ATOM_NUM_GT)
                               : (has_equal ? ATOM_NUM_LE : ATOM_NUM_LT));
    }
    if (!read_term(l, &t))
        return NULL;
    if (t.text.n == 0 && !t.is_quoted && !t.glob.n_parts)
        return wrong(l, "a value is missing");
    return equals(l, &t, field);
}

/* ---- clauses ----------------------------------------------------------------------------- */

static struct formula *group(struct lucene *l, struct str field)
{
    struct formula *f;

    if (++l->depth > QUERY_DEPTH_MAX)
        return wrong(l, "nested too deep");
    step(l, 1);
    f = level(l, field);
    l->depth--;
    if (!f)
        return NULL;
    if (next(l) != ')')
        return wrong(l, "')' is missing");
    step(l, 1);
    return next(l) == '^' ? refuse(l, here(l), "boosts ('^')") : f;
}

/* field: that of the parentheses around it, empty: none. */
static struct formula *clause(struct lucene *l, struct str field)
{
    struct term t;

    if (++l->n_clauses > CLAUSES_MAX)
        return wrong(l, "too many values");
    if (next(l) == '(')
        return group(l, field);
    if (field.n)
        return field_value(l, field);
    if (query_has(&l->r, l->r.next, "*:*")) {
        step(l, 3);
        return formula_const(l->s->a, true);
    }
    if (next(l) == '/')
        return refuse(l, here(l), "a regex without a field");
    if (!read_term(l, &t))
        return NULL;
    if (next(l) != ':' || t.is_quoted)
        return t.text.n || t.is_quoted || t.glob.n_parts ? refuse(l, t.at, "a text without a field")
                                                         : wrong(l, "a field is missing");
    if (t.glob.n_parts)
        return refuse(l, t.at, "wildcards in a field's name");
    step(l, 1);
    skip_blanks(l);
    if (str_eq(t.text, STR("_exists_"))) {
        struct place at = here(l);
        return read_term(l, &t) ? exists(l, at, t.text) : NULL;
    }
    return next(l) == '(' ? group(l, t.text) : field_value(l, t.text);
}

enum modifier { MAY, MUST, MUST_NOT };

static enum modifier modifier(struct lucene *l)
{
    if (has_word(l, "NOT")) {
        step(l, 3);
        skip_blanks(l);
        return MUST_NOT;
    }
    char c = next(l);
    if (c != '+' && c != '-' && c != '!')
        return MAY;
    step(l, 1);
    skip_blanks(l);
    return c == '+' ? MUST : MUST_NOT;
}

/* The clauses of a level, each with what it is there. */
struct heap {
    struct formula **items;
    enum modifier *modifiers;
    size_t n, cap;
    bool has_and, has_or;
};

static void add(struct lucene *l, struct heap *h, struct formula *f, enum modifier m)
{
    if (h->n == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 8;
        struct formula **items = ARENA_ARRAY(l->s->scratch, cap, struct formula *);
        enum modifier *modifiers = ARENA_ARRAY(l->s->scratch, cap, enum modifier);
        for (size_t i = 0; i < h->n; i++) {
            items[i] = h->items[i];
            modifiers[i] = h->modifiers[i];
        }
        h->items = items;
        h->modifiers = modifiers;
        h->cap = cap;
    }
    h->items[h->n] = f;
    h->modifiers[h->n++] = m;
}

static struct formula *join(struct lucene *l, const struct heap *h)
{
    struct formula **all = ARENA_ARRAY(l->s->scratch, h->n + 1, struct formula *);
    struct formula **may = ARENA_ARRAY(l->s->scratch, h->n + 1, struct formula *);
    size_t n = 0, n_may = 0, n_must = 0;

    for (size_t i = 0; i < h->n; i++) {
        if (h->modifiers[i] == MAY && !h->has_and) {
            may[n_may++] = h->items[i];
            continue;
        }
        n_must += h->modifiers[i] != MUST_NOT;
        all[n++] = h->modifiers[i] == MUST_NOT ? formula_not(l->s->a, h->items[i]) : h->items[i];
    }
    if (n_may && n_must == 0)
        all[n++] = formula_join(l->s->a, FORMULA_OR, may, n_may);
    return formula_join(l->s->a, FORMULA_AND, all, n);
}

/* The conjunction before the next clause; false: there is no next clause. */
static bool conjunction(struct lucene *l, struct heap *h)
{
    skip_blanks(l);
    if (next(l) == '\0' || next(l) == ')')
        return false;
    bool is_and = has_word(l, "AND") || query_has(&l->r, l->r.next, "&&");
    bool is_or = has_word(l, "OR") || query_has(&l->r, l->r.next, "||");
    if (is_and || is_or) {
        step(l, has_word(l, "AND") ? 3 : 2);
        skip_blanks(l);
    }
    h->has_and |= is_and;
    h->has_or |= !is_and;
    return true;
}

static struct formula *level(struct lucene *l, struct str field)
{
    struct heap h = {0};
    struct place at = here(l);
    bool is_more = true;

    skip_blanks(l);
    if (next(l) == '\0' || next(l) == ')')
        return wrong(l, "a condition is missing");
    while (is_more) {
        enum modifier m = modifier(l);
        struct formula *f = clause(l, field);
        if (!f)
            return NULL;
        add(l, &h, f, m);
        is_more = conjunction(l, &h);
    }
    if (h.has_and && h.has_or)
        return refuse(l, at, "AND beside OR without parentheses");
    return join(l, &h);
}

struct formula *lucene_condition(struct query_scope *s, struct str query)
{
    struct lucene l = {.s = s};
    struct formula *f;

    if (!query_reader_init(&l.r, s, query))
        return NULL;
    skip_blanks(&l);
    if (next(&l) == '\0')
        return formula_const(s->a, true);
    f = level(&l, STR(""));
    if (!f)
        return NULL;
    if (l.r.next < l.r.text.n)
        return wrong(&l, "')' without '('");
    return query_check_depth(s, s->at, f, 2) ? f : NULL;
}

bool lucene_load(struct query_scope *s, struct str query, const struct query_options *options,
                 struct rule *rule)
{
    (void)options;
    rule->formula = lucene_condition(s, query);
    return rule->formula && !diag_failed(s->diag);
}
