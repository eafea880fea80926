/* impl.h - what the files of the folder share.
 *
 * Functions that return bool say what is wrong in the diag and return false. A key that is absent
 * is no error unless its function says so: the value is then empty, 0 or NULL.
 */
#ifndef WEIR_LANG_ELASTIC_IMPL_H
#define WEIR_LANG_ELASTIC_IMPL_H

#include "lang/amount.h"
#include "lang/elastic/elastic.h"
#include "lang/query.h"

/* One rule while it is read. */
struct reading {
    struct elastic_scope *s;
    const struct doc_node *rule;     /* the map of its keys */
    const struct doc_node *metadata; /* TOML only; may be NULL */
    struct rule *out;
    struct str type;
    struct place type_at;
    int64_t from_ms, interval_ms; /* how far it looks back, how often it runs */
};

/* ---- key.c ---- */

struct key_names {
    const char *const *names;
    size_t n;
};

/* A key that is none of these and looks like one: an error. Another unknown one: a note. */
bool key_check(struct elastic_scope *s, const struct doc_node *map, const struct key_names *known,
               const char *what);
/* The same where no key changes what the rule means: notes only. */
void key_note(struct elastic_scope *s, const struct doc_node *map, const struct key_names *known,
              const char *what);
bool key_text(struct elastic_scope *s, const struct doc_node *map, const char *key,
              struct str *out);
/* A list of texts, or one text. */
bool key_texts(struct elastic_scope *s, const struct doc_node *map, const char *key, size_t max,
               struct str_list *out);
bool key_number(struct elastic_scope *s, const struct doc_node *map, const char *key, int64_t least,
                int64_t most, int64_t *out);
/* Absent: false. */
bool key_flag(struct elastic_scope *s, const struct doc_node *map, const char *key, bool *out);
/* A map or a list; NULL if it is absent (or wrong, which is told). */
const struct doc_node *key_node(struct elastic_scope *s, const struct doc_node *map,
                                const char *key, enum doc_type type);
/* Says that a key is missing. */
bool key_missing(struct elastic_scope *s, const struct doc_node *map, const char *key);
/* One of the words (NULL ends them); *out is its index. */
bool key_word(struct elastic_scope *s, const struct doc_node *node, const char *key,
              const char *const *words, size_t *out);

/* ---- the others ---- */

bool head_load(struct reading *r);
bool level_load(struct reading *r);
bool stream_load(struct reading *r);
bool span_of(struct elastic_scope *s, struct place at, const char *key, struct str text,
             int64_t *ms);
bool threshold_load(struct reading *r);
bool new_terms_load(struct reading *r);
/* grouped: fields that a threshold groups by; array: what a list in a key field is. */
bool suppress_load(struct reading *r, struct str_list grouped, enum dedup_array array);
bool indicator_load(struct reading *r);
bool filters_load(struct reading *r);
/* The conditions of one "filters" list; *out is NULL if there are none. */
bool filters_formula(struct elastic_scope *s, const struct doc_node *list, struct formula **out);

/* ---- filter_text.c ---- */

/* What would change the condition and is not done is refused: false. */
bool options_check(struct elastic_scope *s, struct str clause, const struct doc_node *map);
/* minimum_should_match of n conditions: 2, -1, 75%, -25%. */
bool least_of(struct elastic_scope *s, const struct doc_node *node, size_t n, size_t *out);
/* So many of the parts are true. NULL: too many to choose from. */
struct formula *at_least(struct elastic_scope *s, const struct doc_node *at, struct formula **parts,
                         size_t n, size_t least);
/* What stands behind a match's field: a text, or a map of it and options. */
struct formula *match_words(struct elastic_scope *s, const struct doc_node *map,
                            const struct doc_node *text, struct str field);
struct formula *multi_match(struct elastic_scope *s, const struct doc_node *body);
/* query_string, kql: a query of a language of its own. */
struct formula *query_text(struct elastic_scope *s, struct str word, const struct doc_node *body);

bool exceptions_named(struct reading *r, struct elastic_loaded *out);

/* What wildcards mean in the search DSL: * any text, ? one character, \ takes the next as it is. */
bool wildcard_glob(struct elastic_scope *s, struct place at, struct str text, struct glob *out);
/* The field has a value: no null, no empty list. */
struct formula *has_value(struct elastic_scope *s, const struct doc_node *at, struct str field);
/* The field is this text as KQL has it: by word, by network, case aside (x.caseless), by what it
 * is. */
struct formula *text_is(struct elastic_scope *s, const struct doc_node *text, struct str field);
struct query_scope query_scope_of(const struct elastic_scope *s, const struct doc_node *text);

#endif
