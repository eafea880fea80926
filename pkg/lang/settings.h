/* settings.h - what weir wants to know of a rule that its language cannot say: how findings fold,
 * where they go, what state they need. A map under `weir:` in a rule of our own, or the `set:` of
 * an overlay on somebody else's.
 *
 *     dedup: {fields: [user.name], period: 1h, anchor: bucket, array: first, missing: group}
 *     dedup: off
 *     emit: early | final          channel: alert | shadow | internal | off
 *     count_by: match | event_id   on_missing: drop | group    group_case: exact | fold
 *     missing_value: drop | empty
 *     state_version: 2             lateness: 5m                window: 30m
 *     owner: team                  runbook: https://...        message: "{user.name} did it"
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

enum rule_setting {
    SETTING_DEDUP,
    SETTING_EMIT,
    SETTING_CHANNEL,
    SETTING_COUNT_BY,
    SETTING_ON_MISSING,
    SETTING_MISSING_VALUE,
    SETTING_GROUP_CASE,
    SETTING_STATE_VERSION,
    SETTING_FIRST_SEEN_POINTS,
    SETTING_LATENESS,
    SETTING_WINDOW,
    SETTING_OWNER,
    SETTING_RUNBOOK,
    SETTING_MESSAGE,
    RULE_SETTINGS
};

struct rule_settings {
    struct place at[RULE_SETTINGS]; /* where each key stands; line 0: not said */
    struct dedup dedup;             /* dedup.is_set */
    bool has_emit, has_channel, has_on_missing, has_missing_value, has_group_case;
    bool has_state_version;
    enum emit_mode emit;
    enum rule_channel channel;
    enum on_missing on_missing;
    bool may_lack_values; /* missing_value: empty */
    bool is_group_ci;
    enum count_by count_by; /* COUNT_BY_DEFAULT: not said */
    uint32_t state_version;
    int32_t first_seen_points; /* 0: not said, or none */
    bool has_first_seen_points;
    int64_t lateness_ms, window_ms;     /* 0: not said */
    struct str owner, runbook, message; /* empty: not said */
};

/* The word of a setting, as the map has it. */
struct str rule_setting_name(enum rule_setting setting);

/* `others` (n_others names, at most SETTING_OTHERS_MAX) are keys of the same map that the caller
 * reads itself: they are passed over. False, with errors in the diag, if anything else in the map
 * is wrong. */
enum { SETTING_OTHERS_MAX = 8, SETTING_TEXT_MAX = 4096 };
bool rule_settings_load(struct diag *d, struct names *names, const struct doc_node *map,
                        const struct str *others, size_t n_others, struct rule_settings *out);

/* Can this rule have all of it? What only correlations have, or only some kinds of them, is an
 * error at its key on other rules. */
bool rule_settings_fit(struct diag *d, const struct rule_settings *settings,
                       const struct rule *rule);

/* Put settings that fit on the rule: what they do not say stays as it was. State and correlation
 * of the rule are replaced by copies in `a`. */
void rule_settings_apply(struct arena *a, const struct rule_settings *settings, struct rule *rule);

/* The rule's state, to be changed: made if it has none. */
struct rule_state *rule_state_of(struct arena *a, struct rule *rule);

#endif
