/* slot.c - leases in the store, and the thread that renews them.
 *
 * A lease is taken and renewed by the same call of the function library (take): "these are mine
 * unless somebody else has one". So a renewal that was lost, or whose answer was, is mended by the
 * next, and a store that has come back empty hears of the slots again.
 *
 *   held -> held     take: DONE; or the store cannot be reached
 *   held -> lost     take: TAKEN, by another token. For ever: whoever has it works already
 */
#include "worker/slot.h"

#include "base/now.h"
#include "base/str.h"
#include "state/redis_session.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    ANSWER_MS = 2000, /* of one call: a thread that is to end must not hang for long */
    ASK_AGAIN_MS = 250,
    RENEWED_MS = 300, /* a lease that has so much more left than it should was renewed */
    LOSS_TEXT_MAX = 400
};

struct slots {
    struct redis_session session;
    bool has_store;
    char token[17], worker[SLOT_WORKER_MAX + 1], group[256], ttl[16];
    uint32_t renew_ms;
    struct str *numbers; /* as text */
    char (*texts)[12];
    size_t n;
    atomic_bool is_lost;
    char loss[LOSS_TEXT_MAX]; /* written before is_lost */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* guards must_stop */
    pthread_cond_t wake;
    bool must_stop;
};

/* What the library said. */
struct slots_answer {
    enum { SLOTS_DONE, SLOTS_TAKEN, SLOTS_NONE } what;
    uint64_t slot, left_ms, n_free;
    char token[17], worker[SLOT_WORKER_MAX + 1];
    const struct redis_reply *list; /* SLOTS_DONE: numbers */
};

static void keep(char *out, size_t size, struct str s)
{
    snprintf(out, size, "%.*s", (int)(s.n < size ? s.n : size - 1), s.p ? s.p : "");
}

/* ---- one call ------------------------------------------------------------------------------- */

static enum weir_rc read_answer(const struct redis_reply *r, struct slots_answer *out,
                                struct weir_err *err)
{
    if (r->type == REDIS_ERROR)
        return err_set(err, redis_trouble_of(r) == REDIS_BROKEN ? WEIR_BADARG : WEIR_IO,
                       "Redis: slots: %.*s", (int)(r->text.n < 200 ? r->text.n : 200), r->text.p);
    struct str word = r->type == REDIS_LIST && r->n > 0 ? r->items[0]->text : (struct str){0};
    *out = (struct slots_answer){.what = SLOTS_DONE};
    if (str_eq(word, STR("DONE"))) {
        out->list = r->n > 1 ? r->items[1] : NULL;
        return WEIR_OK;
    }
    if (str_eq(word, STR("NONE")) && r->n == 2) {
        out->what = SLOTS_NONE;
        out->n_free = (uint64_t)r->items[1]->number;
        return WEIR_OK;
    }
    if (!str_eq(word, STR("TAKEN")) || r->n != 5 || !str_to_u64(r->items[1]->text, &out->slot))
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    out->what = SLOTS_TAKEN;
    keep(out->token, sizeof out->token, r->items[2]->text);
    keep(out->worker, sizeof out->worker, r->items[3]->text);
    out->left_ms = r->items[4]->number > 0 ? (uint64_t)r->items[4]->number : 0;
    return WEIR_OK;
}

static enum weir_rc ask(struct slots *s, const struct str *words, size_t n,
                        const struct redis_reply **out, struct weir_err *err)
{
    redis_conn_add(s->session.conn, words, n);
    TRY(redis_conn_send(s->session.conn, err));
    return redis_conn_reply(s->session.conn, s->session.scratch, out, err);
}

/* The connection is closed after any trouble and opened by the next call. */
static enum weir_rc call(struct slots *s, const struct str *words, size_t n,
                         struct slots_answer *out, struct weir_err *err)
{
    const struct redis_reply *r = NULL;

    if (!s->session.conn)
        TRY(redis_session_open(&s->session, err));
    arena_reset(s->session.scratch);
    enum weir_rc rc = ask(s, words, n, &r, err);
    if (rc == WEIR_OK && redis_trouble_of(r) == REDIS_NO_LIBRARY) {
        rc = redis_session_load_library(&s->session, err);
        if (rc == WEIR_OK)
            rc = ask(s, words, n, &r, err);
    }
    if (rc == WEIR_OK)
        rc = read_answer(r, out, err);
    if (rc != WEIR_OK)
        redis_session_close(&s->session);
    return rc;
}

enum { WORDS_FIXED = 8 };

