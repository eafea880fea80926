/* ruleset_load.c - from a configuration to a rule set: books of rules, one graph over all tenants,
 * engines for what differs in lists, pinned profile or labels. */
#include "app/ruleset_load.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "app/rules.h"
#include "app/state.h"
#include "base/pack.h"
#include "base/str.h"
#include "state/uid.h"

enum { BOOKS_MAX = 1 + CONFIG_TENANTS_MAX, GENERATION_DIGITS = 16 };

/* Tenants of the set: the configuration's, and the default one if an input has none. */
struct tenants {
    const struct config_tenant *items[BOOKS_MAX]; /* NULL: the default one */
    size_t n;
};

struct loaded_set {
    struct arena *arena;
    struct rule_options options[BOOKS_MAX];
    struct rule_book books[BOOKS_MAX]; /* the first without lists of a tenant */
    size_t n_books;
    uint32_t book_of[BOOKS_MAX]; /* by tenant */
    uint32_t *book_of_engine;
    struct str compiled_generation;
    atomic_uint n_sets; /* rule sets over it; the last one frees it */
};

/* What stands on the lists of one set. */
struct lists_book {
    struct arena *arena; /* this itself, and views */
    struct arena *lists[BOOKS_MAX];
    const struct list_view *views[BOOKS_MAX];
    size_t n;
};

/* ---- options ------------------------------------------------------------------------------- */

static void add_lists(struct rule_options *o, const struct str *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool is_pair = str_find(items[i], STR("="), 0) != SIZE_MAX;
        text_list_add(is_pair ? &o->lists : &o->list_dirs, items[i]);
    }
}

/* "level=high" as the flag of that name would take it. */
static enum weir_rc add_selection(struct rule_options *o, struct str text, struct weir_err *err)
{
    struct flag flags[RULE_FLAGS_MAX];
    size_t n = rule_flags(o, flags);
    struct str name, value;

    str_cut(text, '=', &name, &value);
    for (size_t i = 0; i < n; i++)
        if (flags[i].kind == FLAG_TEXTS && str_eq(str_from(flags[i].name), name)) {
            text_list_add(flags[i].to.texts, value);
            return WEIR_OK;
        }
    return err_set(err, WEIR_BADARG, "rules.select: unknown term '%.*s'", (int)name.n, name.p);
}

static enum weir_rc fill_options(const struct config *c, const struct config_tenant *tenant,
                                 struct rule_options *o, struct weir_err *err)
{
    for (size_t i = 0; i < c->n_rules; i++)
        text_list_add(&o->paths, c->rules[i]);
    for (size_t i = 0; i < c->n_overlays; i++)
        text_list_add(&o->overlays, c->overlays[i]);
    for (size_t i = 0; i < c->n_pipelines; i++)
        text_list_add(&o->pipelines, c->pipelines[i]);
    for (size_t i = 0; i < c->n_set; i++)
        text_list_add(&o->set, c->set[i]);
    add_lists(o, c->rule_lists, c->n_rule_lists);
    if (tenant)
        add_lists(o, tenant->lists, tenant->n_lists);
    o->profiles_dir = c->profiles_dir;
    o->geoip_file = c->geoip_file;
    o->skip_bad = c->skips_bad;
    o->no_routing = c->no_routing;
    o->filters_exclude = c->filters_exclude;
    for (size_t i = 0; i < c->n_select; i++)
        TRY(add_selection(o, c->select[i], err));
    return WEIR_OK;
}

/* ---- books --------------------------------------------------------------------------------- */

/* The first rule that does not load, and how many there are. */
static enum weir_rc refuse_rule(const struct rule_book *b, const struct verdict *v,
                                struct weir_err *err)
{
    size_t k = 0;

    while (k < v->n_messages && !v->messages[k].is_error)
        k++;
    struct verdict_message none = {.text = STR("does not load")};
    const struct verdict_message *m = k < v->n_messages ? &v->messages[k] : &none;
    err_at(err, WEIR_SYNTAX, m->line, m->col, "rule %.*s: %.*s (rules that do not load: %zu)",
           (int)v->uid.n, v->uid.p, (int)m->text.n, m->text.p, b->n_bad);
    err_file(err, v->path);
    return WEIR_SYNTAX;
}

