/* bench_textbook.c - the pipeline that one would build from packages, beside weir's own.
 *
 *   bench_textbook RULES EVENTS SECONDS [NAME=FILE ...]     (lists of placeholders)
 *
 * Textbook: jansson makes a tree of each event; each field that a rule of the event's source asks
 * for is searched by Vectorscan, one database per field with all its texts, globs and regexes; then
 * every rule of the source is evaluated by walking its formula. It is given for nothing what
 * weir works out itself: the lines are cut beforehand only by memchr(), but the source of each
 * event, hence its rules and fields, is known in advance.
 *
 * Simplified: fields are looked for by the names that rules use (flat, then nested by dots), not by
 * the paths of profiles; keywords ask `message`, else all strings; of several values any may match.
 * Where that gives other matches, the differences are counted, not hidden.
 *
 * Both take turns in one process; times are of this thread on a core. One JSON object is printed.
 */
/* Both weir and jansson have a JSON_STRING; here weir's gets a longer name. */
#define JSON_NULL WEIR_JSON_NULL
#define JSON_TRUE WEIR_JSON_TRUE
#define JSON_FALSE WEIR_JSON_FALSE
#define JSON_NUMBER WEIR_JSON_NUMBER
#define JSON_STRING WEIR_JSON_STRING
#define JSON_OBJECT WEIR_JSON_OBJECT
#include "app/measure.h"
#include "app/rules.h"
#include "app/stream.h"
#include "base/cpu.h"
#include "base/str.h"
#include "base/ip.h"
#include "match/number.h"
#include "match/reference_text.h"
#include "match/regex.h"
#include "match/timepart.h"
#include "plan/plan.h"
#undef JSON_NULL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NUMBER
#undef JSON_STRING
#undef JSON_OBJECT

#include <hs/hs.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 40, ROUNDS_MIN = 1 };

enum kleene { K_FALSE, K_UNKNOWN, K_TRUE };

struct field {
    hs_database_t *db; /* NULL: no text to search */
    uint32_t stamp;    /* event that `value` is of */
    json_t *value;
};

struct shape_rules {
    uint32_t *rules, *fields;
    uint32_t n_rules, n_fields;
};

struct pair {
    uint32_t event, rule;
};

struct pairs {
    struct pair *items;
    size_t n, cap;
};

struct textbook {
    struct arena *arena, *step;
    struct rule_book book;
    const struct plan *plan;
    struct engine *engine;
    struct buf text;
    size_t n_events;
    uint32_t *shape_of; /* per event */
    struct shape_rules shapes[SHAPES_MAX];

    struct field *fields;
    uint32_t *atom_stamp;         /* per atom: the last event in which Vectorscan found it */
    struct match_regex **regexes; /* per atom: for what Vectorscan refused */
    struct regex_scratch *regex_scratch;
    hs_scratch_t *scratch;
    size_t n_patterns, n_refused;
    double compile_seconds;
    json_t *root;
    uint32_t now; /* number of the event + 1, over all rounds */
    struct pairs found, expected;
};

static void die(const char *what)
{
    fprintf(stderr, "bench_textbook: %s\n", what);
    exit(1);
}

static void add_pair(struct pairs *p, uint32_t event, uint32_t rule)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 65536;
        p->items = reallocarray(p->items, p->cap, sizeof *p->items);
        ASSERT(p->items);
    }
    p->items[p->n++] = (struct pair){event, rule};
}

/* ---- patterns ----------------------------------------------------------------------- */

static void add_bytes_hex(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_printf(b, "\\x%02x", (unsigned char)s.p[i]);
}

static void add_glob(struct buf *b, const struct glob *g)
{
    buf_add(b, STR("\\A"));
    for (size_t i = 0; i < g->n_parts; i++) {
        const struct glob_part *p = &g->parts[i];
        if (p->kind == GLOB_TEXT)
            add_bytes_hex(b, p->text);
        else if (p->kind == GLOB_ONE)
            buf_add_char(b, '.');
        else if (p->kind == GLOB_ANY)
            buf_add(b, STR(".*"));
        else {
            buf_add_char(b, '[');
            add_bytes_hex(b, p->text);
            buf_add_char(b, ']');
        }
    }
    buf_add(b, STR("\\z"));
}

