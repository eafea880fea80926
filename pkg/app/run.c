/* run.c - `weir run`: a worker, from its configuration to its end. */
#include "app/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "app/config.h"
#include "app/ruleset_load.h"
#include "base/now.h"
#include "base/str.h"
#include "base/time.h"
#include "kafka/topic.h"
#include "state/store_redis.h"
#include "worker/board.h"
#include "worker/crash.h"

#include "worker/config.h"
#include "worker/feed.h"
#include "worker/heap.h"
#include "worker/http.h"
#include "worker/lane.h"
#include "worker/log.h"
#include "worker/metric.h"
#include "worker/ruleset.h"
#include "worker/scene.h"
#include "worker/slot.h"
#include "worker/store_wait.h"
#include "worker/topics.h"

enum { WATCH_MS = 500, TIDY_MS = 30000, TOPICS_MS = 10000, SLOT_OF_HOST = -2 };

struct run_lane {
    struct kafka_consumer *consumer;
    struct post *post;
    struct feed *feed;
    struct lane *lane;
    pthread_t feed_thread, lane_thread;
    bool has_feed, has_lane;
};

struct run {
    const struct run_options *options;
    struct arena *arena;
    struct config config;
    bool is_stateless;
    struct state_secret secret;
    struct store_redis_options store;
    struct ruleset_source source;
    struct ruleset_shelf *shelf;
    struct ruleset_reloader *reloader;
    struct lane_topic *topics;
    size_t n_topics;
    uint32_t n_partitions;
    uint32_t topic_bytes[CONFIG_TOPICS];
    const char **subscription;
    size_t n_subscription;
    struct metric_board *board;
    struct http *http;
    uint32_t slots_taken[CONFIG_LANES_MAX];
    struct slots *slots;
    struct run_lane lanes[CONFIG_LANES_MAX];
    size_t n_lanes;
    int signals; /* signalfd; -1: none */
    bool is_asked_to_end, owes_reload;
    bool gives_ends;        /* of heaps, until the next look */
    int64_t tidy_due_ms;    /* monotonic: when free memory goes back to the system */
    struct store_wait wait; /* for the store, while it starts */
    enum exit_code code;
};

/* ---- configuration ------------------------------------------------------------------------- */

static enum weir_rc load_config(struct run *r, struct weir_err *err)
{
    const struct run_options *o = r->options;

    TRY(config_load(r->arena, o->file, o->values.items, o->values.n, &r->config, err));
    for (size_t i = 0; i < r->config.n_warnings; i++)
        note("warning: %.*s", (int)r->config.warnings[i].n, r->config.warnings[i].p);
    r->is_stateless = str_eq(r->config.state, STR("none"));
    r->n_lanes = r->config.threads;
    if (r->n_lanes == 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        r->n_lanes = cores > 0 ? (size_t)cores : 1;
    }
    if (r->n_lanes > CONFIG_LANES_MAX)
        r->n_lanes = CONFIG_LANES_MAX;
    return WEIR_OK;
}

static void set_up_log(const struct run *r)
{
    struct log_options o = {
        .format = LOG_LOGFMT, .least = LOG_INFO, .worker = r->config.worker_name};

    (void)log_format_parse(r->config.log_format, &o.format);
    (void)log_level_parse(r->config.log_level, &o.least);
    log_setup(&o);
}

/* ---- rules --------------------------------------------------------------------------------- */

/* A ruleset_announce_fn: metrics know a set before a lane can count by it. */
static void announce_rules(void *context, const struct ruleset *set)
{
    struct run *r = context;

    uint32_t n_profiles = profile_count(set->profiles);
    struct str *uids = calloc(set->n_rules + 1, sizeof *uids);
    struct str *names = calloc(n_profiles + 1, sizeof *names);
    struct timespec now;

    ASSERT(uids && names);
    for (size_t i = 0; i < set->n_rules; i++)
        uids[i] = set->rules[i]->uid;
    for (uint32_t i = 0; i < n_profiles; i++)
        names[i] = profile_name(profile_at(set->profiles, i));
    clock_gettime(CLOCK_REALTIME, &now);
    metric_set_rules(r->board, &(struct metric_ruleset){
                                   .number = set->number,
                                   .generation = set->generation,
                                   .rules = uids,
                                   .profiles = names,
                                   .n_rules = set->n_rules,
                                   .n_profiles = n_profiles,
                                   .loaded_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
                               });
    LOG(LOG_INFO, "rules loaded", LOG_S("ruleset", set->generation), LOG_U("rules", set->n_rules));
    free(uids);
    free(names);
}

