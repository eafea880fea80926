/* apply.c - entries put on rules that are linked: those by tag first, then those by path, then
 * those by the rule's id, so that the nearer word stands. The same key twice by words that are
 * equally near is a fault of the later place that names the earlier one.
 */
#include "overlay/overlay_impl.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/time.h"
#include "base/vec.h"
#include "lang/link.h"
#include "lang/parameter.h"
#include "lang/rule_id.h"
#include "rule/correlation.h"

enum { HINTS_MAX = 50 /* faults up to which unknown ids are compared with all known ones */ };

/* What is being done to one rule. */
struct work {
    struct overlay_set *set;
    struct loaded_rules *loaded;
    struct verdict *verdict;
    struct rule *rule;
    int64_t now_ms;
    struct str uid; /* before it was changed */
    const struct overlay_entry **entries;
    size_t n;
};

/* ---- which entries ---------------------------------------------------------------------- */

static bool glob_fits(struct arena *scratch, struct str pattern, struct str text)
{
    return fnmatch(arena_str(scratch, pattern).p, arena_str(scratch, text).p, FNM_CASEFOLD) == 0;
}

/* A path is meant as it is, or by what follows any of its slashes. */
static bool path_fits(struct arena *scratch, struct str pattern, struct str path)
{
    if (glob_fits(scratch, pattern, path))
        return true;
    for (size_t i = 0; i < path.n; i++)
        if (path.p[i] == '/' && glob_fits(scratch, pattern, str_sub(path, i + 1, path.n)))
            return true;
    return false;
}

static bool means(struct arena *scratch, const struct overlay_entry *e, const struct rule *rule)
{
    if (e->by == OVERLAY_BY_PATH)
        return path_fits(scratch, e->uid, rule->path);
    for (size_t i = 0; i < rule->tags.n; i++)
        if (glob_fits(scratch, e->uid, rule->tags.items[i]))
            return true;
    return false;
}

static void take(struct work *w, const struct overlay_entry *e)
{
    ((struct entry *)(uintptr_t)entry_of(e))->n_met++;
    if (w->n == OVERLAY_RULE_MAX)
        overlay_fault_of_entry(w->set, e,
                               arena_printf(w->set->a, "more than %d entries about the rule '%.*s'",
                                            OVERLAY_RULE_MAX, SHOWN(w->uid)));
    else
        w->entries[w->n++] = e;
}

static void gather(struct work *w, struct arena *scratch)
{
    const struct target *t = overlay_find_target(w->set, w->uid);

    w->n = 0;
    for (size_t i = 0; i < w->set->n_wide; i++)
        if (means(scratch, w->set->wide[i], w->rule))
            take(w, w->set->wide[i]);
    for (size_t i = 0; t && i < t->n_entries; i++)
        take(w, t->entries[i]);
}

/* ---- the same thing twice -------------------------------------------------------------------- */

static const struct overlay_key *find_key(const struct overlay_entry *e, struct str name)
{
    for (size_t i = 0; i < e->n_keys; i++)
        if (str_eq(e->keys[i].name, name))
            return &e->keys[i];
    return NULL;
}

static void refuse_double_key(struct work *w, size_t i, const struct overlay_key *key)
{
    const struct overlay_entry *e = w->entries[i];

    for (size_t k = 0; k < i; k++) {
        const struct overlay_entry *earlier = w->entries[k];
        const struct overlay_key *same = earlier->by == e->by ? find_key(earlier, key->name) : NULL;
        if (!same)
            continue;
        overlay_add_fault(w->set, e->path, (struct place){key->line, key->col},
                          arena_printf(w->set->a,
                                       "'%.*s' of the rule '%.*s' is already set at %.*s:%u:%u",
                                       SHOWN(key->name), SHOWN(w->uid), SHOWN(earlier->path),
                                       same->line, same->col));
        return;
    }
}

/* ---- one entry --------------------------------------------------------------------------- */

static bool fault_at(struct work *w, const struct entry *e, struct place at, struct str text)
{
    overlay_add_fault(w->set, e->shown.path, at, text);
    return false;
}

static struct correlation *correlation_copy(struct work *w)
{
    struct correlation *c = ARENA_NEW(w->set->a, struct correlation);

    *c = *w->rule->correlation;
    w->rule->correlation = c;
    return c;
}