static enum weir_rc check_book(const struct rule_book *b, const struct rule_options *o,
                               struct weir_err *err)
{
    if (b->overlays && overlay_fault_count(b->overlays)) {
        overlay_fault(b->overlays, 0, err);
        return err->code != WEIR_OK ? err->code : WEIR_BADARG;
    }
    for (size_t i = 0; i < b->loaded.n_verdicts && !o->skip_bad; i++)
        if (b->is_selected[i] && verdict_is_bad(b->loaded.verdicts[i].status))
            return refuse_rule(b, &b->loaded.verdicts[i], err);
    if (b->n_rules == 0)
        return err_set(err, WEIR_NOTFOUND, "no rule is left (loaded: %zu, that do not load: %zu)",
                       b->loaded.n_rules, b->n_bad);
    return WEIR_OK;
}

static enum weir_rc load_book(struct loaded_set *s, const struct config *c,
                              const struct config_tenant *tenant, struct weir_err *err)
{
    size_t i = s->n_books++;

    TRY(fill_options(c, tenant, &s->options[i], err));
    TRY(rule_book_load(&s->options[i], &s->books[i], err));
    return check_book(&s->books[i], &s->options[i], err);
}

/* The same rules in the same order: else indices would mean different ones. */
static enum weir_rc same_rules(const struct rule_book *base, const struct rule_book *own,
                               struct str tenant, struct weir_err *err)
{
    size_t i = 0, n = base->n_rules < own->n_rules ? base->n_rules : own->n_rules;

    while (i < n && str_eq(base->rules[i]->uid, own->rules[i]->uid))
        i++;
    if (i == base->n_rules && i == own->n_rules)
        return WEIR_OK;
    struct str uid = (i < base->n_rules ? base : own)->rules[i]->uid;
    return err_set(err, WEIR_BADARG,
                   "with the lists of tenant '%.*s' other rules load than without: %.*s",
                   (int)tenant.n, tenant.p, (int)uid.n, uid.p);
}

static void find_tenants(const struct config *c, struct tenants *out)
{
    bool has_default = c->n_tenants == 0;

    for (size_t i = 0; i < c->n_inputs; i++)
        has_default |= !c->inputs[i].tenant.n && !c->inputs[i].tenant_header.n;
    if (has_default)
        out->items[out->n++] = NULL;
    for (size_t i = 0; i < c->n_tenants; i++)
        out->items[out->n++] = &c->tenants[i];
}

static enum weir_rc load_books(struct loaded_set *s, const struct config *c,
                               const struct tenants *tenants, struct weir_err *err)
{
    TRY(load_book(s, c, NULL, err));
    for (uint32_t t = 0; t < tenants->n; t++) {
        const struct config_tenant *tenant = tenants->items[t];
        if (!tenant || tenant->n_lists == 0)
            continue;
        s->book_of[t] = (uint32_t)s->n_books;
        TRY(load_book(s, c, tenant, err));
        TRY(same_rules(&s->books[0], &s->books[s->book_of[t]], tenant->name, err));
    }
    return WEIR_OK;
}

/* ---- the graph ----------------------------------------------------------------------------- */

static enum weir_rc make_graph(struct loaded_set *s, const struct config *c,
                               const struct tenants *tenants, struct ruleset *out,
                               struct weir_err *err)
{
    struct graph_tenant *list = ARENA_ARRAY(s->arena, tenants->n, struct graph_tenant);
    struct str *names = ARENA_ARRAY(s->arena, tenants->n, struct str);

    for (size_t t = 0; t < tenants->n; t++) {
        const struct rule_book *b = &s->books[s->book_of[t]];
        names[t] = tenants->items[t] ? tenants->items[t]->name : STR("");
        list[t] = (struct graph_tenant){
            .name = names[t], .rules = s->book_of[t] ? b->rules : NULL, .lists = b->score_lists};
    }
    struct graph_options options = {.tenants = list,
                                    .n_tenants = tenants->n,
                                    .budget_bytes = c->state_budget_bytes,
                                    .brake_creates = c->brake_creates,
                                    .is_once = !str_eq(c->state, STR("none")),
                                    .geoip = s->books[0].geoip,
                                    .profiles = s->books[0].profiles};
    TRY(state_read_secret(s->arena, c->state_secret_file, &options.secret, err));
    out->tenants = names;
    out->n_tenants = tenants->n;
    return graph_new(s->arena, s->books[0].rules, s->books[0].n_rules, &options, &out->graph, err);
}

