/* overlay.c - entries grouped by rule, asked while rules are read; faults.
 *
 * Sorting by id (and by place for one id) gives the groups. apply.c puts them on rules.
 */
#include "overlay/overlay.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/vec.h"
#include "overlay/overlay_impl.h"

enum { SET_MAGIC = 0x4f564c53, TARGET_MAGIC = 0x4f564c54 };

struct overlay_set *overlay_set_new(struct arena *a, const struct list_source *lists)
{
    struct overlay_set *set = ARENA_NEW(a, struct overlay_set);

    set->magic = SET_MAGIC;
    set->a = a;
    set->lists = lists;
    set->names = names_new(a, a);
    return set;
}

struct entry *overlay_next_entry(struct overlay_set *set)
{
    if (set->n_entries == OVERLAY_ENTRIES_MAX)
        return NULL;
    set->entries =
        vec_room(set->a, set->entries, set->n_entries, &set->cap_entries, sizeof *set->entries);
    return set->entries[set->n_entries++] = ARENA_NEW(set->a, struct entry);
}

/* ---- faults ---------------------------------------------------------------------------------- */

void overlay_add_fault(struct overlay_set *set, struct str path, struct place at, struct str text)
{
    if (set->n_faults == OVERLAY_FAULTS_MAX)
        return;
    set->faults =
        vec_room(set->a, set->faults, set->n_faults, &set->cap_faults, sizeof *set->faults);
    set->faults[set->n_faults++] = (struct overlay_fault){path, text, at.line, at.col};
}

void overlay_keep_messages(struct overlay_set *set, struct str path, const struct diag *d)
{
    for (size_t i = 0; i < d->n_messages; i++)
        overlay_add_fault(set, path, (struct place){d->messages[i].line, d->messages[i].col},
                          d->messages[i].text);
}

size_t overlay_fault_count(const struct overlay_set *set)
{
    return set->n_faults;
}

void overlay_fault(const struct overlay_set *set, size_t i, struct weir_err *err)
{
    const struct overlay_fault *f = &set->faults[i];

    *err = (struct weir_err){0};
    err_at(err, WEIR_SYNTAX, f->line, f->col, "%.*s", (int)f->text.n, f->text.p);
    err_file(err, f->path);
}

