/* generate.c - events with planted attacks, at a rate, to Kafka.
 *
 *     build/loadtest/generate --brokers HOST:PORT --topic in --partitions 8 --events 1000000 \
 *         --attacks 5000 --rate 20000 --truth truth.ndjson
 *
 * The stream is `events` long and covers `span` of event time: the i-th record arrives at
 * start + span * i / events, whatever the wall clock says. Planted events (plan.h) go when their
 * arrival is reached, benign ones fill the rest. A seed and the options say every byte.
 */
#include "base/str.h"
#include "loadtest/benign.h"
#include "loadtest/places.h"
#include "loadtest/plan.h"
#include "loadtest/sink.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TICK_S 0.3

struct options {
    struct sink_options sink;
    const char *topics[SINK_TOPICS_MAX], *props[64];
    struct plan_options plan;
    const char *lane, *truth, *geoip;
    uint64_t n_events;
    double rate;      /* events/s of the wall clock, 0: as fast as it goes */
    int64_t flush_ms; /* at the end a tick so far ahead on every partition: all windows close */
    uint64_t n_ticks;
    uint32_t skew;    /* every other partition gets so many times the benign events */
    uint32_t n_flood; /* events of users that are made up, to the last topic alone */
    bool is_start_given;
};

static const char *const usage =
    "usage: generate --brokers HOST:PORT | --dir DIR [OPTION...]\n"
    "\n"
    "  --topic NAME       may repeat: planted events go to each, benign ones to one of them (in)\n"
    "  --partitions N     of each topic (4)\n"
    "  --events N         records in all (100000)\n"
    "  --attacks N        planted among them (1000)\n"
    "  --bad N            records that are no events (10)\n"
    "  --rate N           events a second; 0: as fast as it goes (0)\n"
    "  --span SPAN        event time that they cover: 90s, 10m, 4h (1h)\n"
    "  --start-time MS    event time of the first (now - span - flush - 1h); now, or now+SPAN\n"
    "  --flush SPAN       how far behind the end last ticks stand, on each partition (0s: none)\n"
    "  --ticks N          how many of them, a second apart (5)\n"
    "  --lateness SPAN    of the profile loadtest (2m)\n"
    "  --skew N           every other partition gets N times the benign events (1)\n"
    "  --flood N          as many events of users that come once, to the last topic (0)\n"
    "  --lane NAME        benign events of the shared data's lane-NAME; default: made up\n"
    "  --seed N           (1)\n"
    "  --prefix TEXT      of users and hosts (empty)\n"
    "  --truth FILE       one line per attack: what it is and whether its rule fires\n"
    "  --geoip FILE       write the database of places that the attacks are made for\n"
    "  -X NAME=VALUE      property of librdkafka; may repeat\n";

/* ---- the stream ----------------------------------------------------------------------------- */

struct stream {
    const struct options *o;
    struct sink *sink;
    struct benign benign;
    struct plan plan;
    struct rng rng;
    size_t n_planted; /* sent */
    int64_t end_ms;   /* event time of the last record */
    uint64_t n_sent;
    struct timespec began;
};

static struct timespec monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now;
}

