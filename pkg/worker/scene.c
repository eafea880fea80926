/* scene.c - what the records of the partitions at hand are. */
#include "worker/scene.h"

#include "base/str.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

/* As librdkafka reads subscriptions: POSIX extended, from the first character on. */
static bool matches(const char *pattern, const char *topic)
{
    regex_t re;

    if (pattern[0] != '^' || regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool is_match = regexec(&re, topic, 0, NULL, 0) == 0;
    regfree(&re);
    return is_match;
}

uint32_t scene_find_input(const struct config *c, const char *topic)
{
    for (uint32_t i = 0; i < c->n_inputs; i++)
        for (size_t k = 0; k < c->inputs[i].n_topics; k++)
            if (strcmp(c->inputs[i].topics[k], topic) == 0)
                return i;
    for (uint32_t i = 0; i < c->n_inputs; i++)
        for (size_t k = 0; k < c->inputs[i].n_topics; k++)
            if (matches(c->inputs[i].topics[k], topic))
                return i;
    return SCENE_NO_INPUT;
}

uint32_t scene_input_of(const struct config *c, const char *topic)
{
    uint32_t i = scene_find_input(c, topic);

    return i == SCENE_NO_INPUT ? 0 : i;
}

uint32_t scene_tenant(const struct ruleset *r, struct str name)
{
    for (uint32_t i = 0; i < r->n_tenants; i++)
        if (str_eq(r->tenants[i], name))
            return i;
    return SCENE_NO_TENANT;
}

static void fill_options(struct scene *s, struct scene_part *p)
{
    const struct extract_options *base = &s->ruleset->extract[p->input];
    struct constant_field *all =
        ARENA_ARRAY(s->arena, base->n_constants + ORIGIN_FIELDS_MAX, struct constant_field);

    for (size_t i = 0; i < base->n_constants; i++)
        all[i] = base->constants[i];
    p->options = *base;
    p->options.constants = all;
    p->options.n_constants += origin_fields(&p->origin, all + base->n_constants);
}

struct scene *scene_new(const struct config *c, const struct ruleset *r,
                        const struct kafka_partition *partitions, size_t n)
{
    struct arena *arena = arena_new(0);
    struct scene *s = ARENA_NEW(arena, struct scene);

    *s = (struct scene){.arena = arena, .config = c, .ruleset = r, .n = n};
    s->parts = ARENA_ARRAY(arena, n, struct scene_part);
    for (size_t i = 0; i < n; i++) {
        struct scene_part *p = &s->parts[i];
        p->name = arena_printf(arena, "%s", partitions[i].topic);
        p->topic = p->name.p;
        p->partition = partitions[i].partition;
        p->origin = (struct origin_input){
            .name = p->name,
            .partition = (uint32_t)p->partition,
            .is_topic = true,
            .partition_text = arena_printf(arena, "%d", p->partition),
        };
        p->input = scene_input_of(c, p->topic);
        const struct config_input *input = &c->inputs[p->input];
        p->tenant = input->tenant_header.n ? SCENE_BY_HEADER : scene_tenant(r, input->tenant);
        if (p->tenant == SCENE_NO_TENANT)
            p->tenant = 0;
        fill_options(s, p);
    }
    return s;
}

void scene_free(struct scene *s)
{
    if (s)
        arena_free(s->arena);
}