/* ---- inputs -------------------------------------------------------------------------------- */

static enum weir_rc describe_input(struct loaded_set *s, const struct config_input *in,
                                   struct extract_options *out, struct weir_err *err)
{
    const struct rule_book *b = &s->books[0];
    struct engine_options base;

    TRY(rule_book_engine_options(b, &s->options[0], in->profile, &base, err));
    *out = base.extract;
    if (in->n_labels == 0)
        return WEIR_OK;
    /* The first of a name stands: what the input says, then --set. */
    struct constant_field *all =
        ARENA_ARRAY(s->arena, in->n_labels + b->n_constants, struct constant_field);
    for (size_t i = 0; i < in->n_labels; i++)
        all[i] = (struct constant_field){in->labels[i].name, in->labels[i].value};
    for (size_t i = 0; i < b->n_constants; i++)
        all[in->n_labels + i] = b->constants[i];
    out->constants = all;
    out->n_constants = in->n_labels + b->n_constants;
    return WEIR_OK;
}

static enum weir_rc describe_inputs(struct loaded_set *s, const struct config *c,
                                    struct ruleset *out, struct weir_err *err)
{
    struct extract_options *extract = ARENA_ARRAY(s->arena, c->n_inputs, struct extract_options);
    struct origin_input *names = ARENA_ARRAY(s->arena, c->n_inputs, struct origin_input);

    for (size_t i = 0; i < c->n_inputs; i++) {
        TRY(describe_input(s, &c->inputs[i], &extract[i], err));
        names[i].name = c->inputs[i].n_topics ? str_from(c->inputs[i].topics[0]) : STR("");
        names[i].is_topic = true;
    }
    out->extract = extract;
    out->inputs = names;
    out->n_inputs = c->n_inputs;
    return WEIR_OK;
}

/* Events of this input may be that tenant's. */
static bool is_possible(const struct config_input *in, const struct config_tenant *tenant)
{
    if (in->tenant_header.n)
        return tenant != NULL;
    return tenant ? str_eq(in->tenant, tenant->name) : in->tenant.n == 0;
}

static bool same_extraction(const struct config_input *a, const struct config_input *b)
{
    return a == b || (str_eq(a->profile, b->profile) && a->n_labels == 0 && b->n_labels == 0);
}

/* ---- engines ------------------------------------------------------------------------------- */

static enum weir_rc make_engine(const struct loaded_set *s, const struct config *c, uint32_t book,
                                size_t input, struct ruleset *out, struct weir_err *err)
{
    struct ruleset_engine *e = &out->engines[out->n_engines];

    e->rules = s->books[book].rules;
    e->options = (struct engine_options){.no_routing = c->no_routing,
                                         .no_cache = c->no_cache,
                                         .lists = s->books[book].list_view,
                                         .extract = out->extract[input],
                                         .inputs = out->inputs,
                                         .fields = out->graph->fields,
                                         .n_fields = out->graph->n_fields};
    /* Profiles of the first book: those of the others have the same texts. */
    TRY(engine_new(e->rules, out->n_rules, out->profiles, &e->options, &e->engine, err));
    s->book_of_engine[out->n_engines++] = book;
    return WEIR_OK;
}

/* An engine for each book and way to extract that meet. */
static enum weir_rc make_engines(struct loaded_set *s, const struct config *c,
                                 const struct tenants *tenants, struct ruleset *out,
                                 struct weir_err *err)
{
    size_t n = tenants->n * c->n_inputs;
    uint32_t *engine_of = ARENA_ARRAY(s->arena, n, uint32_t);

