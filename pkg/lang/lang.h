/* lang.h - rule files in, rules and verdicts out, whatever the language.
 *
 * A loader is given the text of every rule file in turn; it tells the language by
 * content and ending, parses each document and lowers it to the rule IR. What refers to
 * other documents (Sigma filters and correlations, double ids) is settled by
 * rule_loader_finish(), and does not depend on the order of the files.
 *
 *     struct rule_loader *l = rule_loader_new(arena, &lists, &options);
 *     for each file: rule_loader_add(l, path, text);
 *     rule_loader_finish(l, &loaded);
 *
 * Every document gets exactly one verdict (but those of Sigma that are only about others: `action:
 * global`, `reset`): nothing is skipped in silence. A fault in one document does not keep its
 * neighbours from loading. The order of verdicts is the order of the files and documents; rules are
 * those of the verdicts `ok` and `warning` that are rules (base rules and correlations, not
 * filters), in the same order; the parts of a correlation (rule.h, is_part) stand before it.
 *
 * Memory   all results live in the arena given to rule_loader_new(); the file's text is
 *          copied where needed and may go after rule_loader_add(). A loader must be
 *          finished, else its scratch memory leaks.
 * Threads  belongs to one thread.
 * Limits   LANG_FILE_MAX bytes a file, LANG_MESSAGES_MAX messages a document, those of
 *          doc.h, and those of each language's own headers.
 */
#ifndef WEIR_LANG_LANG_H
#define WEIR_LANG_LANG_H

#include "base/arena.h"
#include "base/base.h"
#include "rule/rule.h"

enum { LANG_FILE_MAX = 16 * 1024 * 1024, LANG_MESSAGES_MAX = 50 };

/* Said of a rule that a front end gave up without an error: a fault of weir, and never silence. */
#define LANG_NO_REASON "refused, and weir does not say why: please report this rule"

enum verdict_status {
    VERDICT_OK,
    VERDICT_WARNING,
    VERDICT_UNSUPPORTED,
    VERDICT_ERROR,
    VERDICT_SKIPPED, /* met in a directory, and no rule at all */
    VERDICT_STATUSES
};

/* True if a rule was meant and none came of it. */
static inline bool verdict_is_bad(enum verdict_status status)
{
    return status == VERDICT_UNSUPPORTED || status == VERDICT_ERROR;
}

struct verdict_message {
    uint32_t line, col; /* 1-based in the file; 0: no position */
    struct str text;
    bool is_error;
    bool is_note; /* worth knowing, and no reason to look at the rule again */
};

/* What became of one document. */
struct verdict {
    struct str path;
    uint32_t document, line; /* 0-based number in the file; where it starts */
    struct str uid, title;   /* as far as they are known; uid is never empty */
    struct str name;         /* by which other documents may refer to it; mostly empty */
    struct str language;     /* "sigma", "eql", "kql", or empty if it could not be told */
    struct str kind;         /* "rule", "filter", "correlation", or empty */
    enum verdict_status status;
    const struct verdict_message *messages;
    size_t n_messages;
    struct rule *rule; /* NULL unless a rule came of it */
};

struct loaded_rules {
    struct rule **rules;
    size_t n_rules;
    struct verdict *verdicts;
    size_t n_verdicts;
    size_t n_by_status[VERDICT_STATUSES];
};

struct geo_source;      /* rule/expr.h */
struct profile_set;     /* event/profile.h */
struct sigma_pipelines; /* lang/sigma/pipeline.h */

struct lang_options {
    /* A Sigma filter is AND-ed with the rules it names, so that an exclusion is written
     * `condition: not selection`. True: its negation is AND-ed instead. */
    bool sigma_filters_exclude;
    /* What fields there are, for the group-by of correlations: names of constant fields, and
     * profiles; NULL: fields are not checked. */
    const struct profile_set *profiles;
    struct str_list constants;
    /* Processing pipelines, applied to Sigma rules (lang/sigma/pipeline.h); NULL: none. */
    const struct sigma_pipelines *pipelines;
    /* Lists of one rule alone (parameters that an overlay gives it), asked by the rule's id before
     * the rule is read. The source that it answers takes the place of the loader's for this rule;
     * NULL: the loader's. Called by every thread that loads. May be NULL. */
    const struct list_source *(*lists_of)(void *context, struct str uid);
    void *lists_of_context;
    /* Where addresses are (rule/expr.h), for queries that ask; NULL: such queries do not load. It
     * must outlive the rules. */
    const struct geo_source *geo;
};

struct rule_loader;

/* `lists` answers placeholders and may be NULL (then a placeholder is an error); it must
 * live until rule_loader_finish(). `options` may be NULL. */
struct rule_loader *rule_loader_new(struct arena *a, const struct list_source *lists,
                                    const struct lang_options *options);

/* Load all documents of one file. A file that holds no document gets one verdict too. */
void rule_loader_add(struct rule_loader *l, struct str path, struct str text);

/* The same for a file that nobody named: a walk through a directory met it. Rule trees hold other
 * YAML too (settings, test data): a document without any sign of a rule is skipped there, by a
 * verdict of its own, where rule_loader_add() calls it an error. */
void rule_loader_add_found(struct rule_loader *l, struct str path, struct str text);

/* One query in a language that its path does not tell: "sigma", "eql", "kql". */
void rule_loader_add_as(struct rule_loader *l, struct str path, struct str language,
                        struct str text);
/* True for the languages of rule_loader_add_as(). */
bool lang_is_known(struct str language);
/* Their names, for people: "sigma, eql ...", in the arena. */
struct str lang_names(struct arena *a);

/* A file that cannot be loaded for a reason that only the caller knows: an error of its own. */
void rule_loader_refuse(struct rule_loader *l, struct str path, const char *why);

/* Append what `other` has loaded, and end it: two threads can load two halves, each with a loader
 * and an arena of its own, and the outcome is that of one loader. The arena of `other` goes into
 * that of `l`. */
void rule_loader_join(struct rule_loader *l, struct rule_loader *other);

/* Settle what crosses documents, give out the results, release scratch memory. */
void rule_loader_finish(struct rule_loader *l, struct loaded_rules *out);

/* True if a walk through a directory should take this file for a rule file: by its ending
 * (.yml, .yaml, .toml, .eql, .kql), but not a rule's test (NAME.test.yml). Exports of rules
 * (.ndjson, .json) must be named: there are other files with these endings. */
bool lang_is_rule_path(struct str path);

const char *verdict_status_name(enum verdict_status status);

/* Append "path:line:col: error: text" (or "warning:"). */
struct buf;
void verdict_message_format(struct buf *out, const struct verdict *v,
                            const struct verdict_message *m);

#endif
