/* rules.c - the rules of a command: profiles, lists and overlays first (rules refer to them), then
 * every rule file in order, what overlays set, and the selection over what loaded. */
#include "app/rules.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/uid.h"
#include "app/files.h"
#include "app/measure.h"
#include "base/pack.h"
#include "base/str.h"
#include "correlate/addends.h"
#include "list/list.h"
#include "rule/correlation.h"

enum {
    GENERATION_DIGITS = 16,
    RULES_BLOCK = 1024 * 1024,
    KNOWN_SHOWN = 320, /* bytes of names in an error about one */
    PIPELINE_FILE_MAX = 4 * 1024 * 1024,
    HALVES_MIN = 64 /* files from which a second thread is worth its start */
};

struct flag rule_path_flag(struct rule_options *o)
{
    return (struct flag){"rules",
                         'r',
                         FLAG_TEXTS,
                         "PATH",
                         "rule file or directory; may repeat, -r may be left out",
                         .to.texts = &o->paths};
}

size_t rule_flags(struct rule_options *o, struct flag out[RULE_FLAGS_MAX])
{
    struct select_terms *only = &o->select.only, *except = &o->select.except;
    const struct flag flags[] = {
        {"level", 0, FLAG_TEXTS, "NAME|LIST", "this level and above; a list: exactly those",
         .to.texts = &only->level},
        {"status", 0, FLAG_TEXTS, "LIST",
         "stable, test, experimental, deprecated, unsupported, none", .to.texts = &only->status},
        {"tag", 0, FLAG_TEXTS, "GLOB", "rules with a tag like attack.t1528 or attack.t15*",
         .to.texts = &only->tag},
        {"product", 0, FLAG_TEXTS, "LIST", "rules for these products (none: without one)",
         .to.texts = &only->product},
        {"id", 0, FLAG_TEXTS, "GLOB", "rules with this id", .to.texts = &only->id},
        {"path", 0, FLAG_TEXTS, "GLOB", "rules from files like this", .to.texts = &only->path},
        {"except-level", 0, FLAG_TEXTS, "LIST", "leave out exactly these levels",
         .to.texts = &except->level},
        {"except-status", 0, FLAG_TEXTS, "LIST", "leave out ...", .to.texts = &except->status},
        {"except-tag", 0, FLAG_TEXTS, "GLOB", "leave out ...", .to.texts = &except->tag},
        {"except-product", 0, FLAG_TEXTS, "LIST", "leave out ...", .to.texts = &except->product},
        {"except-id", 0, FLAG_TEXTS, "GLOB", "leave out ...", .to.texts = &except->id},
        {"except-path", 0, FLAG_TEXTS, "GLOB", "leave out ...", .to.texts = &except->path},
        {"list", 0, FLAG_TEXTS, "NAME=FILE[:COLUMN]", "a list that rules name (%NAME%)",
         .to.texts = &o->lists},
        {"lists", 0, FLAG_TEXTS, "DIR", "all lists in a directory", .to.texts = &o->list_dirs},
        {"overlays", 0, FLAG_TEXTS, "DIR|FILE", "your changes to rules (docs/overlays.md)",
         .to.texts = &o->overlays},
        {"pipeline", 0, FLAG_TEXTS, "FILE",
         "a pySigma pipeline: other names for fields ... (docs/pipelines.md)",
         .to.texts = &o->pipelines},
        {"profiles", 0, FLAG_TEXT, "DIR", "source profiles of your own",
         .to.text = &o->profiles_dir},
        {"geoip", 0, FLAG_TEXT, "FILE", "GeoIP database (MMDB) for rules about places",
         .to.text = &o->geoip_file, .is_in_environment = true},
        {"set", 0, FLAG_TEXTS, "FIELD=VALUE", "a constant field of every event",
         .to.texts = &o->set},
        {"skip-bad-rules", 0, FLAG_SWITCH, NULL, "go on without the rules that do not load",
         .to.on = &o->skip_bad},
        {"no-routing", 0, FLAG_SWITCH, NULL, "every rule sees every event, whatever its source",
         .to.on = &o->no_routing},
        {"filters-exclude", 0, FLAG_SWITCH, NULL,
         "Sigma filters exclude what they describe (default: they are AND-ed as written)",
         .to.on = &o->filters_exclude},
    };

    _Static_assert(ARRAY_LEN(flags) <= RULE_FLAGS_MAX, "room for all options about rules");
    memcpy(out, flags, sizeof flags);
    return ARRAY_LEN(flags);
}