    out->engines = ARENA_ARRAY(s->arena, n, struct ruleset_engine);
    out->engine_of = engine_of;
    s->book_of_engine = ARENA_ARRAY(s->arena, n, uint32_t);
    for (size_t i = 0; i < n; i++) {
        size_t t = i / c->n_inputs, in = i % c->n_inputs, k = 0;
        engine_of[i] = UINT32_MAX;
        if (!is_possible(&c->inputs[in], tenants->items[t]))
            continue;
        while (k < i &&
               (engine_of[k] == UINT32_MAX || s->book_of[k / c->n_inputs] != s->book_of[t] ||
                !same_extraction(&c->inputs[k % c->n_inputs], &c->inputs[in])))
            k++;
        engine_of[i] = k < i ? engine_of[k] : (uint32_t)out->n_engines;
        if (k == i)
            TRY(make_engine(s, c, s->book_of[t], in, out, err));
    }
    return WEIR_OK;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/* Without tenants, labels, pinned profiles and places: the name that other commands show. */
static struct str name_of(struct loaded_set *s, struct arena *a, const struct config *c,
                          const struct tenants *tenants, bool is_compiled)
{
    struct buf text = {0};
    char hex[DIGEST_TEXT];

    for (size_t i = 1; i < s->n_books; i++)
        pack_str(&text, is_compiled ? s->books[i].compiled_generation : s->books[i].generation);
    for (size_t t = 0; t < tenants->n; t++)
        if (tenants->items[t])
            pack_str(&text, tenants->items[t]->name);
    for (size_t i = 0; i < c->n_inputs; i++) {
        const struct config_input *in = &c->inputs[i];
        if (in->profile.n)
            pack_str(&text, in->profile);
        for (size_t k = 0; k < in->n_labels; k++) {
            pack_str(&text, in->labels[k].name);
            pack_str(&text, in->labels[k].value);
        }
    }
    if (s->books[0].geoip)
        pack_u64(&text, geoip_built_s(s->books[0].geoip));
    struct str name = is_compiled ? s->books[0].compiled_generation : s->books[0].generation;
    if (text.n) {
        struct digest *digest = digest_new();
        pack_str(&text, name);
        digest_sha256_hex(digest, buf_str(&text), hex);
        digest_free(digest);
        name = (struct str){hex, GENERATION_DIGITS};
    }
    buf_release(&text);
    return arena_str(a, name);
}

/* ---- lists --------------------------------------------------------------------------------- */

/* The lists of the books go to the set: the book can do without them. `like` (the set in force, or
 * the books themselves) says how their slots are numbered. */
static enum weir_rc take_lists(struct loaded_set *s, struct loaded_set *like, struct ruleset *out,
                               struct weir_err *err)
{
    struct arena *a = arena_new(0);
    struct lists_book *l = ARENA_NEW(a, struct lists_book);

    l->arena = a;
    l->n = s->n_books;
    out->lists_book = l;
    for (size_t i = 0; i < s->n_books; i++) {
        struct rule_book *b = &s->books[i];
        l->lists[i] = b->lists_arena;
        b->lists_arena = NULL;
        l->views[i] = b->list_view;
        if (like != s)
            TRY(list_view_renumber(a, b->list_view, b->lists, like->books[i].slots,
                                   like->books[i].n_slots, &l->views[i], err));
        b->list_view = NULL;
        b->lists = NULL;
    }
    const struct list_view **by_tenant = ARENA_ARRAY(a, out->n_tenants, const struct list_view *);
    const struct list_view **by_engine = ARENA_ARRAY(a, out->n_engines, const struct list_view *);
    for (size_t t = 0; t < out->n_tenants; t++)
        by_tenant[t] = l->views[like->book_of[t]];
    for (size_t i = 0; i < out->n_engines; i++)
        by_engine[i] = l->views[like->book_of_engine[i]];
    out->lists = by_tenant;
    out->engine_lists = by_engine;
    return WEIR_OK;
}

static void free_lists(struct lists_book *l)
{
    if (!l)
        return;
    for (size_t i = 0; i < l->n; i++)
        if (l->lists[i])
            arena_free(l->lists[i]);
    arena_free(l->arena);
}

static void note_ends(struct loaded_set *s, struct ruleset *out)
{
    const struct overlay_set *overlays = s->books[0].overlays;
    size_t n = overlays ? overlay_entry_count(overlays) : 0;
    struct ruleset_end *ends = ARENA_ARRAY(s->arena, n, struct ruleset_end);

    for (size_t i = 0; i < n; i++) {
        const struct overlay_entry *e = overlay_entry_at(overlays, i);
        if (e->expires_ms != OVERLAY_NEVER)
            ends[out->n_ends++] = (struct ruleset_end){.overlay = e->overlay,
                                                       .target = e->uid,
                                                       .reason = e->reason,
                                                       .path = e->path,
                                                       .line = e->line,
                                                       .expires_ms = e->expires_ms,
                                                       .is_exclusion = e->excludes != NULL};
    }
    out->ends = ends;
}

/* The rest of a set whose books are read. */
static enum weir_rc compile(struct loaded_set *s, const struct config *c,
                            const struct tenants *tenants, struct ruleset *out,
                            struct weir_err *err)
{
    out->rules = s->books[s->book_of[0]].rules;
    out->n_rules = s->books[0].n_rules;
    out->profiles = s->books[0].profiles;
    note_ends(s, out);
    TRY(make_graph(s, c, tenants, out, err));
    TRY(describe_inputs(s, c, out, err));
    TRY(make_engines(s, c, tenants, out, err));
    out->generation = name_of(s, s->arena, c, tenants, false);
    return take_lists(s, s, out, err);
}

/* Rules, graph and engines of the set in force with other lists. */
static enum weir_rc share(struct loaded_set *s, const struct config *c,
                          const struct tenants *tenants, const struct ruleset *in_force,
                          struct ruleset *out, struct weir_err *err)
{
    struct loaded_set *shared = in_force->book;