static bool is_text_op(enum atom_op op)
{
    return op <= ATOM_REGEX;
}

/* The pattern of an atom, zero-terminated. */
static char *pattern_of(struct arena *a, const struct atom *atom, unsigned *flags)
{
    struct buf b = {0};

    *flags = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY |
             (atom->fold != FOLD_NONE ? HS_FLAG_CASELESS : 0u);
    if (atom->op == ATOM_GLOB) {
        add_glob(&b, &atom->glob);
    } else if (atom->op == ATOM_REGEX) {
        *flags = HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY |
                 (atom->regex.is_caseless ? HS_FLAG_CASELESS : 0u) |
                 (atom->regex.is_multiline ? HS_FLAG_MULTILINE : 0u) |
                 (atom->regex.is_dotall ? HS_FLAG_DOTALL : 0u);
        buf_add(&b, atom->regex.is_whole_value ? STR("\\A(?:") : STR(""));
        buf_add(&b, atom->regex.pattern);
        buf_add(&b, atom->regex.is_whole_value ? STR(")\\z") : STR(""));
    } else {
        buf_add(&b, atom->op == ATOM_EQ || atom->op == ATOM_PREFIX ? STR("\\A") : STR(""));
        add_bytes_hex(&b, atom->text);
        buf_add(&b, atom->op == ATOM_EQ || atom->op == ATOM_SUFFIX ? STR("\\z") : STR(""));
        if (atom->op == ATOM_CONTAINS && atom->text.n == 0)
            buf_add(&b, STR(".*"));
    }
    char *copy = arena_alloc(a, b.n + 1);
    memcpy(copy, b.n ? b.p : "", b.n);
    copy[b.n] = '\0';
    buf_release(&b);
    return copy;
}

struct patterns {
    const char **texts;
    unsigned *flags, *ids;
    unsigned n;
};

static void refuse(struct textbook *t, uint32_t atom)
{
    struct weir_err err;
    const struct atom *a = t->plan->atoms[atom].atom;

    t->n_refused++;
    if (a->op == ATOM_REGEX && regex_compile(&a->regex, &t->regexes[atom], &err) != WEIR_OK)
        die("a regex does not compile");
}

/* Vectorscan may say no to globs and regexes; plain texts are always taken. */
static bool is_accepted(const struct atom *a, const char *text, unsigned flags)
{
    hs_database_t *db = NULL;
    hs_compile_error_t *error = NULL;

    if (a->op != ATOM_REGEX && a->op != ATOM_GLOB)
        return true;
    bool is_fine = hs_compile(text, flags, HS_MODE_BLOCK, NULL, &db, &error) == HS_SUCCESS;
    hs_free_database(db);
    hs_free_compile_error(error);
    return is_fine;
}

static void compile_field(struct textbook *t, uint32_t field, struct patterns *p)
{
    hs_compile_error_t *error = NULL;

    p->n = 0;
    for (uint32_t i = 0; i < t->plan->n_atoms; i++) {
        const struct atom *a = t->plan->atoms[i].atom;
        if (t->plan->atoms[i].field != field || !is_text_op(a->op))
            continue;
        p->ids[p->n] = i;
        p->texts[p->n] = pattern_of(t->arena, a, &p->flags[p->n]);
        if (is_accepted(a, p->texts[p->n], p->flags[p->n]))
            p->n++;
        else
            refuse(t, i);
    }
    t->n_patterns += p->n;
    if (p->n == 0)
        return;
    if (hs_compile_multi(p->texts, p->flags, p->ids, p->n, HS_MODE_BLOCK, NULL,
                         &t->fields[field].db, &error) != HS_SUCCESS)
        die(error->message);
    if (hs_alloc_scratch(t->fields[field].db, &t->scratch) != HS_SUCCESS)
        die("no scratch for Vectorscan");
}

