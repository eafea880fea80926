/* overlay.c - entries grouped by rule, asked while rules are read, put on rules that are linked.
 *
 * Sorting by id (and by place for one id) gives the groups; within one, the same key twice is a
 * fault of the later place that names the earlier one.
 */
#include "overlay/overlay.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/vec.h"
#include "lang/link.h"
#include "overlay/overlay_impl.h"

enum { SET_MAGIC = 0x4f564c53, TARGET_MAGIC = 0x4f564c54 };
enum { HINTS_MAX = 50 /* faults up to which unknown ids are compared with all known ones */ };

struct overlay_set *overlay_set_new(struct arena *a)
{
    struct overlay_set *set = ARENA_NEW(a, struct overlay_set);

    set->magic = SET_MAGIC;
    set->a = a;
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

static void fault_of_entry(struct overlay_set *set, const struct overlay_entry *e, struct str text)
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

static struct overlay_param *find_param(const struct target *t, struct str name)
{
    for (size_t i = 0; i < t->n_entries; i++) {
        const struct entry *e = entry_of(t->entries[i]);
        for (size_t k = 0; k < e->n_params; k++)
            if (str_eq(e->params[k].name, name))
                return &e->params[k];
    }
    return NULL;
}

/* What stands for a list is meant as that list is, unless it says so itself. */
static bool look_up(void *context, struct str name, struct str_list *entries, enum list_mode *mode)
{
    struct target *t = target_of(context);
    struct overlay_param *p = find_param(t, name);
    struct str_list replaced;

    if (!p)
        return t->below && t->below->lookup(t->below->context, name, entries, mode);
    __atomic_store_n(&p->is_used, true, __ATOMIC_RELAXED);
    if (p->has_mode)
        *mode = p->mode;
    else if (!t->below || !t->below->lookup(t->below->context, name, &replaced, mode))
        *mode = LIST_CI;
    *entries = p->values;
    return true;
}

/* A parameter's values are copied into the rule: they are few, and the rule's own. */
static const struct list_slot *slot_of(void *context, struct str name, struct str column)
{
    const struct target *t = target_of(context);

    if (find_param(t, name) || !t->below || !t->below->slot)
        return NULL;
    return t->below->slot(t->below->context, name, column);
}

static struct str nearest(void *context, struct str name)
{
    const struct target *t = target_of(context);

