/* lane_rules.c - what a lane makes of a rule set: store connection, correlator, numbers of
 * partitions.
 *
 * A set comes with the first batch that was matched by it; the number of the protocol's rounds
 * changes only where the set's levels need another multiple of LANE_ROUNDS.
 */
#include "worker/lane_impl.h"

#include "correlate/claim.h"
#include "worker/log.h"

#include <stdlib.h>
#include <string.h>

uint32_t lane_rounds_for(const struct graph *g)
{
    uint32_t levels = g->n_levels ? g->n_levels : 1;

    return (levels + LANE_ROUNDS - 1) / LANE_ROUNDS * LANE_ROUNDS;
}

static enum weir_rc open_store(struct lane *l, const struct ruleset *r, struct store **out,
                               struct weir_err *err)
{
    struct store_redis_options o = *l->options.store;
    struct store *s;

    o.patience_ms = LANE_PATIENCE_MS;
    o.before = l->store; /* seven answers of Redis that nobody waits for */
    TRY(store_redis_new(&o, &s, err));
    graph_attach(r->graph, s);
    store_set_claim_reader(s, claim_read);
    enum weir_rc rc = store_redis_check_budget(s, err);
    if (rc != WEIR_OK) {
        store_free(s);
        return rc;
    }
    *out = s;
    return WEIR_OK;
}

/* All partitions of all inputs, and those that others have numbered. */
enum weir_rc lane_number_all(struct lane *l, struct weir_err *err)
{
    for (size_t i = 0; i < l->options.n_topics; i++)
        TRY(partition_book_number_topic(l->book, l->options.topics[i].name,
                                        l->options.topics[i].n_partitions, err));
    return WEIR_OK;
}

static bool is_input(void *lane, const char *topic, int32_t partition)
{
    const struct lane *l = lane;

    for (size_t i = 0; i < l->options.n_topics; i++)
        if (strcmp(l->options.topics[i].name, topic) == 0)
            return (uint32_t)partition < l->options.topics[i].n_partitions;
    return false;
}

enum weir_rc lane_retire_others(struct lane *l, struct weir_err *err)
{
    return partition_book_retire(l->book, is_input, l, err);
}

void lane_new_protocol(struct lane *l)
{
    uint32_t count = partition_book_count(l->book);
    struct protocol_config c = {.slot = l->options.slot,
                                .n_slots = l->config->slots_max,
                                .n_partitions = count ? count : 1,
                                .n_rounds = l->n_rounds,
                                .is_stateless = l->is_stateless,
                                .token = l->options.token};

    protocol_free(l->protocol);
    l->protocol = protocol_new(&c);
    free(l->applied);
    l->applied = calloc((size_t)l->n_rounds * STORE_SHARDS, sizeof *l->applied);
    ASSERT(l->applied);
}

static void tell_rules(struct lane *l, const struct ruleset *r)
{
    l->ruleset = r;
    publisher_use(l->publisher, r);
    metric_use_rules(l->metrics, r->number);
    metric_set(l->metrics, GAUGE_HAS_RULES, 1);
    metric_set(l->metrics, GAUGE_RULESET, r->number);
}

/* Everything that is made of a rule set; the store connection too: its spaces are the graph's. On
 * failure nothing has changed. The numbers of partitions are no matter of rules: the book stays. */
enum weir_rc lane_use_rules(struct lane *l, const struct ruleset *r, struct weir_err *err)
{
    struct store *store = NULL;

    if (!l->is_stateless)
        TRY(open_store(l, r, &store, err));
    if (l->correlator)
        lane_count_store(l);
    correlator_free(l->correlator);
    l->correlator = NULL;
    if (l->book)
        partition_book_use_store(l->book, store);
    else
        l->book = partition_book_new(store);
    if (l->store)
        store_free(l->store);
    l->store = store;
    l->evicted = 0; /* the new one counts from zero */
    l->timers = (struct store_timers){0};
    if (store) {
        l->correlator = correlator_new(r->graph, store);
        fact_batch_listen(l->facts, r->graph, l->correlator);
    }
    tell_rules(l, r);
    return WEIR_OK;
}

void lane_make_scene(struct lane *l)
{
    scene_free(l->scene);
    l->scene = scene_new(l->config, l->ruleset, l->owned, l->n);
}

/* The batch is the first of another rule set, whose hold came with it. */
enum weir_rc lane_follow_rules(struct lane *l)
{
    const struct ruleset *old = l->ruleset;

    if (!l->batch->gives_ruleset)
        return WEIR_OK;
    uint64_t began_ns = now_monotonic_ns();
    bool has_new_rules = !ruleset_same_rules(l->batch->ruleset, old);
    if (has_new_rules)
        TRY(lane_use_rules(l, l->batch->ruleset, &l->err));
    else
        tell_rules(l, l->batch->ruleset); /* store, windows and numbers stay */
    l->batch->gives_ruleset = false;
    ruleset_release(l->options.shelf, old);
    lane_make_scene(l);
    metric_time(l->metrics, METRIC_RULES_TIME, now_monotonic_ns() - began_ns);
    LOG(LOG_INFO, "rules taken", LOG_S("ruleset", l->ruleset->generation),
        LOG_U("lane", l->options.number));
    if (l->is_stateless || lane_rounds_for(l->ruleset->graph) == l->n_rounds)
        return WEIR_OK;
    l->n_rounds = lane_rounds_for(l->ruleset->graph);
    lane_new_protocol(l);
    l->plan_number++; /* what was read is read again, once the partitions are acquired */
    l->owes_assignment = true;
    return WEIR_OK;
}
