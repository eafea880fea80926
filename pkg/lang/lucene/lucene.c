/* lucene.c - one pass: clauses by recursive descent, straight to formulas.
 *
 * A level (the whole text, or what stands between parentheses) collects its clauses in three heaps:
 * must, must not, may. AND makes both of its sides must; OR and mere neighbours are may, which
 * need not hold where something must.
 */
#include "lang/lucene/lucene.h"

#include "base/buf.h"
#include "base/str.h"
#include "base/utf8.h"
#include "lang/fuzzy.h"
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
    struct place near_at; /* of '~'; line 0: there is none */
    int64_t near;         /* changes, or places that words may be off; -1: as many as its length
                           * allows */
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

static struct formula *wrong_at(struct lucene *l, struct place at, const char *what)
{
    diag_error(l->s->diag, at, "Lucene: %s", what);
    return NULL;
}

static struct formula *wrong(struct lucene *l, const char *what)
{
    return wrong_at(l, here(l), what);
}

/* ---- terms --------------------------------------------------------------------------- */

/* \uXXXX; its `u` is next. False: four digits do not stand there. */
static bool code_unit(const struct lucene *l, size_t at, uint32_t *c)
{
    *c = 0;
    for (size_t i = at + 1; i < at + 5; i++) {
        int digit = i < l->r.text.n ? query_hex(l->r.text.p[i]) : -1;
        if (digit < 0)
            return false;
        *c = *c << 4 | (uint32_t)digit;
    }
    return true;
}

/* What stands behind a backslash: a character itself, or one by its number (two halves of a pair
 * are one; a lone half is U+FFFD). */
