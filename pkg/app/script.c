/* script.c - the lines of a story, word by word.
 *
 * A word ends at a blank that is in no quotes, braces or brackets, so that events and values are
 * one word each. Every fault points at the word it is about.
 */
#include "app/script.h"

#include <string.h>

#include "app/player.h"
#include "base/vec.h"

enum { SPAN_MAX_MS_DAYS = 3660 };
#define DAY_MS INT64_C(86400000)
#define SPAN_MAX_MS (SPAN_MAX_MS_DAYS * DAY_MS)

struct let {
    struct str name;
    struct script_event event;
};

struct parser {
    struct arena *arena;
    const struct script_reader *reader;
    struct vec statements, lets;
    struct statement *say; /* the statement at hand */
    struct str line;       /* what is left of it */
    const char *line_start;
    uint32_t number;
    bool has_rules, has_begun; /* no settings behind the first event */
    struct weir_err *err;
};

/* ---- words ---------------------------------------------------------------------------------- */

static uint32_t column(const struct parser *p, struct str word)
{
    return (uint32_t)(word.p - p->line_start) + 1;
}

static enum weir_rc fault(const struct parser *p, struct str at, const char *text, struct str what)
{
    return err_at(p->err, WEIR_SYNTAX, p->number, column(p, at), text, (int)what.n, what.p);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Bytes of the word that the line begins with. */
static size_t word_length(struct str line)
{
    int depth = 0;
    bool is_text = false;
    size_t n = 0;

    for (; n < line.n; n++) {
        char c = line.p[n];
        if (is_text && c == '\\' && n + 1 < line.n) {
            n++;
            continue;
        }
        if (c == '"')
            is_text = !is_text;
        if (is_text)
            continue;
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (depth <= 0 && is_blank(c))
            break;
    }
    return n;
}

/* The next word; empty at the end. */
static struct str next_word(struct parser *p)
{
    struct str *l = &p->line;

    while (l->n && is_blank(*l->p))
        *l = str_sub(*l, 1, l->n);
    size_t n = word_length(*l);
    struct str word = str_sub(*l, 0, n);
    *l = (struct str){l->p + n, l->n - n};
    return word;
}

static bool next_is(struct parser *p, const char *wanted)
{
    struct str before = p->line;

    if (str_eq(next_word(p), str_from(wanted)))
        return true;
    p->line = before;
    return false;
}

bool script_span(struct str text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", DAY_MS}};
    int64_t total = 0, sign = 1;

    if (text.n && text.p[0] == '-') {
        sign = -1;
        text = str_sub(text, 1, text.n);
    }
    if (text.n == 0)
        return false;
    while (text.n) {
        size_t digits = 0, i = 0;
        uint64_t n;
        while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
            digits++;
        if (!digits || !str_to_u64(str_sub(text, 0, digits), &n))
            return false;
        text = str_sub(text, digits, text.n);
        while (i < ARRAY_LEN(units) && !str_starts(text, str_from(units[i].unit)))
            i++;
        if (i == ARRAY_LEN(units) || n > (uint64_t)(SPAN_MAX_MS / units[i].ms))
            return false;
        total += (int64_t)n * units[i].ms;
        if (total > SPAN_MAX_MS)
            return false;
        text = str_sub(text, strlen(units[i].unit), text.n);
    }
    *ms = sign * total;
    return true;
}

static enum weir_rc take_span(struct parser *p, int64_t *out)
{
    struct str word = next_word(p);

    if (script_span(word, out))
        return WEIR_OK;
    return fault(p, word, "'%.*s' is no span of time (5s, 10m, 1h30m, 999ms; at most 3660d)", word);
}

static enum weir_rc take_count(struct parser *p, uint64_t *out, uint64_t max)
{
    struct str word = next_word(p);

    if (str_to_u64(word, out) && *out <= max)
        return WEIR_OK;
    return fault(p, word, "'%.*s' is no number that fits here", word);
}

static enum weir_rc take_name(struct parser *p, const char *what, struct str *out)
{
    *out = next_word(p);
    return out->n ? WEIR_OK : fault(p, *out, what, *out);
}

/* ---- settings ------------------------------------------------------------------------------- */

static void add_word(struct parser *p, struct vec *words, struct str word)
{
    struct str *slot = vec_push(p->arena, words, sizeof *slot);

    *slot = word;
    p->say->words = words->items;
    p->say->n_words = words->n;
}

static enum weir_rc take_rules(struct parser *p)
{
    struct vec words = {0};

