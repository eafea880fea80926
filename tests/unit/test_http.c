/* test_http.c - the web server over raw sockets: pages, refusals, garbage, slow and many clients;
 * and what the board says there.
 *
 *   test_http --serve     the sample board at a free port, which is printed, until stdin ends: for
 *                         tests of `weir status` and of the metrics by an independent parser
 */
#include "worker/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/arena.h"
#include "json/tree.h"
#include "tests/lib/board_sample.h"
#include "tests/lib/test.h"
#include "worker/board.h"
#include "worker/http_address.h"

enum { ANSWER_S = 60 /* longer: the test fails */ };

struct fake {
    bool is_fine;
    unsigned asked;
};

static bool say(struct fake *f, struct buf *out, const char *text)
{
    f->asked++;
    buf_add(out, str_from(text));
    return f->is_fine;
}

static bool fake_healthy(void *context, struct buf *out)
{
    return say(context, out, "healthy?\n");
}

static bool fake_ready(void *context, struct buf *out)
{
    return say(context, out, "{\"ready\":1}\n");
}

static bool fake_metrics(void *context, struct buf *out)
{
    return say(context, out, "weir_x 1\n");
}

static bool fake_status(void *context, UNUSED struct buf *out)
{
    return say(context, out, "");
}

static struct http *start(struct fake *f)
{
    struct service s = {fake_healthy, fake_ready, fake_metrics, fake_status, f};
    struct http *h = NULL;
    struct weir_err err;

    CHECK_EQ(http_start(STR("127.0.0.1:0"), &s, &h, &err), WEIR_OK);
    CHECK(http_port(h) > 0);
    return h;
}

/* ---- a client that does as it likes ---------------------------------------------------------- */

