/* scene.h - what the records of the partitions at hand are, under one rule set: which input each
 * partition belongs to, whose events they are, which constants they carry.
 *
 * Reader and lane make one each, of the same partitions and rule set, so that neither refers to
 * the other's memory. A topic belongs to the first input that names it, else to the first whose
 * pattern it matches.
 *
 * Memory   its own; the rule set and the configuration must outlive it. Threads: belongs to one.
 */
#ifndef WEIR_WORKER_SCENE_H
#define WEIR_WORKER_SCENE_H

#include "detect/origin.h"
#include "kafka/consumer.h"
#include "worker/config.h"
#include "worker/ruleset.h"

#define SCENE_BY_HEADER UINT32_MAX
#define SCENE_NO_TENANT (UINT32_MAX - 1)

struct scene_part {
    const char *topic;
    struct origin_input origin; /* for its pseudo-fields */
    struct str name;            /* the topic, too */
    int32_t partition;
    uint32_t input;
    uint32_t tenant;                /* of the rule set's graph, or SCENE_BY_HEADER */
    struct extract_options options; /* for trees: the input's, @topic and @partition */
};

struct scene {
    struct arena *arena;
    const struct config *config;
    const struct ruleset *ruleset;
    struct scene_part *parts;
    size_t n;
};

struct scene *scene_new(const struct config *c, const struct ruleset *r,
                        const struct kafka_partition *partitions, size_t n);
void scene_free(struct scene *s);

#define SCENE_NO_INPUT UINT32_MAX
/* Index of the input that a topic belongs to. */
uint32_t scene_find_input(const struct config *c, const char *topic);
/* The same; 0 if none names it (it is of an input that was just
 * taken out). */
uint32_t scene_input_of(const struct config *c, const char *topic);
/* SCENE_NO_TENANT: unknown. */
uint32_t scene_tenant(const struct ruleset *r, struct str name);

#endif
