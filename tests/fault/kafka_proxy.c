/* kafka_proxy.c - a TCP proxy before Kafka's brokers that loses, keeps and repeats requests on
 * order.
 *
 *     kafka_proxy LISTEN:BROKER...      ports of 127.0.0.1, a pair for each broker
 *
 * Brokers must name the LISTEN ports as their own: `tools/kafka-local up --proxied` prints both
 * (PROXY and PROXIED). Bytes are passed on unchanged, frame by frame. On stdin come orders, a line
 * each, answered by `ok` or `no: why`; what befalls requests is told on stdout as well. The end of
 * stdin is the end of the proxy.
 *
 *     on API ACTION [MS] [skip N] [times N]   for the next request of that kind (EndTxn, Produce, a
 *                                             number), after N others, and so often (default 1)
 *     release [after API]    let go what was held: now, or just before the client gets the next
 *                            answer to such a request
 *     forget                 no rule any more
 *     count API              how many such requests came
 *
 *     hold         it and all behind it on its connection wait for `release`
 *     take         as hold, and the client's connection is cut at once
 *     copy         it passes; instead of the answer the connection is cut, so that the client asks
 *                  again; a copy waits for `release` on a connection of its own
 *     cut          it passes, and the connection is cut once it is on its way
 *     cut-answer   it passes; instead of the answer the connection is cut
 *     lose         it passes; the answer is lost
 *     delay MS     it waits so long, with all behind it
 *     slow MS      its answer waits so long
 *
 * What was held outlives its client: when the client has given up, the connection to the broker is
 * kept, and what is released arrives late, as from a network that was slow. Such a ghost's answers
 * are told and thrown away. `release after Produce` is exact: the held requests are on their way
 * and answered by the broker before the client gets that answer.
 */
#include "base/str.h"
#include "tests/fault/frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BROKERS_MAX = 8, LANES_MAX = 256, RULES_MAX = 32, ASKED_MAX = 512, WORDS_MAX = 8 };

enum action { PASS, HOLD, TAKE, COPY, CUT, CUT_ANSWER, LOSE, DELAY, SLOW };

static const struct {
    const char *name, *past;
    enum action action;
    bool has_ms;
} actions[] = {
    {"hold", "held", HOLD, false},      {"take", "took", TAKE, false},
    {"copy", "copied", COPY, false},    {"cut", "cut after", CUT, false},
    {"lose", "will lose", LOSE, false}, {"cut-answer", "will cut at", CUT_ANSWER, false},
    {"delay", "delays", DELAY, true},   {"slow", "slows", SLOW, true},
};

struct rule {
    int16_t api;
    enum action action;
    int64_t ms;
    uint64_t skip, times; /* times 0: spent */
};

struct asked { /* a request that the broker has */
    struct request r;
    uint64_t number; /* the n-th of its kind, from 1 */
    enum action action;
    int64_t ms;
};

struct lane {            /* a connection through the proxy */
    int client, server;  /* sockets, -1: closed. Without a client it is a ghost */
    int broker;          /* index */
    struct way up, down; /* to the broker, to the client */
    bool is_held;        /* up stops */
    bool is_parked;      /* down stops until no ghost is on its way */
    bool is_ending;      /* closes when up is written */
    struct asked asked[ASKED_MAX];
    size_t n_asked;
};

struct proxy {
    struct {
        int listener;
        uint16_t port;
    } brokers[BROKERS_MAX];
    int n_brokers;
    struct lane *lanes[LANES_MAX]; /* NULL: free */
    struct rule rules[RULES_MAX];
    uint64_t counts[API_MAX];
    int release_after; /* ApiKey, -1: none */
    struct way orders; /* stdin */
    bool is_over;
};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static PRINTF_LIKE(1, 2) void tell(const char *form, ...)
{
    va_list args;

    va_start(args, form);
    vprintf(form, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* ---- sockets ------------------------------------------------------------------------------- */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int new_socket(void)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ASSERT(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in a = loopback(port);
    int fd = new_socket();

    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, LANES_MAX) != 0) {
        fprintf(stderr, "kafka_proxy: port %u: %s\n", port, strerror(errno));
        exit(3);
    }
    return fd;
}