static double seconds_since(const struct timespec *t)
{
    struct timespec now = monotonic();

    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

/* Wait until the next record is due. */
static void pace(struct stream *s)
{
    s->n_sent++;
    if (s->o->rate <= 0) {
        if (s->n_sent % 256 == 0)
            sink_wait(s->sink, 0);
        return;
    }
    for (;;) {
        double ahead = (double)s->n_sent / s->o->rate - seconds_since(&s->began);
        sink_wait(s->sink, ahead > 0.001 ? (int)(ahead * 1000) : 0);
        if (ahead <= 0.001)
            return;
    }
}

static int32_t any_partition(struct stream *s)
{
    return (int32_t)rng_below(&s->rng, s->o->sink.n_partitions);
}

/* With a skew: odd partitions get little. */
static int32_t benign_partition(struct stream *s)
{
    int32_t p = any_partition(s);

    if (p % 2 == 1 && s->o->skew > 1 && rng_below(&s->rng, s->o->skew) != 0)
        p--;
    return p;
}

static void send_planted(struct stream *s, const struct plan_event *e)
{
    struct sink_record r = {
        .value = {s->plan.text.p + e->at, e->n},
        .has_value = e->n > 0,
        .partition = e->partition == PLAN_ANY ? any_partition(s) : e->partition,
        .time_ms = e->arrival_ms,
        .attack = e->bad ? -1 : (int64_t)e->attack,
        .bad = e->bad,
    };

    for (size_t t = 0; t < s->o->sink.n_topics; t++)
        sink_send(s->sink, t, &r);
    s->n_planted++;
    pace(s);
}

static void send_benign(struct stream *s, int64_t t_ms)
{
    struct sink_record r = {
        .value = benign_next(&s->benign, t_ms),
        .has_value = true,
        .partition = benign_partition(s),
        .time_ms = t_ms,
        .attack = -1,
    };

    sink_send(s->sink, rng_below(&s->rng, (uint32_t)s->o->sink.n_topics), &r);
    pace(s);
}

/* A user who comes once, and never again. It counts as planted: a model must hear it. */
static void send_flood(struct stream *s, uint64_t i, int64_t t_ms)
{
    char text[256];
    int n = snprintf(text, sizeof text,
                     "{\"product\":\"loadtest\",\"k\":\"c\",\"timestamp\":%" PRId64
                     ",\"user\":\"%sflood%" PRIu64 "\",\"eid\":\"%sflood%" PRIu64 "\"}",
                     t_ms, s->o->plan.prefix, i, s->o->plan.prefix, i);
    struct sink_record r = {.value = {text, (size_t)n},
                            .has_value = true,
                            .partition = any_partition(s),
                            .time_ms = t_ms,
                            .attack = (int64_t)s->o->plan.n_attacks};

    sink_send(s->sink, s->o->sink.n_topics - 1, &r);
    pace(s);
}

/* Every partition, both profiles: nothing holds the watermark back. */
static void send_tick(struct stream *s, int64_t t_ms)
{
    char text[128];
    int n = snprintf(text, sizeof text,
                     "{\"product\":\"loadtest\",\"k\":\"tick\",\"timestamp\":%" PRId64 "}", t_ms);

    for (size_t t = 0; t < s->o->sink.n_topics; t++) {
        for (uint32_t p = 0; p < s->o->sink.n_partitions; p++) {
            struct sink_record r = {.value = {text, (size_t)n},
                                    .has_value = true,
                                    .partition = (int32_t)p,
                                    .time_ms = t_ms,
                                    .attack = (int64_t)s->o->plan.n_attacks};
            sink_send(s->sink, t, &r);
            r.value = benign_next(&s->benign, t_ms);
            r.attack = -1;
            sink_send(s->sink, t, &r);
        }
    }
}

/* Several ticks, with some real time between them: what correlations of correlations tell goes a
 * level higher with each batch of a worker. */
static void send_flush(struct stream *s, int64_t t_ms)
{
    for (uint64_t i = 0; i < s->o->n_ticks; i++) {
        s->end_ms = t_ms + (int64_t)i * 1000;
        send_tick(s, s->end_ms);
        struct timespec from = monotonic();
        while (!s->o->sink.directory && seconds_since(&from) < TICK_S)
            sink_wait(s->sink, (int)(TICK_S * 1000));
    }
}

static void run(struct stream *s)
{
    const struct options *o = s->o;
    uint64_t n = o->n_events > s->plan.n ? o->n_events - s->plan.n : 0;
    int64_t t = o->plan.start_ms;
    const struct plan_event *e = s->plan.events, *end = e + s->plan.n;

    s->began = monotonic();
    for (uint64_t i = 0; i < n; i++) {
        t = o->plan.start_ms + (int64_t)((double)o->plan.span_ms * (double)i / (double)n);
        for (; e < end && e->arrival_ms <= t; e++)
            send_planted(s, e);
        if (i * o->n_flood / n != (i + 1) * o->n_flood / n)
            send_flood(s, i * o->n_flood / n, t);
        send_benign(s, t);
    }
    for (; e < end; e++) {
        send_planted(s, e);
        t = e->arrival_ms;
    }
    s->end_ms = t;
    if (o->flush_ms > 0)
        send_flush(s, t + o->flush_ms);
}

/* ---- options -------------------------------------------------------------------------------- */

static int64_t span_of(const char *text)
{
    char *end;
    double n = strtod(text, &end);
    const char *units = "smhd";
    static const int64_t ms[] = {1000, 60000, 3600000, 86400000};
    const char *unit = *end ? strchr(units, *end) : NULL;

    if (end == text || !unit || n < 0) {
        fprintf(stderr, "generate: not a span like 90s, 10m, 4h: %s\n", text);
        exit(2);
    }
    return (int64_t)(n * (double)ms[unit - units]);
}

static uint64_t number_of(const char *text)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);

    if (end == text || *end) {
        fprintf(stderr, "generate: not a number: %s\n", text);
        exit(2);
    }
    return n;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t start_of(const char *text)
{
    if (strncmp(text, "now", 3) != 0)
        return (int64_t)number_of(text);
    return now_ms() + (text[3] == '+' ? span_of(text + 4) : 0);
}

