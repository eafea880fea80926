/* ocsf_impl.h - the tree of OCSF objects while it is built: for ocsf*.c alone. */
#ifndef WEIR_ALERT_OCSF_IMPL_H
#define WEIR_ALERT_OCSF_IMPL_H

#include "alert/ocsf.h"
#include "alert/ocsf_table.h"

struct ocsf_node {
    const struct ocsf_attr *attr; /* NULL: the root */
    struct str text;              /* leaf: as JSON number or text */
    struct str path;              /* leaf: as the profile has it; empty if filled in here */
    struct ocsf_node *first, *last, *next;
    bool is_dead; /* taken off: its leaves were handed back */
};

/* The attributes on a path; n is 0 if it leads nowhere. */
struct ocsf_way {
    const struct ocsf_attr *steps[OCSF_DEPTH_MAX];
    size_t n;
};
struct ocsf_way ocsf_find_way(struct str path);

struct str ocsf_attr_name(const struct ocsf_attr *attr);

/* The text as the attribute's type wants it; false if it is none. */
bool ocsf_convert(struct arena *a, const struct ocsf_attr *attr, struct str text, struct str *out);
/* Does the converted text stand in JSON as it is: a number, true or false? */
bool ocsf_is_bare(const struct ocsf_attr *attr);
/* What stands behind the last separator of a path; the path itself if nothing does. */
struct str ocsf_base_name(struct str path);

/* prefix.name or prefix.name[0]: what an observable below it is called. */
struct str ocsf_child_path(struct arena *a, struct str prefix, const struct ocsf_attr *attr);

struct ocsf_forms; /* ocsf_form.c */
struct ocsf_forms *ocsf_forms_new(void);
void ocsf_forms_free(struct ocsf_forms *f);
struct ocsf_forms *ocsf_forms_of(struct ocsf_ways *w);

#endif
