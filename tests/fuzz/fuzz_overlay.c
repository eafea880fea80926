/* fuzz_overlay.c - any bytes as a file of overlays: it changes the rules as it says, or has faults
 * with a place; never both halves, and never a rule beyond its bounds. */
#include "base/str.h"
#include "overlay/overlay.h"
#include "rule/correlation.h"
#include "tests/lib/sigma_text.h"

static const char RULES[] =
    "title: a\nid: a\nlogsource: {product: p}\ndetection: {s: {f|expand: '%one%'}, condition: "
    "s}\nweir: {parameters: "
    "{Known: {list: one, description: d}}}\n---\ntitle: c\nid: c\ncorrelation: {type: event_count, "
    "rules: [a], group-by: u, timespan: "
    "10m, "
    "condition: {gte: 5}}\nweir: {parameters: {Window: {sets: window, description: d}, Many: "
    "{sets: "
    "threshold, description: d}}}\n";

static void check_rule(const struct overlay_set *set, const struct rule *rule)
{
    size_t n;
    const struct overlay_entry *const *entries = overlay_entries_of(set, rule->uid, &n);

    ASSERT((n > 0) == (rule->n_overlays > 0) && rule->n_overlays <= n && n <= OVERLAY_RULE_MAX);
    ASSERT(rule->level <= LEVEL_CRITICAL && rule->channel <= CHANNEL_OFF);
    ASSERT(!rule->correlation || rule->correlation->window_ms > 0);
    for (size_t i = 0; i < n; i++) {
        ASSERT(entries[i]->overlay.n > 0 && entries[i]->line > 0);
        ASSERT(entries[i]->n_keys > 0 || entries[i]->excludes);
        ASSERT(entries[i]->by != OVERLAY_BY_UID || str_eq(entries[i]->uid, rule->uid));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    struct overlay_set *set = overlay_set_new(a, &SIGMA_TEST_LISTS);
    struct lang_options options = {.lists_of = overlay_lists_of, .lists_of_context = set};
    struct rule_loader *l = rule_loader_new(a, &SIGMA_TEST_LISTS, &options);
    struct loaded_rules loaded;
    struct weir_err err;

    overlay_set_add(set, STR("fuzz.yml"), (struct str){(const char *)data, size});
    overlay_set_settle(set);
    rule_loader_add(l, STR("r.yml"), str_from(RULES));
    rule_loader_finish(l, &loaded);
    overlay_set_apply(set, &loaded, 0);
    for (size_t i = 0; i < overlay_fault_count(set); i++) {
        overlay_fault(set, i, &err);
        ASSERT(err.text[0] && err.line > 0);
    }
    for (size_t i = 0; i < loaded.n_rules && overlay_fault_count(set) == 0; i++)
        check_rule(set, loaded.rules[i]);
    arena_free(a);
    return 0;
}
