/* flags.c - the options of a command line, by a table. One pass over argv; a flag is found
 * by a walk through the groups, since a command has a few dozen. */
#include "app/flags.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/str.h"

enum { HELP_COLUMN = 32, ENVIRONMENT_NAME_MAX = 64 };

static const struct flag *flag_by_name(const struct flag_set *set, struct str name)
{
    for (size_t g = 0; g < set->n_groups; g++)
        for (size_t i = 0; i < set->groups[g].n; i++)
            if (str_eq(str_from(set->groups[g].flags[i].name), name))
                return &set->groups[g].flags[i];
    return NULL;
}

static const struct flag *flag_by_letter(const struct flag_set *set, char letter)
{
    for (size_t g = 0; g < set->n_groups; g++)
        for (size_t i = 0; i < set->groups[g].n; i++)
            if (set->groups[g].flags[i].letter == letter)
                return &set->groups[g].flags[i];
    return NULL;
}

static enum weir_rc unknown_flag(const struct flag_set *set, struct str name, struct weir_err *err)
{
    struct str names[FLAGS_MAX];
    size_t n = 0;

    for (size_t g = 0; g < set->n_groups; g++)
        for (size_t i = 0; i < set->groups[g].n && n < FLAGS_MAX; i++)
            if (set->groups[g].flags[i].help)
                names[n++] = str_from(set->groups[g].flags[i].name);
    struct str near = str_nearest(name, names, n);
    if (near.n)
        return err_set(err, WEIR_BADARG, "unknown option '--%.*s' (did you mean '--%.*s'?)",
                       (int)name.n, name.p, (int)near.n, near.p);
    return err_set(err, WEIR_BADARG, "unknown option '--%.*s' (see 'weir help %s')", (int)name.n,
                   name.p, set->command);
}

static enum weir_rc bad_value(const struct flag *f, struct str value, const char *wanted,
                              struct weir_err *err)
{
    return err_set(err, WEIR_BADARG, "--%s: '%.*s' is not %s", f->name, (int)value.n, value.p,
                   wanted);
}

static enum weir_rc set_choice(const struct flag *f, struct str value, struct weir_err *err)
{
    struct str word, rest = str_from(f->operand);

    for (int i = 0; rest.n; i++) {
        str_cut(rest, '|', &word, &rest);
        if (str_eq(word, value)) {
            *f->to.choice = i;
            return WEIR_OK;
        }
    }
    return err_set(err, WEIR_BADARG, "--%s: '%.*s' is none of %s", f->name, (int)value.n, value.p,
                   f->operand);
}

static enum weir_rc set_decimal(const struct flag *f, const char *value, struct weir_err *err)
{
    char *end;

    errno = 0;
    double d = strtod(value, &end);
    if (end == value || *end || errno || !isfinite(d) || d < 0)
        return bad_value(f, str_from(value), "a number from 0 up", err);
    *f->to.decimal = d;
    return WEIR_OK;
}

static enum weir_rc flag_set_value(const struct flag *f, const char *z, struct weir_err *err)
{
    struct str value = str_from(z);

    ASSERT(f->kind != FLAG_SWITCH && f->kind != FLAG_LATER); /* they have no value */
    /* An empty word is nearly always a variable that was not set. */
    if (value.n == 0 && !f->may_be_empty)
        return err_set(err, WEIR_BADARG, "--%s needs a value: %s", f->name, f->operand);
    switch (f->kind) {
    case FLAG_TEXT:
        *f->to.text = value;
        return WEIR_OK;
    case FLAG_TEXTS:
        text_list_add(f->to.texts, value);
        return WEIR_OK;
    case FLAG_COUNT:
        return str_to_u64(value, f->to.count) ? WEIR_OK
                                              : bad_value(f, value, "a whole number", err);
    case FLAG_DECIMAL:
        return set_decimal(f, z, err);
    case FLAG_CHOICE:
        return set_choice(f, value, err);
    case FLAG_SWITCH:
    case FLAG_LATER:
        break;
    }
    return WEIR_BADARG; /* not reached */
}

/* Where parsing stands. */
struct parse {
    const struct flag_set *set;
    int argc, at;
    char **argv;
    struct weir_err *err;
    const struct flag *given[FLAGS_MAX]; /* so far, each once */
    size_t n_given;
};

static bool is_given(const struct parse *p, const struct flag *f)
{
    for (size_t i = 0; i < p->n_given; i++)
        if (p->given[i] == f)
            return true;
    return false;
}

/* `value` is the part glued to the option, NULL if none is. */
static enum weir_rc take_flag(struct parse *p, const struct flag *f, const char *value)
{
    bool is_repeated = is_given(p, f);

    /* A switch that is set twice is set; two values contradict each other. */
    if (is_repeated && f->kind != FLAG_SWITCH && f->kind != FLAG_TEXTS)
        return err_set(p->err, WEIR_BADARG, "--%s is given twice", f->name);
    if (!is_repeated) {
        ASSERT(p->n_given < FLAGS_MAX);
        p->given[p->n_given++] = f;
    }
    if (f->kind == FLAG_LATER)
        return err_set(p->err, WEIR_UNSUPPORTED, "--%s: not in this version", f->name);
    if (f->kind == FLAG_SWITCH) {
        if (value)
            return err_set(p->err, WEIR_BADARG, "--%s takes no value", f->name);
        *f->to.on = true;
        return WEIR_OK;
    }
    if (!value) {
        if (p->at + 1 >= p->argc)
            return err_set(p->err, WEIR_BADARG, "--%s needs a value: %s", f->name, f->operand);
        value = p->argv[++p->at];
    }
    return flag_set_value(f, value, p->err);
}