static bool escaped(struct lucene *l, char *text, size_t *n)
{
    uint32_t c, low;

    if (next(l) != 'u') {
        text[(*n)++] = next(l);
        step(l, 1);
        return true;
    }
    if (!code_unit(l, l->r.next, &c))
        return diag_error(l->s->diag, here(l),
                          "Lucene: four hexadecimal digits are wanted behind '\\u' (a backslash "
                          "itself is '\\\\')");
    step(l, 5);
    if (c >= 0xD800 && c < 0xDC00 && query_has(&l->r, l->r.next, "\\u") &&
        code_unit(l, l->r.next + 1, &low) && low >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        step(l, 6);
    }
    *n += utf8_put(text + *n, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
    return true;
}

static bool quoted_term(struct lucene *l, struct term *t)
{
    char *text = arena_alloc(l->s->scratch, l->r.text.n - l->r.next);
    size_t n = 0;

    t->is_quoted = true;
    step(l, 1);
    while (next(l) && next(l) != '"') {
        bool is_escaped = next(l) == '\\';
        if (is_escaped)
            step(l, 1);
        if (!next(l))
            break;
        if (is_escaped) {
            if (!escaped(l, text, &n))
                return false;
            continue;
        }
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
        if (c != '\\' || !next(l))
            text[n++] = c;
        else if (!escaped(l, text, &n))
            return false;
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

/* ^2 weighs what is found, and finds no more and no less. */
static bool skip_boost(struct lucene *l)
{
    struct str rest = str_sub(l->r.text, l->r.next, SIZE_MAX);
    size_t n = 1;

    if (next(l) != '^')
        return true;
    while (n < rest.n && ((rest.p[n] >= '0' && rest.p[n] <= '9') || rest.p[n] == '.'))
        n++;
    if (n == 1)
        return wrong(l, "a number is missing behind '^'"), false;
    step(l, n);
    return true;
}

/* ~ or ~1 behind a word: so many changes; behind quotes: so many places. */
static bool skip_near(struct lucene *l, struct term *t)
{
    struct str rest = str_sub(l->r.text, l->r.next, SIZE_MAX);
    size_t n = 1;

    if (next(l) != '~')
        return true;
    t->near_at = here(l);
    t->near = -1;
    while (n < rest.n && ((rest.p[n] >= '0' && rest.p[n] <= '9') || rest.p[n] == '.'))
        n++;
    step(l, n);
    if (n == 1 || str_to_i64(str_sub(rest, 1, n - 1), &t->near))
        return true;
    refuse(l, t->near_at, "a fraction behind '~'");
    return false;
}

static bool read_term(struct lucene *l, struct term *t)
{
    *t = (struct term){.at = here(l)};
    if (next(l) == '"' ? !quoted_term(l, t) : !word_term(l, t))
        return false;
    return skip_near(l, t) && skip_boost(l);
}

/* ---- conditions about one field ---------------------------------------------------------- */

static struct formula *exists(struct lucene *l, struct place at, struct str field)
{
    static const struct glob_part ANY = {GLOB_ANY, {"", 0}};

    return query_search_glob(l->s, at, field, &(struct glob){&ANY, 1});
}

static bool is_pattern(struct str field)
{
    return str_find_char(field, '*', 0) != SIZE_MAX;
}

/* As KQL has it: numbers, times or texts. */
static struct formula *compare(struct lucene *l, const struct term *t, struct str field,
                               enum atom_op op)
{
    static const char *const SIGNS[] = {
        [ATOM_NUM_LT] = "<", [ATOM_NUM_LE] = "<=", [ATOM_NUM_GT] = ">", [ATOM_NUM_GE] = ">="};

    if (t->near_at.line)
        return refuse(l, t->near_at, "'~' in a range");
    if (t->glob.n_parts || t->text.n == 0)
        return wrong_at(l, t->at, "a range has a value, or '*', on either side");
    return query_search(l->s, t->at, field, SIGNS[op], t->text, true);
}

static bool has_one(const struct glob *g)
{
    for (size_t i = 0; i < g->n_parts; i++)
        if (g->parts[i].kind == GLOB_ONE)
            return true;
    return false;
}

static struct formula *equals(struct lucene *l, const struct term *t, struct str field);

/* A pattern with `?` in it, of the whole value or of a word. */
static struct formula *with_one(struct lucene *l, const struct term *t, struct str field)
{
    if (field.n == 0 || is_pattern(field))
        return refuse(l, t->at, "'?' in a text without a field, or in one of many");
    return query_pattern(l->s, t->at, field, &t->glob, false);
}

/* Of a whole value words are not off their places, and a change is one of its characters. */
static struct formula *nearly(struct lucene *l, const struct term *t, struct str field)
{
    struct query_field f;
    size_t n = fuzzy_length(t->text);
    int64_t changes = t->near < 0 ? fuzzy_auto(n) : t->near;
    struct term plain = *t;

    query_field_read(field, &f);
    bool is_whole = field.n && !is_pattern(field) && f.analysis == QUERY_WHOLE;
    plain.near_at = (struct place){0};
    if (t->is_quoted && (t->near == 0 || is_whole))
        return equals(l, &plain, field);
    if (t->is_quoted)
        return refuse(l, t->near_at, "words that are near each other ('~')");
    if (t->glob.n_parts)
        return refuse(l, t->near_at, "'~' behind wildcards");
    if (changes == 0)
        return equals(l, &plain, field);
    if (!is_whole || f.is_caseless)
        return refuse(l, t->near_at,
                      "'~' of a field that is searched by word, case aside, or of many");
    if (changes > 1 || n == 0)
        return refuse(l, t->near_at, "two changes ('~2', or '~' behind more than five characters)");
    return fuzzy_formula(l->s, t->at, field, t->text, &(struct fuzzy){0});
}

/* A field is asked as KQL asks it, so that texts are searched by word and addresses by network. */
static struct formula *equals(struct lucene *l, const struct term *t, struct str field)
{
    if (t->near_at.line)
        return nearly(l, t, field);
    if (t->is_alone_star && !is_pattern(field))
        return field.n ? exists(l, t->at, field) : formula_const(l->s->a, true);
    if (t->glob.n_parts && has_one(&t->glob))
        return with_one(l, t, field);
    if (t->glob.n_parts)
        return query_search_glob(l->s, t->at, field, &t->glob);
    return query_search(l->s, t->at, field, ":", t->text, t->is_quoted);
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
    if (n == 0 && is_pattern(field))
        return refuse(l, low.at, "a range without bounds of many fields");
    return n ? formula_join(l->s->a, FORMULA_AND, parts, n) : exists(l, low.at, field);
}

static struct formula *level(struct lucene *l, struct str field);

/* /pattern/, of the whole value; \\/ is a slash. */
static struct formula *regex(struct lucene *l, struct str field)
{
    struct place at = here(l);
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
    if (is_pattern(field))
        return refuse(l, at, "a regex of many fields");
    return lucene_field_regex(l->s, at, field, (struct str){text, n}, false);
}

static bool has_value(struct lucene *l)
{
    bool is_operator = has_word(l, "AND") || has_word(l, "OR") || has_word(l, "NOT");

    return !is_operator || wrong(l, "an operator stands where a value should be");
}

/* What stands behind a field's colon. */
static struct formula *field_value(struct lucene *l, struct str field)
{
    struct term t;

    if (next(l) == '[' || next(l) == '{' || next(l) == '/') {
        struct formula *f = next(l) == '/' ? regex(l, field) : range(l, field);
        return f && skip_boost(l) ? f : NULL;
    }
    if (next(l) == '>' || next(l) == '<') {
        bool is_more = next(l) == '>', has_equal = query_has(&l->r, l->r.next + 1, "=");
        step(l, has_equal ? 2 : 1);
        skip_blanks(l);
        if (!has_value(l) || !read_term(l, &t))
            return NULL;
        return compare(l, &t, field,
                       is_more ? (has_equal ? ATOM_NUM_GE : ATOM_NUM_GT)
                               : (has_equal ? ATOM_NUM_LE : ATOM_NUM_LT));
    }
    if (!has_value(l) || !read_term(l, &t))
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
    return skip_boost(l) ? f : NULL;
}

static struct str glob_text(struct lucene *l, const struct glob *g)
{
    struct buf out = {0};

    for (size_t i = 0; i < g->n_parts; i++)
        buf_add(&out, g->parts[i].kind == GLOB_ANY ? STR("*") : g->parts[i].text);
    struct str text = arena_str(l->s->scratch, buf_str(&out));
    buf_release(&out);
    return text;
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
    if (has_word(l, "AND") || has_word(l, "OR") || has_word(l, "TO"))
        return wrong(l, "an operator stands where a condition should be");
    if (!read_term(l, &t))
        return NULL;
    if (next(l) != ':' || t.is_quoted)
        return t.text.n || t.is_quoted || t.glob.n_parts ? equals(l, &t, STR(""))
                                                         : wrong(l, "a field is missing");
    if (t.glob.n_parts) { /* f*: its name again, with the star */
        if (has_one(&t.glob))
            return refuse(l, t.at, "'?' in a field's name");
        t.text = glob_text(l, &t.glob);
    }
    step(l, 1);
    skip_blanks(l);
    if (str_eq(t.text, STR("_exists_"))) {
        struct place at = here(l);
        if (!read_term(l, &t))
            return NULL;
        return t.near_at.line ? refuse(l, t.near_at, "'~' behind a field's name")
                              : exists(l, at, t.text);
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
    bool has_and;
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
        if (h->modifiers[i] == MAY) {
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
static bool conjunction(struct lucene *l, bool *is_and)
{
    *is_and = false;
    skip_blanks(l);
    if (next(l) == '\0' || next(l) == ')')
        return false;
    *is_and = has_word(l, "AND") || query_has(&l->r, l->r.next, "&&");
    bool is_or = has_word(l, "OR") || query_has(&l->r, l->r.next, "||");
    if (*is_and || is_or) {
        step(l, has_word(l, "AND") ? 3 : 2);
        skip_blanks(l);
    }
    return true;
}

/* Lucene has no precedence: what only OR, or nothing, joins need not hold where something must. */
static void warn_of_or(struct lucene *l, struct place at, const struct heap *h)
{
    bool has_may = false, has_must = false;

    for (size_t i = 0; i < h->n; i++) {
        has_may |= h->modifiers[i] == MAY;
        has_must |= h->modifiers[i] == MUST;
    }
    if (h->has_and && has_may && has_must)
        diag_warn(l->s->diag, at,
                  "Lucene: AND makes what is beside it necessary, so what only OR joins here says "
                  "nothing: parentheses say what is meant");
}

static struct formula *level(struct lucene *l, struct str field)
{
    struct heap h = {0};
    struct place at = here(l);
    bool is_more = true, is_and = false;

    skip_blanks(l);
    if (next(l) == '\0' || next(l) == ')')
        return wrong(l, "a condition is missing");
    while (is_more) {
        enum modifier m = modifier(l);
        struct formula *f = clause(l, field);
        if (!f)
            return NULL;
        if (is_and && m == MAY)
            m = MUST;
        add(l, &h, f, m);
        is_more = conjunction(l, &is_and);
        if (is_and && h.modifiers[h.n - 1] == MAY)
            h.modifiers[h.n - 1] = MUST;
        h.has_and |= is_and;
    }
    warn_of_or(l, at, &h);
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