    for (struct str name = next_word(p); name.n; name = next_word(p))
        add_word(p, &words, name);
    if (!words.n)
        return fault(p, p->line, "a path is wanted%.*s", p->line);
    p->has_rules = true;
    return WEIR_OK;
}

static enum weir_rc take_list(struct parser *p)
{
    struct vec words = {0};
    struct str name, file, all = next_word(p);

    if (!str_cut(all, '=', &name, &file) || !name.n || !file.n)
        return fault(p, all, "'%.*s': NAME=FILE is wanted", all);
    add_word(p, &words, name);
    add_word(p, &words, file);
    return WEIR_OK;
}

static enum weir_rc take_setting(struct parser *p, struct str word)
{
    struct vec words = {0};
    struct str name;

    if (p->has_begun)
        return fault(p, word, "'%.*s' must stand before the first event", word);
    switch (p->say->kind) {
    case SAY_RULES:
        return take_rules(p);
    case SAY_LIST:
        return take_list(p);
    case SAY_BRAKE:
    case SAY_BUDGET:
        return take_count(p, &p->say->n, UINT32_MAX);
    case SAY_NO_DEDUP:
    case SAY_ASSUME_TRAINED:
        return WEIR_OK;
    default:
        TRY(take_name(p, "a name is wanted%.*s", &name));
        add_word(p, &words, name);
        return WEIR_OK;
    }
}

/* ---- events --------------------------------------------------------------------------------- */

static const struct let *find_let(const struct parser *p, struct str name)
{
    const struct let *lets = p->lets.items;

    for (size_t i = 0; i < p->lets.n; i++)
        if (str_eq(lets[i].name, name))
            return &lets[i];
    return NULL;
}

/* An event in braces, one that has a name, or that of a file. */
static enum weir_rc take_event_text(struct parser *p, struct script_event *out)
{
    struct str word = next_word(p);
    const struct let *let = find_let(p, word);

    if (!word.n)
        return fault(p, word, "an event is wanted: a name, a file or {...}%.*s", word);
    if (let) {
        *out = let->event;
        out->changes = ARENA_ARRAY(p->arena, SCRIPT_CHANGES_MAX, struct script_change);
        if (out->n_changes)
            memcpy(out->changes, let->event.changes, out->n_changes * sizeof *out->changes);
        return WEIR_OK;
    }
    *out = (struct script_event){
        .text = word, .changes = ARENA_ARRAY(p->arena, SCRIPT_CHANGES_MAX, struct script_change)};
    if (word.p[0] == '{')
        return WEIR_OK;
    enum weir_rc rc = p->reader->read(p->reader->context, p->arena, word, &out->text, p->err);
    if (rc != WEIR_OK)
        return fault(p, word, "no event is called '%.*s', and no file can be read that is", word);
    out->text = str_trim(out->text);
    return WEIR_OK;
}

/* True: the word changes a field. */
static bool is_change(struct str word, struct script_change *out)
{
    struct script_change c = {.name = word};

    if (word.n > 1 && word.p[0] == '-') {
        c.name = str_sub(word, 1, word.n);
        c.is_removal = true;
    } else if (!str_cut(word, '=', &c.name, &c.value) || !c.name.n) {
        return false;
    }
    *out = c;
    return true;
}

static enum weir_rc take_change(struct parser *p, struct str word, struct script_event *e,
                                bool *is_taken)
{
    struct script_change change;

    *is_taken = is_change(word, &change);
    if (!*is_taken)
        return WEIR_OK;
    if (e->n_changes == SCRIPT_CHANGES_MAX)
        return fault(p, word, "'%.*s': too many changes to one event", word);
    e->changes[e->n_changes++] = change;
    return WEIR_OK;
}

/* An event that is none is told where it is written. */
static enum weir_rc try_event(struct parser *p, struct str at, const struct script_event *e)
{
    struct weir_err inner = {0};
    struct str text;

    if (script_event_text(p->arena, e, 0, 0, &text, &inner) == WEIR_OK)
        return WEIR_OK;
    return err_at(p->err, WEIR_SYNTAX, p->number, column(p, at), "%s", inner.text);
}

/* let NAME EVENT [FIELD=VALUE | -FIELD]... */
static enum weir_rc take_let(struct parser *p)
{
    struct str name;
    struct let let;
    bool is_taken;