static enum weir_rc take_long(struct parse *p, const char *arg)
{
    struct str name, rest;
    bool has_value = str_cut(str_from(arg + 2), '=', &name, &rest);
    const struct flag *f = flag_by_name(p->set, name);

    if (!f)
        return unknown_flag(p->set, name, p->err);
    return take_flag(p, f, has_value ? rest.p : NULL);
}

static enum weir_rc take_short(struct parse *p, const char *arg)
{
    /* Switches may stand together, before one option with a value: -qr RULES. */
    for (const char *letter = arg + 1; *letter; letter++) {
        const struct flag *f = flag_by_letter(p->set, *letter);
        if (!f)
            return err_set(p->err, WEIR_BADARG, "unknown option '%s' (see 'weir help %s')", arg,
                           p->set->command);
        if (f->kind != FLAG_SWITCH)
            return take_flag(p, f, letter[1] ? letter + 1 : NULL);
        TRY(take_flag(p, f, NULL));
    }
    return WEIR_OK;
}

/* "state-ca" -> "WEIR_STATE_CA" */
static void environment_name(const struct flag *f, char out[static ENVIRONMENT_NAME_MAX])
{
    size_t n = 0;

    for (const char *p = "WEIR_"; *p; p++)
        out[n++] = *p;
    for (const char *p = f->name; *p && n + 1 < ENVIRONMENT_NAME_MAX; p++)
        out[n++] = *p == '-' ? '_' : (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
    out[n] = '\0';
}

/* What the environment says; NULL: nothing. */
static const char *environment_of(const struct flag *f)
{
    char name[ENVIRONMENT_NAME_MAX];

    if (!f->is_in_environment)
        return NULL;
    environment_name(f, name);
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static enum weir_rc take_environment(struct parse *p)
{
    for (size_t g = 0; g < p->set->n_groups; g++)
        for (size_t i = 0; i < p->set->groups[g].n; i++) {
            const struct flag *f = &p->set->groups[g].flags[i];
            const char *value = environment_of(f);
            if (!value || is_given(p, f))
                continue;
            if (f->kind == FLAG_SWITCH)
                *f->to.on = true;
            else
                TRY(flag_set_value(f, value, p->err));
        }
    return WEIR_OK;
}

static bool has_option(const struct parse *p, const char *name)
{
    const struct flag *f = flag_by_name(p->set, str_from(name));

    ASSERT(f);
    return is_given(p, f) || environment_of(f);
}

/* What the environment says beyond need is no mistake: it is for many calls. */
static enum weir_rc refuse_idle(const struct parse *p)
{
    for (size_t i = 0; i < p->n_given; i++) {
        const struct flag *f = p->given[i];
        if (f->with && !has_option(p, f->with))
            return err_set(p->err, WEIR_BADARG, "--%s goes with --%s", f->name, f->with);
        if (f->not_with && has_option(p, f->not_with))
            return err_set(p->err, WEIR_BADARG, "--%s says nothing beside --%s", f->name,
                           f->not_with);
    }
    return WEIR_OK;
}

static bool is_help(struct str arg)
{
    return str_eq(arg, STR("--help")) || str_eq(arg, STR("-h"));
}

enum weir_rc flags_parse(const struct flag_set *set, int argc, char **argv, struct text_list *words,
                         bool *wants_help, struct weir_err *err)
{
    struct parse p = {.set = set, .argc = argc, .argv = argv, .err = err};
    bool has_options = true;

    *wants_help = false;
    for (p.at = 1; p.at < argc; p.at++) {
        const char *arg = argv[p.at];
        if (!has_options || arg[0] != '-' || arg[1] == '\0') {
            text_list_add(words, str_from(arg));
        } else if (is_help(str_from(arg))) {
            *wants_help = true;
            return WEIR_OK;
        } else if (arg[1] != '-') {
            TRY(take_short(&p, arg));
        } else if (arg[2] == '\0') {
            has_options = false;
        } else {
            TRY(take_long(&p, arg));
        }
    }
    TRY(take_environment(&p));
    return refuse_idle(&p);
}

static void help_line(const struct flag *f, struct buf *out)
{
    size_t start = out->n;

    if (f->letter)
        buf_printf(out, "  -%c, --%s", f->letter, f->name);
    else
        buf_printf(out, "      --%s", f->name);
    if (f->operand)
        buf_printf(out, " %s", f->operand);
    size_t width = out->n - start;
    if (width + 2 > HELP_COLUMN)
        buf_printf(out, "\n%*s", HELP_COLUMN, "");
    else
        buf_printf(out, "%*s", (int)(HELP_COLUMN - width), "");
    for (struct str line, rest = str_from(f->help); rest.n;) {
        str_cut(rest, '\n', &line, &rest);
        buf_printf(out, "%.*s\n%*s", (int)line.n, line.p, rest.n ? HELP_COLUMN : 0, "");
    }
}

void flags_help(const struct flag_set *set, struct buf *out)
{
    buf_printf(out, "usage: %s\n\n%s\n", set->usage, set->about);
    for (size_t g = 0; g < set->n_groups; g++) {
        buf_printf(out, "\n%s\n", set->groups[g].title);
        for (size_t i = 0; i < set->groups[g].n; i++)
            if (set->groups[g].flags[i].help)
                help_line(&set->groups[g].flags[i], out);
    }
}

void each_piece(struct str text, void (*fn)(struct str piece, void *context), void *context)
{
    struct str piece;

    while (text.n) {
        str_cut(text, ',', &piece, &text);
        piece = str_trim(piece);
        if (piece.n)
            fn(piece, context);
    }
}
