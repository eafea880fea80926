/* lane_recovery.c - a store that has lost something is made whole: lease, claims, facts, blessing.
 *
 * In the order in which protocol.h asks for it. The lease runs on while topics are read; whoever
 * breaks off gives it back.
 */
#include "worker/lane_impl.h"

#include "base/str.h"
#include "kafka/reader.h"
#include "worker/log.h"

#include <stdlib.h>
#include <string.h>

enum { LEASE_OVER_MS = 1 };

static struct store_lease lease_of(const struct lane *l, uint64_t token, uint64_t ttl_ms)
{
    struct store_lease lease = {.token = token, .ttl_ms = ttl_ms};

    memcpy(lease.run_id, l->run.run_id, sizeof lease.run_id);
    memcpy(lease.incarnation, l->run.blessed, sizeof lease.incarnation);
    return lease;
}

/* A recovery that was broken off: whoever takes it up, under another token, need not wait until the
 * lease runs out. If the store cannot be reached it does that. */
void lane_give_lease_back(struct lane *l)
{
    struct store_lease lease = lease_of(l, l->lease_token, LEASE_OVER_MS);
    enum store_answer answer;
    struct weir_err err;

    if (l->lease_token && store_lease(l->store, &lease, &answer, &err) != WEIR_OK)
        LOG(LOG_DEBUG, "a lease runs out by itself", LOG_S("error", str_from(err.text)),
            LOG_U("lane", l->options.number));
    l->lease_token = 0;
}

static bool is_ending(void *context)
{
    struct lane *l = context;

    metric_beat(l->metrics, now_wall_ms());
    return post_is_stopping(l->post);
}

/* Output topics that carry claims, each once; or the topic of facts. */
static size_t recovery_topics(const struct lane *l, bool wants_facts, const char **out)
{
    static const enum config_topic claims[] = {TOPIC_ALERTS, TOPIC_LIFECYCLE, TOPIC_SHADOW,
                                               TOPIC_HEALTH};
    static const enum config_topic facts[] = {TOPIC_STATE};
    const enum config_topic *list = wants_facts ? facts : claims;
    size_t n_list = wants_facts ? ARRAY_LEN(facts) : ARRAY_LEN(claims), n = 0;

    for (size_t i = 0; i < n_list; i++) {
        const char *name = publisher_topic(l->publisher, list[i]);
        bool is_there = !name;
        for (size_t k = 0; k < n && !is_there; k++)
            is_there = strcmp(out[k], name) == 0;
        if (!is_there)
            out[n++] = name;
    }
    return n;
}

static enum weir_rc read_back(struct lane *l, struct recover *r, bool wants_facts,
                              enum store_answer *answer)
{
    const struct graph *g = l->ruleset->graph;
    const char *topics[CONFIG_TOPICS];
    struct kafka_reader *reader;
    struct kafka_reader_options o = {
        .common = &l->config->common,
        .own = &l->config->consumer,
        .topics = topics,
        .n_topics = recovery_topics(l, wants_facts, topics),
        .partition = -1,
        .from_ms = wants_facts ? INT64_MIN : recover_claims_from(g, now_wall_ms()),
        .to_ms = INT64_MAX,
        .from_offset = -1,
    };

    if (!o.n_topics)
        return WEIR_OK;
    TRY(kafka_reader_new(&o, &reader, &l->err));
    struct recover_source source = recover_source_kafka(reader);
    enum weir_rc rc =
        wants_facts
            ? recover_facts(r, g,
                            recover_fresh_ms(l->top_prefix_ms, l->config->state_replay_max_ms),
                            &source, answer, &l->err)
            : recover_claims(r, &source, answer, &l->err);
    kafka_reader_free(reader);
    return rc;
}

/* What an empty store owes: Closes of findings whose Create is out. */
static enum weir_rc reopen_findings(struct lane *l, const struct store_lease *lease,
                                    enum store_answer *answer)
{
    int64_t fresh_ms = recover_fresh_ms(l->top_prefix_ms, l->config->state_replay_max_ms);
    struct reopen_reach reach = {.events_ms = l->is_whole_replay ? INT64_MIN : fresh_ms,
                                 .facts_ms =
                                     l->config->topics[TOPIC_STATE].n ? fresh_ms : INT64_MIN};
    struct unclosed_counts counts;
    enum weir_rc rc = unclosed_restore(l->unclosed, l->store, lease, l->ruleset->graph, reach,
                                       &counts, answer, &l->err);