static void compile(struct textbook *t)
{
    uint32_t n_fields = field_count(t->plan->fields), n_atoms = t->plan->n_atoms;
    struct patterns p = {.texts = ARENA_ARRAY(t->arena, n_atoms, const char *),
                         .flags = ARENA_ARRAY(t->arena, n_atoms, unsigned),
                         .ids = ARENA_ARRAY(t->arena, n_atoms, unsigned)};
    double start = cpu_seconds();

    t->fields = ARENA_ARRAY(t->arena, n_fields, struct field);
    t->atom_stamp = ARENA_ARRAY(t->arena, n_atoms, uint32_t);
    t->regexes = ARENA_ARRAY(t->arena, n_atoms, struct match_regex *);
    for (uint32_t f = 0; f < n_fields; f++)
        compile_field(t, f, &p);
    struct match_regex **all = ARENA_ARRAY(t->arena, n_atoms, struct match_regex *);
    size_t n = 0;
    for (uint32_t i = 0; i < n_atoms; i++)
        if (t->regexes[i])
            all[n++] = t->regexes[i];
    t->regex_scratch = regex_scratch_new(all, n);
    t->compile_seconds = cpu_seconds() - start;
}

/* ---- values ------------------------------------------------------------------------- */

static json_t *look_up(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    const char *dot = value ? NULL : strchr(name, '.');
    char head[256];

    if (!dot || (size_t)(dot - name) >= sizeof head)
        return value;
    memcpy(head, name, (size_t)(dot - name));
    head[dot - name] = '\0';
    json_t *inner = json_object_get(object, head);
    return json_is_object(inner) ? look_up(inner, dot + 1) : NULL;
}

/* Of keywords: the message, or the event itself, whose strings are all asked. */
static json_t *value_of(struct textbook *t, uint32_t field)
{
    struct field *f = &t->fields[field];

    if (f->stamp == t->now)
        return f->value;
    f->stamp = t->now;
    if (field == FIELD_ANY) {
        f->value = json_object_get(t->root, "message");
        f->value = f->value ? f->value : t->root;
    } else { /* names of fields are terminated in the table's arena */
        f->value = look_up(t->root, field_name(t->plan->fields, field).p);
    }
    return f->value;
}

static bool text_of(const json_t *v, char *space, struct str *text)
{
    if (json_is_string(v))
        *text = (struct str){json_string_value(v), json_string_length(v)};
    else if (json_is_boolean(v))
        *text = json_is_true(v) ? STR("true") : STR("false");
    else if (json_is_integer(v))
        *text = (struct str){space, (size_t)snprintf(space, NUMBER_BYTES, "%" JSON_INTEGER_FORMAT,
                                                     json_integer_value(v))};
    else if (json_is_real(v))
        *text =
            (struct str){space, (size_t)snprintf(space, NUMBER_BYTES, "%.17g", json_real_value(v))};
    else
        return false;
    return true;
}

typedef bool member_fn(struct textbook *t, const struct plan_atom *atom, json_t *value);

/* Does `fn` say yes of the value, or of a member of it? */
static bool any_member(struct textbook *t, const struct plan_atom *atom, json_t *v, member_fn *fn)
{
    const char *key;
    json_t *member;
    size_t i;

    if (json_is_array(v)) {
        json_array_foreach(v, i, member) if (any_member(t, atom, member, fn)) return true;
        return false;
    }
    if (json_is_object(v) && v == t->root) {
        json_object_foreach(v, key, member) if (any_member(t, atom, member, fn)) return true;
        return false;
    }
    return fn(t, atom, v);
}

/* ---- searching ---------------------------------------------------------------------- */

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                    void *context)
{
    struct textbook *t = context;

    (void)from, (void)to, (void)flags;
    t->atom_stamp[id] = t->now;
    return 0;
}

static void search(struct textbook *t, const struct field *f, json_t *v)
{
    char space[NUMBER_BYTES];
    const char *key;
    struct str text;
    json_t *member;
    size_t i;

    if (json_is_array(v))
        json_array_foreach(v, i, member) search(t, f, member);
    else if (v == t->root)
        json_object_foreach(v, key, member) search(t, f, member);
    else if (text_of(v, space, &text))
        (void)hs_scan(f->db, text.p, (unsigned)text.n, 0, t->scratch, on_match, t);
}

/* ---- evaluating --------------------------------------------------------------------- */

