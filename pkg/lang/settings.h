/* settings.h - what weir wants to know of a rule that its language cannot say: how findings fold,
 * where they go, what state they need. A map under `weir:` in a rule of our own, or the `set:` of
 * an overlay on somebody else's.
 *
 *     dedup: {fields: [user.name], period: 1h, anchor: bucket}     or  dedup: off
 *     emit: early | final          channel: alert | shadow | internal | off
 *     count_by: match | event_id   on_missing: drop | group    group_case: exact | fold
 *     state_version: 2             lateness: 5m                window: 30m
 *
 * Loading reads the map, applying changes a rule: the two are apart so that one map can be applied
 * to many rules. Unknown keys and values are errors with the nearest known name.
 *
 * Memory   in the arena of the diag (that of the rule set); names are interned.
 */
#ifndef WEIR_LANG_SETTINGS_H
#define WEIR_LANG_SETTINGS_H

#include "base/arena.h"
#include "base/base.h"
#include "doc/doc.h"
#include "lang/diag.h"
#include "lang/names.h"
#include "rule/correlation.h"
#include "rule/rule.h"

struct rule_settings {
    struct dedup dedup; /* dedup.is_set */
    bool has_emit, has_channel, has_on_missing, has_group_case, has_state_version;
    enum emit_mode emit;
    enum rule_channel channel;
    enum on_missing on_missing;
    bool is_group_ci;
    enum count_by count_by; /* COUNT_BY_DEFAULT: not said */
    uint32_t state_version;
    int64_t lateness_ms, window_ms; /* 0: not said */
    /* The first key that only correlations have; empty: none. */
    struct str correlation_key;
    struct place correlation_at;
};

/* False, with errors in the diag, if anything in the map is wrong. */
bool rule_settings_load(struct diag *d, struct names *names, const struct doc_node *map,
                        struct rule_settings *out);

/* Put the settings on the rule: what they do not say stays as it was. State and correlation of
 * the rule are replaced by copies in `a`. False, and the rule unchanged, if they say what only a
 * correlation has and the rule is none (settings->correlation_key). */
bool rule_settings_apply(struct arena *a, const struct rule_settings *settings, struct rule *rule);

/* The rule's state, to be changed: made if it has none. */
struct rule_state *rule_state_of(struct arena *a, struct rule *rule);

#endif
