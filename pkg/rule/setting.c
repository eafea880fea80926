/* setting.c - a table, a row each. */
#include "rule/setting.h"

#include <stddef.h>

#include "base/str.h"
#include "rule/dump.h"

static bool is_any(UNUSED const struct correlation *c)
{
    return true;
}

static bool is_bounded(const struct correlation *c)
{
    return c->n_bounds == 1;
}

static bool is_learning(const struct correlation *c)
{
    return c->kind == OPERATOR_FIRST_SEEN || c->kind == OPERATOR_RARITY ||
           c->kind == OPERATOR_RATIO;
}

static bool is_volume(const struct correlation *c)
{
    return c->kind == OPERATOR_VOLUME;
}

static bool has_minimum(const struct correlation *c)
{
    return c->kind == OPERATOR_VOLUME || c->kind == OPERATOR_RATIO;
}

static bool is_risk(const struct correlation *c)
{
    return c->kind == OPERATOR_RISK;
}

static bool is_travel(const struct correlation *c)
{
    return c->kind == OPERATOR_GEO_VELOCITY;
}

static const struct setting SETTINGS[] = {
    {{"window", 6}, is_any, SETTING_SPAN, offsetof(struct correlation, window_ms)},
    {{"threshold", 9},
     is_bounded,
     SETTING_THRESHOLD,
     offsetof(struct correlation, bounds[0].micro)},
    {{"history", 7}, is_learning, SETTING_SPAN, offsetof(struct correlation, history_ms)},
    {{"training", 8}, is_learning, SETTING_SPAN, offsetof(struct correlation, training_ms)},
    {{"activation", 10}, is_learning, SETTING_SPAN, offsetof(struct correlation, activation_ms)},
    {{"baseline", 8}, is_volume, SETTING_SPAN, offsetof(struct correlation, baseline_ms)},
    {{"half-life", 9}, is_risk, SETTING_SPAN, offsetof(struct correlation, half_life_ms)},
    {{"distance", 8}, is_travel, SETTING_DISTANCE, offsetof(struct correlation, distance_m)},
    {{"speed", 5}, is_travel, SETTING_SPEED, offsetof(struct correlation, speed_m_per_h)},
    {{"factor", 6}, is_volume, SETTING_POSITIVE, offsetof(struct correlation, factor_micro)},
    {{"minimum", 7}, has_minimum, SETTING_POSITIVE, offsetof(struct correlation, minimum_micro)},
};

const struct setting *setting_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(SETTINGS); i++)
        if (str_eq(name, SETTINGS[i].name))
            return &SETTINGS[i];
    return NULL;
}

size_t setting_count(void)
{
    return ARRAY_LEN(SETTINGS);
}

const struct setting *setting_at(size_t i)
{
    ASSERT(i < ARRAY_LEN(SETTINGS));
    return &SETTINGS[i];
}

void setting_put(const struct setting *s, struct correlation *c, int64_t value)
{
    *(int64_t *)(void *)((char *)c + s->offset) = value;
}

void setting_show(struct buf *out, const struct setting *s, const struct correlation *c)
{
    int64_t value = *(const int64_t *)(const void *)((const char *)c + s->offset);

    if (value == 0 && s->unit != SETTING_THRESHOLD)
        buf_add(out, STR("as the kind has it"));
    else if (s->unit == SETTING_SPAN)
        span_dump(out, value);
    else if (s->unit == SETTING_DISTANCE || s->unit == SETTING_SPEED)
        buf_printf(out, "%lld %sm%s", (long long)(value % 1000 ? value : value / 1000),
                   value % 1000 ? "" : "k", s->unit == SETTING_SPEED ? "/h" : "");
    else
        micro_dump(out, value);
}