/* ---- parameters ------------------------------------------------------------------------------ */

static void unknown_param(struct work *w, const struct entry *e, const struct overlay_param *p)
{
    struct place at = {p->line, p->col};
    const struct rule_parameter *own = parameter_find(w->rule, p->name);
    struct str near = parameter_nearest(w->set->a, w->rule, p->name);

    if (own)
        fault_at(w, e, at,
                 arena_printf(w->set->a,
                              "the parameter '%.*s' only weighs: its list is changed as a whole, "
                              "by --list %.*s=FILE",
                              SHOWN(p->name), SHOWN(own->list)));
    else if (near.n)
        fault_at(w, e, at,
                 arena_printf(w->set->a,
                              "the rule '%.*s' has no parameter '%.*s' (did you mean '%.*s'?)",
                              SHOWN(w->uid), SHOWN(p->name), SHOWN(near)));
    else
        fault_at(w, e, at,
                 arena_printf(w->set->a, "the rule '%.*s' has no placeholder %%%.*s%%%s",
                              SHOWN(w->uid), SHOWN(p->name),
                              w->rule->n_parameters ? " and no such parameter" : ""));
}

/* The setting by its own name, said as nearly as the parameter: by the rule's id. */
static bool is_set_by_name(struct work *w, const struct entry *e, const struct rule_parameter *own,
                           const struct overlay_param *p)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct overlay_entry *other = w->entries[i];
        const struct overlay_key *same =
            other->by == e->shown.by ? find_key(other, own->sets) : NULL;
        if (same)
            return !fault_at(w, e, (struct place){p->line, p->col},
                             arena_printf(w->set->a,
                                          "'%.*s' sets '%.*s' of the rule '%.*s', which is already "
                                          "set at %.*s:%u:%u",
                                          SHOWN(p->name), SHOWN(own->sets), SHOWN(w->uid),
                                          SHOWN(other->path), same->line, same->col));
    }
    return false;
}

/* A parameter that is a setting. */
static void set_param(struct work *w, const struct entry *e, const struct rule_parameter *own,
                      const struct overlay_param *p)
{
    struct diag diag;

    if (is_set_by_name(w, e, own, p))
        return;
    if (p->value.type == DOC_NULL || p->has_mode) {
        fault_at(w, e, (struct place){p->line, p->col},
                 arena_printf(w->set->a, "the parameter '%.*s' sets '%.*s': it takes one value",
                              SHOWN(p->name), SHOWN(own->sets)));
        return;
    }
    diag_init(&diag, w->set->a, STR(""), 1);
    if (!parameter_set(&diag, own, &p->value, correlation_copy(w)))
        overlay_keep_messages(w->set, e->shown.path, &diag);
}

/* Those about lists were asked for while the rule was read. Of one that is given twice the second
 * place has its fault already. */
static void set_params(struct work *w, const struct entry *e)
{
    const struct target *t = overlay_find_target(w->set, w->uid);

    for (size_t i = 0; t && i < e->own.n_params; i++) {
        const struct overlay_param *p = &e->own.params[i];
        const struct rule_parameter *own = parameter_find(w->rule, p->name);
        if (overlay_find_param(t, p->name) != p)
            continue;
        if (own && own->sets.n)
            set_param(w, e, own, p);
        else if (!__atomic_load_n(&p->is_used, __ATOMIC_RELAXED))
            unknown_param(w, e, p);
    }
}

static bool counts(enum operator_kind kind)
{
    return kind == OPERATOR_COUNT || kind == OPERATOR_DISTINCT;
}

static void set_threshold(struct work *w, const struct entry *e)
{
    const struct own_settings *own = &e->own;
    const struct correlation *c = w->rule->correlation;

    if (!c || c->n_bounds == 0) {
        fault_at(w, e, own->threshold_at,
                 c ? arena_printf(w->set->a,
                                  "the setting 'threshold' is for conditions about a number, "
                                  "which this %s has none of",
                                  correlation_type_name(c))
                   : STR("the setting 'threshold' is for correlations only"));
        return;
    }
    for (size_t i = 0; i < own->n_bounds; i++)
        if (counts(c->kind) &&
            (own->bounds[i].micro < 0 ||
             own->bounds[i].micro > (int64_t)CORRELATION_COUNT_MAX * CORRELATION_MICRO)) {
            fault_at(w, e, own->threshold_at,
                     arena_printf(w->set->a, "'threshold' of a count is at most %d",
                                  CORRELATION_COUNT_MAX));
            return;
        }
    struct correlation *copy = correlation_copy(w);
    copy->n_bounds = own->n_bounds;
    for (size_t i = 0; i < own->n_bounds; i++)
        copy->bounds[i] = own->bounds[i];
}