void rule_options_release(struct rule_options *o)
{
    text_list_release(&o->paths);
    text_list_release(&o->lists);
    text_list_release(&o->list_dirs);
    text_list_release(&o->overlays);
    text_list_release(&o->pipelines);
    text_list_release(&o->set);
    select_release(&o->select);
}

/* "NAME=VALUE" with a name. */
static enum weir_rc cut_setting(const char *flag, struct str text, struct str *name,
                                struct str *value, struct weir_err *err)
{
    if (!str_cut(text, '=', name, value) || name->n == 0)
        return err_set(err, WEIR_BADARG, "--%s: '%.*s' is not NAME=VALUE", flag, (int)text.n,
                       text.p);
    return WEIR_OK;
}

static enum weir_rc load_constants(const struct rule_options *o, struct rule_book *b,
                                   struct weir_err *err)
{
    b->constants = ARENA_ARRAY(b->arena, o->set.n, struct constant_field);
    for (size_t i = 0; i < o->set.n; i++) {
        struct constant_field *c = &b->constants[b->n_constants++];
        TRY(cut_setting("set", o->set.items[i], &c->name, &c->value, err));
    }
    return WEIR_OK;
}

/* A query is a rule document, or only its detection: `--query '{sel: {Image|endswith: x},
 * condition: sel}'`, or only one selection of it. What is missing is put around it. */
struct wrapped_query {
    struct str document;
    uint32_t lines, cols; /* that stand before the query's own text */
};

static struct wrapped_query wrap_query(struct arena *a, struct str query)
{
    struct buf text = {0};
    struct str line, rest = query;
    bool is_rule = str_find(query, STR("detection:"), 0) != SIZE_MAX;
    bool has_condition = str_find(query, STR("condition"), 0) != SIZE_MAX;

    if (is_rule)
        return (struct wrapped_query){query, 0, 0};
    struct wrapped_query out = {.lines = has_condition ? 4 : 6, .cols = has_condition ? 8 : 12};
    buf_add(&text, STR("title: query\nid: query\nlogsource: {}\ndetection:\n"));
    if (!has_condition)
        buf_add(&text, STR("    condition: query\n    query:\n"));
    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        buf_printf(&text, "%*s", (int)out.cols, "");
        buf_add(&text, line);
        buf_add_char(&text, '\n');
    }
    out.document = arena_str(a, buf_str(&text));
    buf_release(&text);
    return out;
}

/* Messages name places in the document: bring them back to the text that somebody typed. */
static void unwrap_places(struct arena *a, const struct wrapped_query *query,
                          struct loaded_rules *loaded)
{
    for (size_t i = 0; i < loaded->n_verdicts; i++) {
        struct verdict *v = &loaded->verdicts[i];
        struct verdict_message *messages = ARENA_ARRAY(a, v->n_messages, struct verdict_message);
        for (size_t k = 0; k < v->n_messages; k++) {
            struct verdict_message *m = &messages[k];
            *m = v->messages[k];
            m->line = m->line > query->lines ? m->line - query->lines : 1;
            m->col = m->col > query->cols ? m->col - query->cols : m->col > 0;
        }
        v->messages = messages;
    }
}

static bool is_rule_path(struct str path)
{
    return lang_is_rule_path(path);
}

static bool is_named(const struct rule_options *o, struct str path)
{
    for (size_t i = 0; i < o->paths.n; i++)
        if (str_eq(o->paths.items[i], path))
            return true;
    return false;
}

static enum weir_rc add_file(const struct rule_options *o, struct rule_loader *loader,
                             struct arena *scratch, struct str path, struct weir_err *err)
{
    struct str text;
    enum weir_rc rc = file_read(scratch, path, LANG_FILE_MAX, &text, err);

    if (rc == WEIR_LIMIT) { /* one file more that is bad, no reason to stop */
        rule_loader_refuse(loader, path, err->text);
        return WEIR_OK;
    }
    TRY(rc);
    if (is_named(o, path))
        rule_loader_add(loader, path, text);
    else
        rule_loader_add_found(loader, path, text);
    return WEIR_OK;
}

/* A run of files and what loads them. */
struct share {
    const struct rule_options *options;
    const struct str *files;
    size_t n;
    struct rule_loader *loader;
    enum weir_rc rc;
    struct weir_err err;
};

