/* topics.c - are the topics of a worker fit for it? One list of what the broker says; then output
 * by output, input by input. */
#include "worker/topics.h"

#include <stdarg.h>
#include <stdio.h>

#include "alert/alert.h"
#include "base/now.h"
#include "base/str.h"
#include "base/vec.h"
#include "worker/config_key.h"
#include "worker/config_value.h"

#define RETENTION_OF_CREATED_MS (INT64_C(7) * 24 * 3600 * 1000)

struct judge {
    const struct config *c;
    const struct kafka_topic *found;
    size_t n_found;
    int64_t claims_ms;
    struct arena *arena;
    struct topics_verdict *out;
    struct vec warnings;
    struct weir_err *err;
    bool has_told_clock; /* once is enough */
};

static void PRINTF_LIKE(2, 3) warn(struct judge *j, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    struct str *line = vec_push(j->arena, &j->warnings, sizeof *line);
    *line = arena_str(j->arena, str_from(text));
}

static const struct kafka_topic *find(const struct judge *j, struct str name)
{
    for (size_t i = 0; i < j->n_found; i++)
        if (str_eq(j->found[i].name, name))
            return &j->found[i];
    return NULL;
}

/* "7d" of milliseconds. */
static const char *span(struct arena *a, int64_t ms)
{
    struct buf text = {0};

    config_span_write(&text, ms);
    const char *z = arena_str(a, buf_str(&text)).p;
    buf_release(&text);
    return z;
}

static bool has_store(const struct config *c)
{
    return !str_eq(c->state, STR("none"));
}

/* ---- outputs -------------------------------------------------------------------------------- */

bool topics_is_written(const struct config *c, size_t topic)
{
    return topic != TOPIC_STATE || has_store(c);
}

/* What was published is the journal that a recovery reads: it must not be gone before dedup
 * forgets, nor be folded to the last record of a key. */
static enum weir_rc judge_journal(struct judge *j, const struct kafka_topic *t, const char *path)
{
    if (!has_store(j->c))
        return WEIR_OK;
    if (t->is_compacted)
        return err_set(j->err, WEIR_BADARG,
                       "%s: topic '%s' has cleanup.policy compact: it must be delete, since a "
                       "recovery reads what was published",
                       path, t->name.p);
    if (t->retention_ms >= 0 && t->retention_ms < j->claims_ms)
        return err_set(j->err, WEIR_BADARG,
                       "%s: topic '%s' keeps records for %s (retention.ms): %s are needed, the "
                       "longest dedup period of the rules",
                       path, t->name.p, span(j->arena, t->retention_ms),
                       span(j->arena, j->claims_ms));
    return WEIR_OK;
}

static enum weir_rc judge_size(struct judge *j, const struct kafka_topic *t, const char *path)
{
    int64_t cap = t->max_message_bytes - TOPICS_RECORD_OVERHEAD;

    if (t->max_message_bytes == INT64_MIN || cap >= j->out->alert_bytes_max)
        return WEIR_OK;
    if (cap < ALERT_MINIMAL_BYTES)
        return err_set(j->err, WEIR_BADARG,
                       "%s: topic '%s' takes records of %lld bytes (max.message.bytes): at least "
                       "%d are needed",
                       path, t->name.p, (long long)t->max_message_bytes,
                       ALERT_MINIMAL_BYTES + TOPICS_RECORD_OVERHEAD);
    j->out->alert_bytes_max = (uint32_t)cap;
    warn(j,
         "alerts.max_bytes: %lld instead of %u, since topic '%s' takes records of %lld bytes "
         "(max.message.bytes)",
         (long long)cap, j->c->alert_bytes_max, t->name.p, (long long)t->max_message_bytes);
    return WEIR_OK;
}

static enum weir_rc judge_output(struct judge *j, enum config_topic which)
{
    const char *path = config_topic_path(which);
    struct str name = j->c->topics[which];
    const struct kafka_topic *t = find(j, name);