/* Every input is grouped by the same fields then: aliases are the rule's own. */
static void set_group(struct work *w, const struct entry *e)
{
    const struct correlation *c = w->rule->correlation;

    if (!c || c->kind == OPERATOR_SEQUENCE || c->kind == OPERATOR_GROUP) {
        fault_at(w, e, e->own.group_at,
                 c ? STR("'group-by' cannot be changed here: the rule's own text says what belongs "
                         "together")
                   : STR("the setting 'group-by' is for correlations only"));
        return;
    }
    struct correlation *copy = correlation_copy(w);
    copy->group = e->own.group.items;
    copy->n_group = e->own.group.n;
    copy->inputs = ARENA_ARRAY(w->set->a, c->n_inputs, struct correlation_input);
    for (size_t i = 0; i < c->n_inputs; i++) {
        copy->inputs[i] = c->inputs[i];
        copy->inputs[i].group_fields = e->own.group.items;
    }
}

static bool is_taken(const struct work *w, struct str uid)
{
    for (size_t i = 0; i < w->loaded->n_verdicts; i++)
        if (&w->loaded->verdicts[i] != w->verdict && rule_id_eq(w->loaded->verdicts[i].uid, uid))
            return true;
    return false;
}

/* A rule that has none of its own gets an id; so do the parts that were made for it. */
static void set_uid(struct work *w, const struct entry *e)
{
    struct rule *rule = w->rule;
    const struct correlation *c = rule->correlation;
    struct str old = rule->uid, uid = e->own.uid;

    if (rule->has_own_id) {
        fault_at(w, e, e->own.uid_at,
                 arena_printf(w->set->a, "the rule has an id of its own, '%.*s'", SHOWN(old)));
        return;
    }
    if (is_taken(w, uid)) {
        fault_at(w, e, e->own.uid_at,
                 arena_printf(w->set->a, "another rule has the id '%.*s'", SHOWN(uid)));
        return;
    }
    for (size_t i = 0; c && i < c->n_inputs; i++) {
        struct rule *part = c->inputs[i].rule;
        if (part && part->is_part && str_starts(part->uid, old))
            part->uid = arena_printf(w->set->a, "%.*s%.*s", (int)uid.n, uid.p,
                                     (int)(part->uid.n - old.n), part->uid.p + old.n);
    }
    rule->uid = uid;
    rule->has_own_id = true;
    w->verdict->uid = uid;
}

static void apply_own(struct work *w, const struct entry *e)
{
    struct rule *rule = w->rule;

    if (e->own.has_level) {
        rule->level = e->own.level;
        rule->has_level = true;
    }
    if (e->own.title.n) {
        rule->title = e->own.title;
        w->verdict->title = e->own.title;
    }
    if (e->own.n_bounds)
        set_threshold(w, e);
    if (e->own.has_group)
        set_group(w, e);
    if (e->own.uid.n)
        set_uid(w, e);
}

static void apply_entry(struct work *w, const struct entry *e)
{
    struct diag diag;

    diag_init(&diag, w->set->a, STR(""), 1);
    if (!rule_settings_fit(&diag, &e->settings, w->rule)) {
        overlay_keep_messages(w->set, e->shown.path, &diag);
        return;
    }
    rule_settings_apply(w->set->a, &e->settings, w->rule);
    apply_own(w, e);
}

/* All at once: what ends together is one part of the formula. */
static void exclude(struct work *w)
{
    const struct overlay_entry *entries[OVERLAY_RULE_MAX];
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        if (w->entries[i]->excludes)
            entries[n++] = w->entries[i];
    struct str why = n ? overlay_exclude(w->set->a, entries, n, w->rule) : STR("");
    for (size_t i = 0; i < n && why.n; i++)
        fault_at(w, entry_of(entries[i]),
                 (struct place){entries[i]->exclude.line, entries[i]->exclude.col}, why);
}

/* ---- warnings ------------------------------------------------------------------------------ */