static void *load_share(void *context)
{
    struct share *s = context;
    struct arena *scratch = arena_new(0);

    for (size_t i = 0; i < s->n && s->rc == WEIR_OK; i++) {
        arena_reset(scratch);
        s->rc = add_file(s->options, s->loader, scratch, s->files[i], &s->err);
    }
    arena_free(scratch);
    return NULL;
}

/* The second half in a thread of its own, with its own loader and arena: parsing is most of the
 * time that loading takes, and files know nothing of each other before the loader's end. */
static void load_halves(struct share *first, const struct list_source *lists,
                        const struct lang_options *options)
{
    pthread_t thread;
    size_t half = first->n / 2;
    struct share second = {.options = first->options,
                           .files = first->files + half,
                           .n = first->n - half,
                           .loader = rule_loader_new(arena_new(RULES_BLOCK), lists, options)};
    bool has_thread = pthread_create(&thread, NULL, load_share, &second) == 0;

    first->n = half;
    load_share(first);
    if (has_thread)
        ASSERT(pthread_join(thread, NULL) == 0);
    else if (first->rc == WEIR_OK)
        load_share(&second);
    rule_loader_join(first->loader, second.loader);
    if (first->rc == WEIR_OK && second.rc != WEIR_OK) {
        first->rc = second.rc;
        first->err = second.err;
    }
}

static enum weir_rc add_files(struct rule_book *b, const struct rule_options *o,
                              struct rule_loader *loader, const struct list_source *lists,
                              const struct lang_options *options, struct weir_err *err)
{
    static const struct files_request request = {
        is_rule_path,
        "rule files (.yml, .yaml, .toml, .eql, .kql, .cql, .logscale, .spl, .esql, .lucene)", false,
        true};
    struct text_list files = {0};
    enum weir_rc rc = files_collect(b->arena, &o->paths, &request, &files, err);

    if (rc == WEIR_OK) {
        struct share all = {.options = o, .files = files.items, .n = files.n, .loader = loader};
        if (files.n >= HALVES_MIN)
            load_halves(&all, lists, options);
        else
            load_share(&all);
        rc = all.rc;
        if (rc != WEIR_OK)
            *err = all.err;
    }
    text_list_release(&files);
    return rc;
}

static enum weir_rc open_geoip(struct rule_book *b, const struct rule_options *o,
                               struct weir_err *err)
{
    if (!o->geoip_file.n)
        return WEIR_OK;
    TRY(geoip_open(arena_printf(b->arena, "%.*s", (int)o->geoip_file.n, o->geoip_file.p).p,
                   &b->geoip, err));
    struct geo_source *geo = ARENA_NEW(b->arena, struct geo_source);
    *geo = geoip_source(b->geoip);
    b->geo = geo;
    return WEIR_OK;
}

static struct lang_options loader_options(const struct rule_book *b, const struct rule_options *o)
{
    struct str *names = ARENA_ARRAY(b->arena, b->n_constants, struct str);

    for (size_t i = 0; i < b->n_constants; i++)
        names[i] = b->constants[i].name;
    return (struct lang_options){.sigma_filters_exclude = o->filters_exclude,
                                 /* Without routing a rule's sources say nothing. */
                                 .profiles = o->no_routing ? NULL : b->profiles,
                                 .constants = {names, b->n_constants},
                                 .lists_of = b->overlays ? overlay_lists_of : NULL,
                                 .lists_of_context = b->overlays,
                                 .geo = b->geo,
                                 .pipelines = b->pipelines};
}

static enum weir_rc load_rules(struct rule_book *b, const struct rule_options *o,
                               const struct list_source *lists, struct weir_err *err)
{
    struct lang_options options = loader_options(b, o);
    struct rule_loader *loader = rule_loader_new(b->arena, lists, &options);
    struct wrapped_query query = {0};
    enum weir_rc rc = WEIR_OK;

    if (o->query.p && !str_eq(o->query_language, STR("sigma"))) {
        rule_loader_add_as(loader, STR("query"), o->query_language, o->query);
    } else if (o->query.p) {
        query = wrap_query(b->arena, o->query);
        rule_loader_add(loader, STR("query"), query.document);
    } else {
        rc = add_files(b, o, loader, lists, &options, err);
    }
    /* Also after a failure: the loader's scratch memory goes only here. */
    rule_loader_finish(loader, &b->loaded);
    if (query.lines)
        unwrap_places(b->arena, &query, &b->loaded);
    return rc;
}