    TRY(take_name(p, "a name is wanted%.*s", &name));
    if (find_let(p, name))
        return fault(p, name, "'%.*s' has a meaning already", name);
    if (p->lets.n == SCRIPT_NAMES_MAX)
        return fault(p, name, "'%.*s': too many names", name);
    struct str at = p->line;
    TRY(take_event_text(p, &let.event));
    for (struct str word = next_word(p); word.n; word = next_word(p)) {
        TRY(take_change(p, word, &let.event, &is_taken));
        if (!is_taken)
            return fault(p, word, "'%.*s' is no FIELD=VALUE or -FIELD", word);
    }
    TRY(try_event(p, at, &let.event));
    let.name = name;
    *(struct let *)vec_push(p->arena, &p->lets, sizeof let) = let;
    return WEIR_OK;
}

static enum weir_rc take_event_option(struct parser *p, struct str word)
{
    struct statement *s = p->say;
    uint64_t n;
    bool is_taken;

    if (str_eq(word, STR("x")))
        return take_count(p, &s->n, SCRIPT_EVENTS_MAX);
    if (str_eq(word, STR("every")))
        return take_span(p, &s->every_ms);
    if (str_eq(word, STR("redelivered"))) {
        s->is_again = true;
        return WEIR_OK;
    }
    if (str_eq(word, STR("partition"))) {
        TRY(take_count(p, &n, PLAYER_PARTITIONS_MAX - 1));
        s->partition = (uint32_t)n;
        return WEIR_OK;
    }
    TRY(take_change(p, word, &s->event, &is_taken));
    if (is_taken)
        return WEIR_OK;
    return fault(p, word,
                 "unknown word '%.*s' (x N, every SPAN, partition P, redelivered, FIELD=VALUE, "
                 "-FIELD)",
                 word);
}

static enum weir_rc take_events(struct parser *p)
{
    struct statement *s = p->say;
    struct str at = p->line;

    s->kind = SAY_EVENT;
    s->n = 1;
    TRY(take_event_text(p, &s->event));
    for (struct str word = next_word(p); word.n; word = next_word(p))
        TRY(take_event_option(p, word));
    if (s->every_ms && (int64_t)s->n > SPAN_MAX_MS / (s->every_ms < 0 ? -s->every_ms : s->every_ms))
        return fault(p, at, "these events reach too far%.*s", STR(""));
    return s->is_again ? WEIR_OK : try_event(p, at, &s->event);
}

/* at TIME event ..., at TIME time; also TIME event ... */
static enum weir_rc take_at(struct parser *p)
{
    TRY(take_span(p, &p->say->at_ms));
    struct str word = next_word(p);
    if (str_eq(word, STR("event")))
        return take_events(p);
    if (p->say->is_joined || !str_eq(word, STR("time")))
        return fault(p, word, "unknown word '%.*s' (event, time)", word);
    p->say->kind = SAY_TIME;
    return WEIR_OK;
}

static enum weir_rc take_also(struct parser *p, struct str word)
{
    const struct statement *all = p->statements.items;

    if (p->statements.n < 2 || all[p->statements.n - 2].kind != SAY_EVENT)
        return fault(p, word, "'%.*s' stands behind an event", word);
    p->say->is_joined = true;
    return take_at(p);
}

static enum weir_rc take_restart(struct parser *p)
{
    struct str word = next_word(p);

    if (!str_eq(word, STR("worker")))
        return fault(p, word, "unknown word '%.*s' (restart worker)", word);
    if (!next_is(p, "before"))
        return WEIR_OK;
    if (!next_is(p, "commit"))
        return fault(p, p->line, "`before commit` is wanted%.*s", STR(""));
    p->say->is_before_commit = true;
    return WEIR_OK;
}

/* ---- expectations --------------------------------------------------------------------------- */

static const char *const compare_names[] = {"==", "!=", "<", "<=", ">", ">=", "has"};

bool script_compare(struct str word, enum compare *out)
{
    for (size_t i = 0; i < ARRAY_LEN(compare_names); i++)
        if (str_eq(word, str_from(compare_names[i]))) {
            *out = (enum compare)i;
            return true;
        }
    return false;
}

const char *script_compare_name(enum compare op)
{
    return compare_names[op];
}

static enum weir_rc take_compare(struct parser *p, enum compare *out)
{
    struct str op = next_word(p);

    if (script_compare(op, out))
        return WEIR_OK;
    return fault(p, op, "'%.*s' is none of == != < <= > >= has", op);
}

static bool is_activity(struct str word)
{
    return str_eq(word, STR("create")) || str_eq(word, STR("update")) || str_eq(word, STR("close"));
}

/* document [create|update|close] [of RULE] .PATH OP VALUE */
static enum weir_rc take_document(struct parser *p, struct expectation *e)
{
    struct str word = next_word(p);