static void announce_first(struct run *r)
{
    const struct ruleset *set = ruleset_take(r->shelf);

    announce_rules(r, set);
    ruleset_release(r->shelf, set);
    ruleset_shelf_announce(r->shelf, announce_rules, r);
}

static void tell_reload(void *context, enum weir_rc rc, bool changed, const struct weir_err *err)
{
    struct run *r = context;

    metric_reloaded(r->board, rc == WEIR_OK);
    if (rc != WEIR_OK) {
        char text[ERR_FILE_MAX + ERR_TEXT_MAX + 64];
        LOG(LOG_ERROR, "reload refused: the rules in force stay",
            LOG_S("error", str_from(err_format(err, text, sizeof text))));
    } else if (!changed) {
        LOG(LOG_INFO, "reload: nothing has changed");
    }
}

/* ---- topics -------------------------------------------------------------------------------- */

static void list_subscription(struct run *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->config.n_inputs; i++)
        n += r->config.inputs[i].n_topics;
    r->subscription = ARENA_ARRAY(r->arena, n, const char *);
    for (size_t i = 0; i < r->config.n_inputs; i++)
        for (size_t k = 0; k < r->config.inputs[i].n_topics; k++)
            r->subscription[r->n_subscription++] = r->config.inputs[i].topics[k];
}

/* Where its partitions begin that the group has not read: what was said, or that time. */
static struct str start_text(const struct config_input *input, struct arena *a)
{
    char time[TIME_TEXT_MAX];

    if (input->start != START_AT)
        return input->start == START_LATEST ? STR("latest") : STR("earliest");
    return arena_str(a, (struct str){time, time_format_ms(input->start_ms, time)});
}

static enum weir_rc describe_inputs(struct run *r, struct kafka_admin *admin, struct weir_err *err)
{
    struct kafka_topic *found;
    size_t n;

    TRY(kafka_admin_describe(admin, r->subscription, r->n_subscription, TOPICS_MS, r->arena, &found,
                             &n, err));
    r->topics = ARENA_ARRAY(r->arena, n, struct lane_topic);
    for (size_t i = 0; i < n; i++) {
        struct str name = arena_printf(r->arena, "%.*s", (int)found[i].name.n, found[i].name.p);
        if (!found[i].exists)
            return err_set(err, WEIR_NOTFOUND, "the topic '%s' of the inputs does not exist",
                           name.p);
        r->topics[r->n_topics++] =
            (struct lane_topic){name.p, found[i].n_partitions, found[i].n_partitions};
        r->n_partitions += found[i].n_partitions;
        const struct config_input *input = &r->config.inputs[scene_input_of(&r->config, name.p)];
        LOG(LOG_INFO, "input", LOG_S("topic", name), LOG_U("partitions", found[i].n_partitions),
            LOG_S("start", start_text(input, r->arena)));
    }
    return WEIR_OK;
}

static enum weir_rc describe_outputs(struct run *r, struct kafka_admin *admin, struct weir_err *err)
{
    const char *names[CONFIG_TOPICS];
    struct kafka_topic *found;
    size_t n = 0, n_found;

    for (size_t i = 0; i < CONFIG_TOPICS; i++)
        if (r->config.topics[i].n && topics_is_written(&r->config, i))
            names[n++] =
                arena_printf(r->arena, "%.*s", (int)r->config.topics[i].n, r->config.topics[i].p).p;
    TRY(kafka_admin_describe(admin, names, n, TOPICS_MS, r->arena, &found, &n_found, err));
    for (size_t k = 0; k < n_found; k++) {
        if (!found[k].exists)
            return err_set(err, WEIR_NOTFOUND, "the topic '%.*s' does not exist",
                           (int)found[k].name.n, found[k].name.p);
        for (size_t i = 0; i < CONFIG_TOPICS; i++)
            if (str_eq(found[k].name, r->config.topics[i]) && found[k].max_message_bytes > 0 &&
                found[k].max_message_bytes < UINT32_MAX)
                r->topic_bytes[i] = (uint32_t)found[k].max_message_bytes;
    }
    return WEIR_OK;
}

/* Fit for us? Missing ones are made, if the configuration says so. */
static enum weir_rc check_topics(struct run *r, struct weir_err *err)
{
    const struct ruleset *set = ruleset_take(r->shelf);
    int64_t claims_ms = r->is_stateless ? 0 : topics_claims_ms(set->graph);
    struct topics_verdict verdict = {0};