/* What `rule` listens to takes part whether it is selected or not, but then nobody is told of it
 * alone (so a risk, which hears what is told, pulls in nothing). Depth is bounded by
 * CORRELATION_DEPTH_MAX. */
static void pull_in(struct rule_book *b, const struct rule *rule, bool *is_taken)
{
    const struct correlation *c = rule->correlation;

    if (!c || c->kind == OPERATOR_RISK)
        return;
    for (size_t k = 0; k < c->n_inputs; k++) {
        const struct rule *input = c->inputs[k].rule;
        for (size_t i = 0; i < b->loaded.n_verdicts; i++) {
            if (b->loaded.verdicts[i].rule != input || is_taken[i])
                continue;
            is_taken[i] = true;
            if (b->loaded.verdicts[i].rule->channel != CHANNEL_OFF)
                b->loaded.verdicts[i].rule->channel = CHANNEL_INTERNAL;
            pull_in(b, input, is_taken);
        }
    }
}

/* The rule, and before it what was made for it alone, which is off where the rule is. */
static void take_rule(struct rule_book *b, struct rule *rule)
{
    const struct correlation *c = rule->correlation;

    for (size_t i = 0; c && i < c->n_inputs; i++) {
        struct rule *part = c->inputs[i].rule;
        if (!part || !part->is_part)
            continue;
        if (rule->channel == CHANNEL_OFF)
            part->channel = CHANNEL_OFF;
        b->rules[b->n_rules++] = part;
    }
    b->rules[b->n_rules++] = rule;
}

static void select_rules(struct rule_book *b, const struct rule_options *o)
{
    bool *is_taken = ARENA_ARRAY(b->arena, b->loaded.n_verdicts, bool);

    b->is_selected = ARENA_ARRAY(b->arena, b->loaded.n_verdicts, bool);
    b->rules = ARENA_ARRAY(b->arena, b->loaded.n_rules, struct rule *);
    for (size_t i = 0; i < b->loaded.n_verdicts; i++) {
        const struct verdict *v = &b->loaded.verdicts[i];
        bool is_bad = verdict_is_bad(v->status);
        b->is_selected[i] = v->rule ? select_rule(&o->select, v->rule)
                                    : select_document(&o->select, v->uid, v->path);
        is_taken[i] = b->is_selected[i] && v->rule &&
                      !(v->rule->is_display && v->rule->channel == CHANNEL_OFF);
        if (b->is_selected[i] && is_bad)
            b->n_bad++;
        else if (b->is_selected[i] && v->status == VERDICT_SKIPPED)
            b->n_skipped++;
    }
    for (size_t i = 0; i < b->loaded.n_verdicts; i++)
        if (is_taken[i] && b->is_selected[i])
            pull_in(b, b->loaded.verdicts[i].rule, is_taken);
    for (size_t i = 0; i < b->loaded.n_verdicts; i++)
        if (is_taken[i])
            take_rule(b, b->loaded.verdicts[i].rule);
}

static void add_digest(struct buf *out, struct digest *digest, const char *what, struct str text)
{
    char hex[DIGEST_TEXT];

    digest_sha256_hex(digest, text, hex);
    buf_printf(out, "%s %s\n", what, hex);
}

/* Of an array that may be long: its bytes are hashed where they lie. */
static void add_array(struct buf *out, struct digest *digest, const void *p, size_t n)
{
    add_digest(out, digest, "part", p ? (struct str){p, n} : STR(""));
}

/* Entries as they count, so that comments and the file's place do not. */
static void describe_list(const struct list *list, struct digest *digest, struct buf *out)
{
    size_t cells = list->n_entries * (1 + list->copied.n);

    pack_str(out, list->name);
    pack_u8(out, (uint8_t)list->mode);
    pack_u8(out, (uint8_t)list->type);
    for (size_t i = 0; i < list->copied.n; i++)
        pack_str(out, list->copied.items[i]);
    add_array(out, digest, list->text, cells ? list->ends[cells - 1] : 0);
    add_array(out, digest, list->ends, cells * sizeof *list->ends);
    add_array(out, digest, list->points, list->n_entries * sizeof *list->points);
    add_array(out, digest, list->expires, list->n_entries * sizeof *list->expires);
}