    if (t && t->is_denied)
        return err_set(j->err, WEIR_BADARG,
                       "%s: no right to topic '%.*s' (its user needs DESCRIBE and WRITE)", path,
                       (int)name.n, name.p);
    if (!t || !t->exists)
        return err_set(j->err, WEIR_BADARG,
                       "%s: topic '%.*s' does not exist (create it, or set topics.create: true)",
                       path, (int)name.n, name.p);
    if (t->max_message_bytes == INT64_MIN) {
        warn(j,
             "%s: the configuration of topic '%s' cannot be read (DESCRIBE_CONFIGS): retention, "
             "cleanup policy and size are not checked",
             path, t->name.p);
        return WEIR_OK;
    }
    if (which == TOPIC_STATE && !t->is_compacted)
        return err_set(
            j->err, WEIR_BADARG,
            "%s: topic '%s' must have cleanup.policy compact: the newest of each fact is "
            "kept for ever",
            path, t->name.p);
    if (which == TOPIC_STATE)
        return WEIR_OK;
    if (which != TOPIC_DEAD_LETTERS)
        TRY(judge_journal(j, t, path));
    return judge_size(j, t, path);
}

/* ---- inputs --------------------------------------------------------------------------------- */

/* Is it the topic of an earlier input, or of an earlier name of this one? */
static enum weir_rc judge_twice(struct judge *j, const struct kafka_topic *t, size_t input,
                                size_t name)
{
    for (size_t i = 0; i <= input; i++)
        for (size_t k = 0; k < (i == input ? name : j->c->inputs[i].n_topics); k++)
            if (config_topic_matches(j->c->inputs[i].topics[k], t->name.p))
                return err_set(j->err, WEIR_BADARG,
                               "inputs: topic '%s' is taken by '%s' and by '%s': whose is it?",
                               t->name.p, j->c->inputs[i].topics[k],
                               j->c->inputs[input].topics[name]);
    return WEIR_OK;
}

static void judge_clock(struct judge *j, const struct kafka_topic *t)
{
    if (j->has_told_clock || t->is_append_time || t->retention_ms == INT64_MIN || !has_store(j->c))
        return;
    j->has_told_clock = true;
    warn(j,
         "inputs: the times of topic '%s' are its producers' (message.timestamp.type "
         "CreateTime): how far a recovery reads back depends on their clocks",
         t->name.p);
}

static enum weir_rc judge_name(struct judge *j, size_t input, size_t name)
{
    const char *wanted = j->c->inputs[input].topics[name];
    size_t n = 0;

    for (size_t i = 0; i < j->n_found; i++) {
        const struct kafka_topic *t = &j->found[i];
        if (!t->exists || !config_topic_matches(wanted, t->name.p))
            continue;
        TRY(judge_twice(j, t, input, name));
        judge_clock(j, t);
        j->out->n_inputs++;
        j->out->n_partitions += t->n_partitions;
        n++;
    }
    if (n > 0)
        return WEIR_OK;
    if (wanted[0] == '^') {
        warn(j, "inputs: no topic fits the pattern '%s' yet", wanted);
        return WEIR_OK;
    }
    const struct kafka_topic *t = find(j, str_from(wanted));
    if (t && t->is_denied)
        return err_set(j->err, WEIR_BADARG,
                       "inputs: no right to topic '%s' (its user needs DESCRIBE and READ)", wanted);
    return err_set(j->err, WEIR_BADARG, "inputs: topic '%s' does not exist", wanted);
}

enum weir_rc topics_judge(const struct config *c, const struct kafka_topic *found, size_t n_found,
                          int64_t claims_ms, struct arena *a, struct topics_verdict *out,
                          struct weir_err *err)
{
    struct judge j = {.c = c,
                      .found = found,
                      .n_found = n_found,
                      .claims_ms = claims_ms,
                      .arena = a,
                      .out = out,
                      .err = err};

    *out = (struct topics_verdict){.alert_bytes_max = c->alert_bytes_max};
    for (size_t i = 0; i < c->n_inputs; i++)
        for (size_t k = 0; k < c->inputs[i].n_topics; k++)
            TRY(judge_name(&j, i, k));
    for (size_t i = 0; i < CONFIG_TOPICS; i++)
        if (topics_is_written(c, i))
            TRY(judge_output(&j, (enum config_topic)i));
    out->warnings = j.warnings.items;
    out->n_warnings = j.warnings.n;
    return WEIR_OK;
}