/* The rule's verdict says it: the place is the overlay's. */
static void warn(struct work *w, const struct overlay_entry *e, const struct overlay_key *at,
                 struct str text)
{
    verdict_add(w->set->a, w->verdict, (struct place){w->rule->line, 1}, false,
                arena_printf(w->set->a, "overlay %.*s (%.*s:%u:%u) %.*s", SHOWN(e->overlay),
                             SHOWN(e->path), at->line, at->col, (int)text.n, text.p));
}

static void warn_of_end(struct work *w, const struct overlay_entry *e)
{
    char text[TIME_TEXT_MAX];
    size_t n = time_format_ms(e->expires_ms, text);
    bool is_over = e->expires_ms <= w->now_ms;
    const char *what = e->excludes ? "its exclusion" : "its settings";

    if (e->expires_ms == OVERLAY_NEVER || e->expires_ms - w->now_ms > OVERLAY_WARN_MS)
        return;
    warn(w, e, &e->expires,
         is_over ? arena_printf(w->set->a, "expired on %.*s: %s", (int)n, text,
                                e->excludes ? "its exclusion has no effect on events from then on"
                                            : "its settings stand until they are taken out")
                 : arena_printf(w->set->a, "expires on %.*s: %s %s then", (int)n, text, what,
                                e->excludes ? "ends" : "should be looked at"));
}

static void warn_of_base(struct work *w, const struct overlay_entry *e)
{
    if (e->base_sha256.n && !str_eq(e->base_sha256, str_from(w->rule->sha256)))
        warn(w, e, &e->base,
             arena_printf(
                 w->set->a,
                 "is for another version of the rule: base_sha256 is %.12s..., the rule's is "
                 "%.12s...",
                 e->base_sha256.p, w->rule->sha256));
}

/* ---- one rule ------------------------------------------------------------------------------ */

static bool holds(const struct str *names, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], name))
            return true;
    return false;
}

static void name_overlays(struct work *w)
{
    struct str *names = ARENA_ARRAY(w->set->a, w->n, struct str);
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        if (!holds(names, n, w->entries[i]->overlay))
            names[n++] = w->entries[i]->overlay;
    w->rule->overlays = names;
    w->rule->n_overlays = n;
}

static void apply_rule(struct work *w)
{
    struct overlay_set *set = w->set;
    enum verdict_status before = w->verdict->status;

    for (size_t i = 0; i < w->n; i++) {
        const struct overlay_entry *e = w->entries[i];
        for (size_t k = 0; k < e->n_keys; k++)
            refuse_double_key(w, i, &e->keys[k]);
        apply_entry(w, entry_of(e));
        set_params(w, entry_of(e));
        warn_of_end(w, e);
        warn_of_base(w, e);
    }
    exclude(w);
    name_overlays(w);
    w->loaded->n_by_status[before]--;
    w->loaded->n_by_status[w->verdict->status]++;
    set->applied =
        vec_room(set->a, set->applied, set->n_applied, &set->cap_applied, sizeof *set->applied);
    struct applied *kept = &set->applied[set->n_applied++];
    *kept = (struct applied){w->rule->uid, ARENA_ARRAY(set->a, w->n, const struct overlay_entry *),
                             w->n};
    for (size_t i = 0; i < w->n; i++)
        kept->entries[i] = w->entries[i];
}

/* ---- entries without a rule ------------------------------------------------------------------ */

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

/* A document with that id which became no rule: NULL if there is none. */
static const struct verdict *document_of(const struct loaded_rules *loaded, struct str uid)
{
    for (size_t i = 0; i < loaded->n_verdicts; i++)
        if (str_eq(loaded->verdicts[i].uid, uid))
            return &loaded->verdicts[i];
    return NULL;
}

static struct str why_without(struct overlay_set *set, const struct loaded_rules *loaded,
                              const struct overlay_entry *e)
{
    const struct verdict *v = e->by == OVERLAY_BY_UID ? document_of(loaded, e->uid) : NULL;

    if (e->by == OVERLAY_BY_TAG)
        return arena_printf(set->a, "no rule has a tag like '%.*s'", SHOWN(e->uid));
    if (e->by == OVERLAY_BY_PATH)
        return arena_printf(set->a, "no rule has a path like '%.*s'", SHOWN(e->uid));
    if (v && verdict_is_bad(v->status))
        return STR(""); /* it tells its own errors */
    if (v)
        return arena_printf(set->a, "'%.*s' is %s: overlays are for rules", SHOWN(e->uid),
                            str_eq(v->kind, STR("filter")) ? "a filter" : "no rule");
    return set->n_faults < HINTS_MAX
               ? unknown_id(set, loaded, e->uid)
               : arena_printf(set->a, "no rule has the id '%.*s'", SHOWN(e->uid));
}