/* A line for each list; of the compiled ones alone, or of all. */
static struct str list_lines(struct rule_book *b, bool only_compiled)
{
    const struct list_set *set = b->lists;
    struct buf lines = {0}, text = {0};
    struct digest *digest = digest_new();

    for (size_t i = 0; i < list_count(set); i++) {
        const struct list *list = list_at(set, i);
        if (only_compiled && !list_is_copied(set, i) && !addends_use(b->score_lists, list->name))
            continue;
        buf_clear(&text);
        describe_list(list, digest, &text);
        add_digest(&lines, digest, "list", buf_str(&text));
    }
    struct str out = arena_str(b->arena, buf_str(&lines));
    digest_free(digest);
    buf_release(&text);
    buf_release(&lines);
    return out;
}

/* The same rules, overlays, lists and profiles in the same order have the same name, wherever they
 * were loaded. */
static struct str generation_of(struct rule_book *b, struct str lists)
{
    char hex[DIGEST_TEXT];
    struct buf texts = {0};
    struct digest *digest = digest_new();
    struct str_list profiles = profile_set_texts(b->profiles);

    for (size_t i = 0; i < b->n_rules; i++)
        buf_printf(&texts, "%.*s %s\n", (int)b->rules[i]->uid.n, b->rules[i]->uid.p,
                   b->rules[i]->sha256);
    buf_add(&texts, b->overlays_sha256);
    buf_add(&texts, b->pipeline_texts);
    buf_add(&texts, lists);
    for (size_t i = 0; i < profiles.n; i++)
        add_digest(&texts, digest, "profile", profiles.items[i]);
    digest_sha256_hex(digest, buf_str(&texts), hex);
    digest_free(digest);
    buf_release(&texts);
    return arena_str(b->arena, (struct str){hex, GENERATION_DIGITS});
}

/* Which lists rules copy is known when all are read. */
static void name_generations(struct rule_book *b)
{
    b->lists_sha256 = list_lines(b, false);
    b->generation = generation_of(b, b->lists_sha256);
    b->compiled_generation = generation_of(b, list_lines(b, true));
}

/* Directories before single files: what is named by itself wins. */
static enum weir_rc load_lists(const struct rule_options *o, struct list_set *set,
                               struct weir_err *err)
{
    for (size_t i = 0; i < o->list_dirs.n; i++)
        TRY(list_set_add_dir(set, o->list_dirs.items[i], err));
    for (size_t i = 0; i < o->lists.n; i++)
        TRY(list_set_add_argument(set, o->lists.items[i], err));
    return WEIR_OK;
}

static enum weir_rc read_overlay(struct rule_book *b, struct str path, struct arena *scratch,
                                 struct buf *digests, struct weir_err *err)
{
    char hex[DIGEST_TEXT];
    struct digest *digest;
    struct str text;

    TRY(file_read(scratch, path, OVERLAY_FILE_MAX, &text, err));
    overlay_set_add(b->overlays, path, text);
    digest = digest_new();
    digest_sha256_hex(digest, text, hex);
    digest_free(digest);
    buf_printf(digests, "overlay %s\n", hex);
    return WEIR_OK;
}

static bool is_overlay_path(struct str path)
{
    return lang_is_rule_path(path) && !str_ends(path, STR(".eql"));
}

/* What stands in them is judged later, when the rules are there. */
static enum weir_rc load_overlays(const struct rule_options *o, struct rule_book *b,
                                  const struct list_source *lists, struct weir_err *err)
{
    static const struct files_request request = {is_overlay_path, "overlays (.yml, .yaml)", false,
                                                 true};
    struct text_list files = {0};
    struct buf digests = {0};

    if (o->overlays.n == 0)
        return WEIR_OK;
    b->overlays = overlay_set_new(b->arena, lists);
    enum weir_rc rc = files_collect(b->arena, &o->overlays, &request, &files, err);
    struct arena *scratch = arena_new(0);
    struct str *paths = ARENA_ARRAY(b->arena, files.n, struct str);
    b->overlay_paths.items = paths;
    for (size_t i = 0; i < files.n && rc == WEIR_OK; i++) {
        paths[b->overlay_paths.n++] = files.items[i];
        arena_reset(scratch);
        rc = read_overlay(b, files.items[i], scratch, &digests, err);
    }
    b->overlays_sha256 = arena_str(b->arena, buf_str(&digests));
    arena_free(scratch);
    buf_release(&digests);
    text_list_release(&files);
    return rc;
}

