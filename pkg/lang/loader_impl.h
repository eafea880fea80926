/* loader_impl.h - the loader's inside, for the files that load one kind of file each.
 *
 * lang.c has files, verdicts and the end; load_elastic.c, load_splunk.c and load_logscale.c the
 * rule files of those vendors.
 */
#ifndef WEIR_LANG_LOADER_IMPL_H
#define WEIR_LANG_LOADER_IMPL_H

#include "lang/cql/cql.h"
#include "lang/diag.h"
#include "lang/elastic/elastic.h"
#include "lang/lang.h"
#include "lang/link.h"
#include "lang/names.h"
#include "lang/query.h"
#include "lang/sigma/sigma.h"

struct loaded_filter {
    struct sigma_filter filter;
    size_t verdict; /* index of its verdict */
};

/* An exceptions list that a rule names, or an item of one. */
struct loaded_exception {
    struct elastic_exception exception;
    size_t verdict; /* of the rule, or of the item */
};

/* A search that waits for its macros. */
struct loaded_search {
    struct rule head;
    struct str text; /* of the document, or of the query */
    uint32_t line;   /* where the text starts in its file */
    bool is_query;
    size_t verdict;
};

/* A LogScale query that waits for those that it calls. */
struct loaded_logscale {
    struct rule head;
    struct cql_document document;
    struct str source; /* of the document, for places */
    uint32_t line;     /* where it starts in its file */
    bool is_found;     /* the file was met, not named */
    size_t verdict;
};

/* A document that others are made of, and where its text begins. */
struct collected {
    const struct doc_node *document; /* NULL: there is none */
    struct str text;                 /* all that it is made of */
    size_t n_nodes;
    const char *begin; /* of the first of these in the file */
    uint32_t line;
};

struct collection {            /* collection.c */
    bool is_on, may_repeat;    /* such words stand in the file */
    size_t n_taken;            /* bytes of text and values that rules took from others */
    struct collected global;   /* what rules take */
    struct rule global_head;   /* of its verdict, if none does */
    struct collected previous; /* what `repeat` repeats */
    bool is_used, is_named;    /* a rule took it; one has its id and name */
    struct str rule_text; /* of the rule at hand, with what it takes; empty: it takes nothing */
    uint32_t broken_line; /* of a global document that cannot be read; 0: there is none */
};

struct rule_loader {
    struct arena *a;       /* results */
    struct arena *work;    /* the loader itself and what it collects */
    struct arena *scratch; /* one document */
    const struct list_source *lists;
    struct lang_options options;
    struct names *names;
    struct verdict *verdicts;
    size_t n_verdicts, cap_verdicts;
    struct loaded_filter *filters;
    size_t n_filters, cap_filters;
    struct loaded_correlation *correlations;
    size_t n_correlations, cap_correlations;
    struct loaded_exception *named; /* exceptions lists that rules name */
    size_t n_named, cap_named;
    struct loaded_exception *items; /* of exceptions lists */
    size_t n_items, cap_items;
    struct spl_macros *macros;
    struct loaded_search *searches;
    size_t n_searches, cap_searches;
    struct cql_saved *saved;
    struct loaded_logscale *logscale;
    size_t n_logscale, cap_logscale;
    bool is_found;                /* the file at hand was met, not named */
    struct collection collection; /* of the file at hand */
    struct diag diag;             /* of the document at hand */
};

/* A rule that is not read yet: its path, place and stand-in id. */
struct rule loader_new_head(struct rule_loader *l, struct str path, uint32_t document,
                            uint32_t line);
/* The verdict on what `head` describes, with the messages of l->diag. */
struct verdict *loader_add_verdict(struct rule_loader *l, const struct rule *head, struct str kind);
/* ---- collection.c ---- */

/* Around the documents of a file. */
void collection_begin(struct rule_loader *l, struct str file);
void collection_end(struct rule_loader *l);
/* A document that is no YAML stands here; global_line: of an `action: global` in it, or 0. */
void collection_break(struct rule_loader *l, uint32_t global_line);
/* The document as those that are about it make it; NULL: it is about others itself. What is wrong
 * is in l->diag: the document is a rule that does not load. */
const struct doc_node *collection_take(struct rule_loader *l, const struct doc_node *document,
                                       const struct rule *head);

/* The verdict on a rule, and the rule if it is good. */
void loader_keep_rule(struct rule_loader *l, struct rule *head, struct str kind, bool is_good);
/* The lists that the rule of this id may name. */
const struct list_source *loader_lists_of(const struct rule_loader *l, struct str uid);
/* The same for a document that may say its id (`id:`). */
const struct list_source *loader_lists_of_document(const struct rule_loader *l,
                                                   const struct doc_node *document,
                                                   const struct rule *head);

/* For a query that is a file of its own; uid: of its rule. */
struct query_scope loader_query_scope(struct rule_loader *l, struct str uid);

/* ---- load_elastic.c ---- */

/* Endings of its files: .toml, .ndjson, .json. */
bool loader_is_elastic_path(struct str path);
void loader_add_elastic(struct rule_loader *l, struct str path, struct str text);
/* What `other` has becomes that of `l`, whose verdicts it follows. */
void loader_join_exceptions(struct rule_loader *l, const struct rule_loader *other, size_t before);
/* When all files are read: take out of rules what their exceptions lists except. */
void loader_settle_exceptions(struct rule_loader *l);

/* ---- load_splunk.c ---- */

/* False: neither a detection nor a macro. */
bool loader_add_splunk(struct rule_loader *l, const struct doc_node *document, struct rule *head);
/* A file that is one search. */
void loader_add_search(struct rule_loader *l, const struct rule *head, struct str text);
void loader_join_searches(struct rule_loader *l, const struct rule_loader *other, size_t before);
/* When all files are read: load what waited for macros. */
void loader_settle_searches(struct rule_loader *l);

/* ---- load_logscale.c ---- */

/* False: no file of a LogScale package. */
bool loader_add_logscale(struct rule_loader *l, const struct doc_node *document, struct rule *head);
/* A file that is one query. */
void loader_add_logscale_query(struct rule_loader *l, const struct rule *head, struct str text);
void loader_join_logscale(struct rule_loader *l, const struct rule_loader *other, size_t before);
/* When all files are read. */
void loader_settle_logscale(struct rule_loader *l);

#endif