static bool compare_fields(struct textbook *t, const struct plan_atom *p, struct str mine)
{
    json_t *other = value_of(t, p->other);
    char space[NUMBER_BYTES];
    struct str theirs;

    if (!other || !text_of(other, space, &theirs))
        return false;
    arena_reset(t->step);
    return reference_compare(p->atom->cmp, reference_fold(t->step, p->atom->fold, mine),
                             reference_fold(t->step, p->atom->fold, theirs));
}

static enum json_kind kind_of(const json_t *v)
{
    if (json_is_string(v))
        return WEIR_JSON_STRING;
    if (json_is_number(v))
        return WEIR_JSON_NUMBER;
    return json_is_true(v) ? WEIR_JSON_TRUE : json_is_false(v) ? WEIR_JSON_FALSE : WEIR_JSON_NULL;
}

/* Atoms that no database answers, asked of one value. */
static bool member_matches(struct textbook *t, const struct plan_atom *p, json_t *v)
{
    const struct atom *a = p->atom;
    char space[NUMBER_BYTES];
    struct ip_network network;
    struct ip_address ip;
    struct str text;

    if (a->op == ATOM_EXISTS || a->op == ATOM_IS_NULL)
        return a->op == ATOM_EXISTS || json_is_null(v);
    if (!text_of(v, space, &text))
        return false;
    switch (a->op) {
    case ATOM_CIDR:
        return ip_network_parse(a->text, &network) && ip_parse(text, &ip) &&
               ip_in_network(&ip, &network);
    case ATOM_BOOL:
        return boolean_matches(kind_of(v), text, a->is_true);
    case ATOM_FIELD_CMP:
        return compare_fields(t, p, text);
    case ATOM_TIME_PART:
        return time_part_matches(a->part, a->cmp, kind_of(v), text, a->text);
    case ATOM_GLOB: /* refused by Vectorscan */
        arena_reset(t->step);
        return reference_glob(t->step, &a->glob, a->fold, reference_fold(t->step, a->fold, text));
    case ATOM_REGEX:
        return regex_test(t->regexes[p - t->plan->atoms], t->regex_scratch, text,
                          str_is_ascii(text)) == REGEX_YES;
    default:
        return number_matches(a->op, kind_of(v), text, a->text);
    }
}

static enum kleene missing(const struct atom *a)
{
    if (a->op == ATOM_EXISTS || a->op == ATOM_IS_NULL)
        return a->op == ATOM_IS_NULL ? K_TRUE : K_FALSE;
    return a->miss == MISS_TRUE ? K_TRUE : a->miss == MISS_UNKNOWN ? K_UNKNOWN : K_FALSE;
}

static enum kleene atom_truth(struct textbook *t, uint32_t number)
{
    const struct plan_atom *p = &t->plan->atoms[number];
    bool is_refused = p->atom->op == ATOM_REGEX ? t->regexes[number] != NULL : false;

    if (t->atom_stamp[number] == t->now)
        return K_TRUE;
    json_t *v = value_of(t, p->field);
    if (!v)
        return missing(p->atom);
    if (is_text_op(p->atom->op) && !is_refused)
        return K_FALSE;
    return any_member(t, p, v, member_matches) ? K_TRUE : K_FALSE;
}

static enum kleene walk(struct textbook *t, uint32_t number)
{
    const struct plan_node *n = &t->plan->nodes[number];
    const uint32_t *children = t->plan->children + n->first_child;

    if (n->kind == FORMULA_CONST)
        return n->value ? K_TRUE : K_FALSE;
    if (n->kind == FORMULA_ATOM)
        return atom_truth(t, n->atom);
    if (n->kind == FORMULA_NOT)
        return K_TRUE - walk(t, children[0]);
    bool is_and = n->kind == FORMULA_AND;
    enum kleene result = is_and ? K_TRUE : K_FALSE, last_word = is_and ? K_FALSE : K_TRUE;
    for (uint32_t i = 0; i < n->n_children && result != last_word; i++) {
        enum kleene k = walk(t, children[i]);
        if (is_and ? k < result : k > result)
            result = k;
    }
    return result;
}