/* Each file by itself: what is wrong with one is told before any rule is read. */
static enum weir_rc load_pipelines(const struct rule_options *o, struct rule_book *b,
                                   struct weir_err *err)
{
    struct pipeline_file *files = ARENA_ARRAY(b->arena, o->pipelines.n, struct pipeline_file);
    struct buf names = {0};
    enum weir_rc rc = WEIR_OK;

    for (size_t i = 0; i < o->pipelines.n && rc == WEIR_OK; i++) {
        files[i].path = o->pipelines.items[i];
        rc = file_read(b->arena, files[i].path, PIPELINE_FILE_MAX, &files[i].text, err);
        buf_printf(&names, "pipeline %zu\n", files[i].text.n);
        buf_add(&names, files[i].text);
    }
    if (rc == WEIR_OK && o->pipelines.n)
        rc = sigma_pipelines_read(b->arena, files, o->pipelines.n, &b->pipelines, err);
    b->pipeline_texts = arena_str(b->arena, buf_str(&names));
    buf_release(&names);
    return rc;
}

static bool holds(struct str_list names, struct str name)
{
    for (size_t i = 0; i < names.n; i++)
        if (str_eq(names.items[i], name))
            return true;
    return false;
}

/* The lists by which rules weigh values, each once. */
static struct str_list weighing_lists(struct rule_book *b)
{
    const struct loaded_rules *l = &b->loaded;
    struct str *items = ARENA_ARRAY(b->arena, l->n_rules * RULE_WEIGHTS_MAX, struct str);
    struct str_list out = {items, 0};

    for (size_t i = 0; i < l->n_rules; i++)
        for (size_t k = 0; k < l->rules[i]->n_parameters; k++) {
            const struct rule_parameter *p = &l->rules[i]->parameters[k];
            if (p->weighs.n && !holds(out, p->list))
                items[out.n++] = p->list;
        }
    return out;
}

static enum weir_rc load(const struct rule_options *o, struct rule_book *b, struct weir_err *err)
{
    b->lists_arena = arena_new(0);
    b->lists = list_set_new(b->lists_arena);
    TRY(select_check(&o->select, err));
    TRY(load_constants(o, b, err));
    TRY(profile_set_load(b->arena, o->profiles_dir, &b->profiles, err));
    TRY(load_lists(o, b->lists, err));
    b->slots_arena = arena_new(0);
    struct list_source lists = list_set_source(b->lists, b->slots_arena);
    TRY(load_overlays(o, b, &lists, err));
    if (b->overlays)
        overlay_set_settle(b->overlays);
    TRY(load_pipelines(o, b, err));
    TRY(open_geoip(b, o, err));
    TRY(load_rules(b, o, &lists, err));
    if (b->overlays)
        overlay_set_apply(b->overlays, &b->loaded, wall_clock_ms());
    select_rules(b, o);
    TRY(addends_new(b->arena, b->lists, weighing_lists(b), &b->score_lists, err));
    name_generations(b);
    b->n_slots = list_slot_count(b->lists);
    b->slots = ARENA_ARRAY(b->arena, b->n_slots, const struct list_slot *);
    for (size_t i = 0; i < b->n_slots; i++)
        b->slots[i] = list_slot_at(b->lists, i);
    return list_view_new(b->lists_arena, b->lists, &b->list_view, err);
}

enum weir_rc rule_book_load(const struct rule_options *o, struct rule_book *out,
                            struct weir_err *err)
{
    double start = now_seconds();

    *out = (struct rule_book){.arena = arena_new(RULES_BLOCK)};
    enum weir_rc rc = load(o, out, err);
    if (rc != WEIR_OK)
        rule_book_release(out);
    out->load_seconds = now_seconds() - start;
    return rc;
}

void rule_book_release(struct rule_book *b)
{
    if (b->lists_arena)
        arena_free(b->lists_arena);
    if (b->slots_arena)
        arena_free(b->slots_arena);
    if (b->arena)
        arena_free(b->arena);
    geoip_close(b->geoip);
    *b = (struct rule_book){0};
}

