/* main.c - the program `weir`: a table of subcommands.
 *
 * Each subcommand has a file of its own here with its flags and wiring; what it does
 * lives in pkg/app.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/outcome.h"
#include "base/str.h"
#include "commands.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
};

static int command_help(int argc, char **argv);

static const struct command commands[] = {
    {"run", command_run, "run rules over events from Kafka, alerts to Kafka, each once"},
    {"replay", command_replay, "run rules over events from files; write alerts or matches"},
    {"check", command_check, "say of each rule whether it loads, and what is doubtful about it"},
    {"test", command_test, "play the tests of rules (NAME.test.yml)"},
    {"explain", command_explain, "say of an event why rules match it, or why they do not"},
    {"bench", command_bench, "measure how many events a second rules take"},
    {"coverage", command_coverage, "say which ATT&CK techniques the rules are about"},
    {"classify", command_classify, "say which shapes of telemetry are in some files"},
    {"status", command_status, "say what a running worker does"},
    {"config", command_config, "check a worker's configuration, show what is in force"},
    {"version", command_version, "print the version"},
    {"help", command_help, "print help, also of one command: weir help replay"},
};

static const struct command *find_command(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (str_eq(str_from(commands[i].name), name))
            return &commands[i];
    return NULL;
}

static void print_help(FILE *out)
{
    fputs("weir finds attacks in telemetry with the rules you already have.\n\n"
          "usage: weir COMMAND [OPTION...]\n\ncommands\n",
          out);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].about);
    fputs("\nexamples\n"
          "  weir replay -r rules/ -i events.ndjson.zst\n"
          "  weir check rules/ --lists lists/\n"
          "  weir help replay\n"
          "\nexit codes\n"
          "  0  fine, also when the reader of the output goes away\n"
          "  1  findings that a check was asked for\n"
          "  2  a rule does not load\n"
          "  3  wrong use, configuration, input or output\n",
          out);
}

static int unknown_command(struct str name)
{
    struct str names[ARRAY_LEN(commands)];
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        names[n++] = str_from(commands[i].name);
    struct str near = str_nearest(name, names, n);
    if (near.n)
        note("error: unknown command '%.*s' (did you mean '%.*s'?)", (int)name.n, name.p,
             (int)near.n, near.p);
    else
        note("error: unknown command '%.*s' (see 'weir help')", (int)name.n, name.p);
    return EXIT_WORLD;
}

static int run_command(struct str name, int argc, char **argv)
{
    const struct command *c = find_command(name);

    return c ? c->run(argc, argv) : unknown_command(name);
}

static int command_help(int argc, char **argv)
{
    char help[] = "--help";

    if (argc > 2) {
        note("error: help: of one command at a time: '%s' is too much", argv[2]);
        return EXIT_WORLD;
    }
    if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return EXIT_FINE;
    }
    char *args[] = {argv[1], help, NULL};
    return run_command(str_from(argv[1]), 2, args);
}

int command_misused(const struct flag_set *set, const char *fmt, ...)
{
    char text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    note("error: %s: %s (see 'weir help %s')", set->command, text, set->command);
    return EXIT_WORLD;
}

bool command_begin(const struct flag_set *set, int argc, char **argv, struct text_list *words,
                   int *code)
{
    struct weir_err err;
    bool wants_help;

    if (flags_parse(set, argc, argv, words, &wants_help, &err) != WEIR_OK) {
        note("error: %s: %s", set->command, err.text);
        *code = EXIT_WORLD;
        return false;
    }
    if (!wants_help)
        return true;
    struct buf text = {0};
    flags_help(set, &text);
    fwrite(text.p, 1, text.n, stdout);
    buf_release(&text);
    *code = EXIT_FINE;
    return false;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_WORLD;
    }
    struct str name = str_from(argv[1]);
    if (str_eq(name, STR("--help")) || str_eq(name, STR("-h")))
        name = STR("help");
    if (str_eq(name, STR("--version")) || str_eq(name, STR("-V")))
        name = STR("version");
    return run_command(name, argc - 1, argv + 1);
}

/* A descriptor that was closed before the start would be the number of the first file or connection
 * that is opened: alerts would go to Redis as commands. What fills the gap here fails as the closed
 * one does, but for stderr, which nobody is left to tell of. */
static void fill_closed_descriptors(void)
{
    static const int modes[] = {O_WRONLY, O_RDONLY, O_WRONLY};

    for (int fd = 0; fd < (int)ARRAY_LEN(modes); fd++)
        if (fcntl(fd, F_GETFD) < 0) /* the lowest free one is what open() gives */
            ASSERT(open("/dev/null", modes[fd]) == fd);
}

enum { HELP_BYTES_MAX = 64 * 1024 };

int main(int argc, char **argv)
{
    /* A reader that goes away is an error code of write(), not the end of the process. */
    static char help_room[HELP_BYTES_MAX];

    fill_closed_descriptors();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its size limit: the same */
    /* What commands print goes past stdio, help does not: it is one write, which may fail, at the
     * end. */
    setvbuf(stdout, help_room, _IOFBF, sizeof help_room);
    int code = dispatch(argc, argv);
    if (fflush(stdout) == 0 || errno == EPIPE)
        return code;
    note("error: stdout: cannot write: %s", strerror(errno));
    return EXIT_WORLD;
}
