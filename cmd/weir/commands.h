/* commands.h - the subcommands of weir: each takes argv from its own name on and returns the
 * exit code. */
#ifndef WEIR_CMD_WEIR_COMMANDS_H
#define WEIR_CMD_WEIR_COMMANDS_H

#include "app/flags.h"
#include "base/base.h"

int command_run(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_check(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_test(int argc, char **argv);
int command_coverage(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_classify(int argc, char **argv);
int command_status(int argc, char **argv);
int command_config(int argc, char **argv);
int command_version(int argc, char **argv);

/* "0.1.0" */
struct str version_text(void);

/* Parse the options and print help if it was asked for. True: go on; false: leave with *code. */
bool command_begin(const struct flag_set *set, int argc, char **argv, struct text_list *words,
                   int *code);

/* The complaint about wrong use of a command: exit code 3. */
int command_misused(const struct flag_set *set, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
