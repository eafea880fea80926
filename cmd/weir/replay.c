/* replay.c - the options of `weir replay`. */
#include "app/replay.h"

#include <stdio.h>
#include <string.h>

#include "app/compare.h"
#include "base/str.h"
#include "base/time.h"
#include "commands.h"

enum { STEP_MAX_MS = 86400000, BRAKE_MAX = 1000000, BUDGET_MAX_MIB = 1024 * 1024 };

/* What is parsed as text before it becomes an option of the replay. */
struct texts {
    struct str time_start, time_step, lang;
    int raw, at_end;
};

/* What the rules are compared with. */
struct old_rules {
    struct text_list rules, overlays;
};

/* "1", "1ms", "2s", "5m" -> milliseconds. */
static bool parse_step(struct str text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    int64_t unit = 1, n;

    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        struct str u = str_from(units[i].unit);
        if (!str_ends(text, u))
            continue;
        unit = units[i].ms;
        text.n -= u.n;
        break;
    }
    if (!str_to_i64(text, &n) || n < 0 || n > STEP_MAX_MS / unit)
        return false;
    *ms = n * unit;
    return true;
}

/* What people call a language that weir calls otherwise. */
static struct str usual_name(struct str name)
{
    static const char *const NAMES[][2] = {
        {"splunk", "spl"}, {"logscale", "cql"}, {"falcon", "cql"}, {"humio", "cql"},
        {"kuery", "kql"},  {"es|ql", "esql"},   {"yaml", "sigma"}, {"yml", "sigma"}};

    for (size_t i = 0; i < ARRAY_LEN(NAMES); i++)
        if (str_eq_ci(name, str_from(NAMES[i][0])))
            return str_from(NAMES[i][1]);
    return STR("");
}

static int unknown_language(const struct flag_set *set, struct str name)
{
    struct arena *a = arena_new(0);
    struct str known = lang_names(a), usual = usual_name(name);
    struct str hint =
        usual.n ? arena_printf(a, "; did you mean %.*s?", (int)usual.n, usual.p) : STR("");
    int code = command_misused(set, "--lang %.*s: not in this version (these are: %.*s%.*s)",
                               (int)name.n, name.p, (int)known.n, known.p, (int)hint.n, hint.p);

    arena_free(a);
    return code;
}

static int settle(const struct flag_set *set, struct replay_options *o, const struct texts *t)
{
    static const enum alert_raw raws[] = {ALERT_RAW_FULL, ALERT_RAW_MATCHED, ALERT_RAW_NONE};
    bool has_query = o->rules.query.p != NULL;

    o->raw = raws[t->raw];
    if (o->threads < 1 || o->threads > ENGINE_THREADS_MAX)
        return command_misused(set, "--threads: 1 to %d", ENGINE_THREADS_MAX);
    o->keeps = t->at_end == 1;
    o->state.tenant = o->tenant;
    if (o->state.brake > BRAKE_MAX)
        return command_misused(set, "--brake: 0 to %d", BRAKE_MAX);
    if (o->state.budget_mib < 1 || o->state.budget_mib > BUDGET_MAX_MIB)
        return command_misused(set, "--state-budget: 1 to %d", BUDGET_MAX_MIB);
    if (t->time_start.n && !time_parse_ms(t->time_start, &o->time_start_ms))
        return command_misused(set, "--time-start: '%.*s' is no time", (int)t->time_start.n,
                               t->time_start.p);
    if (t->time_step.n && !parse_step(t->time_step, &o->time_step_ms))
        return command_misused(set, "--time-step: '%.*s' is no span (1ms, 2s, 5m; at most 1 day)",
                               (int)t->time_step.n, t->time_step.p);
    if (has_query && o->rules.paths.n)
        return command_misused(set, "give rules as files (-r) or one by --query, not both");
    if (has_query && !t->lang.n)
        return command_misused(set, "--query needs --lang");
    if (has_query && !lang_is_known(t->lang))
        return unknown_language(set, t->lang);
    o->rules.query_language = t->lang;
    if (str_eq(t->lang, STR("sigma")) && !str_trim(o->rules.query).n)
        return command_misused(set, "--query is empty");
    if (!has_query && !o->rules.paths.n)
        return command_misused(set, "no rules: -r PATH");
    if (!o->inputs.n)
        return command_misused(set, "no events: -i PATH");
    return EXIT_FINE;
}

static int run_compare(const struct flag_set *set, const struct replay_options *o,
                       const struct old_rules *old)
{
    if (o->rules.query.p)
        return command_misused(set, "--compare goes with -r, not with --query");
    return (int)compare_run(&(struct compare_options){.rules = &o->rules,
                                                      .old = &old->rules,
                                                      .overlays = &old->overlays,
                                                      .inputs = &o->inputs,
                                                      .state = &o->state,
                                                      .profile = o->profile,
                                                      .out = o->out,
                                                      .format = o->format,
                                                      .time_start_ms = o->time_start_ms,
                                                      .time_step_ms = o->time_step_ms,
                                                      .threads = o->threads,
                                                      .no_cache = o->no_cache});
}

struct command {
    struct replay_options o;
    struct texts t;
    struct old_rules old;
    char lang_help[128];
};

enum { INPUT_FLAGS_MAX = 16, OUTPUT_FLAGS_MAX = 16 };

