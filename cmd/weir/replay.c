/* replay.c - the options of `weir replay`. */
#include "app/replay.h"
#include "app/compare.h"

#include "base/str.h"
#include "commands.h"
#include "base/time.h"

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
        return command_misused(set, "give rules by -r or one by --query, not both");
    if (has_query && !t->lang.n)
        return command_misused(set, "--query needs --lang");
    if (has_query && !lang_is_known(t->lang))
        return command_misused(set, "--lang %.*s: not in this version (sigma, eql and kql are)",
                               (int)t->lang.n, t->lang.p);
    o->rules.query_language = t->lang;
    if (!has_query && t->lang.n)
        return command_misused(set, "--lang is for --query");
    if (has_query && !str_trim(o->rules.query).n)
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
                                                      .profile = o->profile,
                                                      .out = o->out,
                                                      .format = o->format,
                                                      .time_start_ms = o->time_start_ms,
                                                      .time_step_ms = o->time_step_ms,
                                                      .threads = o->threads,
                                                      .no_cache = o->no_cache});
}

int command_replay(int argc, char **argv)
{
    struct replay_options o = {.time_step_ms = 1,
                               .threads = 1,
                               .state.brake = GRAPH_BRAKE_DEFAULT,
                               .state.budget_mib = STORE_TOTAL_DEFAULT / (1024 * 1024),
                               .version = version_text()};
    struct texts t = {0};
    struct text_list words = {0};
    struct old_rules old = {0};
    struct flag rules[RULE_FLAGS_MAX];
    const struct flag main_flags[] = {
        {"rules", 'r', FLAG_TEXTS, "PATH", "rule file or directory; may repeat",
         .to.texts = &o.rules.paths},
        {"query", 0, FLAG_TEXT, "TEXT", "one rule as text instead of -r",
         .to.text = &o.rules.query},
        {"lang", 0, FLAG_TEXT, "NAME", "language of --query: sigma, eql, kql", .to.text = &t.lang},
        {"input", 'i', FLAG_TEXTS, "PATH",
         "event file, directory, or - for stdin; may repeat; .gz and .zst too;\n"
         "                      or kafka://TOPIC, kafka://TOPIC/PARTITION[/OFFSET]",
         .to.texts = &o.inputs},
        {"profile", 0, FLAG_TEXT, "NAME", "all events are of this shape", .to.text = &o.profile},
        {"order", 0, FLAG_CHOICE, "auto|time|arrival",
         "order of alerts; auto: by event time, for stdin as they arrive",
         .to.choice = (int *)&o.order},
        {"time-start", 0, FLAG_TEXT, "TIME", "events without a time begin here (1970-01-01)",
         .to.text = &t.time_start},
        {"time-step", 0, FLAG_TEXT, "SPAN", "and go on by this per record (1ms)",
         .to.text = &t.time_step},
        {"threads", 0, FLAG_COUNT, "N", "match on N threads (1); the output is the same for any N",
         .to.count = &o.threads},
        {"no-cache", 0, FLAG_SWITCH, NULL, "remember nothing beyond an event",
         .to.on = &o.no_cache},
        {"at-end", 0, FLAG_CHOICE, "flush|keep",
         "close what is open at the end (default), or leave it", .to.choice = &t.at_end},
        {"engine", 0, FLAG_CHOICE, "compiled|reference", NULL, .to.choice = (int *)&o.engine},
    };
    const struct flag kafka_flags[] = {
        {"from", 0, FLAG_TEXT, "TIME", "records of this time on: 2026-07-25T12:00:00Z, or 4h ago",
         .to.text = &o.kafka.from},
        {"to", 0, FLAG_TEXT, "TIME", "and older than this", .to.text = &o.kafka.to},
        {"property", 'X', FLAG_TEXTS, "NAME=VALUE",
         "property of librdkafka: bootstrap.servers=HOST:PORT", .to.texts = &o.kafka.properties},
        {"config", 'c', FLAG_TEXT, "FILE",
         "a worker's configuration: brokers; profile, labels, tenant of the topic",
         .to.text = &o.kafka.config},
    };
    const struct flag state_flags[] = {
        {"state", 0, FLAG_TEXT, "WHERE",
         "memory (default), dir:PATH (goes on after a crash), redis://HOST:PORT, unix:///SOCKET",
         .to.text = &o.state.where, .is_in_environment = true},
        {"state-budget", 0, FLAG_COUNT, "MIB",
         "memory of all rules' state, evidence included (1024)", .to.count = &o.state.budget_mib,
         .is_in_environment = true},
        {"state-password-file", 0, FLAG_TEXT, "FILE", "password for the server of --state",
         .to.text = &o.state.password_file, .is_in_environment = true},
        {"state-ca", 0, FLAG_TEXT, "FILE", "certificates that the server's must come from",
         .to.text = &o.state.ca_file, .is_in_environment = true},
        {"state-secret-file", 0, FLAG_TEXT, "FILE",
         "secret that keys are hashed with; without one a fixed test key",
         .to.text = &o.state.secret_file, .is_in_environment = true},
        {"brake", 0, FLAG_COUNT, "N", "new findings of a rule in a minute (100); 0: no limit",
         .to.count = &o.state.brake, .is_in_environment = true},
        {"no-dedup", 0, FLAG_SWITCH, NULL, "every match is a finding of its own",
         .to.on = &o.state.no_dedup, .is_in_environment = true},
        {"assume-trained", 0, FLAG_SWITCH, NULL,
         "first_seen, rarity and ratio judge at once, without their training",
         .to.on = &o.state.assume_trained, .is_in_environment = true},
    };
    const struct flag output_flags[] = {
        {"emit", 0, FLAG_CHOICE, "alerts|matches",
         "OCSF findings (default), or {event,rule} lines by event number",
         .to.choice = (int *)&o.emit},
        {"output", 'o', FLAG_TEXT, "FILE", "lines go to this file, which appears when complete",
         .to.text = &o.out},
        {"format", 0, FLAG_CHOICE, "auto|table|json",
         "a table for people, or JSON lines; with -o a table goes to stdout besides",
         .to.choice = (int *)&o.format},
        {"deterministic", 0, FLAG_SWITCH, NULL, "times of processing are fixed",
         .to.on = &o.is_deterministic},
        {"raw", 0, FLAG_CHOICE, "full|matched|none", "how much of the event an alert carries",
         .to.choice = &t.raw},
        {"tenant", 0, FLAG_TEXT, "NAME", "tenant of all events", .to.text = &o.tenant},
        {"compare", 0, FLAG_TEXTS, "OLD_RULES",
         "matches that these rules had and the others have not, and the reverse, per rule",
         .to.texts = &old.rules},
        {"compare-overlays", 0, FLAG_TEXTS, "DIR|FILE",
         "overlays of the old rules (none without this)", .to.texts = &old.overlays},
        {"quiet", 'q', FLAG_SWITCH, NULL, "no summary, but a line if records were rejected",
         .to.on = &o.is_quiet},
    };
    const struct flag_group groups[] = {
        {"input", main_flags, ARRAY_LEN(main_flags)},
        {"topics (-i kafka://...)", kafka_flags, ARRAY_LEN(kafka_flags)},
        {"state", state_flags, ARRAY_LEN(state_flags)},
        {"output", output_flags, ARRAY_LEN(output_flags)},
        {"about rules", rules, rule_flags(&o.rules, rules)},
    };
    const struct flag_set set = {"replay", "weir replay -r PATH... -i PATH... [OPTION...]",
                                 "Run rules over events from files or Kafka topics. Alerts go to "
                                 "stdout, the summary to stderr.",
                                 groups, ARRAY_LEN(groups)};
    int code;

    if (command_begin(&set, argc, argv, &words, &code)) {
        code = words.n ? command_misused(&set, "'%.*s' is no option (rules: -r, events: -i)",
                                         (int)words.items[0].n, words.items[0].p)
                       : settle(&set, &o, &t);
        if (code == EXIT_FINE)
            code = old.rules.n ? run_compare(&set, &o, &old) : (int)replay_run(&o);
    }
    text_list_release(&old.rules);
    text_list_release(&old.overlays);
    text_list_release(&words);
    text_list_release(&o.inputs);
    text_list_release(&o.kafka.properties);
    rule_options_release(&o.rules);
    return code;
}