    ruleset_release(r->shelf, set);
    TRY(topics_check(&r->config, claims_ms, r->arena, &verdict, err));
    for (size_t i = 0; i < verdict.n_warnings; i++)
        note("warning: %.*s", (int)verdict.warnings[i].n, verdict.warnings[i].p);
    return WEIR_OK;
}

static enum weir_rc ask_topics(struct run *r, struct weir_err *err)
{
    struct kafka_admin *admin;

    list_subscription(r);
    TRY(kafka_admin_new(&r->config.common, &admin, err));
    enum weir_rc rc = describe_inputs(r, admin, err);
    if (rc == WEIR_OK)
        rc = describe_outputs(r, admin, err);
    kafka_admin_free(admin);
    return rc;
}

/* ---- slots --------------------------------------------------------------------------------- */

/* "weir-3" -> 3: the ordinal of a pod of a stateful set, times its lanes. */
static enum weir_rc slot_of_host(const struct run *r, int32_t *first, struct weir_err *err)
{
    char host[256] = "";
    uint64_t ordinal;

    (void)gethostname(host, sizeof host - 1);
    const char *dash = strrchr(host, '-');
    if (!dash || !str_to_u64(str_from(dash + 1), &ordinal) || ordinal > SLOTS_MAX)
        return err_set(err, WEIR_BADARG, "group.slot: the host name '%s' ends in no ordinal", host);
    *first = (int32_t)(ordinal * r->n_lanes);
    return WEIR_OK;
}

static uint64_t random_token(void)
{
    uint64_t token = 0;

    while (token == 0)
        if (getrandom(&token, sizeof token, 0) != sizeof token)
            token = 0;
    return token;
}

/* What came so far. */
static void take_signals(struct run *r)
{
    struct signalfd_siginfo info;

    while (!r->is_asked_to_end && read(r->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            LOG(LOG_INFO, "reload asked for");
            r->owes_reload = true;
            continue;
        }
        LOG(LOG_INFO, "ending", LOG_S("signal", str_from(strsignal((int)info.ssi_signo))));
        r->is_asked_to_end = true;
    }
}

static bool must_end(void *context)
{
    struct run *r = context;

    take_signals(r);
    return r->is_asked_to_end;
}

static enum weir_rc take_slots(struct run *r, struct weir_err *err)
{
    struct slots_wish wish = {.store = r->is_stateless ? NULL : &r->store,
                              .group = r->config.group,
                              .worker = r->config.worker_name,
                              .first = r->config.slot,
                              .n = r->n_lanes,
                              .n_max = r->config.slots_max,
                              .token = random_token(),
                              .must_end = must_end,
                              .context = r};
    enum weir_rc rc;

    if (wish.first == SLOT_OF_HOST)
        TRY(slot_of_host(r, &wish.first, err));
    do
        rc = slots_take(&wish, r->slots_taken, &r->slots, err);
    while (store_wait_again(&r->wait, &rc, err));
    return rc;
}

/* ---- lanes --------------------------------------------------------------------------------- */

static enum weir_rc open_consumer(struct run *r, size_t i, struct weir_err *err)
{
    struct kafka_consumer_options o = {
        .common = &r->config.common,
        .own = &r->config.consumer,
        .group = r->config.group,
        .topics = r->subscription,
        .n_topics = r->n_subscription,
        .fetch_bytes = r->config.fetch_bytes,
        .partitions = (r->n_partitions + (uint32_t)r->n_lanes - 1) / (uint32_t)r->n_lanes,
    };

    if (r->is_stateless)
        o.instance = arena_printf(r->arena, "weir-%.*s-%u", (int)r->config.group.n,
                                  r->config.group.p, r->slots_taken[i]);
    return kafka_consumer_new(&o, &r->lanes[i].consumer, err);
}

static bool keeps_notes(const struct run *r)
{
    return r->config.crash_max && (!r->is_stateless || r->config.crash_dir.n);
}

static struct crash_book *crashes_of(const struct run *r)
{
    return keeps_notes(r) ? crash_book_new(r->is_stateless ? NULL : &r->store, r->config.crash_dir)
                          : NULL;
}

static enum weir_rc open_lane(struct run *r, size_t i, struct weir_err *err)
{
    struct run_lane *l = &r->lanes[i];
    enum weir_rc rc;