/* -1: the broker is not there. Loopback answers at once, so this does not wait. */
static int connect_to(uint16_t port)
{
    struct sockaddr_in a = loopback(port);
    int fd = new_socket();

    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The other side sees a reset and not an orderly end. */
static void cut_one(int *fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (*fd >= 0)
        setsockopt(*fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close_one(fd);
}

/* ---- lanes --------------------------------------------------------------------------------- */

/* NULL: there are too many, or the broker is not there; client is closed then. */
static struct lane *lane_new(struct proxy *x, int broker, int client)
{
    for (size_t i = 0; i < LANES_MAX; i++) {
        if (x->lanes[i])
            continue;
        int server = connect_to(x->brokers[broker].port);
        if (server < 0)
            break;
        struct lane *l = calloc(1, sizeof *l);
        ASSERT(l);
        l->client = client;
        l->server = server;
        l->broker = broker;
        x->lanes[i] = l;
        return l;
    }
    cut_one(&client);
    return NULL;
}

static void lane_free(struct lane *l)
{
    close_one(&l->client);
    close_one(&l->server);
    way_release(&l->up);
    way_release(&l->down);
    free(l);
}

static void end_both(struct lane *l)
{
    cut_one(&l->client);
    cut_one(&l->server);
}

static bool is_ghost(const struct lane *l)
{
    return l->client < 0;
}

/* A released ghost whose requests are not all sent and answered. */
static bool is_busy_ghost(const struct lane *l)
{
    return is_ghost(l) && !l->is_held && l->server >= 0 &&
           (l->n_asked > 0 || way_front(&l->up).n > 0 || !way_has_left(&l->up));
}

static bool has_busy_ghosts(const struct proxy *x)
{
    for (size_t i = 0; i < LANES_MAX; i++)
        if (x->lanes[i] && is_busy_ghost(x->lanes[i]))
            return true;
    return false;
}

static size_t release_held(struct proxy *x)
{
    size_t n = 0;

    for (size_t i = 0; i < LANES_MAX; i++)
        if (x->lanes[i] && x->lanes[i]->is_held) {
            x->lanes[i]->is_held = false;
            n++;
        }
    return n;
}

/* ---- requests ------------------------------------------------------------------------------ */

static struct rule judge(struct proxy *x, struct request r)
{
    for (size_t i = 0; i < RULES_MAX; i++) {
        struct rule *rule = &x->rules[i];
        if (rule->times == 0 || rule->api != r.api)
            continue;
        if (rule->skip > 0) {
            rule->skip--;
            continue;
        }
        rule->times--;
        return *rule;
    }
    return (struct rule){.action = PASS};
}

static void tell_fault(enum action action, struct request r, uint64_t number)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (actions[i].action == action)
            tell("%s %s %lu", actions[i].past, api_name(r.api), number);
}

static void note_asked(struct lane *l, struct request r, uint64_t number, struct rule rule)
{
    if (l->n_asked == ASKED_MAX) /* requests without an answer: Produce with acks=0 */
        memmove(l->asked, l->asked + 1, --l->n_asked * sizeof l->asked[0]);
    l->asked[l->n_asked++] = (struct asked){r, number, rule.action, rule.ms};
}

static void make_copy(struct proxy *x, const struct lane *l, struct str frame)
{
    struct lane *ghost = lane_new(x, l->broker, -1);

    if (!ghost) {
        tell("no: the copy found no broker");
        return;
    }
    buf_add(&ghost->up.in, frame);
    ghost->up.is_judged = true;
    ghost->is_held = true;
}

/* A rule speaks once about a frame. False: the frame stays in front for now. */
static bool judge_front(struct proxy *x, struct lane *l, struct request r, struct rule *rule)
{
    *rule = l->up.is_judged ? (struct rule){.action = PASS} : judge(x, r);
    if (!l->up.is_judged && r.api >= 0 && r.api < API_MAX)
        x->counts[r.api]++;
    l->up.is_judged = true;
    if (rule->action != PASS)
        tell_fault(rule->action, r, x->counts[r.api]);
    if (rule->action == TAKE)
        cut_one(&l->client);
    if (rule->action == HOLD || rule->action == TAKE)
        l->is_held = true;
    if (rule->action == DELAY)
        l->up.not_before = now_ms() + rule->ms;
    if (rule->action == COPY)
        make_copy(x, l, way_front(&l->up));
    return !l->is_held && now_ms() >= l->up.not_before;
}

static void pump_up(struct proxy *x, struct lane *l)
{
    while (!l->is_held && !l->is_ending && now_ms() >= l->up.not_before) {
        struct str frame = way_front(&l->up);
        struct rule rule;
        if (frame.n == 0)
            break;
        struct request r = frame_request(frame);
        if (!judge_front(x, l, r, &rule))
            break;
        note_asked(l, r, r.api >= 0 && r.api < API_MAX ? x->counts[r.api] : 0, rule);
        way_pass(&l->up);
        l->is_ending = rule.action == CUT;
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The request of an answer; brokers answer in order, so those before it get none. */
static struct asked take_asked(struct lane *l, int32_t correlation)
{
    for (size_t i = 0; i < l->n_asked; i++)
        if (l->asked[i].r.correlation == correlation) {
            struct asked found = l->asked[i];
            l->n_asked -= i + 1;
            memmove(l->asked, l->asked + i + 1, l->n_asked * sizeof l->asked[0]);
            return found;
        }
    return (struct asked){.r.api = -1};
}

static void tell_end_txn(const struct lane *l, const struct asked *a, struct str frame)
{
    if (a->r.api == API_END_TXN && is_ghost(l))
        tell("late EndTxn answered %d", frame_end_txn_error(frame, a->r.version));
}

/* False: the answer waits. It is judged once, when it comes to the front. */
static bool judge_answer(struct proxy *x, struct lane *l, struct str frame)
{
    struct asked a = take_asked(l, frame_correlation(frame));

    l->down.is_judged = true;
    tell_end_txn(l, &a, frame);
    if (a.action == CUT_ANSWER || a.action == COPY) {
        end_both(l);
        return false;
    }
    if (a.action == LOSE || is_ghost(l)) {
        way_drop(&l->down);
        return false;
    }
    if (a.action == SLOW)
        l->down.not_before = now_ms() + a.ms;
    if (x->release_after >= 0 && a.r.api == x->release_after) {
        x->release_after = -1;
        tell("released %zu", release_held(x));
        l->is_parked = true;
    }
    return !l->is_parked && now_ms() >= l->down.not_before;
}

static void pump_down(struct proxy *x, struct lane *l)
{
    while (!l->is_parked && now_ms() >= l->down.not_before && l->server >= 0) {
        struct str frame = way_front(&l->down);
        if (frame.n == 0)
            break;
        if (l->down.is_judged || judge_answer(x, l, frame))
            way_pass(&l->down);
    }
}

/* ---- what sockets say ---------------------------------------------------------------------- */

/* The client has left. What was held, and what it had sent before, still goes. */
static void client_left(struct lane *l)
{
    close_one(&l->client);
    if (!is_busy_ghost(l) && !l->is_held)
        close_one(&l->server);
}

static void serve_lane(struct proxy *x, struct lane *l, short client, short server)
{
    if (client && l->client >= 0 && !way_read(&l->up, l->client))
        client_left(l);
    if (server && l->server >= 0 && !way_read(&l->down, l->server)) {
        pump_down(x, l);
        (void)(l->client >= 0 && way_write(&l->down, l->client));
        end_both(l);
    }
    pump_up(x, l);
    pump_down(x, l);
    if (l->server >= 0 && !way_write(&l->up, l->server))
        end_both(l);
    if (l->is_ending && way_has_left(&l->up))
        end_both(l);
    if (l->client >= 0 && !way_write(&l->down, l->client))
        client_left(l);
    if (is_ghost(l) && !l->is_held && !is_busy_ghost(l))
        close_one(&l->server);
}

static void serve_lanes(struct proxy *x, const struct pollfd *p, const struct lane *const *seen,
                        size_t n)
{
    for (size_t i = 0; i < LANES_MAX; i++) {
        struct lane *l = x->lanes[i];
        short client = 0, server = 0;
        for (size_t k = 0; k < n; k++) /* two places each, in this order */
            if (seen[k] == l && l)
                client = p[2 * k].revents, server = p[2 * k + 1].revents;
        if (!l)
            continue;
        serve_lane(x, l, client, server);
        if (l->client < 0 && l->server < 0) {
            lane_free(l);
            x->lanes[i] = NULL;
        }
    }
    if (!has_busy_ghosts(x))
        for (size_t i = 0; i < LANES_MAX; i++)
            if (x->lanes[i])
                x->lanes[i]->is_parked = false;
}

/* ---- orders -------------------------------------------------------------------------------- */

static size_t split(struct str line, struct str words[WORDS_MAX])
{
    size_t n = 0;
    struct str head, rest = str_trim(line);

    while (n < WORDS_MAX && rest.n > 0) {
        str_cut(rest, ' ', &head, &rest);
        words[n++] = head;
        rest = str_trim(rest);
    }
    return n;
}

/* on API ACTION [MS] [skip N] [times N] */
static bool rule_from(const struct str *w, size_t n, struct rule *r)
{
    uint64_t number;
    size_t at = 3;
    bool is_known = false;

    *r = (struct rule){.times = 1};
    if (n < at || !api_from(w[1], &r->api))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (str_eq(w[2], str_from(actions[i].name))) {
            r->action = actions[i].action;
            is_known = true;
            if (actions[i].has_ms) {
                if (n <= at || !str_to_i64(w[at++], &r->ms) || r->ms < 0)
                    return false;
            }
        }
    for (; at + 1 < n; at += 2) {
        if (!str_to_u64(w[at + 1], &number))
            return false;
        if (str_eq(w[at], STR("skip")))
            r->skip = number;
        else if (str_eq(w[at], STR("times")))
            r->times = number;
        else
            return false;
    }
    return is_known && at == n;
}

static const char *add_rule(struct proxy *x, const struct str *w, size_t n)
{
    struct rule r;

    if (!rule_from(w, n, &r))
        return "on API ACTION [MS] [skip N] [times N]";
    for (size_t i = 0; i < RULES_MAX; i++)
        if (x->rules[i].times == 0) {
            x->rules[i] = r;
            return NULL;
        }
    return "too many rules";
}

static const char *release(struct proxy *x, const struct str *w, size_t n)
{
    int16_t api;

    if (n == 1) {
        tell("released %zu", release_held(x));
        return NULL;
    }
    if (n != 3 || !str_eq(w[1], STR("after")) || !api_from(w[2], &api))
        return "release [after API]";
    x->release_after = api;
    return NULL;
}

static void obey(struct proxy *x, struct str line)
{
    struct str w[WORDS_MAX];
    size_t n = split(line, w);
    const char *wrong = "on, release, forget, count";
    int16_t api;

    if (n == 0)
        return;
    if (str_eq(w[0], STR("on"))) {
        wrong = add_rule(x, w, n);
    } else if (str_eq(w[0], STR("release"))) {
        wrong = release(x, w, n);
    } else if (str_eq(w[0], STR("forget"))) {
        memset(x->rules, 0, sizeof x->rules);
        wrong = NULL;
    } else if (str_eq(w[0], STR("count")) && n == 2 && api_from(w[1], &api)) {
        tell("ok %lu", x->counts[api]);
        return;
    }
    tell(wrong ? "no: %s" : "ok", wrong);
}

static void read_orders(struct proxy *x)
{
    struct buf *b = &x->orders.in;
    ssize_t n = read(0, buf_reserve(b, 4096), 4096);
    struct str line, rest;

    if (n <= 0) {
        x->is_over = true;
        return;
    }
    b->n += (size_t)n;
    while (str_cut(buf_str(b), '\n', &line, &rest)) {
        obey(x, line);
        memmove(b->p, rest.p, rest.n);
        b->n = rest.n;
    }
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void accept_client(struct proxy *x, int broker)
{
    int client = accept4(x->brokers[broker].listener, NULL, NULL, SOCK_CLOEXEC), one = 1;

    if (client < 0)
        return;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)lane_new(x, broker, client);
}

/* Milliseconds until a delayed frame may go, -1: there is none. */
static int next_wait(const struct proxy *x)
{
    int64_t now = now_ms(), best = INT64_MAX;

    for (size_t i = 0; i < LANES_MAX; i++) {
        const struct lane *l = x->lanes[i];
        if (l && l->up.not_before > now && l->up.not_before < best)
            best = l->up.not_before;
        if (l && l->down.not_before > now && l->down.not_before < best)
            best = l->down.not_before;
    }
    return best == INT64_MAX ? -1 : (int)(best - now) + 1;
}

static short wanted(const struct way *from, const struct way *to)
{
    bool has_room = from->in.n < FRAME_BYTES_MAX;

    return (short)((has_room ? POLLIN : 0) | (way_has_left(to) ? 0 : POLLOUT));
}

static void turn(struct proxy *x)
{
    static struct pollfd p[2 * LANES_MAX + BROKERS_MAX + 1];
    static const struct lane *seen[LANES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < LANES_MAX; i++) {
        const struct lane *l = x->lanes[i];
        if (!l)
            continue;
        p[2 * n] = (struct pollfd){.fd = l->client, .events = wanted(&l->up, &l->down)};
        p[2 * n + 1] = (struct pollfd){.fd = l->server, .events = wanted(&l->down, &l->up)};
        seen[n++] = l;
    }
    struct pollfd *own = &p[2 * n];
    for (int i = 0; i < x->n_brokers; i++)
        own[i] = (struct pollfd){.fd = x->brokers[i].listener, .events = POLLIN};
    own[x->n_brokers] = (struct pollfd){.fd = 0, .events = POLLIN};
    if (poll(p, 2 * n + (size_t)x->n_brokers + 1, next_wait(x)) < 0)
        return;
    if (own[x->n_brokers].revents)
        read_orders(x);
    for (int i = 0; i < x->n_brokers; i++)
        if (own[i].revents)
            accept_client(x, i);
    serve_lanes(x, p, seen, n);
    serve_lanes(x, p, seen, 0); /* what one lane released or unparked may go on another */
}

static bool add_broker(struct proxy *x, struct str pair)
{
    struct str a, b;
    uint64_t from, to;

    if (x->n_brokers == BROKERS_MAX || !str_cut(pair, ':', &a, &b) || !str_to_u64(a, &from) ||
        !str_to_u64(b, &to) || from > UINT16_MAX || to > UINT16_MAX)
        return false;
    x->brokers[x->n_brokers].listener = listen_on((uint16_t)from);
    x->brokers[x->n_brokers++].port = (uint16_t)to;
    return true;
}

int main(int argc, char **argv)
{
    static struct proxy x = {.release_after = -1};

    for (int i = 1; i < argc; i++)
        if (!add_broker(&x, str_from(argv[i])))
            argc = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: kafka_proxy LISTEN:BROKER...\n");
        return 2;
    }
    tell("ready");
    while (!x.is_over)
        turn(&x);
    return 0;
}