enum {
    OPT_BROKERS = 256,
    OPT_DIR,
    OPT_TOPIC,
    OPT_PARTITIONS,
    OPT_EVENTS,
    OPT_ATTACKS,
    OPT_BAD,
    OPT_RATE,
    OPT_SPAN,
    OPT_START,
    OPT_FLUSH,
    OPT_LATENESS,
    OPT_TICKS,
    OPT_SKEW,
    OPT_FLOOD,
    OPT_LANE,
    OPT_SEED,
    OPT_PREFIX,
    OPT_TRUTH,
    OPT_GEOIP,
    OPT_HELP
};

static const struct option long_options[] = {
    {"brokers", 1, NULL, OPT_BROKERS}, {"dir", 1, NULL, OPT_DIR},
    {"topic", 1, NULL, OPT_TOPIC},     {"partitions", 1, NULL, OPT_PARTITIONS},
    {"events", 1, NULL, OPT_EVENTS},   {"attacks", 1, NULL, OPT_ATTACKS},

    {"bad", 1, NULL, OPT_BAD},         {"rate", 1, NULL, OPT_RATE},
    {"span", 1, NULL, OPT_SPAN},       {"start-time", 1, NULL, OPT_START},
    {"flush", 1, NULL, OPT_FLUSH},     {"lateness", 1, NULL, OPT_LATENESS},
    {"ticks", 1, NULL, OPT_TICKS},     {"skew", 1, NULL, OPT_SKEW},
    {"flood", 1, NULL, OPT_FLOOD},     {"lane", 1, NULL, OPT_LANE},
    {"seed", 1, NULL, OPT_SEED},       {"prefix", 1, NULL, OPT_PREFIX},
    {"truth", 1, NULL, OPT_TRUTH},     {"geoip", 1, NULL, OPT_GEOIP},
    {"help", 0, NULL, OPT_HELP},       {NULL, 0, NULL, 0},
};

static void add_prop(struct options *o, const char *prop)
{
    if (o->sink.n_props == sizeof o->props / sizeof o->props[0]) {
        fputs("generate: too many -X\n", stderr);
        exit(2);
    }
    o->props[o->sink.n_props++] = prop;
}

