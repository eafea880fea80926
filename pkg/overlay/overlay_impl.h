/* overlay_impl.h - what reading and applying overlays share. */
#ifndef WEIR_OVERLAY_OVERLAY_IMPL_H
#define WEIR_OVERLAY_OVERLAY_IMPL_H

#include "doc/doc.h"
#include "lang/diag.h"
#include "lang/names.h"
#include "lang/settings.h"
#include "overlay/overlay.h"

struct overlay_param {
    struct str name;
    uint32_t line, col;
    struct str_list values;
    bool has_mode;
    enum list_mode mode;
    struct doc_node value; /* a scalar that stands alone, for a setting; else of type DOC_NULL */
    bool is_used;          /* relaxed: set by threads that load, read after they were joined */
};

/* `set`: what an overlay may say and a rule's own `weir:` map may not. */
struct own_settings {
    bool has_level;
    enum rule_level level;
    struct overlay_param *params;
    size_t n_params;
    struct str uid, title; /* empty: not said */
    struct bound bounds[2];
    size_t n_bounds; /* 0: no threshold */
    struct str_list group;
    bool has_group;
    struct place threshold_at, group_at, uid_at, title_at;
};

/* An entry with what it says. The public part first. */
struct entry {
    struct overlay_entry shown;
    struct rule_settings settings;
    struct own_settings own;
    size_t n_exclude_nodes;
    size_t n_met; /* rules that it was put on */
};

struct overlay_fault {
    struct str path, text;
    uint32_t line, col;
};

/* All entries about one rule, in the order of files. */
struct target {
    uint32_t magic; /* travels through the void * of struct list_source */
    struct str uid;
    const struct overlay_entry **entries; /* the first members of struct entry */
    size_t n_entries;
    bool has_params;
    struct list_source source;
    const struct list_source *below;
};

/* The entries that were put on a rule. */
struct applied {
    struct str uid;
    const struct overlay_entry **entries;
    size_t n;
};

struct overlay_set {
    uint32_t magic; /* travels through the void * of struct lang_options */
    struct arena *a;
    struct names *names;
    const struct list_source *lists; /* may be NULL */
    struct entry **entries;
    size_t n_entries, cap_entries;
    struct target *targets; /* by uid; after overlay_set_settle() */
    size_t n_targets;
    const struct overlay_entry **wide; /* entries by tag, then by path */
    size_t n_wide;
    struct applied *applied; /* by uid, once rules are changed */
    size_t n_applied, cap_applied;
    struct overlay_fault *faults;
    size_t n_faults, cap_faults;
};

static inline const struct entry *entry_of(const struct overlay_entry *shown)
{
    return (const struct entry *)(const void *)shown;
}

/* Room for one entry more; NULL at OVERLAY_ENTRIES_MAX. */
struct entry *overlay_next_entry(struct overlay_set *set);

/* What reading a document shares. */
struct overlay_reader {
    struct overlay_set *set;
    struct arena *scratch;
    struct diag diag;
    struct str path, name, reason;
    int64_t expires_ms;
    struct overlay_key expires;
    bool is_full; /* told once */
};

/* False, with an error, if the map has a key that is none of the n known ones. */
bool overlay_check_keys(struct overlay_reader *r, const struct doc_node *map,
                        const struct str *known, size_t n, const char *where);
/* The map under `set` (read_set.c). */
bool overlay_read_set(struct overlay_reader *r, const struct doc_node *map, struct entry *e);
/* The detection under `exclude` (exclude.c). */
bool overlay_read_exclude(struct overlay_reader *r, const struct doc_node *node, struct entry *e);

/* Put the exclusions of these entries (n > 0) on a rule, or on the rules that were made for it; a
 * text says why that cannot be, an empty one that it is done. */
struct str overlay_exclude(struct arena *a, const struct overlay_entry *const *entries, size_t n,
                           struct rule *rule);

struct target *overlay_find_target(const struct overlay_set *set, struct str uid);
struct overlay_param *overlay_find_param(const struct target *t, struct str name);
void overlay_fault_of_entry(struct overlay_set *set, const struct overlay_entry *e,
                            struct str text);
void overlay_add_fault(struct overlay_set *set, struct str path, struct place at, struct str text);
/* Every message of the diag as a fault of that file. */
void overlay_keep_messages(struct overlay_set *set, struct str path, const struct diag *d);

#endif