static int dial(const struct http *h)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(http_port(h)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = ANSWER_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* Read until the server closes; false: it did not within ANSWER_S. */
static bool read_all(int fd, struct buf *out)
{
    for (;;) {
        char *to = buf_reserve(out, 4096);
        ssize_t n = recv(fd, to, 4096, 0);
        if (n == 0)
            return true;
        if (n < 0) /* a reset is an end, too: what we sent was not all read */
            return errno == ECONNRESET;
        out->n += (size_t)n;
    }
}

/* The whole answer to these bytes; valid until the next call. */
static struct str ask(const struct http *h, struct str request)
{
    static struct buf answer;
    int fd = dial(h);

    buf_clear(&answer);
    for (size_t sent = 0; sent < request.n;) {
        ssize_t n = send(fd, request.p + sent, request.n - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break; /* it has heard enough */
        sent += (size_t)n;
    }
    CHECK(read_all(fd, &answer));
    close(fd);
    return buf_str(&answer);
}

static bool has(struct str text, const char *part)
{
    return str_find(text, str_from(part), 0) != SIZE_MAX;
}

static struct str body_of(struct str answer)
{
    size_t at = str_find(answer, STR("\r\n\r\n"), 0);

    CHECK(at != SIZE_MAX);
    return str_sub(answer, at + 4, answer.n);
}

static struct str get(const struct http *h, const char *path)
{
    char request[256];

    snprintf(request, sizeof request, "GET %s HTTP/1.0\r\n\r\n", path);
    return ask(h, str_from(request));
}

/* ---- tests -------------------------------------------------------------------------------- */

TEST(pages_are_served_with_their_type_and_state)
{
    struct fake f = {.is_fine = true};
    struct http *h = start(&f);
    struct str a = get(h, "/healthz");

    CHECK(has(a, " 200 ") && has(a, "Content-Type: text/plain"));
    CHECK_STR(body_of(a), "healthy?\n");
    a = get(h, "/readyz");
    CHECK(has(a, " 200 ") && has(a, "application/json"));
    CHECK_STR(body_of(a), "{\"ready\":1}\n");
    a = get(h, "/metrics");
    CHECK(has(a, " 200 ") && has(a, "version=0.0.4"));
    CHECK_STR(body_of(a), "weir_x 1\n");
    a = get(h, "/status"); /* an empty document */
    CHECK(has(a, " 200 ") && has(a, "Content-Length: 0"));
    f.is_fine = false;
    a = get(h, "/readyz");
    CHECK(has(a, " 503 "));
    CHECK_STR(body_of(a), "{\"ready\":1}\n");
    http_stop(h);
}

TEST(a_head_has_no_body)
{
    struct fake f = {.is_fine = true};
    struct http *h = start(&f);
    struct str a = ask(h, STR("HEAD /metrics HTTP/1.0\r\n\r\n"));

    CHECK(has(a, " 200 ") && has(a, "Content-Length: 9"));
    CHECK_STR(body_of(a), "");
    http_stop(h);
}

TEST(a_connection_takes_several_requests)
{
    struct fake f = {.is_fine = true};
    struct http *h = start(&f);
    struct str a = ask(h, STR("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                              "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));

    CHECK(has(a, "healthy?") && has(a, "weir_x 1"));
    CHECK_EQ(f.asked, 2);
    http_stop(h);
}

TEST(other_methods_and_paths_are_refused)
{
    static const struct {
        const char *request, *status;
    } rows[] = {
        {"POST /metrics HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", " 405 "},
        {"POST /metrics HTTP/1.0\r\nContent-Length: 99999999999\r\n\r\nabc", " 405 "},
        {"DELETE /status HTTP/1.0\r\n\r\n", " 405 "},
        {"PUT /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
         "5\r\nhello\r\n0\r\n\r\n",
         " 405 "},
        {"GET / HTTP/1.0\r\n\r\n", " 404 "},
        {"GET /metrics/ HTTP/1.0\r\n\r\n", " 404 "},
        {"GET /../metrics HTTP/1.0\r\n\r\n", " 404 "},
        {"GET /%6detrics%00 HTTP/1.0\r\n\r\n", " 404 "},
        {"HEAD /none HTTP/1.0\r\n\r\n", " 404 "},
    };
    struct fake f = {.is_fine = true};
    struct http *h = start(&f);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str a = ask(h, str_from(rows[i].request));
        if (!has(a, rows[i].status) && !(i == 7 && has(a, " 200 ")))
            print_error("row %zu: %.*s\n", i, (int)a.n, a.p);
        /* A page's name may be written with escapes; what follows a NUL is not looked at. */
        CHECK(has(a, rows[i].status) || (i == 7 && has(a, " 200 ")));
        CHECK(i > 3 || has(a, "Allow: GET, HEAD"));
    }
    http_stop(h);
}

TEST(garbage_is_answered_or_closed_and_does_no_harm)
{
    static const char *const rows[] = {
        "GET\r\n\r\n",
        "GET /metrics\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\xfc\x03\x03 a TLS hello\r\n\r\n",
        "GET /metrics HTTP/9.9\r\n\r\n",
        "GET /metrics HTTP/1.1\r\n\r\n", /* no Host */
        "GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\nConnection: close\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\nConnection: close\r\n\r\n",
        "GET /metrics HTTP/1.0\r\n: \r\n\r\n",
        "GET http://[::1 HTTP/1.0\r\n\r\n",
    };
    struct fake f = {.is_fine = true};
    struct http *h = start(&f);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int fd = dial(h);
        (void)!send(fd, rows[i], strlen(rows[i]), MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR); /* half a request: nothing more will come */
        struct buf answer = {0};
        bool is_closed = read_all(fd, &answer);
        if (!is_closed)
            print_error("row %zu stays open: %s\n", i, rows[i]);
        CHECK(is_closed);
        buf_release(&answer);
        close(fd);
    }
    CHECK(has(get(h, "/healthz"), " 200 "));
    http_stop(h);
}

TEST(a_request_has_a_greatest_size)
{
    struct fake f = {.is_fine = true};
    struct http *h = start(&f);
    struct buf big = {0};

    buf_add(&big, STR("GET /metrics HTTP/1.0\r\n"));
    for (unsigned i = 0; big.n < 64 * 1024; i++)
        buf_printf(&big, "X-%u: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", i);
    buf_add(&big, STR("\r\n"));
    CHECK(!has(ask(h, buf_str(&big)), " 200 "));
    buf_clear(&big);
    buf_add(&big, STR("GET /"));
    while (big.n < 64 * 1024)
        buf_add_char(&big, 'a');
    buf_add(&big, STR(" HTTP/1.0\r\n\r\n"));
    CHECK(!has(ask(h, buf_str(&big)), " 200 "));
    CHECK_EQ(f.asked, 0);
    CHECK(has(get(h, "/healthz"), " 200 "));
    buf_release(&big);
    http_stop(h);
}