    for (size_t i = 0; i < t->n_entries; i++) {
        const struct entry *e = entry_of(t->entries[i]);
        for (size_t k = 0; k < e->n_params; k++) {
            struct str near = str_nearest(name, &e->params[k].name, 1);
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

static const struct overlay_key *find_key(const struct overlay_entry *e, struct str name)
{
    for (size_t i = 0; i < e->n_keys; i++)
        if (str_eq(e->keys[i].name, name))
            return &e->keys[i];
    return NULL;
}

static void refuse_double_keys(struct overlay_set *set, const struct target *t,
                               const struct overlay_entry *e)
{
    for (size_t k = 0; k < e->n_keys; k++)
        for (size_t i = 0; i < t->n_entries; i++) {
            const struct overlay_entry *earlier = t->entries[i];
            const struct overlay_key *same = find_key(earlier, e->keys[k].name);
            if (!same)
                continue;
            overlay_add_fault(set, e->path, (struct place){e->keys[k].line, e->keys[k].col},
                              arena_printf(set->a,
                                           "'%.*s' of the rule '%.*s' is already set at "
                                           "%.*s:%u:%u",
                                           SHOWN(same->name), SHOWN(e->uid), SHOWN(earlier->path),
                                           same->line, same->col));
            break;
        }
}

static void add_to_target(struct overlay_set *set, struct target *t, const struct entry *e)
{
    if (t->n_entries == OVERLAY_RULE_MAX) {
        fault_of_entry(set, &e->shown,
                       arena_printf(set->a, "more than %d entries about the rule '%.*s'",
                                    OVERLAY_RULE_MAX, SHOWN(e->shown.uid)));
        return;
    }
    refuse_double_keys(set, t, &e->shown);
    t->entries[t->n_entries++] = &e->shown;
    t->has_params |= e->n_params > 0;
}

void overlay_set_settle(struct overlay_set *set, const struct list_source *lists)
{
    size_t n = set->n_entries;
    size_t *order = ARENA_ARRAY(set->a, n, size_t);
    const struct overlay_entry **room = ARENA_ARRAY(set->a, n, const struct overlay_entry *);

    for (size_t i = 0; i < n; i++)
        order[i] = i;
    if (n)
        qsort_r(order, n, sizeof *order, by_uid, set);
    set->targets = ARENA_ARRAY(set->a, n, struct target);
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = set->entries[order[i]];
        struct target *t = set->n_targets ? &set->targets[set->n_targets - 1] : NULL;
        if (!t || !str_eq(t->uid, e->shown.uid)) {
            t = &set->targets[set->n_targets++];
            *t = (struct target){TARGET_MAGIC, .uid = e->shown.uid, .entries = room + i,
                                 .below = lists};
            t->source = (struct list_source){
                .lookup = look_up, .nearest = nearest, .slot = slot_of, .context = t};
        }
        add_to_target(set, t, e);
    }
}

static struct target *find_target(const struct overlay_set *set, struct str uid)
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
    const struct target *t = find_target(set, uid);
    return t && t->has_params ? &t->source : NULL;
}

const struct overlay_entry *const *overlay_entries_of(const struct overlay_set *set, struct str uid,
                                                      size_t *n)
{
    const struct target *t = find_target(set, uid);

    *n = t ? t->n_entries : 0;
    return t ? t->entries : NULL;
}

/* ---- applying -------------------------------------------------------------------------------- */

/* Each must have been asked for, but for one that is given twice. */
static void check_params(struct overlay_set *set, const struct target *t, const struct entry *e)
{
    for (size_t i = 0; i < e->n_params; i++) {
        const struct overlay_param *p = &e->params[i];
        if (!__atomic_load_n(&p->is_used, __ATOMIC_RELAXED) && find_param(t, p->name) == p)
            overlay_add_fault(set, e->shown.path, (struct place){p->line, p->col},
                              arena_printf(set->a, "the rule '%.*s' has no placeholder %%%.*s%%",
                                           SHOWN(e->shown.uid), SHOWN(p->name)));
    }
}

static void apply_entry(struct overlay_set *set, const struct entry *e, struct rule *rule)
{
    struct diag diag;

    diag_init(&diag, set->a, STR(""), 1);
    if (!rule_settings_fit(&diag, &e->settings, rule)) {
        overlay_keep_messages(set, e->shown.path, &diag);
        return;
    }
    rule_settings_apply(set->a, &e->settings, rule);
    if (e->has_level) {
        rule->level = e->level;
        rule->has_level = true;
    }
}

static bool holds(const struct str *names, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static void apply_target(struct overlay_set *set, const struct target *t, struct rule *rule)
{
    struct str *names = ARENA_ARRAY(set->a, t->n_entries, struct str);
    size_t n = 0;

    for (size_t i = 0; i < t->n_entries; i++) {
        check_params(set, t, entry_of(t->entries[i]));
        apply_entry(set, entry_of(t->entries[i]), rule);
        if (!holds(names, n, t->entries[i]->overlay))
            names[n++] = t->entries[i]->overlay;
    }
    rule->overlays = names;
    rule->n_overlays = n;
}

static void refuse_target(struct overlay_set *set, const struct target *t, struct str why)
{
    for (size_t i = 0; i < t->n_entries; i++)
        fault_of_entry(set, t->entries[i], why);
}

/* An id that no document has; people try a rule's name or title. */
static struct str unknown_id(struct overlay_set *set, const struct loaded_rules *loaded,
                             struct str uid)
{
    struct str *uids = ARENA_ARRAY(set->a, loaded->n_verdicts, struct str);

    for (size_t i = 0; i < loaded->n_verdicts; i++) {
        const struct verdict *v = &loaded->verdicts[i];
        uids[i] = v->uid;
        if (str_eq(v->name, uid) || str_eq_ci(v->title, uid))
            return arena_printf(set->a, "'%.*s' is the %s of a rule: overlays go by its id, '%.*s'",
                                SHOWN(uid), str_eq(v->name, uid) ? "name" : "title", SHOWN(v->uid));
    }
    struct str near = str_nearest(uid, uids, loaded->n_verdicts);
    if (near.n)
        return arena_printf(set->a, "no rule has the id '%.*s' (did you mean '%.*s'?)", SHOWN(uid),
                            SHOWN(near));
    return arena_printf(set->a, "no rule has the id '%.*s'", SHOWN(uid));
}

static void refuse_unknown(struct overlay_set *set, const struct loaded_rules *loaded,
                           const struct target *t)
{
    refuse_target(set, t,
                  set->n_faults < HINTS_MAX
                      ? unknown_id(set, loaded, t->uid)
                      : arena_printf(set->a, "no rule has the id '%.*s'", SHOWN(t->uid)));
}

static bool is_turned_off(const struct overlay_set *set, const struct rule *rule)
{
    const struct target *t = find_target(set, rule->uid);

    for (size_t i = 0; t && i < t->n_entries; i++)
        if (entry_of(t->entries[i])->settings.at[SETTING_CHANNEL].line)
            return rule->channel == CHANNEL_OFF;
    return false;
}

/* The linker says this of rules that are off by themselves. */
static void warn_of_silence(struct overlay_set *set, struct loaded_rules *loaded, struct verdict *v)
{
    const struct correlation *c = v->rule ? v->rule->correlation : NULL;
    enum verdict_status before = v->status;

    for (size_t i = 0; c && i < c->n_inputs; i++)
        if (is_turned_off(set, c->inputs[i].rule))
            verdict_add(set->a, v, (struct place){c->inputs[i].line, c->inputs[i].col}, false,
                        arena_printf(set->a,
                                     "an overlay turns the rule '%.*s' off: nothing comes from it",
                                     SHOWN(c->inputs[i].reference)));
    loaded->n_by_status[before]--;
    loaded->n_by_status[v->status]++;
}

void overlay_set_apply(struct overlay_set *set, struct loaded_rules *loaded)
{
    for (size_t i = 0; i < loaded->n_verdicts; i++) {
        const struct verdict *v = &loaded->verdicts[i];
        struct target *t = find_target(set, v->uid);
        if (!t || t->is_found) /* found before: a double id, which is refused */
            continue;
        t->is_found = true;
        if (v->rule)
            apply_target(set, t, v->rule);
        else if (!verdict_is_bad(v->status))
            refuse_target(set, t,
                          arena_printf(set->a, "'%.*s' is %s: overlays are for rules",
                                       SHOWN(v->uid),
                                       str_eq(v->kind, STR("filter")) ? "a filter" : "no rule"));
    }
    for (size_t i = 0; i < set->n_targets; i++)
        if (!set->targets[i].is_found)
            refuse_unknown(set, loaded, &set->targets[i]);
    for (size_t i = 0; i < loaded->n_verdicts; i++)
        warn_of_silence(set, loaded, &loaded->verdicts[i]);
}
