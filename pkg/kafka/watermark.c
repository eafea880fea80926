/* watermark.c - a thread that asks for the ends of partitions, one per broker at a time.
 *
 * Which broker leads a partition comes from the metadata, asked again when a question fails and
 * every LEADERS_MS. The thread works on a copy of the list and gives an answer back only if the
 * list is still the same one (its number).
 */
#include "kafka/watermark.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LEADERS_MS = 30 * 1000, ASK_MS = 500, LEADER_UNKNOWN = -1 };

struct watched {
    struct kafka_partition p;
    int32_t leader;
};

struct watermark_watch {
    rd_kafka_t *rk;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool is_ending, is_hurried;
    uint64_t number; /* of the list */
    struct kafka_partition *parts;
    int64_t *ends;
    size_t n;
};

/* The thread's own. */
struct round {
    uint64_t number;
    struct watched *list;
    size_t n, next;
    int64_t leaders_due_ms;
};

/* ---- leaders ------------------------------------------------------------------------------- */

static void leaders_of_topic(const struct rd_kafka_metadata_topic *t, struct round *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->list[i].p.topic, t->topic) != 0)
            continue;
        for (int k = 0; k < t->partition_cnt; k++)
            if (t->partitions[k].id == r->list[i].p.partition)
                r->list[i].leader = t->partitions[k].leader;
    }
}

static void learn_leaders(struct watermark_watch *w, struct round *r)
{
    const char *last = NULL;

    for (size_t i = 0; i < r->n; i++) {
        const struct rd_kafka_metadata *m;
        if (last && strcmp(last, r->list[i].p.topic) == 0)
            continue; /* a list is ordered by topic, mostly */
        last = r->list[i].p.topic;
        rd_kafka_topic_t *topic = rd_kafka_topic_new(w->rk, last, NULL);
        if (topic && !rd_kafka_metadata(w->rk, 0, topic, &m, ASK_MS)) {
            for (int k = 0; k < m->topic_cnt; k++)
                leaders_of_topic(&m->topics[k], r);
            rd_kafka_metadata_destroy(m);
        }
        if (topic)
            rd_kafka_topic_destroy(topic);
    }
    r->leaders_due_ms = kafka_now_ms() + LEADERS_MS;
}

/* ---- a round ------------------------------------------------------------------------------- */

static void take_list(struct watermark_watch *w, struct round *r)
{
    if (r->number == w->number)
        return;
    free(r->list);
    r->list = calloc(w->n + 1, sizeof *r->list);
    ASSERT(r->list);
    for (size_t i = 0; i < w->n; i++)
        r->list[i] = (struct watched){.p = w->parts[i], .leader = LEADER_UNKNOWN};
    r->n = w->n;
    r->next = 0;
    r->number = w->number;
    r->leaders_due_ms = INT64_MIN;
}

static void tell(struct watermark_watch *w, const struct round *r, size_t i, int64_t end)
{
    pthread_mutex_lock(&w->lock);
    if (r->number == w->number)
        w->ends[i] = end;
    pthread_mutex_unlock(&w->lock);
}

/* The time that means the end: one request, where a question for both watermarks is two. */
static void ask(struct watermark_watch *w, struct round *r, size_t i)
{
    const struct kafka_partition *p = &r->list[i].p;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *end =
        rd_kafka_topic_partition_list_add(list, p->topic, p->partition);

    end->offset = RD_KAFKA_OFFSET_END;
    if (rd_kafka_offsets_for_times(w->rk, list, ASK_MS) || end->err || end->offset < 0)
        r->leaders_due_ms = INT64_MIN;
    else
        tell(w, r, i, end->offset);
    rd_kafka_topic_partition_list_destroy(list);
}

/* One partition of each broker, beginning behind the last one asked: so all have their turn. */
static void ask_each_broker(struct watermark_watch *w, struct round *r)
{
    enum { BROKERS_MAX = 64 };
    int32_t asked[BROKERS_MAX];
    size_t n_asked = 0, first = r->next;

    for (size_t k = 0; k < r->n && n_asked < BROKERS_MAX; k++) {
        size_t i = (first + k) % r->n, seen = 0;
        while (seen < n_asked && asked[seen] != r->list[i].leader)
            seen++;
        if (seen < n_asked || r->list[i].leader == LEADER_UNKNOWN)
            continue;
        asked[n_asked++] = r->list[i].leader;
        ask(w, r, i);
        r->next = (first + 1) % r->n;
    }
}

static void wait(struct watermark_watch *w, uint32_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += (long)ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    (void)pthread_cond_timedwait(&w->changed, &w->lock, &t);
}

static void *run(void *context)
{
    struct watermark_watch *w = context;
    struct round r = {0};
    bool is_slow = rd_kafka_version() >= WATERMARK_BACKOFF_VERSION;

    pthread_mutex_lock(&w->lock);
    while (!w->is_ending) {
        take_list(w, &r);
        w->is_hurried = false;
        pthread_mutex_unlock(&w->lock);
        if (r.n > 0 && r.leaders_due_ms <= kafka_now_ms())
            learn_leaders(w, &r);
        ask_each_broker(w, &r);
        pthread_mutex_lock(&w->lock);
        if (!w->is_ending && !w->is_hurried)
            wait(w, is_slow || r.n == 0 ? WATERMARK_SLOW_MS : WATERMARK_MS);
    }
    pthread_mutex_unlock(&w->lock);
    free(r.list);
    return NULL;
}

/* ---- from outside -------------------------------------------------------------------------- */

struct watermark_watch *watermark_watch_new(rd_kafka_t *rk)
{
    struct watermark_watch *w = calloc(1, sizeof *w);
    pthread_condattr_t attr;

    ASSERT(w);
    w->rk = rk;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &attr);
    pthread_condattr_destroy(&attr);
    ASSERT(pthread_create(&w->thread, NULL, run, w) == 0);
    return w;
}

void watermark_watch_free(struct watermark_watch *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->is_ending = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w->parts);
    free(w->ends);
    free(w);
}

void watermark_watch_set(struct watermark_watch *w, const struct kafka_partition *p, size_t n)
{
    pthread_mutex_lock(&w->lock);
    free(w->parts);
    free(w->ends);
    w->parts = calloc(n + 1, sizeof *w->parts);
    w->ends = calloc(n + 1, sizeof *w->ends);
    ASSERT(w->parts && w->ends);
    for (size_t i = 0; i < n; i++) {
        w->parts[i] = p[i];
        w->ends[i] = -1;
    }
    w->n = n;
    w->number++;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

void watermark_watch_hurry(struct watermark_watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->is_hurried = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

int64_t watermark_watch_end(struct watermark_watch *w, size_t i)
{
    pthread_mutex_lock(&w->lock);
    int64_t end = i < w->n ? w->ends[i] : -1;
    pthread_mutex_unlock(&w->lock);
    return end;
}