    TRY(open_consumer(r, i, err));
    l->post = post_new();
    struct lane_options lane = {.config = &r->config,
                                .consumer = l->consumer,
                                .shelf = r->shelf,
                                .post = l->post,
                                .metrics = metric_lane(r->board, i),
                                .number = (uint32_t)i,
                                .slot = r->slots_taken[i],
                                .token = random_token(),
                                .store = r->is_stateless ? NULL : &r->store,
                                .topics = r->topics,
                                .n_topics = r->n_topics,
                                .topic_bytes = r->topic_bytes,
                                .worker = r->config.worker_name,
                                .version = r->options->version};
    do {
        lane.ruleset = ruleset_take(r->shelf);
        rc = lane_new(&lane, &l->lane, err);
    } while (store_wait_again(&r->wait, &rc, err));
    if (rc != WEIR_OK)
        return rc;
    l->feed = feed_new(&(struct feed_options){.config = &r->config,
                                              .consumer = l->consumer,
                                              .shelf = r->shelf,
                                              .ruleset = ruleset_take(r->shelf),
                                              .post = l->post,
                                              .metrics = metric_reader(r->board, i),
                                              .lane = (uint32_t)i,
                                              .is_stateless = r->is_stateless,
                                              .crashes = crashes_of(r)});
    return WEIR_OK;
}

/* Which partitions were added to a topic since the group began to read it? Those of a topic with
 * offsets that have none: an owner commits where its partitions begin before anything else. */
static void find_added(struct run *r)
{
    for (size_t i = 0; i < r->n_topics; i++) {
        struct lane_topic *t = &r->topics[i];
        struct weir_err err;
        bool was;
        if (r->config.inputs[scene_input_of(&r->config, t->name)].start != START_LATEST)
            continue;
        if (kafka_consumer_was_read(r->lanes[0].consumer, t->name, t->n_partitions, LANE_ASK_MS,
                                    &was, &err) != WEIR_OK) {
            LOG(LOG_WARN, "cannot ask whether partitions were added",
                LOG_S("error", str_from(err.text)));
            return;
        }
        if (was)
            t->first_added = 0;
    }
}

static enum weir_rc start_thread(pthread_t *thread, void *(*fn)(void *), void *context,
                                 bool *is_started, struct weir_err *err)
{
    int code = pthread_create(thread, NULL, fn, context);

    *is_started = code == 0;
    return code == 0 ? WEIR_OK : err_set(err, WEIR_IO, "cannot start a thread: %s", strerror(code));
}

static enum weir_rc start_lanes(struct run *r, struct weir_err *err)
{
    for (size_t i = 0; i < r->n_lanes; i++) {
        struct run_lane *l = &r->lanes[i];
        TRY(start_thread(&l->lane_thread, lane_main, l->lane, &l->has_lane, err));
        TRY(start_thread(&l->feed_thread, feed_main, l->feed, &l->has_feed, err));
    }
    return WEIR_OK;
}

/* The lanes end first: they need the readers' group for their last transaction. */
static void stop_lanes(struct run *r)
{
    for (size_t i = 0; i < r->n_lanes; i++)
        if (r->lanes[i].post)
            post_stop(r->lanes[i].post);
    for (size_t i = 0; i < r->n_lanes; i++) {
        struct run_lane *l = &r->lanes[i];
        if (l->has_lane)
            ASSERT(pthread_join(l->lane_thread, NULL) == 0);
        if (l->consumer)
            kafka_consumer_wake(l->consumer);
        if (l->has_feed)
            ASSERT(pthread_join(l->feed_thread, NULL) == 0);
    }
}

/* ---- signals ------------------------------------------------------------------------------- */

static volatile sig_atomic_t is_ending;

/* The second TERM: nobody waits for anything any more. */
static void end_now(int signal)
{
    (void)signal;
    if (is_ending)
        _exit(EXIT_WORLD);
}

static enum weir_rc catch_signals(struct run *r, struct weir_err *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return err_set(err, WEIR_IO, "cannot block signals: %s", strerror(errno));
    r->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return r->signals >= 0 ? WEIR_OK
                           : err_set(err, WEIR_IO, "cannot wait for signals: %s", strerror(errno));
}

