/* flags.h - the options of a command line, by a table.
 *
 * `--name VALUE`, `--name=VALUE`, `-x VALUE`, `-xVALUE`; switches take no value; `--` ends the
 * options; what is left over are words. An unknown option is an error with the nearest
 * name as a hint. Help is printed from the same table. What the command line does not say, the
 * environment may (is_in_environment).
 *
 * Memory   texts are slices of argv.
 */
#ifndef WEIR_APP_FLAGS_H
#define WEIR_APP_FLAGS_H

#include "app/text_list.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

enum flag_kind {
    FLAG_SWITCH,  /* to.on: set to true                                          */
    FLAG_TEXT,    /* to.text                                                     */
    FLAG_TEXTS,   /* to.texts: the only kind that may be given more than once    */
    FLAG_COUNT,   /* to.count: a whole number                                    */
    FLAG_DECIMAL, /* to.decimal: a number that is not negative, fractions allowed */
    FLAG_CHOICE,  /* to.choice: index of the word in `operand`, "a|b|c"          */
    FLAG_LATER    /* part of weir's contract, not in this version: refused by name */
};

struct flag {
    const char *name; /* without dashes */
    char letter;      /* 0: none */
    enum flag_kind kind;
    const char *operand; /* the word for the value in help; NULL for switches */
    const char *help;    /* NULL: not shown */
    union {
        bool *on;
        struct str *text;
        struct text_list *texts;
        uint64_t *count;
        double *decimal;
        int *choice;
    } to;
    /* Not given on the command line: taken from WEIR_ and its name in capitals with underscores, if
     * that is set and not empty. */
    bool is_in_environment;
    bool may_be_empty; /* of a text: an empty one says something, too */
    /* The name of the option without which this one says nothing: given alone it is refused. */
    const char *with;
    /* The name of the option beside which this one says nothing: given with it it is refused. */
    const char *not_with;
};

struct flag_group {
    const char *title;
    const struct flag *flags;
    size_t n;
};

struct flag_set {
    const char *command; /* "replay" */
    const char *usage;   /* "weir replay -r PATH... -i PATH..." */
    const char *about;   /* a paragraph for help */
    const struct flag_group *groups;
    size_t n_groups;
};

enum { FLAGS_MAX = 96 /* options of one command */ };

/* Parse argv[1 .. argc); argv[0] is the command's name. *wants_help is set by --help or -h,
 * and parsing stops there. Errors are WEIR_BADARG. */
MUST_USE enum weir_rc flags_parse(const struct flag_set *set, int argc, char **argv,
                                  struct text_list *words, bool *wants_help, struct weir_err *err);

void flags_help(const struct flag_set *set, struct buf *out);

/* Call fn for each comma-separated piece, blanks trimmed, empty pieces left out. */
void each_piece(struct str text, void (*fn)(struct str piece, void *context), void *context);

#endif
