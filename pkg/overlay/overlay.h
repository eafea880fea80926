/* overlay.h - a user's changes to rules that somebody else keeps.
 *
 * The rule's file stays as it was fetched; what is to be different stands in a file of its own,
 * by the rule's id (docs/overlays.md):
 *
 *     name: night shift                  # default: the file's path
 *     rules:
 *         5f1abf38-...:
 *             reason: the backup reads them all
 *             set: {level: low, dedup: {period: 6h}, params: {known_hosts: [a, b]}}
 *
 * `set` takes the settings of lang/settings.h, `level`, and `params`: values for the placeholders
 * (%NAME%) of that rule. Parameters are needed while a rule is read, all else is put on rules that
 * are linked, so there are four steps:
 *
 *     set = overlay_set_new(arena);
 *     overlay_set_add(set, path, text);          for each file
 *     overlay_set_settle(set, &lists);           lang_options.lists_of = overlay_lists_of
 *     overlay_set_apply(set, &loaded);           after rule_loader_finish()
 *
 * Nothing wrong is passed over: an unknown key or id, a value that the rule cannot have, the same
 * thing set twice, a parameter that the rule has no placeholder for. These are faults; they are
 * collected over all steps, and with any of them the rules must not be used. What later versions
 * will know (exclude, expires, base_sha256, tag, globs) is refused by name.
 *
 * Memory   the set, its entries and what it puts on rules live in the arena, which must be that of
 *          the rule set or live as long.
 * Threads  between settle and apply any number of threads may ask overlay_lists_of() and its
 *          sources; otherwise the set belongs to one thread.
 */
#ifndef WEIR_OVERLAY_OVERLAY_H
#define WEIR_OVERLAY_OVERLAY_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "lang/lang.h"
#include "rule/rule.h"

enum {
    OVERLAY_FILE_MAX = 4 * 1024 * 1024,
    OVERLAY_ENTRIES_MAX = 100000, /* in all files */
    OVERLAY_PARAMS_MAX = 256,     /* of one entry */
    OVERLAY_RULE_MAX = 64,        /* entries about one rule */
    OVERLAY_FAULTS_MAX = 1000     /* later ones are not kept */
};

struct overlay_set;

/* One thing that an entry sets: "level", "window", "params.known_hosts". */
struct overlay_key {
    struct str name;
    uint32_t line, col;
};

/* What one overlay sets of one rule. */
struct overlay_entry {
    struct str overlay; /* its name */
    struct str path;    /* its file */
    struct str uid;     /* the rule's id */
    uint32_t line, col; /* where the id stands */
    struct str reason;  /* its own, else the overlay's; may be empty */
    const struct overlay_key *keys;
    size_t n_keys;
};

struct overlay_set *overlay_set_new(struct arena *a);

/* Read all overlays of one file. */
void overlay_set_add(struct overlay_set *set, struct str path, struct str text);

/* All files are in. `lists` (may be NULL, must outlive the loading) answers for the names that
 * parameters do not give. */
void overlay_set_settle(struct overlay_set *set, const struct list_source *lists);

/* For struct lang_options; the context is the settled set. */
const struct list_source *overlay_lists_of(void *set, struct str uid);

/* Change the rules, those too that nobody selects. A rule that did not load is left alone. */
void overlay_set_apply(struct overlay_set *set, struct loaded_rules *loaded);

/* What is wrong so far, in the order it was found; err has file, line and column. */
size_t overlay_fault_count(const struct overlay_set *set);
void overlay_fault(const struct overlay_set *set, size_t i, struct weir_err *err);

/* The entries about a rule in the order of files, *n of them; NULL and 0 if there are none. The set
 * is settled. */
const struct overlay_entry *const *overlay_entries_of(const struct overlay_set *set, struct str uid,
                                                      size_t *n);

#endif