static void textbook_event(struct textbook *t, struct str line, uint32_t number)
{
    const struct shape_rules *s = &t->shapes[t->shape_of[number]];
    json_error_t error;

    t->now++;
    t->root = json_loadb(line.p, line.n, 0, &error);
    if (!t->root)
        die(error.text);
    for (uint32_t i = 0; i < s->n_fields; i++) {
        const struct field *f = &t->fields[s->fields[i]];
        json_t *v = f->db ? value_of(t, s->fields[i]) : NULL;
        if (v)
            search(t, f, v);
    }
    for (uint32_t i = 0; i < s->n_rules; i++)
        if (walk(t, t->plan->rules[s->rules[i]].root) == K_TRUE)
            add_pair(&t->found, number, s->rules[i]);
    json_decref(t->root);
}

static void textbook_round(struct textbook *t)
{
    struct str rest = buf_str(&t->text), line;

    t->found.n = 0;
    for (uint32_t i = 0; rest.n; i++) {
        str_cut(rest, '\n', &line, &rest);
        textbook_event(t, line, i);
    }
}

/* ---- weir --------------------------------------------------------------------------- */

static enum weir_rc on_batch(void *context, const struct event *events, const uint64_t *numbers,
                             size_t n, struct weir_err *err)
{
    struct textbook *t = context;
    const struct engine_match *m;
    size_t n_matches = engine_run(t->engine, events, n, &m);

    (void)err;
    for (size_t i = 0; i < n; i++)
        t->shape_of[numbers[i]] = events[i].shape;
    for (size_t i = 0; i < n_matches; i++)
        add_pair(&t->expected, (uint32_t)numbers[m[i].event], m[i].rule);
    return WEIR_OK;
}

static void weir_round(struct textbook *t, struct stream *stream)
{
    struct weir_err err;

    stream_reset(stream);
    t->expected.n = 0;
    stream_begin(stream, 0);
    if (stream_feed(stream, t->text.p, t->text.n, &err) != WEIR_OK ||
        stream_end(stream, &err) != WEIR_OK)
        die(err.text);
}

/* ---- the rules and fields of each shape ----------------------------------------------- */

static void mark_fields(const struct textbook *t, uint32_t node, bool *is_asked)
{
    const struct plan_node *n = &t->plan->nodes[node];

    if (n->kind == FORMULA_ATOM)
        is_asked[t->plan->atoms[n->atom].field] = true;
    else if (n->kind != FORMULA_CONST)
        for (uint32_t i = 0; i < n->n_children; i++)
            mark_fields(t, t->plan->children[n->first_child + i], is_asked);
}

static void learn_shape(struct textbook *t, uint32_t shape)
{
    const struct logsource_facts *facts = &extract_shape(engine_worker(t->engine), shape)->facts;
    struct shape_rules *s = &t->shapes[shape];
    uint32_t n_fields = field_count(t->plan->fields);
    bool *is_asked = ARENA_ARRAY(t->arena, n_fields, bool);

    s->rules = ARENA_ARRAY(t->arena, t->plan->n_rules, uint32_t);
    s->fields = ARENA_ARRAY(t->arena, n_fields, uint32_t);
    for (uint32_t r = 0; r < t->plan->n_rules; r++) {
        if (!logsource_allows(facts, &t->book.rules[r]->logsource))
            continue;
        s->rules[s->n_rules++] = r;
        mark_fields(t, t->plan->rules[r].root, is_asked);
    }
    for (uint32_t f = 0; f < n_fields; f++)
        if (is_asked[f])
            s->fields[s->n_fields++] = f;
}

/* ---- comparing and printing ------------------------------------------------------------- */

