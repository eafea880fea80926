/* matcher_impl.h - the matcher's inside, for matcher.c, matcher_shape.c and matcher_value.c. */
#ifndef WEIR_MATCH_MATCHER_IMPL_H
#define WEIR_MATCH_MATCHER_IMPL_H

#include "match/eval.h"
#include "match/matcher.h"
#include "match/prepare.h"
#include "match/raised.h"
#include "match/value_cache.h"

/* Which fields were met, and what rules cost: 0 in a program that `make bench` measures beside the
 * real one, to show that they cost nothing. */
#ifndef MATCHER_STATS
#define MATCHER_STATS 1
#endif

enum { WORDS_AT_ONCE = 4 };
enum { HITS_CAP = 1024, NUMBER_TEXT_MAX = 96, PLAIN_INTEGER_MAX = 18, FINDS_MAX = 1 << 16 };

/* Fields with fewer literals are scanned faster than looked up. A field of whose last CACHE_PERIOD
 * values not half were known is left alone for CACHE_MUTE values. */
enum { CACHED_LITERALS_MIN = 1000, CACHE_PERIOD = 1024, CACHE_MUTE = 16384 };

struct cache_use {
    uint32_t asked, hits; /* in this period */
    uint32_t n_muted;     /* values still to be left alone */
};

/* What a table found in a value (net.h); the finds of one value form a list. */
struct find {
    uint32_t found;
    uint32_t before; /* 1 + index of the one before, 0: none */
};

/* What prepare_event() has to know of a field, in one byte. */
enum {
    HOW_WANTED = 1,
    HOW_LAZY = 2,
    HOW_JOINT = 4,   /* begins a wanted one */
    HOW_PRESENT = 8, /* that it is there wakes rules */
    HOW_LEAVES = 16, /* FIELD_ANY */
    HOW_UNSEEN = 32  /* not met yet */
};

struct shape_state {
    bool is_known;
    uint32_t n_eligible;
    uint64_t events;
    uint64_t *rules;  /* eligible */
    uint64_t *always; /* those that nothing wakes */
    uint64_t *fields; /* wanted */
    uint64_t *seen;   /* fields met */
    uint64_t *lazy;   /* fields that wake none of the rules */
    uint64_t *joints; /* of which rules want more than one field */
    uint8_t *how;     /* per field: what to do with its values, HOW_ bits */
    uint8_t *signals; /* all of them, at rest */
};

struct matcher {
    const struct net *net;
    struct extract_worker *worker;
    struct arena *arena; /* of the batch */
    struct arena *home;  /* as long as the matcher */
    struct evaluator *evaluator;
    struct value_cache *cache;   /* NULL: none */
    struct cache_use *cache_use; /* per table */
    struct find *finds;          /* in values that the cache wants */
    uint32_t n_finds;
    uint32_t *learned; /* values of the batch that the cache wants */
    uint32_t n_learned;

    struct shape_state shapes[SHAPES_MAX];
    uint32_t rule_words; /* a multiple of WORDS_AT_ONCE */
    uint32_t field_words;

    /* the batch */
    const struct event *events;
    struct prepared_value *values;
    struct value_place *places; /* of the same */
    uint32_t n_values;
    struct literal_value *scan; /* the values of the table at hand; room for all */
    struct text_blocks blocks;
    uint32_t first_value[STAGE_EVENTS + 1]; /* values of event i: first_value[i] .. [i + 1] */
    uint32_t *table_head;                   /* per table: 1 + the last value for it, 0 if none */
    uint32_t *tables_met;
    uint32_t n_tables_met;
    struct raised raised;
    struct literal_hit hit_space[HITS_CAP];

    struct match *matches;
    size_t n_matches, matches_cap;
    struct matcher_rule_stats *rule_stats;
    uint64_t n_batches;
};

static inline bool matcher_has_bit(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

/* Which rules and fields concern a shape: met for the first time. */
struct shape_state *matcher_learn_shape(struct matcher *m, uint32_t shape);

static inline struct shape_state *matcher_shape(struct matcher *m, uint32_t shape)
{
    DASSERT(shape < SHAPES_MAX);
    return m->shapes[shape].is_known ? &m->shapes[shape] : matcher_learn_shape(m, shape);
}

/* Take up the values of the n events at hand, look at those that are not lazy, raise signals. */
void matcher_look(struct matcher *m, size_t n);
/* An evaluator_look: at a value of a lazy field, when a formula asks for what it might raise. */
void matcher_look_later(void *matcher, struct prepared_value *v);

#endif
