/* ocsf.h - from "process.parent_process.pid" and a value to nested OCSF objects that validate.
 *
 * A profile maps OCSF paths to fields of its events. Here the paths are resolved against the
 * schema (ocsf_table.c): text becomes a number where the schema wants one, required attributes
 * that can be known are filled in (file.name from file.path, type_id 0), and what the schema
 * does not allow is not written as an object but handed back, so that no profile, whoever
 * wrote it, can make an alert invalid or lose a value.
 *
 * Memory  everything in the arena given.
 */
#ifndef WEIR_ALERT_OCSF_H
#define WEIR_ALERT_OCSF_H

#include "base/arena.h"
#include "base/base.h"
#include "json/write.h"

enum { OCSF_LEAVES_MAX = 128, OCSF_DEPTH_MAX = 8 };

struct ocsf_leaf {
    struct str path; /* below evidences[0]: "actor.user.name"; array names may end in [] */
    struct str text;
};

struct ocsf_node;

/* What is known about paths: they come again with every alert. Belongs to one thread. */
struct ocsf_ways;
struct ocsf_ways *ocsf_ways_new(void);
void ocsf_ways_free(struct ocsf_ways *w);

/* Build the objects of n leaves (the first leaf of a path counts). rejected: room for n;
 * returns the root, or NULL if nothing is left. */
const struct ocsf_node *ocsf_build(struct arena *a, struct ocsf_ways *ways,
                                   const struct ocsf_leaf *leaves, size_t n,
                                   struct ocsf_leaf *rejected, size_t *n_rejected);

/* Its members, into the object that is open in w. */
void ocsf_write(struct json_writer *w, const struct ocsf_node *root);

struct ocsf_observable {
    struct str name; /* "actor.user.name", with array positions */
    uint8_t type_id;
    const char *type;
    struct str value;
};

/* Values that an analyst pivots on, in document order; at most max. */
size_t ocsf_observables(struct arena *a, const struct ocsf_node *root, struct ocsf_observable *out,
                        size_t max);

const char *ocsf_observable_type(uint8_t type_id);

/* ---- the same, for paths that came before ------------------------------------------------ */

/* Which objects come out, and which observables, depends on the paths alone if every text is what
 * its attribute wants. A form is the JSON around the values of such a list of paths, made once. */
struct ocsf_form;

/* A leaf's converted text, and where it was written as JSON, without quotes: what is asked for
 * again is copied from there. */
struct ocsf_value {
    struct str text;
    size_t at, n; /* in the writer's buffer; n 0: not written yet */
};

/* The form for the leaves; their converted texts go to values (room for n). NULL: ask ocsf_build(),
 * since a text or a path is handed back. */
const struct ocsf_form *ocsf_form_of(struct arena *a, struct ocsf_ways *ways,
                                     const struct ocsf_leaf *leaves, size_t n,
                                     struct ocsf_value *values);
/* What ocsf_write() writes, into an object that has members already. The same buffer for both. */
void ocsf_form_members(const struct ocsf_form *form, struct ocsf_value *values,
                       struct json_writer *w);
/* The array of observables of evidences[0]; there are at most OCSF_FORM_OBSERVABLES of them, and
 * nothing is written if there are none. */
enum { OCSF_FORM_OBSERVABLES = 32 };
void ocsf_form_observables(const struct ocsf_form *form, struct ocsf_value *values,
                           struct json_writer *w);

#endif