/* name, token, then what the call takes; the list of slots where it is wanted. */
static enum weir_rc call_named(struct slots *s, const char *name, const struct str *more,
                               size_t n_more, bool with_slots, struct slots_answer *out,
                               struct weir_err *err)
{
    struct str *words = calloc(WORDS_FIXED + n_more + s->n, sizeof *words);
    size_t n = 0;

    ASSERT(words);
    words[n++] = STR("FCALL");
    words[n++] = STR("weir_v3_slots");
    words[n++] = STR("1");
    words[n++] = str_from(s->session.meta);
    words[n++] = str_from(name);
    words[n++] = str_from(s->token);
    for (size_t i = 0; i < n_more; i++)
        words[n++] = more[i];
    for (size_t i = 0; with_slots && i < s->n; i++)
        words[n++] = s->numbers[i];
    enum weir_rc rc = call(s, words, n, out, err);
    free(words);
    return rc;
}

static enum weir_rc take(struct slots *s, struct slots_answer *out, struct weir_err *err)
{
    struct str more[] = {str_from(s->ttl), str_from(s->worker)};

    return call_named(s, "take", more, ARRAY_LEN(more), true, out, err);
}

/* ---- renewing ------------------------------------------------------------------------------- */

static void renew(struct slots *s)
{
    struct slots_answer a;
    struct weir_err err;

    if (take(s, &a, &err) != WEIR_OK || a.what != SLOTS_TAKEN)
        return; /* out of reach: nobody else can take it either */
    snprintf(s->loss, sizeof s->loss, "slot %llu of group %.120s was taken over by %.200s",
             (unsigned long long)a.slot, s->group, a.worker);
    atomic_store_explicit(&s->is_lost, true, memory_order_release); /* pairs with is_held */
}

