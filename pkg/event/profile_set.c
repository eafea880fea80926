/* profile_set.c - profiles that are read become a set: the order in which they are tried, and the
 * bounds that count over all of them.
 */
#include "event/profile_read.h"

#include "base/str.h"
#include "event/way.h"

#include <stdlib.h>

static const char FALLBACK_NAME[] = "unknown";

/* ---- the set ------------------------------------------------------------------------------- */

/* Higher priority first, then by name: never by the order of files. */
static int trying_order(const void *a, const void *b)
{
    const struct profile *p = *(const struct profile *const *)a;
    const struct profile *q = *(const struct profile *const *)b;

    if (p->priority != q->priority)
        return p->priority > q->priority ? -1 : 1;
    return str_cmp(p->name, q->name);
}

/* What needs a bit of its own on the event path: a value test by its list, else the path. */
static bool same_bit(const struct marker_test *a, const struct marker_test *b)
{
    return str_eq(a->path, b->path) && (a->kind == MARKER_IN) == (b->kind == MARKER_IN) &&
           (a->kind != MARKER_IN || str_list_eq(&a->values, &b->values));
}

static enum weir_rc count_test(const struct marker_test *test, const struct marker_test **seen,
                               size_t *n, struct weir_err *err)
{
    size_t n_on_path = 0;

    for (size_t i = 0; i < *n; i++) {
        if (same_bit(seen[i], test))
            return WEIR_OK;
        n_on_path += seen[i]->kind == MARKER_IN && str_eq(seen[i]->path, test->path);
    }
    if (*n == MARKER_TESTS_MAX || n_on_path == MARKER_VALUE_TESTS_MAX)
        return err_set(err, WEIR_LIMIT, "the profiles have more than %d marker tests (of '%.*s')",
                       *n == MARKER_TESTS_MAX ? MARKER_TESTS_MAX : MARKER_VALUE_TESTS_MAX,
                       (int)test->path.n, test->path.p);
    seen[(*n)++] = test;
    return WEIR_OK;
}

static enum weir_rc check_tests(const struct profile_set *set, struct weir_err *err)
{
    const struct marker_test *seen[MARKER_TESTS_MAX];
    size_t n = 0;

    for (uint32_t i = 0; i < set->n; i++)
        for (size_t k = 0; k < set->items[i]->n_matches; k++) {
            const struct marker_match *m = &set->items[i]->matches[k];
            for (size_t t = 0; t < m->n_all; t++)
                TRY(count_test(&m->all[t], seen, &n, err));
            for (size_t t = 0; t < m->n_any; t++)
                TRY(count_test(&m->any[t], seen, &n, err));
        }
    return WEIR_OK;
}

static bool same_envelope(const struct envelope *e, const struct profile *p)
{
    if (!str_eq(e->path, p->envelope) || e->n_when != p->n_envelope_when ||
        !str_list_eq(&e->fields, &p->envelope_fields))
        return false;
    for (size_t i = 0; i < e->n_when; i++)
        if (!str_list_eq(&e->when[i].values, &p->envelope_when[i].values))
            return false;
    return true;
}

static struct str last_part(struct str path)
{
    size_t n = path.n;

    while (n > 0 && path.p[n - 1] != '.')
        n--;
    return str_sub(path, n, path.n);
}

static enum weir_rc collect_envelopes(struct arena *a, struct profile_set *set,
                                      struct weir_err *err)
{
    struct envelope *list = ARENA_ARRAY(a, ENVELOPES_MAX, struct envelope);

    for (uint32_t i = 0; i < set->n; i++) {
        const struct profile *p = set->items[i];
        size_t at = 0;
        while (at < set->n_envelopes && !same_envelope(&list[at], p))
            at++;
        if (p->envelope.n == 0 || at < set->n_envelopes)
            continue;
        if (at == ENVELOPES_MAX)
            return err_set(err, WEIR_LIMIT, "more than %d different envelopes", ENVELOPES_MAX);
        list[set->n_envelopes++] = (struct envelope){.path = p->envelope,
                                                     .last = last_part(p->envelope),
                                                     .fields = p->envelope_fields,
                                                     .when = p->envelope_when,
                                                     .n_when = p->n_envelope_when};
        struct str rest;
        (void)str_cut(p->envelope, '.', &list[at].head, &rest);
    }
    set->envelopes = list;
    return WEIR_OK;
}

enum weir_rc profile_set_build(struct arena *a, struct profile **all, size_t n,
                               struct str_list texts, const struct profile_set **out,
                               struct weir_err *err)
{
    struct profile_set *set = ARENA_NEW(a, struct profile_set);
    const struct profile **items = ARENA_ARRAY(a, n, const struct profile *);

    if (n > PROFILES_MAX)
        return err_set(err, WEIR_LIMIT, "more than %d profiles", PROFILES_MAX);
    set->n_all = (uint32_t)n;
    qsort(all, n, sizeof *all, trying_order);
    for (uint32_t i = 0; i < set->n_all; i++) {
        if (str_eq(all[i]->name, str_from(FALLBACK_NAME)))
            set->fallback = all[i];
        profile_find_ways(a, all[i]);
        if (all[i]->is_abstract)
            continue;
        all[i]->index = set->n;
        items[set->n++] = all[i];
    }
    if (!set->fallback)
        return err_set(err, WEIR_NOTFOUND, "there is no profile '%s'", FALLBACK_NAME);
    set->texts = texts;
    set->items = items;
    set->all = (const struct profile *const *)all;
    TRY(check_tests(set, err));
    TRY(collect_envelopes(a, set, err));
    *out = set;
    return WEIR_OK;
}
