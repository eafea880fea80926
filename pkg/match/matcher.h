/* matcher.h - runs batches of events through a net: which rules match which events.
 *
 * Stages, each over the whole batch so that tables stay hot: route (shape -> eligible rules and
 * wanted fields, once per shape), prepare (unescape, fold), look up and scan per field (raises
 * signals), then per event wake candidates and evaluate their formulas.
 *
 * Memory   scratch of its own, kept between batches; no allocation once it has met its largest
 *          batch. Results stay valid until the next run.
 * Threads  a matcher belongs to one thread; the net is shared.
 * Events   at most MATCH_BATCH_MAX per run, all from the extract worker given at the start.
 */
#ifndef WEIR_MATCH_MATCHER_H
#define WEIR_MATCH_MATCHER_H

#include "base/base.h"
#include "event/event.h"
#include "event/extract.h"
#include "match/list_view.h"
#include "match/net.h"

enum { MATCH_BATCH_MAX = 128 };

/* One batch in this many has the cost of every evaluated rule taken. */
enum { MATCH_SAMPLE_EVERY = 64 };

struct match {
    uint32_t event; /* index into the batch */
    uint32_t rule;  /* rule number in the plan */
};

struct matcher;

/* With has_cache the matcher remembers what it found in values (value_cache.h): the same matches,
 * sooner. */
struct matcher *matcher_new(const struct net *net, struct extract_worker *worker, bool has_cache);
void matcher_free(struct matcher *m);

/* What stands on lists, from the next batch on; NULL: nothing. Must outlive its use. */
void matcher_use_lists(struct matcher *m, const struct list_view *lists);

/* The matches of n events, ordered by event, then by rule number. */
size_t matcher_run(struct matcher *m, const struct event *events, size_t n,
                   const struct match **out);

/* ---- what it has seen, for summaries and metrics -------------------------------------- */

struct matcher_rule_stats {
    uint64_t matches;
    uint64_t evaluations; /* sampled */
    uint64_t cost_cycles; /* sampled: time stamp counter, outliers bounded (cost.h) */
};

struct matcher_shape_stats {
    uint64_t events;
    uint32_t n_eligible; /* rules */
};

const struct matcher_rule_stats *matcher_rule_stats(const struct matcher *m, uint32_t rule);
struct matcher_shape_stats matcher_shape_stats(const struct matcher *m, uint32_t shape);
/* The shape's eligible rules ask for the field; an event of the shape had it. */
bool matcher_field_wanted(const struct matcher *m, uint32_t shape, uint32_t field);
bool matcher_field_seen(const struct matcher *m, uint32_t shape, uint32_t field);
/* The shape's eligible rules ask for the field, but it wakes none of them (net.h). */
bool matcher_field_lazy(const struct matcher *m, uint32_t shape, uint32_t field);
/* The shape's eligible rules hold this one. */
bool matcher_rule_eligible(const struct matcher *m, uint32_t shape, uint32_t rule);
/* Regex tests that ran into their limit and counted as no match. */
uint64_t matcher_regex_limits(const struct matcher *m);

#endif