static size_t input_flags(struct command *c, struct flag out[INPUT_FLAGS_MAX])
{
    const struct flag flags[] = {
        rule_path_flag(&c->o.rules),
        {"query", 0, FLAG_TEXT, "TEXT", "one rule as text instead of files",
         .to.text = &c->o.rules.query, .may_be_empty = true},
        {"lang", 0, FLAG_TEXT, "NAME", c->lang_help, .to.text = &c->t.lang, .with = "query"},
        {"input", 'i', FLAG_TEXTS, "PATH",
         "event file, directory, or - for stdin; may repeat; .gz and .zst too;\n"
         "or kafka://TOPIC, kafka://TOPIC/PARTITION[/OFFSET]",
         .to.texts = &c->o.inputs},
        {"profile", 0, FLAG_TEXT, "NAME", "all events are of this shape", .to.text = &c->o.profile},
        {"order", 0, FLAG_CHOICE, "auto|time|arrival",
         "order of alerts; auto: by event time, for stdin as they arrive",
         .to.choice = (int *)&c->o.order, .not_with = "compare"},
        {"time-start", 0, FLAG_TEXT, "TIME", "events without a time begin here (1970-01-01)",
         .to.text = &c->t.time_start},
        {"time-step", 0, FLAG_TEXT, "SPAN", "and go on by this per record (1ms)",
         .to.text = &c->t.time_step},
        {"threads", 0, FLAG_COUNT, "N", "match on N threads (1); the output is the same for any N",
         .to.count = &c->o.threads},
        {"no-cache", 0, FLAG_SWITCH, NULL, "remember nothing beyond an event",
         .to.on = &c->o.no_cache},
        {"at-end", 0, FLAG_CHOICE, "flush|keep",
         "close what is open at the end (default), or leave it", .to.choice = &c->t.at_end,
         .not_with = "compare"},
        {"engine", 0, FLAG_CHOICE, "compiled|reference", NULL, .to.choice = (int *)&c->o.engine,
         .not_with = "compare"},
    };

    memcpy(out, flags, sizeof flags);
    return ARRAY_LEN(flags);
}

static size_t output_flags(struct command *c, struct flag out[OUTPUT_FLAGS_MAX])
{
    const struct flag flags[] = {
        {"emit", 0, FLAG_CHOICE, "alerts|matches|steps",
         "OCSF findings (default), or {event,rule} lines by event number ({events,rule}: "
         "sequences)",
         .to.choice = (int *)&c->o.emit, .not_with = "compare"},
        {"output", 'o', FLAG_TEXT, "FILE", "lines go to this file, which appears when complete",
         .to.text = &c->o.out},
        {"format", 0, FLAG_CHOICE, "auto|table|json",
         "a table for people, or JSON lines; with -o a table goes to stdout besides",
         .to.choice = (int *)&c->o.format},
        {"deterministic", 0, FLAG_SWITCH, NULL, "times of processing are fixed",
         .to.on = &c->o.is_deterministic, .not_with = "compare"},
        {"raw", 0, FLAG_CHOICE, "full|matched|none", "how much of the event an alert carries",
         .to.choice = &c->t.raw, .not_with = "compare"},
        {"tenant", 0, FLAG_TEXT, "NAME", "tenant of all events", .to.text = &c->o.tenant},
        {"compare", 0, FLAG_TEXTS, "OLD_RULES",
         "matches and findings that these rules had and the others have not, and the\n"
         "reverse, per rule; both with windows of their own, in memory",
         .to.texts = &c->old.rules},
        {"compare-overlays", 0, FLAG_TEXTS, "DIR|FILE",
         "overlays of the old rules (none without this)", .to.texts = &c->old.overlays,
         .with = "compare"},
        {"quiet", 'q', FLAG_SWITCH, NULL, "no summary, but a line if records were rejected",
         .to.on = &c->o.is_quiet},
    };

    memcpy(out, flags, sizeof flags);
    return ARRAY_LEN(flags);
}

static void begin(struct command *c, struct arena *a)
{
    struct str names = lang_names(a);

    *c = (struct command){.o = {.time_step_ms = 1,
                                .threads = 1,
                                .state.brake = GRAPH_BRAKE_DEFAULT,
                                .state.budget_mib = STORE_TOTAL_DEFAULT / (1024 * 1024),
                                .version = version_text()}};
    snprintf(c->lang_help, sizeof c->lang_help, "language of --query: %.*s", (int)names.n, names.p);
}

static void release(struct command *c)
{
    text_list_release(&c->old.rules);
    text_list_release(&c->old.overlays);
    text_list_release(&c->o.inputs);
    text_list_release(&c->o.kafka.properties);
    rule_options_release(&c->o.rules);
}

static int settle_and_run(const struct flag_set *set, struct command *c)
{
    int code = settle(set, &c->o, &c->t);

    if (code != EXIT_FINE)
        return code;
    return c->old.rules.n ? run_compare(set, &c->o, &c->old) : (int)replay_run(&c->o);
}

int command_replay(int argc, char **argv)
{
    struct arena *a = arena_new(0);
    struct command c;
    struct flag input[INPUT_FLAGS_MAX], topics[STRETCH_FLAGS_MAX], state[STATE_FLAGS_MAX],
        output[OUTPUT_FLAGS_MAX], rules[RULE_FLAGS_MAX];
    int code;

    begin(&c, a);
    const struct flag_group groups[] = {
        {"input", input, input_flags(&c, input)},
        {"topics (-i kafka://...)", topics, stretch_flags(&c.o.kafka, topics)},
        {"state", state, state_flags(&c.o.state, state)},
        {"output", output, output_flags(&c, output)},
        {"about rules", rules, rule_flags(&c.o.rules, rules)},
    };
    const struct flag_set set = {"replay", "weir replay [-r] PATH... -i PATH... [OPTION...]",
                                 "Run rules over events from files or Kafka topics. Alerts go to "
                                 "stdout, the summary to stderr.",
                                 groups, ARRAY_LEN(groups)};
    if (command_begin(&set, argc, argv, &c.o.rules.paths, &code))
        code = settle_and_run(&set, &c);
    release(&c);
    arena_free(a);
    return code;
}