    e->name = STR("");
    if (is_activity(word)) {
        e->activity = word;
        word = next_word(p);
    }
    if (str_eq(word, STR("of"))) {
        TRY(take_name(p, "a rule is wanted%.*s", &e->rule));
        word = next_word(p);
    }
    if (word.n < 2 || word.p[0] != '.')
        return fault(p, word, "'%.*s' is no path in a document (.count, .observables.0.name)",
                     word);
    e->path = word;
    TRY(take_compare(p, &e->op));
    return take_name(p, "a value is wanted%.*s", &e->value);
}

/* NAME [of RULE] OP N */
static enum weir_rc take_number(struct parser *p, struct expectation *e)
{
    const struct player_counts none = {0};
    uint64_t zero;

    if (!player_count_named(&none, e->name, &zero))
        return fault(p, e->name, "nothing is called '%.*s'", e->name);
    if (next_is(p, "of"))
        TRY(take_name(p, "a rule is wanted%.*s", &e->rule));
    struct str op = p->line;
    TRY(take_compare(p, &e->op));
    if (e->op == COMPARE_HAS)
        return fault(p, op, "a number has nothing%.*s", STR(""));
    struct str before = p->line;
    e->value = next_word(p);
    p->line = before;
    return take_count(p, &e->number, UINT64_MAX);
}

static enum weir_rc take_expect(struct parser *p)
{
    struct vec all = {0};

    for (struct str name = next_word(p); name.n; name = next_word(p)) {
        struct expectation *e = vec_push(p->arena, &all, sizeof *e);
        *e = (struct expectation){.name = name, .col = column(p, name)};
        bool is_document = str_eq(name, STR("document"));
        TRY(is_document ? take_document(p, e) : take_number(p, e));
    }
    p->say->expectations = all.items;
    p->say->n_expectations = all.n;
    if (!all.n)
        return fault(p, p->line, "what is expected%.*s?", STR(""));
    return WEIR_OK;
}

/* ---- the script ----------------------------------------------------------------------------- */

static const struct {
    const char *word;
    enum statement_kind kind;
    bool is_setting;
} words[] = {{"rules", SAY_RULES, true},       {"list", SAY_LIST, true},
             {"profile", SAY_PROFILE, true},   {"tenant", SAY_TENANT, true},
             {"brake", SAY_BRAKE, true},       {"budget", SAY_BUDGET, true},
             {"no_dedup", SAY_NO_DEDUP, true}, {"assume_trained", SAY_ASSUME_TRAINED, true},
             {"at", SAY_EVENT, false},         {"also", SAY_EVENT, false},
             {"expect", SAY_EXPECT, false},    {"restart", SAY_RESTART, false},
             {"end", SAY_END, false}};

static enum weir_rc take_action(struct parser *p, struct str word)
{
    if (!p->has_rules)
        return fault(p, word, "'%.*s': no rules yet; `rules PATH` comes first", word);
    p->has_begun = true;
    if (str_eq(word, STR("at")))
        return take_at(p);
    if (str_eq(word, STR("also")))
        return take_also(p, word);
    if (p->say->kind == SAY_RESTART)
        return take_restart(p);
    return p->say->kind == SAY_EXPECT ? take_expect(p) : WEIR_OK;
}

static enum weir_rc take_line(struct parser *p)
{
    struct str word = next_word(p);

    if (str_eq(word, STR("let")))
        return take_let(p);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (!str_eq(word, str_from(words[i].word)))
            continue;
        if (p->statements.n == SCRIPT_STATEMENTS_MAX)
            return fault(p, word, "'%.*s': the script is too long", word);
        p->say = vec_push(p->arena, &p->statements, sizeof *p->say);
        *p->say = (struct statement){.kind = words[i].kind, .line = p->number};
        return words[i].is_setting ? take_setting(p, word) : take_action(p, word);
    }
    return fault(p, word,
                 "unknown statement '%.*s' (rules, list, profile, tenant, brake, budget, no_dedup, "
                 "assume_trained, let, at, also, restart, end, expect)",
                 word);
}

enum weir_rc script_parse(struct arena *a, struct str text, const struct script_reader *reader,
                          struct script *out, struct weir_err *err)
{
    struct parser p = {.arena = a, .reader = reader, .err = err};
    struct str line, rest = text;

    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        p.number++;
        p.line_start = line.p;
        p.line = line;
        struct str trimmed = str_trim(line);
        if (trimmed.n == 0 || trimmed.p[0] == '#')
            continue;
        TRY(take_line(&p));
        struct str left = next_word(&p);
        if (left.n)
            return fault(&p, left, "'%.*s' is too much here", left);
    }
    *out = (struct script){p.statements.items, p.statements.n};
    return WEIR_OK;
}
