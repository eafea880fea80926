/* select.c - which of the loaded rules take part. Each kind of term is one small predicate on
 * (rule, term); the rest is the same for all kinds, for selection and exclusion. */
#include "app/select.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "app/flags.h"
#include "base/str.h"

enum { GLOB_TEXT_MAX = 4096 };

/* What a term is asked about. */
struct subject {
    const struct rule *rule; /* NULL: only uid and path are known */
    struct str uid, path;
};

typedef bool fits_fn(const struct subject *s, struct str term);

static bool glob_fits(struct str pattern, struct str text)
{
    char p[GLOB_TEXT_MAX], t[GLOB_TEXT_MAX];

    if (pattern.n >= sizeof p || text.n >= sizeof t)
        return false;
    snprintf(p, sizeof p, "%.*s", (int)pattern.n, pattern.p);
    snprintf(t, sizeof t, "%.*s", (int)text.n, text.p);
    return fnmatch(p, t, FNM_CASEFOLD) == 0;
}

static bool fits_status(const struct subject *s, struct str term)
{
    enum rule_status status;

    if (str_eq_ci(term, STR("none")))
        return s->rule->status == STATUS_NONE;
    return rule_status_parse(term, &status) && s->rule->status == status;
}

static bool fits_tag(const struct subject *s, struct str term)
{
    for (size_t i = 0; i < s->rule->tags.n; i++)
        if (glob_fits(term, s->rule->tags.items[i]))
            return true;
    return false;
}

static bool fits_product(const struct subject *s, struct str term)
{
    struct str product = s->rule->logsource.product;

    return product.n ? str_eq_ci(product, term) : str_eq_ci(term, STR("none"));
}

static bool fits_level(const struct subject *s, struct str term)
{
    enum rule_level level;

    if (term.n && term.p[0] == '=')
        term = str_sub(term, 1, term.n);
    return rule_level_parse(term, &level) && s->rule->level == level;
}

static bool fits_id(const struct subject *s, struct str term)
{
    return glob_fits(term, s->uid);
}

static bool fits_path(const struct subject *s, struct str term)
{
    struct str rest = s->path;

    for (;;) {
        if (glob_fits(term, rest))
            return true;
        size_t slash = str_find_char(rest, '/', 0);
        if (slash == SIZE_MAX)
            return false;
        rest = str_sub(rest, slash + 1, rest.n);
    }
}

struct ask {
    const struct subject *subject;
    fits_fn *fits;
    bool is_met;
};

static void ask_piece(struct str piece, void *context)
{
    struct ask *ask = context;

    ask->is_met = ask->is_met || ask->fits(ask->subject, piece);
}

static bool any_fits(const struct text_list *terms, const struct subject *s, fits_fn *fits)
{
    struct ask ask = {s, fits, false};

    for (size_t i = 0; i < terms->n && !ask.is_met; i++)
        each_piece(terms->items[i], ask_piece, &ask);
    return ask.is_met;
}

/* A single level name as a selection means "at least". */
static bool level_selected(const struct text_list *terms, const struct subject *s)
{
    enum rule_level level;

    for (size_t i = 0; i < terms->n; i++)
        if (rule_level_parse(str_trim(terms->items[i]), &level) && s->rule->level >= level)
            return true;
    return any_fits(terms, s, fits_level);
}

static bool known_only(const struct select_terms *t, const struct subject *s)
{
    return (!t->id.n || any_fits(&t->id, s, fits_id)) &&
           (!t->path.n || any_fits(&t->path, s, fits_path));
}

static bool known_except(const struct select_terms *t, const struct subject *s)
{
    return any_fits(&t->id, s, fits_id) || any_fits(&t->path, s, fits_path);
}

bool select_document(const struct select_options *o, struct str uid, struct str path)
{
    struct subject s = {NULL, uid, path};

    return known_only(&o->only, &s) && !known_except(&o->except, &s);
}

static bool rule_only(const struct select_terms *t, const struct subject *s)
{
    return (!t->status.n || any_fits(&t->status, s, fits_status)) &&
           (!t->level.n || level_selected(&t->level, s)) &&
           (!t->tag.n || any_fits(&t->tag, s, fits_tag)) &&
           (!t->product.n || any_fits(&t->product, s, fits_product));
}

static bool rule_except(const struct select_terms *t, const struct subject *s)
{
    return any_fits(&t->status, s, fits_status) || any_fits(&t->level, s, fits_level) ||
           any_fits(&t->tag, s, fits_tag) || any_fits(&t->product, s, fits_product);
}

bool select_rule(const struct select_options *o, const struct rule *rule)
{
    struct subject s = {rule, rule->uid, rule->path};

    return select_document(o, rule->uid, rule->path) && rule_only(&o->only, &s) &&
           !rule_except(&o->except, &s);
}

/* ---- checking the terms --------------------------------------------------------- */

struct check {
    const char *kind;
    bool (*is_known)(struct str name);
    const char *const *names;
    size_t n_names;
    enum weir_rc rc;
    struct weir_err *err;
};

static bool is_level(struct str name)
{
    enum rule_level level;

    if (name.n && name.p[0] == '=')
        name = str_sub(name, 1, name.n);
    return rule_level_parse(name, &level);
}

static bool is_status(struct str name)
{
    enum rule_status status;

    return str_eq_ci(name, STR("none")) || rule_status_parse(name, &status);
}

static void check_piece(struct str piece, void *context)
{
    struct check *c = context;
    struct str names[8];

    if (c->rc != WEIR_OK || c->is_known(piece))
        return;
    for (size_t i = 0; i < c->n_names; i++)
        names[i] = str_from(c->names[i]);
    struct str near = str_nearest(piece, names, c->n_names);
    if (near.n)
        c->rc = err_set(c->err, WEIR_BADARG, "unknown %s '%.*s' (did you mean '%.*s'?)", c->kind,
                        (int)piece.n, piece.p, (int)near.n, near.p);
    else
        c->rc = err_set(c->err, WEIR_BADARG, "unknown %s '%.*s'", c->kind, (int)piece.n, piece.p);
}

static enum weir_rc check_terms(const struct select_terms *t, struct weir_err *err)
{
    static const char *const levels[] = {"informational", "low", "medium", "high", "critical"};
    static const char *const statuses[] = {"stable",     "test",        "experimental",
                                           "deprecated", "unsupported", "none"};
    struct check level = {"level", is_level, levels, ARRAY_LEN(levels), WEIR_OK, err};
    struct check status = {"status", is_status, statuses, ARRAY_LEN(statuses), WEIR_OK, err};

    for (size_t i = 0; i < t->level.n; i++)
        each_piece(t->level.items[i], check_piece, &level);
    TRY(level.rc);
    for (size_t i = 0; i < t->status.n; i++)
        each_piece(t->status.items[i], check_piece, &status);
    return status.rc;
}

enum weir_rc select_check(const struct select_options *o, struct weir_err *err)
{
    TRY(check_terms(&o->only, err));
    return check_terms(&o->except, err);
}

static void terms_release(struct select_terms *t)
{
    text_list_release(&t->status);
    text_list_release(&t->level);
    text_list_release(&t->tag);
    text_list_release(&t->product);
    text_list_release(&t->id);
    text_list_release(&t->path);
}

void select_release(struct select_options *o)
{
    terms_release(&o->only);
    terms_release(&o->except);
}