    *out = *in_force;
    out->lists_book = NULL;
    out->book = s; /* so far: what is thrown away if it fails */
    enum weir_rc rc = take_lists(s, shared, out, err);
    if (rc == WEIR_OK) {
        out->generation =
            name_of(s, ((struct lists_book *)out->lists_book)->arena, c, tenants, false);
        atomic_fetch_add_explicit(&shared->n_sets, 1, memory_order_relaxed);
        out->book = shared;
    } else {
        out->n_engines = 0; /* they are not ours */
    }
    return rc;
}

static void free_book(struct loaded_set *s)
{
    for (size_t i = 0; i < s->n_books; i++) {
        rule_book_release(&s->books[i]);
        rule_options_release(&s->options[i]);
    }
    arena_free(s->arena); /* with the set itself */
}

static enum weir_rc load(struct loaded_set *s, const struct config *c,
                         const struct ruleset *in_force, struct ruleset *out, struct weir_err *err)
{
    struct tenants tenants = {0};

    find_tenants(c, &tenants);
    TRY(load_books(s, c, &tenants, err));
    s->compiled_generation = name_of(s, s->arena, c, &tenants, true);
    const struct loaded_set *old = in_force ? in_force->book : NULL;
    if (!old || !str_eq(old->compiled_generation, s->compiled_generation))
        return compile(s, c, &tenants, out, err);
    TRY(share(s, c, &tenants, in_force, out, err));
    free_book(s); /* what was read again is in force */
    return WEIR_OK;
}

/* Without state nothing is counted or folded: rules that want it are named. */
static enum weir_rc refuse_state(const struct ruleset *set, struct weir_err *err)
{
    for (size_t i = 0; i < set->n_rules; i++) {
        const struct rule *rule = set->rules[i];
        const struct rule_state *s = rule->state;
        bool wants_dedup = s && s->dedup.is_set && !s->dedup.is_off;
        if (!rule->correlation && !wants_dedup && !(s && s->has_emit))
            continue;
        err_set(err, WEIR_UNSUPPORTED,
                "rule %.*s needs state (%s): give state.url a Redis, or leave the rule out",
                (int)rule->uid.n, rule->uid.p, rule->correlation ? "a correlation" : "dedup");
        err_file(err, rule->path);
        return WEIR_UNSUPPORTED;
    }
    return WEIR_OK;
}

void ruleset_unload(UNUSED void *context, struct ruleset *r)
{
    struct loaded_set *s = r->book;

    free_lists(r->lists_book);
    /* acq_rel: the last one sees what the others have done to it */
    if (atomic_fetch_sub_explicit(&s->n_sets, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < r->n_engines; i++)
        engine_free(r->engines[i].engine);
    free_book(s);
}

enum weir_rc ruleset_load(void *context, const struct ruleset *in_force, struct ruleset *out,
                          struct weir_err *err)
{
    const struct ruleset_source *source = context;
    struct arena *arena = arena_new(0);
    struct loaded_set *s = ARENA_NEW(arena, struct loaded_set);

    s->arena = arena;
    atomic_init(&s->n_sets, 1);
    *out = (struct ruleset){.book = s};
    enum weir_rc rc = load(s, source->config, in_force, out, err);
    if (rc == WEIR_OK && str_eq(source->config->state, STR("none")))
        rc = refuse_state(out, err);
    if (rc != WEIR_OK)
        ruleset_unload(context, out);
    return rc;
}
