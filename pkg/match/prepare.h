/* prepare.h - a value of the batch, made ready to compare: unescaped, valid UTF-8, folded.
 *
 * Preparing is lazy: a value of which the value cache remembers what it holds is only prepared if a
 * rule comes to test it. Texts lie one behind the other in blocks of the batch.
 *
 * Memory   blocks belong to the batch's arena; a text without escapes is a slice of the record.
 * Threads  belongs to one matcher.
 */
#ifndef WEIR_MATCH_PREPARE_H
#define WEIR_MATCH_PREPARE_H

#include "base/arena.h"
#include "base/base.h"
#include "json/scan.h"

/* A cache line: an event has forty. */
struct prepared_value {
    struct str raw;     /* as in the record */
    struct str text;    /* ready: unescaped, valid UTF-8; until then as in the record */
    const char *folded; /* ready: the same after ASCII fold, as many bytes */
    uint32_t table;     /* by which it is looked at: that of its field, or of a joint (net.h) */
    uint32_t next;      /* 1 + index of the next value of the same table in the batch, 0: none */
    uint32_t found;     /* 1 + index of the last find in it, for the cache; 0: none */
    uint8_t event;      /* index into the stage's events */
    uint8_t kind;       /* enum json_kind */
    uint8_t flags;      /* JSON_ESCAPED, of the raw text */
    bool is_ready, is_ascii;
    bool is_learned; /* the cache wants to know what is found in it */
};
_Static_assert(sizeof(struct prepared_value) == 64, "a cache line");

/* Which field a value is of: beside the values, so that all of an event's are in a few lines. */
struct value_place {
    uint32_t field;
    uint32_t next; /* 1 + index of the event's next value of the field, 0: none */
};

/* Where the next texts go, and the end of that block: there is always another. */
struct text_blocks {
    struct arena *arena;
    char *plain_at, *plain_end;
    char *folded_at, *folded_end;
};

/* True if the kind of value has a text that rules compare with. */
static inline bool value_has_text(const struct prepared_value *v)
{
    return v->kind == JSON_STRING || v->kind == JSON_NUMBER || v->kind == JSON_TRUE ||
           v->kind == JSON_FALSE;
}

static inline struct str value_folded(const struct prepared_value *v)
{
    return (struct str){v->folded, v->text.n};
}

void value_make_ready(struct prepared_value *v, struct text_blocks *blocks);

static inline void value_ready(struct prepared_value *v, struct text_blocks *blocks)
{
    if (!v->is_ready)
        value_make_ready(v, blocks);
}

#endif