static int pair_cmp(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    if (x->event != y->event)
        return x->event < y->event ? -1 : 1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* Matches that only one has, and one of them for people. */
static void compare(struct textbook *t, size_t *only_textbook, size_t *only_weir,
                    struct pair *example)
{
    size_t i = 0, k = 0;

    *only_textbook = *only_weir = 0;
    qsort(t->found.items, t->found.n, sizeof *t->found.items, pair_cmp);
    qsort(t->expected.items, t->expected.n, sizeof *t->expected.items, pair_cmp);
    while (i < t->found.n || k < t->expected.n) {
        int c = i == t->found.n      ? 1
                : k == t->expected.n ? -1
                                     : pair_cmp(&t->found.items[i], &t->expected.items[k]);
        if (c != 0)
            *example = c < 0 ? t->found.items[i] : t->expected.items[k];
        *only_textbook += c < 0;
        *only_weir += c > 0;
        i += c <= 0;
        k += c >= 0;
    }
}

static void print(struct textbook *t, double textbook_rate, double weir_rate)
{
    struct pair example = {0, UINT32_MAX};
    size_t only_textbook, only_weir;

    compare(t, &only_textbook, &only_weir, &example);
    printf("{\"rules\":%zu,\"events\":%zu,\"patterns\":%zu,\"patterns_refused\":%zu,"
           "\"compile_seconds\":%.2f,\"simd\":\"%s\",",
           t->book.n_rules, t->n_events, t->n_patterns, t->n_refused, t->compile_seconds,
           cpu_simd_name(cpu_simd()));
    printf("\"textbook_events_per_second\":%.0f,\"weir_events_per_second\":%.0f,", textbook_rate,
           weir_rate);
    printf("\"textbook_matches\":%zu,\"weir_matches\":%zu,\"only_textbook\":%zu,\"only_weir\":%zu",
           t->found.n, t->expected.n, only_textbook, only_weir);
    if (example.rule != UINT32_MAX)
        printf(",\"example\":{\"event\":%u,\"rule\":\"%.*s\"}", example.event,
               (int)t->book.rules[example.rule]->uid.n, t->book.rules[example.rule]->uid.p);
    printf("}\n");
}

/* ---- main --------------------------------------------------------------------------- */

static void load(struct textbook *t, struct rule_options *o)
{
    struct plan_options plan = {0};
    struct engine_options options;
    struct weir_err err;

    if (rule_book_load(o, &t->book, &err) != WEIR_OK ||
        rule_book_engine_options(&t->book, o, STR(""), &options, &err) != WEIR_OK)
        die(err.text);
    options.no_cache = true;
    t->plan = plan_new(t->arena, t->book.rules, t->book.n_rules, t->book.profiles, &plan);
    if (engine_new(t->book.rules, t->book.n_rules, t->book.profiles, &options, &t->engine, &err) !=
        WEIR_OK)
        die(err.text);
}

static void read_events(struct textbook *t, const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f)
        die("the events cannot be read");
    do {
        n = fread(buf_reserve(&t->text, 1 << 20), 1, 1 << 20, f);
        t->text.n += n;
    } while (n > 0);
    fclose(f);
    for (size_t i = 0; i < t->text.n; i++)
        t->n_events += t->text.p[i] == '\n';
    t->shape_of = calloc(t->n_events + 1, sizeof *t->shape_of);
    ASSERT(t->shape_of);
}

/* In turn, a round each, until the textbook has had its time. */
static void measure(struct textbook *t, struct stream *stream, double seconds)
{
    double book = 0, weir = 0, rounds = 0;

    textbook_round(t); /* warms up */
    while (rounds < ROUNDS_MIN || book < seconds) {
        double start = cpu_seconds();
        textbook_round(t);
        double middle = cpu_seconds();
        weir_round(t, stream);
        weir += cpu_seconds() - middle;
        book += middle - start;
        rounds++;
    }
    print(t, (double)t->n_events * rounds / book, (double)t->n_events * rounds / weir);
}

int main(int argc, char **argv)
{
    static struct textbook t;
    struct rule_options o = {.skip_bad = true};

    if (argc < 4)
        die("usage: bench_textbook RULES EVENTS SECONDS [NAME=FILE ...]");
    t.arena = arena_new(1 << 20);
    t.step = arena_new(0);
    text_list_add(&o.paths, str_from(argv[1]));
    for (int i = 4; i < argc; i++)
        text_list_add(&o.lists, str_from(argv[i]));
    load(&t, &o);
    read_events(&t, argv[2]);
    struct origin_input name = {.name = str_from(argv[2])};
    struct stream *stream =
        stream_new(engine_worker(t.engine), t.book.profiles, &name, on_batch, &t);
    weir_round(&t, stream); /* warms up, and finds the shape of each event */
    for (uint32_t s = 0; s < extract_shape_count(engine_worker(t.engine)); s++)
        learn_shape(&t, s);
    compile(&t);
    measure(&t, stream, strtod(argv[3], NULL));
    stream_free(stream);
    engine_free(t.engine);
    rule_options_release(&o);
    return 0;
}
