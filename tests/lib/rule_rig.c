/* rule_rig.c - see rule_rig.h. */
#include "tests/lib/rule_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"

static void must(enum weir_rc rc, const struct weir_err *err)
{
    char text[512];

    if (rc != WEIR_OK)
        fprintf(stderr, "rule rig: %s\n", err_format(err, text, sizeof text));
    ASSERT(rc == WEIR_OK);
}

static void load(struct rule_rig *r, const char *rules)
{
    struct rule_loader *l = rule_loader_new(r->arena, NULL, NULL);

    rule_loader_add(l, STR("rig.yml"), str_from(rules));
    rule_loader_finish(l, &r->loaded);
    for (size_t i = 0; i < r->loaded.n_verdicts; i++)
        for (size_t k = 0; k < r->loaded.verdicts[i].n_messages; k++)
            if (r->loaded.verdicts[i].messages[k].is_error)
                fprintf(stderr, "rule rig: %.*s\n", (int)r->loaded.verdicts[i].messages[k].text.n,
                        r->loaded.verdicts[i].messages[k].text.p);
    ASSERT(r->loaded.n_rules == r->loaded.n_verdicts);
}

static void attach(struct rule_rig *r, struct store *store)
{
    r->store = store;
    graph_attach(r->graph, store);
    r->correlator = correlator_new(r->graph, store);
    r->n_events = 0;
    r->n_told = 0;
}

struct rule_rig *rule_rig_new(const char *rules, const struct graph_options *options,
                              struct store *store)
{
    struct rule_rig *r = calloc(1, sizeof *r);
    struct graph_options with_profiles = *options;
    struct weir_err err;

    ASSERT(r);
    r->arena = arena_new(0);
    load(r, rules);
    must(profile_set_load_texts(r->arena, NULL, 0, &r->profiles, &err), &err);
    with_profiles.profiles = r->profiles;
    must(graph_new(r->arena, r->loaded.rules, r->loaded.n_rules, &with_profiles, &r->graph, &err),
         &err);
    struct engine_options engine = {.fields = r->graph->fields, .n_fields = r->graph->n_fields};
    must(engine_new(r->loaded.rules, r->loaded.n_rules, r->profiles, &engine, &r->engine, &err),
         &err);
    r->gatherer = gatherer_new(r->graph, engine_fields(r->engine), r->profiles);
    attach(r, store);
    return r;
}

void rule_rig_restart(struct rule_rig *r, struct store *store)
{
    correlator_free(r->correlator);
    store_free(r->store);
    attach(r, store);
}

void rule_rig_free(struct rule_rig *r)
{
    correlator_free(r->correlator);
    gatherer_free(r->gatherer);
    engine_free(r->engine);
    store_free(r->store);
    buf_release(&r->gathered);
    arena_free(r->arena);
    free(r);
}

void rule_rig_event(struct rule_rig *r, uint32_t tenant, int64_t t_ms, uint64_t position,
                    const char *json)
{
    struct extract_worker *worker = engine_worker(r->engine);
    const struct engine_match *matches;
    uint32_t rules[16];
    struct event event = {0};
    struct event_ref ref = {.record = position};

    ASSERT(extract_event(worker, str_from(json), ref, &event) == EVENT_OK);
    size_t n = engine_run(r->engine, &event, 1, &matches);
    ASSERT(n <= ARRAY_LEN(rules));
    for (size_t i = 0; i < n; i++)
        rules[i] = matches[i].rule;
    struct gather_event e = {.event = &event, .t_ms = t_ms, .input = STR("rig"), .tenant = tenant};
    buf_clear(&r->gathered);
    gather(r->gatherer, &e, rules, n, &r->gathered);
    correlator_add(
        r->correlator, buf_str(&r->gathered),
        &(struct correlator_event){.event = r->n_events++, .t_ms = t_ms, .position = position});
    extract_batch_reset(worker);
}

static void name(char out[RIG_NAME], struct str text)
{
    snprintf(out, RIG_NAME, "%.*s", (int)text.n, text.p ? text.p : "");
}

/* A correlator_fn. */
static enum weir_rc note(void *context, const struct finding *f, UNUSED uint32_t event,
                         UNUSED struct weir_err *err)
{
    struct rule_rig *r = context;

    ASSERT(r->n_told < RIG_TOLD_MAX);
    struct rig_told *t = &r->told[r->n_told++];
    *t = (struct rig_told){.activity = f->activity,
                           .hits = f->hits,
                           .is_braked = f->is_braked,
                           .is_flood = f->is_flood};
    name(t->rule, r->graph->rules[f->rule].rule->uid);
    name(t->tenant, graph_tenant_of(r->graph, f->rule));
    name(t->key, f->n_keys ? f->keys[0] : STR(""));
    memcpy(t->uid, f->uid, sizeof t->uid);
    for (uint32_t i = 0; i < f->n_capsules; i++)
        t->cited = t->cited * 31 + hash_str(f->capsules[i]);
    for (uint32_t i = 0; i < f->n_addends; i++)
        *(str_eq(f->addends[i].name, STR("entity_risk")) ? &t->entity_risk : &t->by_list) +=
            f->addends[i].value;
    return WEIR_OK;
}

void rule_rig_run(struct rule_rig *r, int64_t watermark_ms)
{
    struct weir_err err;

    must(correlator_run(r->correlator, watermark_ms, note, r, &err), &err);
    r->n_events = 0;
}

void rule_rig_apply(struct rule_rig *r, const struct correlator_frame *frame,
                    struct store_at (*last)[STORE_SHARDS], uint32_t n_levels)
{
    enum store_answer answer = STORE_DONE;
    struct store_part part = frame->parts[0];
    struct correlator_frame own = *frame;
    struct weir_err err;

    own.parts = &part;
    correlator_begin(r->correlator);
    for (uint32_t level = 0; level < n_levels && level < r->graph->n_levels; level++) {
        part.last = last[level];
        must(correlator_apply(r->correlator, level, &own, &answer, &err), &err);
        ASSERT(answer == STORE_DONE);
    }
    if (n_levels >= r->graph->n_levels)
        must(correlator_tell(r->correlator, note, r, &err), &err);
    else
        correlator_drop(r->correlator);
    r->n_events = 0;
}

size_t rule_rig_count(const struct rule_rig *r, const char *rule, const char *tenant,
                      enum finding_activity activity)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_told; i++)
        n += strcmp(r->told[i].rule, rule) == 0 &&
             (!tenant || strcmp(r->told[i].tenant, tenant) == 0) &&
             (!activity || r->told[i].activity == activity);
    return n;
}