static void take(struct options *o, int option, const char *value)
{
    static char brokers[1024];

    switch (option) {
    case OPT_BROKERS:
        snprintf(brokers, sizeof brokers, "bootstrap.servers=%s", value);
        add_prop(o, brokers);
        break;
    case OPT_DIR:
        o->sink.directory = value;
        break;
    case OPT_TOPIC:
        if (o->sink.n_topics < SINK_TOPICS_MAX)
            o->topics[o->sink.n_topics++] = value;
        break;
    case OPT_PARTITIONS:
        o->sink.n_partitions = (uint32_t)number_of(value);
        break;
    case OPT_EVENTS:
        o->n_events = number_of(value);
        break;
    case OPT_ATTACKS:
        o->plan.n_attacks = (uint32_t)number_of(value);
        break;
    case OPT_BAD:
        o->plan.n_bad = (uint32_t)number_of(value);
        break;
    case OPT_RATE:
        o->rate = (double)number_of(value);
        break;
    case OPT_SPAN:
        o->plan.span_ms = span_of(value);
        break;
    case OPT_START:
        o->is_start_given = true;
        o->plan.start_ms = start_of(value);
        break;
    case OPT_FLUSH:
        o->flush_ms = span_of(value);
        break;
    case OPT_TICKS:
        o->n_ticks = number_of(value);
        break;
    case OPT_LATENESS:
        o->plan.lateness_ms = span_of(value);
        break;
    case OPT_SKEW:
        o->skew = (uint32_t)number_of(value);
        break;
    case OPT_FLOOD:
        o->n_flood = (uint32_t)number_of(value);
        break;
    case OPT_LANE:
        o->lane = value;
        break;
    case OPT_SEED:
        o->plan.seed = number_of(value);
        break;
    case OPT_PREFIX:
        o->plan.prefix = value;
        break;
    case OPT_TRUTH:
        o->truth = value;
        break;
    case OPT_GEOIP:
        o->geoip = value;
        break;
    case 'X':
        add_prop(o, value);
        break;
    case OPT_HELP:
        fputs(usage, stdout);
        exit(0);
    default:
        fputs(usage, stderr);
        exit(2);
    }
}

static void take_options(struct options *o, int argc, char **argv)
{
    int option;

    *o = (struct options){.n_events = 100000, .skew = 1, .n_ticks = 5};
    o->plan = (struct plan_options){.seed = 1,
                                    .n_attacks = 1000,
                                    .n_bad = 10,
                                    .prefix = "",
                                    .span_ms = 3600000,
                                    .lateness_ms = 120000};
    o->sink.n_partitions = 4;
    while ((option = getopt_long(argc, argv, "X:", long_options, NULL)) != -1)
        take(o, option, optarg);
    if (o->sink.n_topics == 0)
        o->topics[o->sink.n_topics++] = "in";
    bool is_sane = o->sink.n_partitions >= 1 && o->sink.n_partitions <= SINK_PARTITIONS_MAX &&
                   o->skew >= 1 && optind == argc &&
                   (o->sink.n_props > 0) != (o->sink.directory != NULL);
    if (!is_sane) {
        fputs(usage, stderr);
        exit(2);
    }
    o->sink.topics = o->topics;
    o->sink.props = o->props;
    o->plan.n_partitions = o->sink.n_partitions;
    if (!o->is_start_given)
        o->plan.start_ms = now_ms() - o->plan.span_ms - o->flush_ms - 3600000;
}

static bool write_truth(const struct options *o, const struct plan *plan)
{
    FILE *f = o->truth ? fopen(o->truth, "w") : NULL;

    if (!o->truth)
        return true;
    bool is_whole = f && fwrite(plan->truth.p, 1, plan->truth.n, f) == plan->truth.n;
    is_whole = f && fclose(f) == 0 && is_whole;
    if (!is_whole)
        fprintf(stderr, "generate: cannot write %s\n", o->truth);
    return is_whole;
}

int main(int argc, char **argv)
{
    struct options o;
    struct stream s = {.o = &o};

    take_options(&o, argc, argv);
    s.rng = (struct rng){o.plan.seed * 7919 + 1};
    if (!benign_init(&s.benign, o.plan.seed, o.lane)) {
        fprintf(stderr, "generate: shared data absent: lane-%s\n", o.lane);
        return 1;
    }
    if (o.geoip && !places_write(o.geoip)) {
        fprintf(stderr, "generate: cannot write %s\n", o.geoip);
        return 1;
    }
    plan_make(&o.plan, &s.plan);
    s.sink = sink_new(&o.sink);
    if (!s.sink || !write_truth(&o, &s.plan))
        return 1;
    run(&s);
    bool is_whole = sink_end(s.sink);
    double seconds = seconds_since(&s.began);
    printf("{\"events\":%" PRIu64 ",\"planted\":%zu,\"attacks\":%u,\"bad\":%u,", s.n_sent, s.plan.n,
           s.plan.n_attacks, s.plan.n_bad);
    printf("\"start\":%" PRId64 ",\"end\":%" PRId64 ",\"seconds\":%.2f}\n", o.plan.start_ms,
           s.end_ms, seconds);
    plan_release(&s.plan);
    benign_release(&s.benign);
    return is_whole ? 0 : 1;
}
