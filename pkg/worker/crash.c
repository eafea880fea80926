/* crash.c - the handler, and the guard at the other end of its pipe. */
#include "worker/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/log.h"

enum { STACK_BYTES = 64 * 1024 };

/* What goes through the pipe: small enough to be written in one piece. */
struct message {
    int32_t signal, partition;
    int64_t from, to;
    char topic[CRASH_TOPIC_MAX + 1];
};
_Static_assert(sizeof(struct message) <= 512, "a pipe takes it whole");

_Thread_local struct crash_place crash_place;

static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
static int to_guard = -1, from_guard = -1;
static pid_t guard;

/* ---- the worker's side --------------------------------------------------------------------- */

static void copy_topic(char *to, const char *from)
{
    size_t i = 0;

    for (; i < CRASH_TOPIC_MAX && from[i]; i++)
        to[i] = from[i];
    to[i] = '\0';
}

/* "weir: error: signal 11 in thread rdk:main": nobody else may say why the worker is gone. */
static void say(int number)
{
    char line[64] = "weir: error: signal 00 in thread ", name[16] = "";
    size_t n = strlen(line);

    line[20] = (char)('0' + number / 10 % 10);
    line[21] = (char)('0' + number % 10);
    (void)prctl(PR_GET_NAME, name);
    for (size_t i = 0; i < sizeof name && name[i]; i++)
        line[n++] = name[i];
    line[n++] = '\n';
    (void)!write(STDERR_FILENO, line, n);
}

/* SA_RESETHAND: the second signal, raised when this returns, is the end. */
static void on_crash(int number)
{
    struct pollfd answer = {.fd = from_guard, .events = POLLIN};
    struct message m = {.signal = number};
    char byte;

    say(number);
    if (crash_place.topic) {
        m.partition = crash_place.partition;
        m.from = crash_place.from;
        m.to = crash_place.to;
        copy_topic(m.topic, crash_place.topic);
        crash_place.topic = NULL;
        if (write(to_guard, &m, sizeof m) == (ssize_t)sizeof m &&
            poll(&answer, 1, CRASH_WAIT_MS) > 0)
            (void)!read(from_guard, &byte, 1);
    }
    raise(number);
}

void crash_thread(void)
{
    static _Thread_local char stack[STACK_BYTES];
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack}, has;

    /* A sanitizer has given it one, which it takes back itself. */
    if (sigaltstack(NULL, &has) != 0 || (has.ss_flags & SS_DISABLE))
        (void)sigaltstack(&own, NULL);
}

static void set_handlers(void)
{
    struct sigaction act = {.sa_handler = on_crash, .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND)};

    sigemptyset(&act.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        (void)sigaction(signals[i], &act, NULL);
}

/* ---- the guard's side ---------------------------------------------------------------------- */

static void keep(struct crash_book *book, const struct message *m)
{
    struct crash_note note = {0};
    struct weir_err err;
    char text[ERR_TEXT_MAX];

    enum weir_rc rc = crash_book_read(book, m->topic, m->partition, &note, &err);
    if (rc == WEIR_OK) {
        note = crash_note_after(note, m->from, m->to);
        rc = crash_book_write(book, m->topic, m->partition, &note, &err);
    }
    LOG(LOG_ERROR, "the worker died at a record", LOG_S("topic", str_from(m->topic)),
        LOG_I("partition", m->partition), LOG_I("from", m->from), LOG_I("to", m->to),
        LOG_I("signal", m->signal), LOG_U("crashes", note.count),
        LOG_S("noted", rc == WEIR_OK ? STR("yes") : str_from(err_format(&err, text, sizeof text))));
}

NORETURN static void run_guard(int in, int out, const struct store_redis_options *store,
                               struct str dir)
{
    static const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
    struct crash_book *book = crash_book_new(store, dir);
    struct message m;

    (void)prctl(PR_SET_NAME, "weir-guard");
    for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
    for (;;) {
        ssize_t n = read(in, &m, sizeof m);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof m)
            break;
        m.topic[CRASH_TOPIC_MAX] = '\0';
        keep(book, &m);
        (void)!write(out, "", 1);
    }
    crash_book_free(book);
    _exit(0);
}

enum weir_rc crash_start(const struct store_redis_options *store, struct str dir,
                         struct weir_err *err)
{
    int there[2], back[2];

    if (pipe2(there, O_CLOEXEC) != 0)
        return err_set(err, WEIR_IO, "no pipe for the guard: %s", strerror(errno));
    if (pipe2(back, O_CLOEXEC) != 0) {
        close(there[0]);
        close(there[1]);
        return err_set(err, WEIR_IO, "no pipe for the guard: %s", strerror(errno));
    }
    guard = fork();
    if (guard == 0) {
        close(there[1]);
        close(back[0]);
        run_guard(there[0], back[1], store, dir);
    }
    close(there[0]);
    close(back[1]);
    if (guard < 0)
        return err_set(err, WEIR_IO, "the guard cannot be forked: %s", strerror(errno));
    to_guard = there[1];
    from_guard = back[0];
    set_handlers();
    crash_thread();
    return WEIR_OK;
}

void crash_stop(void)
{
    if (to_guard < 0)
        return;
    close(to_guard);
    close(from_guard);
    to_guard = from_guard = -1;
    while (waitpid(guard, NULL, 0) < 0 && errno == EINTR)
        ;
}
