/* check_against.c - two graphs side by side, rule by rule of the same uid. */
#include "app/check_against.h"

#include "app/table.h"
#include "base/str.h"
#include "correlate/graph_change.h"
#include "json/write.h"

enum fate { FATE_KEPT, FATE_RESET, FATE_ADDED, FATE_REMOVED, FATES };

static const char *const fate_names[] = {"kept", "reset", "added", "removed"};

struct comparison {
    struct arena *arena;
    const struct graph *was, *is;
    bool is_table;
    struct table *table;
    struct buf text;
    size_t n[FATES];
};

/* As a worker would have it, so with its brake; the database of places is not asked. */
static enum weir_rc graph_of(struct arena *a, const struct rule_book *b, const struct graph **out,
                             struct weir_err *err)
{
    static const char places;
    struct graph_options options = {.is_once = true,
                                    .brake_creates = GRAPH_BRAKE_DEFAULT,
                                    .geoip = (const struct geoip *)(const void *)&places};

    return graph_new(a, b->rules, b->n_rules, &options, out, err);
}

static const char *kind_of(const struct graph_rule *r)
{
    return r->rule->correlation ? r->kind->name : "dedup";
}

static void add_row(struct comparison *c, const struct graph_rule *r, enum fate fate,
                    const char *change)
{
    if (fate == FATE_KEPT && !r->rule->correlation)
        return; /* there may be thousands */
    table_cell(c->table, str_from(fate_names[fate]));
    table_cell(c->table, str_from(kind_of(r)));
    table_cell(c->table, change ? str_from(change) : STR(""));
    table_cell(c->table, r->rule->title);
    table_cell(c->table, r->rule->uid);
}

static void add_object(struct comparison *c, const struct graph_rule *r, enum fate fate,
                       const char *change)
{
    struct json_writer w;

    json_writer_init(&w, &c->text);
    json_open_object(&w);
    json_kv_str(&w, "state", str_from(fate_names[fate]));
    json_kv_str(&w, "uid", r->rule->uid);
    json_kv_str(&w, "title", r->rule->title);
    json_kv_str(&w, "kind", str_from(kind_of(r)));
    if (change)
        json_kv_str(&w, "changed", str_from(change));
    json_close_object(&w);
    buf_add_char(&c->text, '\n');
}

static void add(struct comparison *c, const struct graph_rule *r, enum fate fate,
                const char *change)
{
    c->n[fate]++;
    if (c->is_table)
        add_row(c, r, fate, change);
    else
        add_object(c, r, fate, change);
}

static void compare(struct comparison *c)
{
    for (uint32_t i = 0; i < c->is->n_rules; i++) {
        uint32_t was = graph_rule_of(c->was, c->is->rules[i].rule->uid);
        if (!graph_has_state(c->is, i))
            continue;
        bool is_new = was == UINT32_MAX || !graph_has_state(c->was, was);
        const char *change = is_new ? NULL : graph_change(c->was, was, c->is, i);
        add(c, &c->is->rules[i], is_new ? FATE_ADDED : change ? FATE_RESET : FATE_KEPT, change);
    }
    for (uint32_t i = 0; i < c->was->n_rules; i++) {
        uint32_t is = graph_rule_of(c->is, c->was->rules[i].rule->uid);
        if (graph_has_state(c->was, i) && (is == UINT32_MAX || !graph_has_state(c->is, is)))
            add(c, &c->was->rules[i], FATE_REMOVED, NULL);
    }
}

static void finish_table(struct comparison *c)
{
    if (table_rows(c->table))
        table_print(c->table, 0, &c->text);
    for (int i = 0; i < FATES; i++)
        buf_printf(&c->text, "%s%s %zu", i ? ", " : "state: ", fate_names[i], c->n[i]);
    buf_add_char(&c->text, '\n');
}

static enum weir_rc compare_books(struct comparison *c, const struct rule_book *was,
                                  const struct rule_book *is, struct output *out,
                                  struct weir_err *err)
{
    static const struct table_column columns[] = {{"STATE", false, 0},
                                                  {"KIND", false, 0},
                                                  {"CHANGED", false, 0},
                                                  {"TITLE", false, 60},
                                                  {"RULE", false, 40}};

    TRY(graph_of(c->arena, was, &c->was, err));
    TRY(graph_of(c->arena, is, &c->is, err));
    c->table = table_new(columns, ARRAY_LEN(columns));
    compare(c);
    if (c->is_table)
        finish_table(c);
    table_free(c->table);
    return output_write(out, buf_str(&c->text), err);
}

enum weir_rc check_against(const struct check_against *a, struct output *out, struct weir_err *err)
{
    struct rule_options options = *a->options; /* borrowed: not released */
    struct rule_book old;

    options.paths = *a->old;
    TRY(rule_book_load(&options, &old, err));
    if (old.n_bad)
        note("old rules that do not load: %zu, left out", old.n_bad);
    struct comparison c = {.arena = arena_new(0), .is_table = a->is_table};
    enum weir_rc rc = compare_books(&c, &old, a->book, out, err);
    buf_release(&c.text);
    arena_free(c.arena);
    rule_book_release(&old);
    return rc;
}
