/* summary.c - what a run tells when it is over. One small function per paragraph; a paragraph
 * without content is left out. */
#include "app/summary.h"

#include <stdlib.h>

#include "app/measure.h"
#include "app/table.h"
#include "base/str.h"

/* ---- first line ------------------------------------------------------------------- */

static void print_volume(const struct summary *s, struct buf *out)
{
    double seconds = s->seconds > 0 ? s->seconds : 1e-9;

    buf_printf(out, "%s: ", s->command);
    add_counted(out, s->counts->events, "event");
    buf_add(out, STR(", "));
    add_bytes(out, s->counts->bytes);
    buf_printf(out, " in %.2f s (", s->seconds);
    add_count(out, (uint64_t)((double)s->counts->events / seconds));
    buf_add(out, STR(" events/s, "));
    add_bytes(out, (uint64_t)((double)s->counts->bytes / seconds));
    buf_add(out, STR("/s), "));
    add_counted(out, s->n_rules, "rule");
    buf_add_char(out, '\n');
}

/* ---- matches ---------------------------------------------------------------------- */

struct ranked {
    uint32_t number; /* of the rule */
    double weight;
};

static int by_weight(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void print_levels(const struct summary *s, struct buf *out)
{
    uint64_t by_level[LEVEL_CRITICAL + 1] = {0}, unknown = 0, total = 0;
    size_t n_rules = 0;

    for (size_t r = 0; r < s->n_rules; r++) {
        const struct rule *rule = s->rules[r];
        *(rule_has_level(rule) ? &by_level[rule->level] : &unknown) += s->rule_matches[r];
        total += s->rule_matches[r];
        n_rules += s->rule_matches[r] > 0;
    }
    buf_add(out, STR("matches: "));
    add_count(out, total);
    if (total) {
        buf_add(out, STR(" of "));
        add_counted(out, n_rules, "rule");
        buf_add_char(out, ':');
    }
    for (int level = LEVEL_CRITICAL; level >= LEVEL_INFORMATIONAL; level--) {
        if (!by_level[level])
            continue;
        buf_printf(out, " %s ", rule_level_name((enum rule_level)level));
        add_count(out, by_level[level]);
    }
    if (unknown) {
        buf_add(out, STR(" unknown "));
        add_count(out, unknown);
    }
    buf_add_char(out, '\n');
}

static void print_top(const struct summary *s, const struct ranked *top, size_t n, struct buf *out)
{
    static const struct table_column columns[] = {
        {"MATCHES", true, 0}, {"LEVEL", false, 0}, {"TITLE", false, 70}, {"RULE", false, 60}};
    struct table *t = table_new(columns, ARRAY_LEN(columns));

    for (size_t i = 0; i < n && i < SUMMARY_RULES_MAX; i++) {
        const struct rule *rule = s->rules[top[i].number];
        table_count(t, s->rule_matches[top[i].number]);
        table_cell(t, str_from(rule_level_word(rule)));
        table_cell(t, rule->title);
        table_cell(t, rule->uid);
    }
    table_print(t, 2, out);
    if (n > SUMMARY_RULES_MAX)
        buf_printf(out, "  ... and %zu more rules\n", n - SUMMARY_RULES_MAX);
    table_free(t);
}

static void print_off(const struct summary *s, struct buf *out)
{
    size_t n = 0;

    for (size_t r = 0; r < s->n_rules; r++)
        n += s->rules[r]->channel == CHANNEL_OFF && !s->rules[r]->is_part;
    if (n) {
        buf_add(out, STR("off: "));
        add_counted(out, n, "rule");
        buf_add(out, STR(" (channel: off), not counted and not told\n"));
    }
}

static void print_matches(const struct summary *s, struct buf *out)
{
    struct ranked *ranked = calloc(s->n_rules + 1, sizeof *ranked);
    size_t n = 0;

    ASSERT(ranked);
    for (uint32_t r = 0; r < s->n_rules; r++)
        if (s->rule_matches[r])
            ranked[n++] = (struct ranked){r, (double)s->rule_matches[r]};
    qsort(ranked, n, sizeof *ranked, by_weight);
    print_levels(s, out);
    if (n)
        print_top(s, ranked, n, out);
    print_off(s, out);
    free(ranked);
}

/* ---- cost ------------------------------------------------------------------------- */

/* Rules that take this share of all time spent on rules are worth a look. */
#define COST_SHARE_SHOWN 0.05
enum { COST_RULES_MIN = 20 /* of a few rules each takes its share */ };

/* Cycles of each rule; returns their sum. */
static double weigh_rules(const struct summary *s, struct ranked *out)
{
    double total = 0;

    for (uint32_t r = 0; r < s->n_rules; r++) {
        out[r] = (struct ranked){r, (double)engine_rule_use(s->engine, r).cycles};
        total += out[r].weight;
    }
    return total;
}

static void print_costs(const struct summary *s, struct buf *out)
{
    struct ranked *ranked = calloc(s->n_rules + 1, sizeof *ranked);
    size_t n = 0;

    ASSERT(ranked);
    double total = weigh_rules(s, ranked);
    for (size_t r = 0; s->n_rules >= COST_RULES_MIN && total > 0 && r < s->n_rules; r++)
        if (ranked[r].weight >= COST_SHARE_SHOWN * total)
            ranked[n++] = (struct ranked){ranked[r].number, ranked[r].weight / total};
    qsort(ranked, n, sizeof *ranked, by_weight);
    if (n)
        buf_add(out, STR("costly rules (share of the time spent on rules, sampled):"));
    for (size_t i = 0; i < n && i < SUMMARY_COSTS_MAX; i++)
        buf_printf(out, "%s %.0f %% %.*s", i ? "," : "", ranked[i].weight * 100,
                   (int)s->rules[ranked[i].number]->uid.n, s->rules[ranked[i].number]->uid.p);
    if (n)
        buf_add_char(out, '\n');
    free(ranked);
}

/* ---- shapes ----------------------------------------------------------------------- */

static void describe_values(const char *key, const struct logsource_values *v, struct buf *out)
{
    if (!v->is_known)
        return;
    buf_printf(out, "%s%s=", out->n ? " " : "", key);
    if (v->n == 0)
        buf_add(out, STR("(other)"));
    for (uint32_t i = 0; i < v->n; i++) {
        if (i)
            buf_add_char(out, '|');
        buf_add(out, v->values[i]);
    }
}

void facts_describe(const struct logsource_facts *facts, struct buf *out)
{
    struct buf text = {0};

    describe_values("product", &facts->product, &text);
    describe_values("category", &facts->category, &text);
    describe_values("service", &facts->service, &text);
    buf_add(out, text.n ? buf_str(&text) : STR("-"));
    buf_release(&text);
}

static void describe_unseen(const struct summary *s, const struct shape *shape, struct buf *out)
{
    struct engine_unseen unseen[SUMMARY_UNSEEN_MAX];
    size_t n = engine_unseen(s->engine, shape, unseen, SUMMARY_UNSEEN_MAX);

    if (n == 0)
        buf_add_char(out, '-');
    for (size_t i = 0; i < n && i < SUMMARY_UNSEEN_MAX; i++)
        buf_printf(out, "%s%.*s (%u)", i ? ", " : "", (int)unseen[i].field.n, unseen[i].field.p,
                   unseen[i].rules);
    if (n > SUMMARY_UNSEEN_MAX)
        buf_printf(out, " and %zu more", n - SUMMARY_UNSEEN_MAX);
}

static void add_shape(const struct summary *s, const struct engine_shape *seen, struct table *t,
                      struct buf *text)
{
    const struct shape *shape = seen->shape;

    table_count(t, seen->events);
    table_cell(t, shape->profile ? profile_name(shape->profile) : STR("(unknown)"));
    buf_clear(text);
    facts_describe(&shape->facts, text);
    table_cell(t, buf_str(text));
    table_count(t, seen->rules_eligible);
    buf_clear(text);
    describe_unseen(s, shape, text);
    table_cell(t, buf_str(text));
}

/* Rules name fields by a profile's names: without one they mostly look in vain. */
static void print_unknown(const struct engine_shape *shapes, size_t n, struct buf *out)
{
    uint64_t events = 0;

    for (size_t i = 0; i < n; i++)
        if (!shapes[i].shape->profile)
            events += shapes[i].events;
    if (events == 0)
        return;
    buf_add(out, STR("  "));
    add_counted(out, events, "event");
    buf_add(out, STR(" of unknown shape saw every rule, with fields under their own names: "
                     "'weir classify' shows their keys, --profiles teaches weir more shapes\n"));
}

static void print_shapes(const struct summary *s, struct buf *out)
{
    static const struct table_column columns[] = {
        {"EVENTS", true, 0},
        {"PROFILE", false, 0},
        {"LOGSOURCE", false, 100},
        {"RULES", true, 0},
        {"WANTED BUT NEVER SEEN (RULES)", false, 0},
    };
    struct table *t = table_new(columns, ARRAY_LEN(columns));
    uint64_t n_overflowed = engine_shapes_overflowed(s->engine);
    struct buf text = {0};
    struct engine_shape *shapes;

    size_t n = engine_shapes(s->engine, &shapes);
    for (size_t i = 0; i < n && i < SUMMARY_SHAPES_MAX; i++)
        add_shape(s, &shapes[i], t, &text);
    if (n) {
        buf_add(out, STR("shapes of telemetry:\n"));
        table_print(t, 2, out);
    }
    if (n > SUMMARY_SHAPES_MAX)
        buf_printf(out, "  ... and %zu more shapes\n", n - SUMMARY_SHAPES_MAX);
    print_unknown(shapes, n, out);
    if (n_overflowed)
        buf_printf(out, "  %llu events had shapes beyond the first %d: they saw every rule\n",
                   (unsigned long long)n_overflowed, SHAPES_MAX);
    free(shapes);
    buf_release(&text);
    table_free(t);
}

/* ---- what went wrong ---------------------------------------------------------------- */

uint64_t rejects_count(const struct stream_counts *counts)
{
    uint64_t n = 0;

    for (size_t i = 0; i < EVENT_REJECTS; i++)
        n += counts->rejected[i];
    return n;
}

static bool rejects_are_all(const struct stream_counts *counts)
{
    return counts->events == 0 && rejects_count(counts);
}

enum exit_code exit_of_inputs(const struct stream_counts *counts, unsigned n_damaged)
{
    return n_damaged || rejects_are_all(counts) ? EXIT_WORLD : EXIT_FINE;
}

static void print_nonzero(struct buf *out, const char *what, uint64_t n, const char *why)
{
    if (n == 0)
        return;
    buf_printf(out, "%s: ", what);
    add_count(out, n);
    buf_printf(out, " (%s)\n", why);
}

#define MIB (1024.0 * 1024)

/* What findings came of it, and what did not go into state. */
static void print_state(const struct summary *s, struct buf *out)
{
    const struct correlator_counts *c = &s->state.correlator;

    buf_add(out, STR("findings: "));
    add_count(out, c->creates);
    buf_add(out, STR(" new, "));
    add_count(out, c->updates);
    buf_add(out, STR(" updates, "));
    add_count(out, c->closes);
    buf_add(out, STR(" closed\n"));
    print_nonzero(out, "rules off", s->rules_off, "they need --geoip FILE");
    print_nonzero(out, "braked findings", c->braked, "more than the storm brake lets pass");
    print_nonzero(out, "late events", s->state.late_events,
                  "older than their source's watermark: windows leave them out");
    print_nonzero(out, "no group value", s->gathered.missing_group,
                  "a correlation's group field is missing: the hit is left out");
    print_nonzero(out, "no value", s->gathered.missing_value,
                  "condition.field is missing or no number: the hit is left out");
    print_nonzero(out, "too many keys", s->gathered.keys_cut,
                  "an event's group values make more combinations than are followed");
    print_nonzero(out, "no entity", s->gathered.no_entity,
                  "findings that do not fold: their event names nobody");
    print_nonzero(out, "state full", c->pressure.findings,
                  "minutes in which a rule gave up keys, each a finding");
    print_nonzero(out, "keys kept small", s->state.shrunk, "one hit in 16 bytes, without evidence");
    print_nonzero(out, "keys evicted", s->state.evicted, "a rule's memory was full");
    print_nonzero(out, "keys refused", s->state.cells_refused, "a rule's memory was full");
    print_nonzero(out, "evidence left out", s->state.capsules_refused,
                  "the memory for windows' events was full");
    if (c->pressure.findings == 0)
        return;
    buf_printf(out,
               "state of the fullest rule: at most %.1f MiB of windows, %.1f MiB of evidence\n",
               (double)c->pressure.most_bytes / MIB, (double)c->pressure.most_capsule_bytes / MIB);
}

static void print_place(const struct origin_input *input, uint64_t record, struct buf *out)
{
    if (input->is_topic) {
        buf_printf(out, "%.*s/%u/%llu", (int)input->name.n, input->name.p, input->partition,
                   (unsigned long long)record);
        return;
    }
    buf_printf(out, "record %llu of %.*s", (unsigned long long)record, (int)input->name.n,
               input->name.p);
}

void rejects_print(const struct stream_counts *counts, const struct origin_input *inputs,
                   struct buf *out)
{
    if (rejects_count(counts) == 0)
        return;
    buf_add(out, STR("rejected: "));
    add_counted(out, rejects_count(counts), "record");
    buf_add_char(out, '\n');
    for (size_t i = 0; i < EVENT_REJECTS; i++) {
        const struct event_ref *first = &counts->first_rejected[i];
        if (!counts->rejected[i])
            continue;
        buf_add(out, STR("  "));
        add_count(out, counts->rejected[i]);
        buf_printf(out, " %s (first: ", event_reject_name((enum event_reject)i));
        print_place(&inputs[first->input], first->record, out);
        buf_add(out, STR(")\n"));
    }
    if (rejects_are_all(counts))
        buf_add(out, STR("nothing could be read: inputs are NDJSON, concatenated JSON or JSON "
                         "arrays, plain, gzip or zstd\n"));
}

void rejects_tell(const struct stream_counts *counts, const struct origin_input *inputs)
{
    struct buf text = {0};

    rejects_print(counts, inputs, &text);
    tell(&text);
    buf_release(&text);
}

static void print_notes(const struct summary *s, struct buf *out)
{
    uint64_t limits = engine_regex_limits(s->engine);

    if (s->time_standins) {
        buf_add(out, STR("no time: "));
        add_counted(out, s->time_standins, "event");
        buf_add(out, STR(" got a stand-in (the record's time, or --time-start, "
                         "--time-step)\n"));
    }
    print_nonzero(out, "times bounded", s->time_clamped,
                  "events more than 5 minutes ahead of their record");
    if (s->has_state)
        print_state(s, out);
    if (limits) {
        buf_add(out, STR("regex limits: "));
        add_count(out, limits);
        buf_add(out, STR(" tests ran into a limit and counted as no match\n"));
    }
}

void summary_print(const struct summary *s, struct buf *out)
{
    print_volume(s, out);
    print_matches(s, out);
    print_costs(s, out);
    print_shapes(s, out);
    rejects_print(s->counts, s->inputs, out);
    print_notes(s, out);
}