static struct timespec deadline_in(uint32_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

static void *renew_all(void *argument)
{
    struct slots *s = argument;

    pthread_mutex_lock(&s->lock);
    while (!s->must_stop && slots_are_held(s)) {
        struct timespec until = deadline_in(s->renew_ms);
        if (pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
            continue;
        pthread_mutex_unlock(&s->lock);
        renew(s);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void start_thread(struct slots *s)
{
    pthread_condattr_t attributes;

    ASSERT(pthread_condattr_init(&attributes) == 0);
    ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&s->wake, &attributes) == 0);
    pthread_condattr_destroy(&attributes);
    ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
    ASSERT(pthread_create(&s->thread, NULL, renew_all, s) == 0);
    s->has_thread = true;
}

bool slots_are_held(const struct slots *s)
{
    return !atomic_load_explicit(&s->is_lost, memory_order_acquire); /* pairs with renew() */
}

const char *slots_loss(const struct slots *s)
{
    return s->loss;
}

/* ---- taking --------------------------------------------------------------------------------- */

static void set_slot(struct slots *s, size_t i, uint32_t number)
{
    snprintf(s->texts[i], sizeof s->texts[i], "%u", number);
    s->numbers[i] = str_from(s->texts[i]);
}

static enum weir_rc in_use(const struct slots *s, const struct slots_answer *a,
                           struct weir_err *err)
{
    return err_set(err, WEIR_BADARG, "slot %llu of group %.120s is in use by %s",
                   (unsigned long long)a->slot, s->group, a->worker);
}

/* The same lease as before must have less left each time; one that has more was renewed. The time
 * between is counted from the end of one question to the beginning of the next: however long we
 * were stopped in between, what looks renewed was. */
struct slots_patience {
    struct slots_answer first;
    int64_t since_ms, end_ms;
    bool has_first;
};

static bool is_renewed(struct slots_patience *p, const struct slots_answer *a, int64_t asked_ms)
{
    bool is_same = p->has_first && p->first.slot == a->slot;

    if (!is_same) {
        p->first = *a;
        p->since_ms = now_monotonic_ms();
        p->has_first = true;
        return false;
    }
    int64_t left_ms = (int64_t)p->first.left_ms - (asked_ms - p->since_ms);
    return strcmp(p->first.token, a->token) != 0 || (int64_t)a->left_ms > left_ms + RENEWED_MS;
}

static enum weir_rc take_configured(struct slots *s, const struct slots_wish *w, uint32_t *out,
                                    struct weir_err *err)
{
    struct slots_patience p = {.end_ms =
                                   now_monotonic_ms() + (w->wait_ms ? w->wait_ms : SLOT_WAIT_MS)};
    struct slots_answer a;

    for (size_t i = 0; i < s->n; i++)
        set_slot(s, i, out[i] = (uint32_t)w->first + (uint32_t)i);
    for (;;) {
        int64_t asked_ms = now_monotonic_ms();
        TRY(take(s, &a, err));
        if (a.what == SLOTS_DONE)
            return WEIR_OK;
        if (is_renewed(&p, &a, asked_ms) || now_monotonic_ms() > p.end_ms)
            return in_use(s, &a, err);
        if (w->must_end && w->must_end(w->context))
            return err_set(err, WEIR_CLOSED, "asked to end while slot %llu was still leased",
                           (unsigned long long)a.slot);
        poll(NULL, 0, ASK_AGAIN_MS); /* nothing wakes us when a lease runs out */
    }
}

static enum weir_rc take_free(struct slots *s, const struct slots_wish *w, uint32_t *out,
                              struct weir_err *err)
{
    struct slots_answer a;
    char n[24], max[16];

    snprintf(n, sizeof n, "%zu", s->n);
    snprintf(max, sizeof max, "%u", w->n_max);
    struct str more[] = {str_from(s->ttl), str_from(s->worker), str_from(n), str_from(max)};
    TRY(call_named(s, "find", more, ARRAY_LEN(more), false, &a, err));
    if (a.what == SLOTS_NONE)
        return err_set(err, WEIR_BADARG,
                       "group %.120s has %llu free slots of %u, this worker needs %zu "
                       "(group.slots_max)",
                       s->group, (unsigned long long)a.n_free, w->n_max, s->n);
    if (a.what != SLOTS_DONE || !a.list || a.list->n != s->n)
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    for (size_t i = 0; i < s->n; i++) {
        uint64_t number;
        if (!str_to_u64(a.list->items[i]->text, &number) || number >= w->n_max)
            return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
        set_slot(s, i, out[i] = (uint32_t)number);
    }
    return WEIR_OK;
}

static struct slots *slots_new(const struct slots_wish *w)
{
    struct slots *s = calloc(1, sizeof *s);
    uint64_t token = w->token;

    ASSERT(s);
    s->n = w->n;
    s->numbers = calloc(w->n, sizeof *s->numbers);
    s->texts = calloc(w->n, sizeof *s->texts);
    ASSERT(s->numbers && s->texts);
    if (!token)
        ASSERT(getrandom(&token, sizeof token, 0) == sizeof token);
    snprintf(s->token, sizeof s->token, "%016llx", (unsigned long long)token);
    snprintf(s->ttl, sizeof s->ttl, "%u", w->ttl_ms ? w->ttl_ms : SLOT_TTL_MS);
    s->renew_ms = w->renew_ms ? w->renew_ms : SLOT_RENEW_MS;
    keep(s->worker, sizeof s->worker, w->worker);
    keep(s->group, sizeof s->group, w->group);
    return s;
}

static enum weir_rc check_wish(const struct slots_wish *w, struct weir_err *err)
{
    ASSERT(w->n > 0 && w->n_max <= SLOTS_MAX);
    if (w->first < 0 && !w->store)
        return err_set(err, WEIR_BADARG,
                       "without a store the slots of a worker must be configured (group.slot)");
    if (w->first >= 0 && (uint64_t)w->first + w->n > w->n_max)
        return err_set(err, WEIR_BADARG, "slots %d to %llu are beyond group.slots_max, %u",
                       w->first, (unsigned long long)((uint64_t)w->first + w->n - 1), w->n_max);
    return WEIR_OK;
}

enum weir_rc slots_take(const struct slots_wish *w, uint32_t *out, struct slots **slots,
                        struct weir_err *err)
{
    TRY(check_wish(w, err));
    struct slots *s = slots_new(w);
    enum weir_rc rc = WEIR_OK;
    s->has_store = w->store != NULL;
    if (w->store) {
        rc = redis_session_configure(&s->session, w->store, err);
        if (s->session.timeout_ms > ANSWER_MS)
            s->session.timeout_ms = ANSWER_MS;
    }
    if (rc == WEIR_OK && w->store)
        rc = w->first < 0 ? take_free(s, w, out, err) : take_configured(s, w, out, err);
    for (size_t i = 0; i < w->n && !w->store; i++)
        out[i] = (uint32_t)w->first + (uint32_t)i;
    if (rc != WEIR_OK) {
        slots_free(s);
        return rc;
    }
    if (w->store)
        start_thread(s);
    *slots = s;
    return WEIR_OK;
}

static void stop_thread(struct slots *s)
{
    pthread_mutex_lock(&s->lock);
    s->must_stop = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
}

void slots_free(struct slots *s)
{
    struct slots_answer a;
    struct weir_err err;

    if (!s)
        return;
    if (s->has_thread) {
        stop_thread(s);
        (void)call_named(s, "free", NULL, 0, true, &a, &err); /* else it runs out by itself */
    }
    if (s->has_store)
        redis_session_release(&s->session);
    free(s->numbers);
    free(s->texts);
    free(s);
}