static void print_messages(const struct verdict *v, bool wants_all)
{
    struct buf raw = {0}, line = {0};

    for (size_t i = 0; i < v->n_messages; i++) {
        if (!v->messages[i].is_error && !wants_all)
            continue;
        buf_clear(&raw);
        buf_clear(&line);
        verdict_message_format(&raw, v, &v->messages[i]);
        add_printable(&line, buf_str(&raw));
        buf_add_char(&line, '\n');
        tell(&line);
    }
    buf_release(&raw);
    buf_release(&line);
}

void rule_book_print_errors(const struct verdict *v)
{
    print_messages(v, false);
}

enum exit_code rule_book_report_empty(const struct rule_book *b)
{
    if (b->n_bad)
        note("no rule is left");
    else if (b->loaded.n_rules)
        note("error: the selection leaves no rule (%zu loaded)", b->loaded.n_rules);
    else if (!b->n_skipped)
        note("error: no rule: a filter alone finds nothing");
    else
        note("error: no rule: %zu YAML documents, but none has a 'detection'", b->n_skipped);
    return b->n_bad ? EXIT_RULES : EXIT_WORLD;
}

enum exit_code rule_book_report_overlays(const struct rule_book *b)
{
    size_t n = b->overlays ? overlay_fault_count(b->overlays) : 0;
    struct weir_err err;

    for (size_t i = 0; i < n; i++) {
        overlay_fault(b->overlays, i, &err);
        complain(&err);
    }
    return n ? EXIT_RULES : EXIT_FINE;
}

enum exit_code rule_book_report(const struct rule_book *b, const struct rule_options *o)
{
    if (rule_book_report_overlays(b) != EXIT_FINE)
        return EXIT_RULES;
    /* Nobody has put a query through `weir check`: what is doubtful about it is told, too. Sigma's
     * doubts are mostly about what such a query has not: an id, a log source. */
    bool wants_all = o->query.p && !str_eq(o->query_language, STR("sigma"));
    for (size_t i = 0; i < b->loaded.n_verdicts; i++)
        if (b->is_selected[i] && (wants_all || verdict_is_bad(b->loaded.verdicts[i].status)))
            print_messages(&b->loaded.verdicts[i], wants_all);
    if (b->n_bad && o->query.p)
        return EXIT_RULES;
    if (b->n_bad && !o->skip_bad) {
        note("rules that do not load: %zu (--skip-bad-rules goes on without them)", b->n_bad);
        return EXIT_RULES;
    }
    if (b->n_bad)
        note("rules that do not load: %zu, skipped; rules in use: %zu", b->n_bad, b->n_rules);
    if (b->n_rules == 0)
        return rule_book_report_empty(b);
    if (b->n_skipped)
        note("documents that are no rules: %zu, skipped ('weir check' names them)", b->n_skipped);
    return EXIT_FINE;
}

static enum weir_rc unknown_profile(const struct profile_set *set, struct str name,
                                    struct weir_err *err)
{
    struct str names[PROFILES_MAX];
    struct buf all = {0};
    uint32_t n = profile_count(set);

    for (uint32_t i = 0; i < n; i++) {
        names[i] = profile_name(profile_at(set, i));
        if (all.n < KNOWN_SHOWN)
            buf_printf(&all, "%s%.*s", i ? ", " : "", (int)names[i].n, names[i].p);
        else if (i + 1 == n)
            buf_add(&all, STR(" ..."));
    }
    struct str near = str_nearest(name, names, n);
    if (near.n)
        err_set(err, WEIR_BADARG, "unknown profile '%.*s' (did you mean '%.*s'?)", (int)name.n,
                name.p, (int)near.n, near.p);
    else
        err_set(err, WEIR_BADARG, "unknown profile '%.*s'; known: %.*s", (int)name.n, name.p,
                (int)all.n, all.p);
    buf_release(&all);
    return WEIR_BADARG;
}

enum weir_rc rule_profile(const struct profile_set *set, struct str name,
                          const struct profile **out, struct weir_err *err)
{
    *out = profile_find(set, name);
    return *out ? WEIR_OK : unknown_profile(set, name, err);
}

enum weir_rc rule_book_engine_options(const struct rule_book *b, const struct rule_options *o,
                                      struct str profile, struct engine_options *out,
                                      struct weir_err *err)
{
    *out = (struct engine_options){.no_routing = o->no_routing, .lists = b->list_view};
    out->extract.constants = b->constants;
    out->extract.n_constants = b->n_constants;
    return profile.n ? rule_profile(b->profiles, profile, &out->extract.pinned, err) : WEIR_OK;
}
