/* elastic.h - the front end for Elastic's rule files: TOML as its rule repository has them, and the
 * JSON that Kibana exports, one rule a line.
 *
 * The query in a file is read by the front end of its language (lang/query.h); what surrounds it is
 * read here. Inside the folder:
 *
 *     load.c        a document to a rule: its type decides
 *     key.c         typed access to keys; slips of the pen
 *     head.c        what people read: name, author, tags, ATT&CK ...; level and score
 *     stream.c      index patterns, times, rate: how a rule is scheduled there, what is left of it
 *     stateful.c    threshold, new_terms: a silent part and an operator over it
 *     suppress.c    alert_suppression: how findings fold
 *     filter.c      filters: the search DSL's conditions to formulas
 *     filter_text.c conditions that analyse a text; options that change a condition
 *     indicator.c   threat_match: columns of a list
 *     exception.c   exceptions lists: items to formulas, settled when all files are read
 *
 * Sources of the meaning: Elastic's documentation of detection rules and the files themselves;
 * facts only. docs/languages.md has the readings.
 *
 * Memory   the rule in scope->a, everything else in scope->scratch, which the loader resets.
 */
#ifndef WEIR_LANG_ELASTIC_ELASTIC_H
#define WEIR_LANG_ELASTIC_ELASTIC_H

#include "base/arena.h"
#include "base/base.h"
#include "doc/doc.h"
#include "lang/diag.h"
#include "lang/names.h"
#include "rule/correlation.h"
#include "rule/rule.h"

enum {
    ELASTIC_FIELDS_MAX = 3,    /* group, term or suppression fields of one rule */
    ELASTIC_FILTERS_DEPTH = 32 /* bool inside bool */
};

struct elastic_scope {
    struct arena *a, *scratch;
    struct names *names;
    const struct list_source *lists; /* may be NULL */
    const struct geo_source *geo;    /* may be NULL */
    struct diag *diag;
    bool is_json; /* a line of an export: strings have JSON's escapes */
};

/* An exceptions list that a rule names, or an item of one. */
struct elastic_exception {
    struct str list;         /* its list_id */
    struct place at;         /* where the rule names it */
    struct formula *formula; /* of an item: what it excepts */
};

enum elastic_kind {
    ELASTIC_NONE,      /* no sign of a rule */
    ELASTIC_RULE,      /* [rule], or a line with rule_id */
    ELASTIC_EXCEPTION, /* an item of an exceptions list */
    ELASTIC_LIST,      /* an exceptions list without its items */
    ELASTIC_LISTS, /* a file of exceptions lists with their items, as the rules' repository has them
                    */
    ELASTIC_SUMMARY /* the last line of an export, and what is no rule in it (connectors) */
};

enum elastic_kind elastic_kind_of(const struct doc_node *document);
/* Where the keys of the rule are: in [rule], in the attributes of a package's asset, or the
 * document itself. */
const struct doc_node *elastic_rule_of(const struct doc_node *document);

/* What became of a rule besides itself. */
struct elastic_loaded {
    struct str kind;                      /* its type: "query", "threshold" ... */
    struct elastic_exception *exceptions; /* lists that it names; in scope->a */
    size_t n_exceptions;
};

/* head has path, uid, document and line. False: see the diag. */
bool elastic_rule_load(struct elastic_scope *s, const struct doc_node *document, struct rule *head,
                       struct elastic_loaded *out);

/* An item of an exceptions list. list: whose it is where it does not say so itself; may be empty.
 */
bool elastic_exception_load(struct elastic_scope *s, const struct doc_node *document,
                            struct str list, struct rule *head, struct elastic_exception *out);
/* Of ELASTIC_LISTS: the items of list i, and the list's id; NULL: it has none. */
const struct doc_node *elastic_items_of(const struct doc_node *document, size_t i,
                                        struct str *list);

/* The rule matches only where `f` is true too: it, or each of its parts. False: too deep. */
bool elastic_restrict(struct arena *a, struct rule *rule, struct formula *f);

#endif
