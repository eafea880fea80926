/* feed_rules.c - what a reader makes of a rule set: engines with their gatherers, and the scene.
 *
 * A newer set is taken while the batch is empty (where only lists differ, the engines stay); with
 * the batch the lane gets a hold of its own.
 */
#include "worker/feed_impl.h"

#include <stdlib.h>

void feed_free_engines(struct feed *f)
{
    for (size_t i = 0; i < f->n_engines; i++) {
        gatherer_free(f->engines[i]->gatherer);
        arena_free(f->engines[i]->names);
        free(f->engines[i]);
    }
    free(f->engines);
    f->engines = NULL;
    f->n_engines = 0;
}

void feed_make_engines(struct feed *f)
{
    const struct ruleset *r = f->ruleset;

    f->n_engines = r->n_engines;
    f->engines = calloc(r->n_engines, sizeof *f->engines);
    ASSERT(f->engines);
    for (size_t i = 0; i < r->n_engines; i++) {
        struct feed_engine *e = calloc(1, sizeof *e);
        ASSERT(e);
        e->engine = ruleset_engine(f->options.shelf, r, i);
        e->part = UINT32_MAX;
        e->names = arena_new(0);
        e->transport = transport_names_of(engine_fields(e->engine), e->names);
        if (!f->options.is_stateless)
            e->gatherer = gatherer_new(r->graph, engine_fields(e->engine), r->profiles);
        sight_init(&e->sight, f->wall_ms);
        f->engines[i] = e;
    }
    f->operations = 0;
    metric_use_rules(f->metrics, r->number);
}

void feed_make_scene(struct feed *f)
{
    const struct kafka_partition *partitions;
    size_t n = kafka_consumer_partitions(f->consumer, &partitions);

    scene_free(f->scene);
    f->scene = scene_new(f->options.config, f->ruleset, partitions, n);
    for (size_t i = 0; i < f->n_engines; i++)
        f->engines[i]->part = UINT32_MAX;
}

/* Two holds on one set: one for the lane. */
static const struct ruleset *take_twice(struct ruleset_shelf *shelf)
{
    for (;;) {
        const struct ruleset *a = ruleset_take(shelf), *b = ruleset_take(shelf);
        if (a == b)
            return a;
        ruleset_release(shelf, a);
        ruleset_release(shelf, b);
    }
}

/* The same engines, other lists. */
static void use_lists(struct feed *f)
{
    for (size_t i = 0; i < f->n_engines; i++)
        engine_use_lists(f->engines[i]->engine, f->ruleset->engine_lists[i]);
    metric_use_rules(f->metrics, f->ruleset->number);
}

/* The batch is empty: it and those that follow are of the newest set. It may already give one that
 * no lane wanted yet: a lane without partitions wants none for hours. */
void feed_renew_rules(struct feed *f)
{
    const struct ruleset *old = f->ruleset;
    uint64_t began_ns = now_monotonic_ns();

    f->ruleset = take_twice(f->options.shelf);
    if (ruleset_same_rules(f->ruleset, old)) {
        use_lists(f);
        feed_make_scene(f);
    } else {
        feed_free_engines(f);
        feed_make_engines(f);
        feed_make_scene(f);
        for (size_t i = 0; i < f->n_parts; i++)
            log_clock_forget_profiles(&f->parts[i].clock);
    }
    batch_give_ruleset(f->batch, f->options.shelf, f->ruleset);
    ruleset_release(f->options.shelf, old);
    metric_time(f->metrics, METRIC_RULES_TIME, now_monotonic_ns() - began_ns);
}