    LOG(LOG_INFO, "findings restored", LOG_U("open", counts.open),
        LOG_U("restored", counts.restored), LOG_U("beyond", counts.beyond),
        LOG_U("lane", l->options.number));
    if (rc == WEIR_OK && *answer == STORE_DONE) {
        unclosed_free(l->unclosed);
        l->unclosed = NULL;
    }
    return rc;
}

/* Claims, then (behind the positions of all partitions) facts. */
static enum protocol_outcome do_read_back(struct lane *l, const struct store_lease *lease,
                                          bool wants_facts)
{
    enum store_answer answer = STORE_DONE;
    struct recover r = {.store = l->store, .lease = *lease, .must_end = is_ending, .context = l};
    bool is_empty = lease->incarnation[0] == '\0';
    enum weir_rc rc = wants_facts ? WEIR_OK : lane_number_all(l, &l->err);

    metric_set(l->metrics, GAUGE_RECOVERING, 1);
    if (!wants_facts && rc == WEIR_OK) {
        protocol_grow(l->protocol, partition_book_count(l->book));
        l->top_prefix_ms = INT64_MIN;
        l->is_whole_replay = l->is_covered = true;
        unclosed_free(l->unclosed);
        r.unclosed = l->unclosed = is_empty ? unclosed_new() : NULL;
    }
    /* A store that has lost a suffix has the older terms, and reads of the others again: a fact
     * would keep their findings from getting their cells. */
    bool is_needed = !wants_facts || is_empty || !l->is_covered;
    if (rc == WEIR_OK && is_needed)
        rc = read_back(l, &r, wants_facts, &answer);
    if (rc == WEIR_OK && wants_facts && answer == STORE_DONE && l->unclosed)
        rc = reopen_findings(l, lease, &answer);
    LOG(LOG_INFO, "recovery", LOG_S("read", wants_facts ? STR("facts") : STR("claims")),
        LOG_U("records", r.records), LOG_U("claims", r.claims), LOG_U("facts", r.facts),
        LOG_U("foreign", r.foreign), LOG_U("lane", l->options.number));
    return lane_store_outcome(l, rc, answer);
}

static enum weir_rc bless(struct lane *l, const struct store_lease *lease,
                          enum store_answer *answer)
{
    uint32_t n = partition_book_count(l->book);
    uint32_t *all = calloc(n + 1, sizeof *all);

    ASSERT(all);
    for (uint32_t i = 0; i < n; i++)
        all[i] = i;
    enum weir_rc rc = store_bless(l->store, lease, all, n, answer, &l->err);
    free(all);
    if (rc == WEIR_OK && *answer == STORE_DONE) {
        l->lease_token = 0;
        metric_add(l->metrics, METRIC_RECOVERIES, 1);
        metric_set(l->metrics, GAUGE_RECOVERING, 0);
        LOG(LOG_INFO, "the store is whole again", LOG_U("lane", l->options.number));
    }
    return rc;
}

static enum weir_rc take_lease(struct lane *l, const struct store_lease *lease,
                               enum store_answer *answer)
{
    if (l->lease_token != lease->token)
        lane_give_lease_back(l); /* a store that came back remembers it */
    enum weir_rc rc = store_lease(l->store, lease, answer, &l->err);
    l->lease_token = rc == WEIR_OK && *answer != STORE_DONE ? 0 : lease->token;
    return rc;
}

enum protocol_outcome lane_recover(struct lane *l, const struct protocol_action *a)
{
    struct store_lease lease = lease_of(l, a->token, PROTOCOL_LEASE_MS);
    enum store_answer answer = STORE_DONE;
    enum weir_rc rc;

    if (a->what == PROTOCOL_READ_CLAIMS)
        return do_read_back(l, &lease, false);
    if (a->what == PROTOCOL_READ_FACTS)
        return do_read_back(l, &lease, true);

    if (a->what == PROTOCOL_LEASE)
        rc = take_lease(l, &lease, &answer);
    else if (a->what == PROTOCOL_SET_REPLAY) {
        l->is_covered &= a->upto.at.position >= l->replay_floor;
        rc = store_set_replay(l->store, &lease, a->partition, &a->upto, &answer, &l->err);
    } else
        rc = bless(l, &lease, &answer);
    return lane_store_outcome(l, rc, answer);
}
