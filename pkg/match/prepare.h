/* prepare.h - a value of the batch, made ready to compare: unescaped, valid UTF-8, folded.
 *
 * Preparing is lazy: a value whose sources the value cache remembers is only prepared if a rule
 * comes to test it. Texts lie one behind the other in two blocks per batch.
 *
 * Memory   blocks belong to the batch's arena; an unescaped text may be a slice of the record.
 * Threads  belongs to one matcher.
 */
#ifndef WEIR_MATCH_PREPARE_H
#define WEIR_MATCH_PREPARE_H

#include "base/base.h"
#include "json/scan.h"

struct prepared_value {
    struct str raw;    /* as in the record */
    struct str text;   /* ready: unescaped, valid UTF-8 */
    struct str folded; /* ready: the same after ASCII fold */
    uint32_t field;
    uint32_t table; /* by which it is looked at: that of the field, or of a joint (net.h) */
    uint32_t event; /* index into the batch */
    uint32_t next;  /* 1 + index of the next value of the same table in the batch, 0: none */
    uint32_t found; /* 1 + index of the last source found in it, for the cache; 0: none */
    uint8_t kind;   /* enum json_kind */
    uint8_t flags;  /* JSON_ESCAPED, of the raw text */
    bool is_ready, is_ascii;
    bool is_learned; /* the cache wants to know what is found in it */
};

/* Which field a value is of: beside the values, so that all of an event's are in a few lines. */
struct value_place {
    uint32_t field;
    uint32_t next; /* 1 + index of the event's next value of the field, 0: none */
};

/* Where the next texts go. Room for three times the bytes of all values of the batch: an invalid
 * byte grows to U+FFFD. Behind that FOLD_BEHIND bytes more (fold.h). */
struct text_blocks {
    char *plain_at, *folded_at;
};

/* True if the kind of value has a text that rules compare with. */
static inline bool value_has_text(const struct prepared_value *v)
{
    return v->kind == JSON_STRING || v->kind == JSON_NUMBER || v->kind == JSON_TRUE ||
           v->kind == JSON_FALSE;
}

void value_make_ready(struct prepared_value *v, struct text_blocks *blocks);

static inline void value_ready(struct prepared_value *v, struct text_blocks *blocks)
{
    if (!v->is_ready)
        value_make_ready(v, blocks);
}

#endif
