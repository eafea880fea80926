/* overlay_impl.h - what reading and applying overlays share. */
#ifndef WEIR_OVERLAY_OVERLAY_IMPL_H
#define WEIR_OVERLAY_OVERLAY_IMPL_H

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
    bool is_used; /* relaxed: set by threads that load, read after they were joined */
};

/* An entry with what it says. The public part first. */
struct entry {
    struct overlay_entry shown;
    struct rule_settings settings;
    bool has_level;
    enum rule_level level;
    struct overlay_param *params;
    size_t n_params;
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
    bool has_params, is_found;
    struct list_source source;
    const struct list_source *below;
};

struct overlay_set {
    uint32_t magic; /* travels through the void * of struct lang_options */
    struct arena *a;
    struct names *names;
    struct entry **entries;
    size_t n_entries, cap_entries;
    struct target *targets; /* by uid; after overlay_set_settle() */
    size_t n_targets;
    struct overlay_fault *faults;
    size_t n_faults, cap_faults;
};

static inline const struct entry *entry_of(const struct overlay_entry *shown)
{
    return (const struct entry *)(const void *)shown;
}

/* Room for one entry more; NULL at OVERLAY_ENTRIES_MAX. */
struct entry *overlay_next_entry(struct overlay_set *set);

void overlay_add_fault(struct overlay_set *set, struct str path, struct place at, struct str text);
/* Every message of the diag as a fault of that file. */
void overlay_keep_messages(struct overlay_set *set, struct str path, const struct diag *d);

#endif