int64_t topics_claims_ms(const struct graph *g)
{
    int64_t longest = 0;

    for (size_t i = 0; i < g->n_rules; i++) {
        const struct graph_rule *r = &g->rules[i];
        int64_t early = r->spec.fold.period_ms, late = r->suppress_spec.fold.period_ms;
        int64_t period = early > late ? early : late;
        if (r->is_telling && period > longest)
            longest = period;
    }
    return longest;
}

/* ---- asking --------------------------------------------------------------------------------- */

struct answer {
    struct kafka_topic *topics;
    size_t n;
};

static enum weir_rc ask(struct kafka_admin *admin, const struct config *c, struct arena *a,
                        struct answer *out, struct weir_err *err)
{
    size_t n = 0, n_names = CONFIG_TOPICS;

    for (size_t i = 0; i < c->n_inputs; i++)
        n_names += c->inputs[i].n_topics;
    const char **names = ARENA_ARRAY(a, n_names, const char *);
    for (size_t i = 0; i < c->n_inputs; i++)
        for (size_t k = 0; k < c->inputs[i].n_topics; k++)
            names[n++] = c->inputs[i].topics[k];
    for (size_t i = 0; i < CONFIG_TOPICS; i++)
        if (topics_is_written(c, i))
            names[n++] = arena_str(a, c->topics[i]).p;
    return kafka_admin_describe(admin, names, n, TOPICS_ASK_MS, a, &out->topics, &out->n, err);
}

static bool is_there(const struct answer *answer, struct str name)
{
    for (size_t i = 0; i < answer->n; i++)
        if (str_eq(answer->topics[i].name, name))
            return answer->topics[i].exists || answer->topics[i].is_denied;
    return false;
}

static enum weir_rc create(struct kafka_admin *admin, const struct config *c, size_t which,
                           int64_t claims_ms, struct arena *a, struct weir_err *err)
{
    int64_t ms = claims_ms > RETENTION_OF_CREATED_MS ? claims_ms : RETENTION_OF_CREATED_MS;
    const char *retention = arena_printf(a, "%lld", (long long)ms).p;
    const char *const journal[] = {"cleanup.policy", "delete", "retention.ms", retention, NULL};
    const char *const facts[] = {"cleanup.policy", "compact", NULL};
    struct kafka_topic_wish wish = {.name = arena_str(a, c->topics[which]).p,
                                    .configs = which == TOPIC_STATE ? facts : journal};

    return kafka_admin_create(admin, &wish, TOPICS_ASK_MS, err);
}

/* Those that are missing; then ask until the brokers know them. */
static enum weir_rc create_outputs(struct kafka_admin *admin, const struct config *c,
                                   int64_t claims_ms, struct arena *a, struct answer *answer,
                                   struct weir_err *err)
{
    size_t n_missing = 0;

    for (size_t i = 0; i < CONFIG_TOPICS; i++)
        if (topics_is_written(c, i) && !is_there(answer, c->topics[i])) {
            TRY(create(admin, c, i, claims_ms, a, err));
            n_missing++;
        }
    int64_t end = now_monotonic_ms() + TOPICS_ASK_MS;
    while (n_missing && now_monotonic_ms() < end) { /* each question waits for its answer */
        TRY(ask(admin, c, a, answer, err));
        n_missing = 0;
        for (size_t i = 0; i < CONFIG_TOPICS; i++)
            n_missing += topics_is_written(c, i) && !is_there(answer, c->topics[i]);
    }
    return WEIR_OK;
}

enum weir_rc topics_check(const struct config *c, int64_t claims_ms, struct arena *a,
                          struct topics_verdict *out, struct weir_err *err)
{
    struct kafka_admin *admin;
    struct answer answer;

    TRY(kafka_admin_new(&c->common, &admin, err));
    enum weir_rc rc = ask(admin, c, a, &answer, err);
    if (rc == WEIR_OK && c->creates_topics)
        rc = create_outputs(admin, c, claims_ms, a, &answer, err);
    kafka_admin_free(admin);
    return rc == WEIR_OK ? topics_judge(c, answer.topics, answer.n, claims_ms, a, out, err) : rc;
}