/* From here on a signal ends the process where it stands. */
static void let_signals_end(void)
{
    struct sigaction action = {.sa_handler = end_now};
    sigset_t set;

    is_ending = 1;
    sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* A large batch and answers of brokers leave megabytes free in several heaps, which would stay
 * resident until the next reload, and at the ends of heaps for good. */
static void tidy(struct run *r)
{
    int64_t now_ms = now_monotonic_ms();

    if (r->gives_ends)
        heap_keep_ends();
    r->gives_ends = now_ms >= r->tidy_due_ms;
    if (!r->gives_ends)
        return;
    heap_give_ends();
    r->tidy_due_ms = now_ms + TIDY_MS;
    ruleset_reloader_tidy(r->reloader);
}

/* Until a signal says so, or a slot is somebody else's. */
static void watch(struct run *r)
{
    while (!must_end(r)) {
        struct pollfd p = {.fd = r->signals, .events = POLLIN};
        if (r->owes_reload)
            ruleset_reloader_ask(r->reloader);
        r->owes_reload = false;
        tidy(r);
        if (!slots_are_held(r->slots)) {
            note("error: %s", slots_loss(r->slots));
            r->code = EXIT_WORLD;
            return;
        }
        (void)poll(&p, 1, WATCH_MS);
    }
}

/* ---- all together -------------------------------------------------------------------------- */

static void log_kafka(int level, const char *facility, const char *text)
{
    enum log_level l = level <= 3 ? LOG_WARN : level <= 5 ? LOG_INFO : LOG_DEBUG;

    LOG(l, "librdkafka", LOG_S("facility", str_from(facility)), LOG_S("text", str_from(text)));
}

static enum weir_rc open_rules(struct run *r, struct weir_err *err)
{
    bool changed;

    r->source = (struct ruleset_source){.config = &r->config};
    r->shelf = ruleset_shelf_new(ruleset_load, ruleset_unload, &r->source);
    enum weir_rc rc = ruleset_reload(r->shelf, &changed, err);
    if (rc == WEIR_SYNTAX || rc == WEIR_UNSUPPORTED)
        r->code = EXIT_RULES;
    return rc;
}

static enum weir_rc open_service(struct run *r, struct weir_err *err)
{
    if (!r->config.http_address.n)
        return WEIR_OK;
    struct service service = board_service(r->board);
    TRY(http_start(r->config.http_address, &service, &r->http, err));
    LOG(LOG_INFO, "service", LOG_S("address", r->config.http_address),
        LOG_U("port", http_port(r->http)));
    return WEIR_OK;
}

static enum weir_rc open_all(struct run *r, struct weir_err *err)
{
    TRY(catch_signals(r, err)); /* first of all: a HUP ends nobody who does not wait for it yet */
    TRY(load_config(r, err));
    set_up_log(r);
    kafka_set_logger(log_kafka);
    if (!r->is_stateless)
        TRY(config_store(&r->config, r->arena, &r->secret, &r->store, err));
    if (keeps_notes(r)) /* forks: before there are threads */
        TRY(crash_start(r->is_stateless ? NULL : &r->store, r->config.crash_dir, err));
    TRY(open_rules(r, err));
    TRY(check_topics(r, err));
    TRY(ask_topics(r, err));

    r->board = metric_board_new(&(struct metric_options){.n_lanes = r->n_lanes,
                                                         .version = r->options->version,
                                                         .worker = r->config.worker_name,
                                                         .group = r->config.group});
    announce_first(r);
    TRY(open_service(r, err));
    TRY(take_slots(r, err));
    for (size_t i = 0; i < r->n_lanes; i++)
        TRY(open_lane(r, i, err));
    find_added(r);
    r->reloader = ruleset_reloader_new(r->shelf, tell_reload, r);
    return start_lanes(r, err);
}

static void close_all(struct run *r)
{
    ruleset_reloader_free(r->reloader);
    http_stop(r->http);
    for (size_t i = 0; i < r->n_lanes; i++) {
        feed_free(r->lanes[i].feed);
        lane_free(r->lanes[i].lane);
        kafka_consumer_free(r->lanes[i].consumer);
        post_free(r->lanes[i].post);
    }
    slots_free(r->slots);
    metric_board_free(r->board);
    if (r->shelf)
        ruleset_shelf_free(r->shelf);
    if (r->signals >= 0)
        close(r->signals);
    crash_stop();
    arena_free(r->arena);
}

enum exit_code run_worker(const struct run_options *o)
{
    struct run *r = calloc(1, sizeof *r);
    struct weir_err err;

    ASSERT(r);
    heap_keep_ends();
    r->options = o;
    r->arena = arena_new(0);
    r->signals = -1;
    r->wait = (struct store_wait){.must_end = must_end, .context = r};
    enum weir_rc rc = open_all(r, &err);
    if (rc == WEIR_OK) {
        LOG(LOG_INFO, "running", LOG_U("lanes", r->n_lanes), LOG_S("group", r->config.group));
        watch(r);
    } else if (rc != WEIR_CLOSED) {
        complain(&err);
        r->code = r->code == EXIT_FINE ? exit_of(rc) : r->code;
    }
    let_signals_end();
    stop_lanes(r);
    close_all(r);
    enum exit_code code = r->code;
    free(r);
    return code;
}