static void refuse_unmet(struct overlay_set *set, const struct loaded_rules *loaded)
{
    for (size_t i = 0; i < set->n_entries; i++) {
        if (set->entries[i]->n_met)
            continue;
        struct str why = why_without(set, loaded, &set->entries[i]->shown);
        if (why.n)
            overlay_fault_of_entry(set, &set->entries[i]->shown, why);
    }
}

/* ---- correlations that nothing reaches ------------------------------------------------------- */

static const struct applied *find_applied(const struct overlay_set *set, struct str uid)
{
    size_t low = 0, high = set->n_applied;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(set->applied[middle].uid, uid);
        if (order == 0)
            return &set->applied[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool is_turned_off(const struct overlay_set *set, const struct rule *rule)
{
    const struct applied *a = find_applied(set, rule->uid);

    for (size_t i = 0; a && i < a->n; i++)
        if (entry_of(a->entries[i])->settings.at[SETTING_CHANNEL].line)
            return rule->channel == CHANNEL_OFF;
    return false;
}

/* The linker says this of rules that are off by themselves. */
static void warn_of_silence(struct overlay_set *set, struct loaded_rules *loaded, struct verdict *v)
{
    const struct correlation *c = v->rule ? v->rule->correlation : NULL;
    enum verdict_status before = v->status;

    for (size_t i = 0; c && i < c->n_inputs; i++)
        if (c->inputs[i].rule && is_turned_off(set, c->inputs[i].rule))
            verdict_add(set->a, v, (struct place){c->inputs[i].line, c->inputs[i].col}, false,
                        arena_printf(set->a,
                                     "an overlay turns the rule '%.*s' off: nothing comes from it",
                                     SHOWN(c->inputs[i].reference)));
    loaded->n_by_status[before]--;
    loaded->n_by_status[v->status]++;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int by_applied_uid(const void *x, const void *y)
{
    return str_cmp(((const struct applied *)x)->uid, ((const struct applied *)y)->uid);
}

void overlay_set_apply(struct overlay_set *set, struct loaded_rules *loaded, int64_t now_ms)
{
    const struct overlay_entry *room[OVERLAY_RULE_MAX];
    struct arena *scratch = arena_new(0);
    struct work w = {.set = set, .loaded = loaded, .now_ms = now_ms, .entries = room};

    for (size_t i = 0; i < loaded->n_verdicts; i++) {
        w.verdict = &loaded->verdicts[i];
        w.rule = w.verdict->rule;
        if (!w.rule)
            continue;
        w.uid = w.rule->uid;
        arena_reset(scratch);
        gather(&w, scratch);
        if (w.n)
            apply_rule(&w);
    }
    arena_free(scratch);
    if (set->n_applied)
        qsort(set->applied, set->n_applied, sizeof *set->applied, by_applied_uid);
    refuse_unmet(set, loaded);
    for (size_t i = 0; i < loaded->n_verdicts; i++)
        warn_of_silence(set, loaded, &loaded->verdicts[i]);
}

const struct overlay_entry *const *overlay_entries_of(const struct overlay_set *set, struct str uid,
                                                      size_t *n)
{
    const struct applied *a = find_applied(set, uid);

    *n = a ? a->n : 0;
    return a ? a->entries : NULL;
}

const struct overlay_entry *overlay_origin(const struct overlay_set *set, struct str uid,
                                           struct str key, const struct overlay_key **at)
{
    const struct applied *a = find_applied(set, uid);

    for (size_t i = a ? a->n : 0; i-- > 0;) {
        *at = find_key(a->entries[i], key);
        if (*at)
            return a->entries[i];
    }
    *at = NULL;
    return NULL;
}

size_t overlay_entry_count(const struct overlay_set *set)
{
    return set->n_entries;
}

const struct overlay_entry *overlay_entry_at(const struct overlay_set *set, size_t i)
{
    return &set->entries[i]->shown;
}
