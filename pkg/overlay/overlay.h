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
 *         tag:attack.t1552.007:
 *             exclude: {user.name: backup}
 *             expires: 2026-12-31
 *
 * A rule is meant by its id, by `tag:GLOB` or by `path:GLOB`; where several set the same, path goes
 * before tag and the id before both. `set` takes the settings of lang/settings.h and those of
 * read_set.c; `params` are values for the placeholders (%NAME%) of that rule. `exclude` is a
 * detection in Sigma's syntax, whatever the rule's language: what it matches the rule does not,
 * until `expires` (judged by the event's time). Parameters are needed while a rule is read, all
 * else is put on rules that are linked, so there are four steps:
 *
 *     set = overlay_set_new(arena, &lists);
 *     overlay_set_add(set, path, text);          for each file
 *     overlay_set_settle(set);                   lang_options.lists_of = overlay_lists_of
 *     overlay_set_apply(set, &loaded, now);      after rule_loader_finish()
 *
 * Nothing wrong is passed over: an unknown key or id, a value that the rule cannot have, the same
 * thing set twice, a parameter that the rule has no placeholder for. These are faults; they are
 * collected over all steps, and with any of them the rules must not be used. An entry that has
 * expired or is about to, and one whose base (base_sha256) has changed, are warnings of the rule.
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
    OVERLAY_RULE_MAX = 256,       /* entries about one rule */
    OVERLAY_FAULTS_MAX = 1000     /* later ones are not kept */
};

struct overlay_set;

/* One thing that an entry sets: "level", "window", "params.known_hosts". */
struct overlay_key {
    struct str name;
    uint32_t line, col;
};

/* How an entry says which rules it means; a later one goes before an earlier one. */
enum overlay_by { OVERLAY_BY_TAG, OVERLAY_BY_PATH, OVERLAY_BY_UID };

#define OVERLAY_NEVER INT64_MAX

/* What one overlay says of one rule, or of those that a pattern means. */
struct overlay_entry {
    struct str overlay; /* its name */
    struct str path;    /* its file */
    enum overlay_by by;
    struct str uid;     /* the rule's id, or the pattern */
    uint32_t line, col; /* where that stands */
    struct str reason;  /* its own, else the overlay's; may be empty */
    int64_t expires_ms; /* OVERLAY_NEVER: it does not */
    struct overlay_key expires;
    struct str base_sha256; /* lower case; empty: not said */
    struct overlay_key base;
    const struct overlay_key *keys;
    size_t n_keys;
    const struct formula *excludes; /* NULL: nothing; without the expiry */
    struct overlay_key exclude;
};

/* Warn of an end so long before it. */
#define OVERLAY_WARN_MS (INT64_C(7) * 86400 * 1000)

/* `lists` (may be NULL, must outlive the loading) answers for the names that parameters do not
 * give. */
struct overlay_set *overlay_set_new(struct arena *a, const struct list_source *lists);

/* Read all overlays of one file. */
void overlay_set_add(struct overlay_set *set, struct str path, struct str text);

/* All files are in. */
void overlay_set_settle(struct overlay_set *set);

/* For struct lang_options; the context is the settled set. */
const struct list_source *overlay_lists_of(void *set, struct str uid);

/* Change the rules, those too that nobody selects. A rule that did not load is left alone. now_ms:
 * wall clock, for warnings of what ends. */
void overlay_set_apply(struct overlay_set *set, struct loaded_rules *loaded, int64_t now_ms);

/* What is wrong so far, in the order it was found; err has file, line and column. */
size_t overlay_fault_count(const struct overlay_set *set);
void overlay_fault(const struct overlay_set *set, size_t i, struct weir_err *err);

/* The entries about a rule (its id as it is now) in the order in which they were applied, *n of
 * them; NULL and 0 if there are none. Rules are changed. */
const struct overlay_entry *const *overlay_entries_of(const struct overlay_set *set, struct str uid,
                                                      size_t *n);

/* Which entry a rule has a setting from: the last that says it; NULL: none does. */
const struct overlay_entry *overlay_origin(const struct overlay_set *set, struct str uid,
                                           struct str key, const struct overlay_key **at);

/* Every entry whose rules loaded, for who watches their ends. */
size_t overlay_entry_count(const struct overlay_set *set);
const struct overlay_entry *overlay_entry_at(const struct overlay_set *set, size_t i);

#endif