static unsigned n_that_wait(const int *fds, size_t n)
{
    unsigned n_open = 0;
    char c;

    for (size_t i = 0; i < n; i++)
        n_open +=
            recv(fds[i], &c, 1, MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    return n_open;
}

TEST(a_slow_client_holds_up_nobody_and_too_many_are_turned_away)
{
    struct fake f = {.is_fine = true};
    struct http *h = start(&f);
    int slow[HTTP_CONNECTIONS_MAX];
    unsigned n_open = 0;

    slow[0] = dial(h);
    CHECK(send(slow[0], "GET /metr", 9, MSG_NOSIGNAL) == 9);
    CHECK(has(get(h, "/healthz"), " 200 ")); /* answered beside it */
    for (size_t i = 1; i < ARRAY_LEN(slow); i++) {
        slow[i] = dial(h);
        CHECK(send(slow[i], "GET /metr", 9, MSG_NOSIGNAL) == 9);
    }
    /* Those beyond the limit of one address are closed at once, which on a busy machine is later;
     * the others wait for more. */
    for (unsigned i = 0; i < ANSWER_S * 20 && n_open != HTTP_CONNECTIONS_MAX / 2; i++) {
        if (i > 0)
            poll(NULL, 0, 50);
        n_open = n_that_wait(slow, ARRAY_LEN(slow));
    }
    poll(NULL, 0, 200); /* and go on doing so */
    n_open = n_that_wait(slow, ARRAY_LEN(slow));
    CHECK_EQ(n_open, HTTP_CONNECTIONS_MAX / 2);
    for (size_t i = 0; i < ARRAY_LEN(slow) / 2; i++)
        close(slow[i]);
    /* The server may hear of a new connection before it hears that the old ones went. */
    unsigned tries = 0;
    while (!has(get(h, "/healthz"), " 200 "))
        CHECK(tries++ < 1000);
    http_stop(h); /* with some of them still there */
    for (size_t i = ARRAY_LEN(slow) / 2; i < ARRAY_LEN(slow); i++)
        close(slow[i]);
}

TEST(an_address_that_is_taken_is_one_clear_line)
{
    struct fake f = {.is_fine = true};
    struct http *h = start(&f), *second = NULL;
    struct service s = {fake_healthy, fake_ready, fake_metrics, fake_status, &f};
    char address[32], want[128];
    struct weir_err err;

    snprintf(address, sizeof address, "127.0.0.1:%u", http_port(h));
    CHECK_EQ(http_start(str_from(address), &s, &second, &err), WEIR_IO);
    snprintf(want, sizeof want, "http.address: cannot listen at %s: Address already in use",
             address);
    CHECK_STR(str_from(err.text), want);
    http_stop(h);
    CHECK_EQ(http_start(str_from(address), &s, &second, &err), WEIR_OK); /* free again */
    http_stop(second);
}

TEST(addresses_are_taken_apart)
{
    static const struct {
        const char *text, *host, *port; /* host NULL: refused */
    } rows[] = {
        {"127.0.0.1:9464", "127.0.0.1", "9464"},
        {"localhost:0", "localhost", "0"},
        {":80", "127.0.0.1", "80"},
        {"[::1]:9464", "::1", "9464"},
        {"0.0.0.0:65535", "0.0.0.0", "65535"},
        {"", NULL, NULL},
        {"127.0.0.1", NULL, NULL},
        {"::1:9464", NULL, NULL},
        {"[]:1", NULL, NULL},
        {"a:65536", NULL, NULL},
        {"a:-1", NULL, NULL},
        {"a:", NULL, NULL},
        {"a b:1", NULL, NULL},
        {"http://a:1", NULL, NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_address a;
        struct weir_err err;
        enum weir_rc rc = http_address_parse(str_from(rows[i].text), &a, &err);
        CHECK_EQ(rc, rows[i].host ? WEIR_OK : WEIR_SYNTAX);
        if (!rows[i].host)
            continue;
        CHECK_STR(str_from(a.host), rows[i].host);
        CHECK_STR(str_from(a.port), rows[i].port);
        CHECK_STR(str_from(a.text), rows[i].text[0] == ':' ? "127.0.0.1:80" : rows[i].text);
    }
}

/* ---- the board there ------------------------------------------------------------------------ */

static struct json_node *parse(struct arena *a, const struct buf *text)
{
    struct json_node *root = NULL;

    CHECK_EQ(json_tree_parse(a, str_trim(buf_str(text)), &root, NULL), JSON_OK);
    return root;
}

TEST(the_board_is_ready_or_says_why_not)
{
    struct metric_board *b = board_sample();
    struct service s = board_service(b);
    struct buf text = {0};

    CHECK(s.ready(s.context, &text));
    CHECK_STR(buf_str(&text),
              "{\"ready\":true,\"ruleset\":\"0123456789abcdef\",\"slots\":[0,1],\"reasons\":[]}\n");
    metric_set(metric_lane(b, 1), GAUGE_JOINED, 0);
    metric_set(metric_lane(b, 0), GAUGE_STATE_OK, 0);
    buf_clear(&text);
    CHECK(!s.ready(s.context, &text));
    CHECK(has(buf_str(&text), "\"reasons\":[\"lane 0: the state does not obey\",\"lane 1: not in "
                              "the group\"]"));
    buf_release(&text);
    metric_board_free(b);
}

TEST(the_board_is_healthy_while_all_threads_move)
{
    struct metric_board *b = board_sample();
    struct service s = board_service(b);
    struct buf text = {0};

    CHECK(s.healthy(s.context, &text));
    CHECK_STR(buf_str(&text), "ok\n");
    buf_clear(&text);
    metric_beat(metric_reader(b, 1), SAMPLE_NOW_MS - BOARD_BEAT_MS);
    CHECK(!s.healthy(s.context, &text));
    CHECK_STR(buf_str(&text), "lane 1: the reader has not moved for 30 s\n");
    buf_release(&text);
    metric_board_free(b);
}

TEST(a_call_without_a_limit_may_last_longer)
{
    struct metric_board *b = board_sample();
    struct service s = board_service(b);
    struct buf text = {0};

    metric_call(metric_lane(b, 0), true);
    metric_beat(metric_lane(b, 0), SAMPLE_NOW_MS - BOARD_CALL_MS + 1);
    CHECK(s.healthy(s.context, &text));
    metric_beat(metric_lane(b, 0), SAMPLE_NOW_MS - BOARD_CALL_MS);
    CHECK(!s.healthy(s.context, &text));
    metric_beat(metric_lane(b, 0), SAMPLE_NOW_MS - BOARD_BEAT_MS);
    CHECK(s.healthy(s.context, &text));
    metric_call(metric_lane(b, 0), false);
    buf_clear(&text);
    CHECK(!s.healthy(s.context, &text));
    CHECK_STR(buf_str(&text), "lane 0: the lane has not moved for 30 s\n");
    buf_release(&text);
    metric_board_free(b);
}

TEST(the_board_status_is_a_json_object)
{
    struct metric_board *b = board_sample();
    struct service s = board_service(b);
    struct buf text = {0};
    struct arena *a = arena_new(0);

    CHECK(s.status(s.context, &text));
    (void)parse(a, &text);
    CHECK(has(buf_str(&text), "{\"topic\":\"a\",\"partition\":1,\"lane\":1,\"committed\":101,"
                              "\"end\":150,\"lag\":49,\"watermark_ms\":1767225595000}"));
    CHECK(has(buf_str(&text), "\"committed\":null,\"end\":null,\"lag\":null,"
                              "\"watermark_ms\":null"));
    CHECK(has(buf_str(&text), "{\"level\":0,\"watermark_ms\":1767225595000,\"topic\":\"a\","
                              "\"partition\":0}"));
    CHECK(has(buf_str(&text), "\"reloads\":1,\"reloads_failed\":1"));
    arena_free(a);
    buf_release(&text);
    metric_board_free(b);
}

static int serve_sample(void)
{
    struct metric_board *b = board_sample();
    struct service service = board_service(b);
    struct http *h;
    struct weir_err err;

    if (http_start(STR("127.0.0.1:0"), &service, &h, &err) != WEIR_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    printf("%u\n", http_port(h));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    http_stop(h);
    metric_board_free(b);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ENTRY(pages_are_served_with_their_type_and_state),
        ENTRY(a_head_has_no_body),
        ENTRY(a_connection_takes_several_requests),
        ENTRY(other_methods_and_paths_are_refused),
        ENTRY(garbage_is_answered_or_closed_and_does_no_harm),
        ENTRY(a_request_has_a_greatest_size),
        ENTRY(a_slow_client_holds_up_nobody_and_too_many_are_turned_away),
        ENTRY(an_address_that_is_taken_is_one_clear_line),
        ENTRY(addresses_are_taken_apart),
        ENTRY(the_board_is_ready_or_says_why_not),
        ENTRY(the_board_is_healthy_while_all_threads_move),
        ENTRY(a_call_without_a_limit_may_last_longer),
        ENTRY(the_board_status_is_a_json_object),
    };

    if (argc > 1 && strcmp(argv[1], "--serve") == 0)
        return serve_sample();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
