/* pipeline_correlation.c - pipelines applied to a correlation: the names of its groups, of the
 * fields behind its aliases and of its own fields.
 *
 * As pySigma does it: a transformation applies to a correlation by its own attributes, or where a
 * log source is asked by that of any rule that it listens to, so this waits until these are known.
 * Names of aliases are no fields and stay.
 */
#include "lang/sigma/correlation.h"

#include "base/str.h"
#include "lang/sigma/pipeline_impl.h"

struct renaming {
    struct arena *a;
    const struct sigma_run *run;
    struct str *why;
};

/* False: a transformation gives it several names. */
static bool rename_field(const struct renaming *r, struct str *field)
{
    for (size_t i = 0; field->n && i < r->run->n; i++) {
        const struct transform *t = r->run->active[i];
        struct str_list names = {field, 1};
        if (!pipeline_means(t, *field))
            continue;
        if (t->kind == TRANSFORM_FIELD_MAPPING || t->kind == TRANSFORM_PREFIX_MAPPING)
            names = pipeline_mapped(r->a, t, *field);
        if (names.n > 1) {
            *r->why = arena_printf(r->a,
                                   "the pipeline %.*s:%u has several names for '%.*s': a "
                                   "correlation needs one",
                                   SHOWN(t->pipeline), t->line, SHOWN(*field));
            return false;
        }
        if (names.n == 1)
            *field = names.items[0];
        if (t->kind == TRANSFORM_FIELD_PREFIX)
            *field =
                arena_printf(r->a, "%.*s%.*s", (int)t->text.n, t->text.p, (int)field->n, field->p);
        if (t->kind == TRANSFORM_FIELD_SUFFIX)
            *field =
                arena_printf(r->a, "%.*s%.*s", (int)field->n, field->p, (int)t->text.n, t->text.p);
    }
    return true;
}

static bool is_alias(const struct sigma_correlation *sigma, struct str name)
{
    for (size_t i = 0; i < sigma->n_aliases; i++)
        if (str_eq(sigma->aliases[i].name, name))
            return true;
    return false;
}

/* A list of names renamed in a copy; sigma: names of its aliases stay. */
static bool rename_list(const struct renaming *r, const struct sigma_correlation *sigma,
                        const struct str **list, size_t n)
{
    struct str *names = ARENA_ARRAY(r->a, n, struct str);

    for (size_t i = 0; i < n; i++) {
        names[i] = (*list)[i];
        if (!(sigma && is_alias(sigma, names[i])) && !rename_field(r, &names[i]))
            return false;
    }
    *list = names;
    return true;
}

static bool rename_aliases(const struct renaming *r, struct sigma_correlation *sigma)
{
    for (size_t i = 0; i < sigma->n_aliases; i++)
        for (size_t k = 0; k < sigma->aliases[i].n_fields; k++)
            if (!rename_field(r, &sigma->aliases[i].fields[k].field))
                return false;
    return true;
}

bool sigma_pipelines_correlation(const struct sigma_pipelines *p, struct arena *a,
                                 struct rule *rule, struct sigma_correlation *sigma,
                                 struct str *why)
{
    struct sigma_run *run = ARENA_NEW(a, struct sigma_run);
    const struct renaming r = {a, run, why};
    struct correlation *c = ARENA_NEW(a, struct correlation);

    run->active = ARENA_ARRAY(a, p->n, const struct transform *);
    for (size_t i = 0; i < p->n; i++) {
        const struct transform *t = &p->items[i];
        if (!pipeline_take(run, t, rule) || t->kind != TRANSFORM_FAILURE)
            continue;
        *why = arena_printf(a, "refused by the pipeline %.*s:%u: %.*s", SHOWN(t->pipeline), t->line,
                            SHOWN(t->text));
        return false;
    }
    pipeline_rename_shown(a, run, rule);
    *c = *rule->correlation;
    if (!rename_aliases(&r, sigma) || !rename_list(&r, sigma, &c->group, c->n_group) ||
        !rename_list(&r, NULL, &c->fields, c->n_fields) || !rename_field(&r, &c->actor_field))
        return false;
    rule->correlation = c;
    return true;
}
