/* modifier.h - `field|modifier|modifier`: the key of a Sigma item and what it does to values.
 *
 * Value modifiers are applied left to right; one may turn a value into several (base64offset,
 * expand), which stay alternatives of each other even under `all`. `all` and `neq` are about
 * the whole item and may stand anywhere.
 */
#ifndef WEIR_LANG_SIGMA_MODIFIER_H
#define WEIR_LANG_SIGMA_MODIFIER_H

#include "lang/network.h"
#include "lang/sigma/value.h"

struct modifier;
struct transform;

struct sigma_key {
    struct str field; /* empty: keywords */
    struct str text;  /* the whole key */
    struct place at;
    const struct modifier *chain[SIGMA_MODIFIERS_MAX]; /* value modifiers, in order */
    size_t n_chain;
    bool is_all, is_negated;
    bool has_affix; /* contains, startswith or endswith is among them */
    enum sigma_reading reading;
    /* what pipelines add */
    bool is_open; /* a keyword that got a field: its text may stand anywhere in it */
    const struct transform *const *replacements;
    size_t n_replacements;
};

struct sigma_values {
    struct sigma_value *items;
    size_t n, cap;
};

/* Take a key apart; false after an error (unknown, empty or misplaced modifiers). */
bool sigma_key_parse(struct sigma_scope *s, struct str text, struct place at,
                     struct sigma_key *out);

/* Its values stay texts: no re, cidr, fieldref ..., and no encoding. */
bool sigma_key_is_plain(const struct sigma_key *key);

/* The values that one listed scalar becomes: at least one. */
bool sigma_modifiers_apply(struct sigma_scope *s, const struct sigma_key *key,
                           const struct doc_node *node, struct sigma_values *out);

void sigma_values_push(struct arena *a, struct sigma_values *values, const struct sigma_value *v);

/* An item to a formula; NULL after an error. */
struct formula *sigma_item_lower(struct sigma_scope *s, const struct sigma_key *key,
                                 const struct doc_node *node);
/* The same behind the rule's pipelines. *is_dropped: they want it left out (then NULL). */
struct formula *sigma_item_pass(struct sigma_scope *s, const struct sigma_key *key,
                                const struct doc_node *node, bool *is_dropped);

/* What replace_string of pipelines makes of values that the modifiers are done with. False after
 * an error. */
bool sigma_values_replace(struct sigma_scope *s, const struct sigma_key *key,
                          struct sigma_values *values);

/* ---- encode.c: changes of text ---------------------------------------------------------- */

enum sigma_utf16 { SIGMA_UTF16_LE, SIGMA_UTF16_BE, SIGMA_UTF16_BOM };

struct str sigma_base64(struct arena *a, struct str bytes);
/* The three texts of which one is in any base64 text that holds these bytes somewhere. */
void sigma_base64_offsets(struct arena *a, struct str bytes, struct str out[3]);
struct str sigma_utf16(struct arena *a, struct str text, enum sigma_utf16 how);
/* Each dash or slash that starts a word becomes a set of all dashes and the slash. */
struct sigma_string sigma_windash(struct arena *a, struct sigma_string s);

/* ---- expand.c: one value to several -------------------------------------------------------- */

/* Replace %placeholders% by the entries of their lists. A placeholder that is all of the value,
 * where nothing else is to happen to it (is_all), becomes SIGMA_LIST if its list can be asked at
 * run time. Else *v becomes the first result, the others go to `more`. A list of mode exact makes
 * the value cased; one of mode cidr makes it networks and must be all of the value. False after an
 * error (no such list, too many values, a bad network, lists whose modes do not go together). */
bool sigma_placeholders_expand(struct sigma_scope *s, struct sigma_value *v, bool is_all,
                               struct sigma_values *more);
/* Replace sets by their members, each way. */
bool sigma_sets_expand(struct sigma_scope *s, struct sigma_value *v, struct sigma_values *more);

#endif
