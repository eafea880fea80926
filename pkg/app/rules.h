/* rules.h - the rules of a command: options about them, loading, selecting, reporting.
 *
 * The same for every command that loads rules, so that what `weir check` says is what the
 * others do.
 *
 * Memory   everything but the lists (lists_arena) lives in the book's arena until
 *          rule_book_release(); the options must outlive the book.
 */
#ifndef WEIR_APP_RULES_H
#define WEIR_APP_RULES_H

#include "detect/engine.h"
#include "app/flags.h"
#include "app/outcome.h"
#include "app/select.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "correlate/geoip.h"
#include "event/profile.h"
#include "lang/lang.h"
#include "lang/sigma/pipeline.h"
#include "overlay/overlay.h"

struct rule_options {
    struct text_list paths;
    struct str query;          /* one rule given as text instead of paths; empty: none */
    struct str query_language; /* "sigma", "eql" */
    struct select_options select;
    struct text_list lists; /* NAME=FILE */
    struct text_list list_dirs;
    struct text_list overlays;  /* files, directories */
    struct text_list pipelines; /* files */
    struct str profiles_dir;
    struct str geoip_file; /* --geoip */
    struct text_list set;  /* K=V */
    bool skip_bad, no_routing, filters_exclude;
};

enum { RULE_FLAGS_MAX = 32 };

/* -r. Each command that takes rules takes them by -r and as plain words, in one order. */
struct flag rule_path_flag(struct rule_options *o);

/* Fill `out` with the other options about rules. Returns their number. */
size_t rule_flags(struct rule_options *o, struct flag out[RULE_FLAGS_MAX]);
void rule_options_release(struct rule_options *o);

struct rule_book {
    struct arena *arena;
    const struct profile_set *profiles;
    struct loaded_rules loaded; /* all verdicts, selected or not */
    bool *is_selected;          /* per verdict */
    struct rule **rules;        /* selected ones that load, and those that they listen to, which
                                 * are internal then; in the order of the verdicts */
    size_t n_rules;
    size_t n_bad;                     /* selected documents that do not load */
    size_t n_skipped;                 /* documents in directories that are no rules */
    struct constant_field *constants; /* --set */
    size_t n_constants;
    struct arena *slots_arena; /* what rules know of lists: both threads that load ask for it */
    struct arena *lists_arena; /* holds the two below and nothing else */
    struct list_set *lists;
    const struct list_view *list_view; /* what stands on the lists that rules ask at run time */
    const struct list_slot **slots;    /* those lists, by number; in the book's arena */
    size_t n_slots;
    const struct addends *score_lists;       /* NULL: none of the lists lifts scores */
    const struct sigma_pipelines *pipelines; /* NULL: none are given */
    struct str pipeline_texts;               /* of their files, for the name of the set */
    struct geoip *geoip;                     /* NULL: no database is given */
    const struct geo_source *geo;            /* what is asked of it; NULL: nothing */
    struct overlay_set *overlays;            /* NULL: none are given */
    struct str_list overlay_paths;           /* their files */
    struct str overlays_sha256;              /* of their files; empty: none */
    struct str lists_sha256;                 /* of the lists, a line each */
    /* Names this set of rules: a hash over all that says what they mean, their texts, overlays,
     * lists and profiles. */
    struct str generation;
    /* The same without lists that are only asked at run time: what decides whether anything must be
     * compiled anew. */
    struct str compiled_generation;
    double load_seconds;
};

/* Load everything. Bad rules and bad overlays are no failure here: rules are verdicts, overlays
 * have faults (rule_book_report_overlays). Fails for missing paths, directories without rules, bad
 * lists, profiles and selections. */
MUST_USE enum weir_rc rule_book_load(const struct rule_options *o, struct rule_book *out,
                                     struct weir_err *err);
void rule_book_release(struct rule_book *b);

/* Print what is wrong with the overlays, a line each. EXIT_RULES if anything is: no rule may be
 * used then, since it would not be what its user made of it. */
enum exit_code rule_book_report_overlays(const struct rule_book *b);

/* Print what is wrong with the overlays, or else each error of each selected bad document (and with
 * skip_bad how many are left out).
 * EXIT_RULES if the run must not go on, EXIT_WORLD if no rule is left, else EXIT_FINE. */
enum exit_code rule_book_report(const struct rule_book *b, const struct rule_options *o);

/* The errors of one document on stderr, a line each. */
void rule_book_print_errors(const struct verdict *v);

/* Say why there is no rule to work with; gives the exit code. */
enum exit_code rule_book_report_empty(const struct rule_book *b);

/* The profile of that name. WEIR_BADARG: there is none; err names the nearest, or some that are. */
MUST_USE enum weir_rc rule_profile(const struct profile_set *set, struct str name,
                                   const struct profile **out, struct weir_err *err);

/* Options of an engine for these rules; `profile` is the name of a pinned one, empty: none.
 * WEIR_BADARG for an unknown name. */
MUST_USE enum weir_rc rule_book_engine_options(const struct rule_book *b,
                                               const struct rule_options *o, struct str profile,
                                               struct engine_options *out, struct weir_err *err);

#endif