void overlay_fault_of_entry(struct overlay_set *set, const struct overlay_entry *e, struct str text)
{
    overlay_add_fault(set, e->path, (struct place){e->line, e->col}, text);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static struct target *target_of(void *context)
{
    struct target *t = context;

    ASSERT(t->magic == TARGET_MAGIC);
    return t;
}

struct overlay_param *overlay_find_param(const struct target *t, struct str name)
{
    for (size_t i = 0; i < t->n_entries; i++) {
        const struct entry *e = entry_of(t->entries[i]);
        for (size_t k = 0; k < e->own.n_params; k++)
            if (str_eq(e->own.params[k].name, name))
                return &e->own.params[k];
    }
    return NULL;
}

/* What stands for a list is meant as that list is, unless it says so itself. */
static bool given(void *context, struct str parameter, struct str list, struct str_list *entries,
                  enum list_mode *mode)
{
    struct target *t = target_of(context);
    struct overlay_param *p = overlay_find_param(t, parameter);
    struct str_list replaced;

    if (!p)
        return false;
    __atomic_store_n(&p->is_used, true, __ATOMIC_RELAXED);
    if (p->has_mode)
        *mode = p->mode;
    else if (!t->below || !t->below->lookup(t->below->context, list, &replaced, mode))
        *mode = LIST_CI;
    *entries = p->values;
    return true;
}

static bool look_up(void *context, struct str name, struct str_list *entries, enum list_mode *mode)
{
    const struct target *t = target_of(context);

    return given(context, name, name, entries, mode) ||
           (t->below && t->below->lookup(t->below->context, name, entries, mode));
}

/* A parameter's values are copied into the rule: they are few, and the rule's own. */
static const struct list_slot *slot_of(void *context, struct str name, struct str column)
{
    const struct target *t = target_of(context);

    if (overlay_find_param(t, name) || !t->below || !t->below->slot)
        return NULL;
    return t->below->slot(t->below->context, name, column);
}

/* What stands for a list by a parameter is no table. */
static bool cells(void *context, struct str name, struct str column, struct str_list *out,
                  struct str *entries)
{
    const struct target *t = target_of(context);

    return !overlay_find_param(t, name) && t->below && t->below->cells &&
           t->below->cells(t->below->context, name, column, out, entries);
}

static bool columns(void *context, struct str name, struct str_list *names, struct str *entries)
{
    const struct target *t = target_of(context);

    return !overlay_find_param(t, name) && t->below && t->below->columns &&
           t->below->columns(t->below->context, name, names, entries);
}

static struct str nearest(void *context, struct str name)
{
    const struct target *t = target_of(context);

    for (size_t i = 0; i < t->n_entries; i++) {
        const struct entry *e = entry_of(t->entries[i]);
        for (size_t k = 0; k < e->own.n_params; k++) {
            struct str near = str_nearest(name, &e->own.params[k].name, 1);
            if (near.n)
                return near;
        }
    }
    return t->below && t->below->nearest ? t->below->nearest(t->below->context, name) : STR("");
}

/* ---- groups ---------------------------------------------------------------------------------- */

static int by_uid(const void *x, const void *y, void *context)
{
    const struct overlay_set *set = context;
    size_t i = *(const size_t *)x, k = *(const size_t *)y;
    int order = str_cmp(set->entries[i]->shown.uid, set->entries[k]->shown.uid);

    return order ? order : (i > k) - (i < k);
}

static void add_to_target(struct overlay_set *set, struct target *t, const struct entry *e)
{
    if (t->n_entries == OVERLAY_RULE_MAX) {
        ((struct entry *)(uintptr_t)e)->n_met++; /* that its rule is there is another matter */
        overlay_fault_of_entry(set, &e->shown,
                               arena_printf(set->a, "more than %d entries about the rule '%.*s'",
                                            OVERLAY_RULE_MAX, SHOWN(e->shown.uid)));
        return;
    }
    t->entries[t->n_entries++] = &e->shown;
    t->has_params |= e->own.n_params > 0;
}

/* Entries by tag, then by path, in the order of files: as they are put on rules. */
static void sort_wide(struct overlay_set *set)
{
    set->wide = ARENA_ARRAY(set->a, set->n_entries, const struct overlay_entry *);
    for (int by = OVERLAY_BY_TAG; by < OVERLAY_BY_UID; by++)
        for (size_t i = 0; i < set->n_entries; i++)
            if ((int)set->entries[i]->shown.by == by)
                set->wide[set->n_wide++] = &set->entries[i]->shown;
}

void overlay_set_settle(struct overlay_set *set)
{
    size_t n = 0;
    size_t *order = ARENA_ARRAY(set->a, set->n_entries, size_t);
    const struct overlay_entry **room =
        ARENA_ARRAY(set->a, set->n_entries, const struct overlay_entry *);

    sort_wide(set);
    for (size_t i = 0; i < set->n_entries; i++)
        if (set->entries[i]->shown.by == OVERLAY_BY_UID)
            order[n++] = i;
    if (n)
        qsort_r(order, n, sizeof *order, by_uid, set);
    set->targets = ARENA_ARRAY(set->a, n, struct target);
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = set->entries[order[i]];
        struct target *t = set->n_targets ? &set->targets[set->n_targets - 1] : NULL;
        if (!t || !str_eq(t->uid, e->shown.uid)) {
            t = &set->targets[set->n_targets++];
            *t = (struct target){TARGET_MAGIC, .uid = e->shown.uid, .entries = room + i,
                                 .below = set->lists};
            t->source = (struct list_source){.lookup = look_up,
                                             .cells = cells,
                                             .columns = columns,
                                             .nearest = nearest,
                                             .slot = slot_of,
                                             .given = given,
                                             .context = t};
        }
        add_to_target(set, t, e);
    }
}

struct target *overlay_find_target(const struct overlay_set *set, struct str uid)
{
    size_t low = 0, high = set->n_targets;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(set->targets[middle].uid, uid);
        if (order == 0)
            return &set->targets[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct list_source *overlay_lists_of(void *context, struct str uid)
{
    const struct overlay_set *set = context;

    ASSERT(set->magic == SET_MAGIC);
    const struct target *t = overlay_find_target(set, uid);
    return t && t->has_params ? &t->source : NULL;
}
