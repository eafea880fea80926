/* spl.h - the SPL front end: Splunk searches as detections use them, to the rule IR.
 *
 *     `kube_audit` objectRef.resource=secrets verb=get | stats count by user.username
 *     | where count > 5
 *
 * Sources of the meaning: Splunk's documentation of the search language; facts only
 * (docs/languages.md has the readings). Inside the folder:
 *
 *     macro.c     `macros`: text put into the text before it is read, with places kept
 *     scan.c      words, quoted texts, numbers; where a command ends
 *     search.c    the expressions of `search`: or before and, case aside, wildcards
 *     eval.c      those of `eval` and `where`: and before or, case matters; function.c: what they
 *                 call
 *     run.c       the whole search, command by command
 *     command.c   the commands between the bars; stats.c: stats; eventstats.c;
 *                 chart.c: top, chart, timechart; tstats.c: data models
 *     rex.c, spath.c, lookup.c   rex and regex; spath; lookup
 *     transaction.c, running.c   transaction; streamstats; unique.c: groups behind dedup
 *     each.c      foreach, rangemap
 *     absent.c    commands that are not done here, and what to write instead
 *     time.c      now, and how far back a search looks
 *     join.c      searches inside a search; listed.c: those that only read a list
 *     stream.c    where the search looks, as the rule's source
 *     detection.c files of Splunk's security content: a search with its metadata
 *
 * Each command is a step of lang/pipe. In `search` a comparison with a missing field is false, in
 * `eval` and `where` it is null.
 *
 * Memory   as query.h. Macros live in the arena given to spl_macros_new().
 * Limits   SPL_TEXT_MAX, SPL_MACRO_DEPTH; QUERY_DEPTH_MAX, QUERY_VALUES_MAX; those of lang/pipe.
 */
#ifndef WEIR_LANG_SPL_SPL_H
#define WEIR_LANG_SPL_SPL_H

#include "doc/doc.h"
#include "lang/query.h"

enum {
    SPL_TEXT_MAX = 64 * 1024, /* bytes of a search, its macros put in */
    SPL_MACRO_DEPTH = 16,     /* macros inside macros */
    SPL_ARGUMENTS_MAX = 16,   /* of a macro */
    SPL_STREAMS_MAX = 32      /* source, sourcetype ... that a search names */
};

struct spl_macro {
    struct str name;
    struct str arguments[SPL_ARGUMENTS_MAX];
    size_t n_arguments;
    struct str definition;
};

struct spl_macros;

struct spl_macros *spl_macros_new(struct arena *a);
/* Texts are copied. False: there is one with this name and so many arguments, which stays. */
bool spl_macros_add(struct spl_macros *m, const struct spl_macro *macro);
/* All of `from` that `to` lacks. */
void spl_macros_join(struct spl_macros *to, const struct spl_macros *from);

/* A search as the formula of `rule`. options->macros may be NULL. */
bool spl_load(struct query_scope *s, struct str query, const struct query_options *options,
              struct rule *rule);

/* ---- files ---------------------------------------------------------------------------------- */

enum spl_kind { SPL_NOTHING, SPL_DETECTION, SPL_MACRO };
enum spl_kind spl_kind_of(const struct doc_node *document);
/* Of SPL_MACRO. False: see the diag. */
bool spl_macro_load(struct diag *d, const struct doc_node *document, struct spl_macro *out);
/* Metadata first (also of a rule that fails), then the search. */
bool spl_detection_load(struct query_scope *s, const struct doc_node *document,
                        const struct spl_macros *macros, struct rule *rule);

#endif
