/* small_table.h - keys with one hit in 16 bytes each: what a flood of keys is remembered as.
 *
 * A record is 48 bits of the key, the hit's time (48 bits of milliseconds) and 32 bits of value.
 * Each key may lie in two buckets of four records; when both are full and none of their records
 * can go to its other bucket, the oldest of the eight is forgotten. The table grows by one bucket
 * at a time (linear hashing with partial expansions, Larson 1980), so there is no moment at which
 * it is there twice, and all buckets are about equally full.
 *
 * Two keys that share their 48 bits share a record: with ten million records, one look-up in 28
 * million meets a stranger's hit. The key is a keyed hash, so nobody can choose that.
 *
 * Threads  belongs to one thread.
 */
#ifndef WEIR_STATE_SMALL_TABLE_H
#define WEIR_STATE_SMALL_TABLE_H

#include "state/key.h"

enum { SMALL_BUCKET = 4, SMALL_GROUP = 4, SMALL_SEGMENT_BYTES = 64 * 1024 };

struct small_record {
    uint64_t name_time;  /* 48 bits of the key (0: no record), the upper 16 of the time */
    uint64_t time_value; /* the lower 32 of the time, the value */
};

struct small_table {
    struct small_record (**segments)[SMALL_BUCKET];
    uint32_t n_segments, cap_segments;
    uint32_t n_buckets; /* in use; 0 or at least SMALL_GROUP */
    uint64_t n;         /* records */
    uint32_t hand;      /* of the sweep */
};

void small_table_release(struct small_table *t);
void small_table_copy(struct small_table *to, const struct small_table *from);

/* Take the key's record out. False: there is none. */
bool small_table_take(struct small_table *t, const struct state_key *key, int64_t *t_ms,
                      uint32_t *value);

/* The same without taking it out. */
bool small_table_peek(const struct small_table *t, const struct state_key *key, int64_t *t_ms,
                      uint32_t *value);
/* Each record as it is, for snapshots; and back into a table that has no such record. False:
 * another one was forgotten for it. */

typedef void small_record_fn(void *context, const struct small_record *r);
void small_table_each(const struct small_table *t, small_record_fn *fn, void *context);
bool small_table_put_record(struct small_table *t, struct small_record r);

/* Bytes to be had before the next bucket can be added: 0 or SMALL_SEGMENT_BYTES. */
uint64_t small_table_wants(const struct small_table *t);
/* It is so full that a bucket should be added. */
bool small_table_is_crowded(const struct small_table *t);
/* One bucket more (the first time: a group). Returns how many records were forgotten by it. */
uint64_t small_table_grow(struct small_table *t);

/* One bucket less; its segment goes with its last one, the table with the last group. Returns how
 * many records were forgotten by it. */
uint64_t small_table_shrink(struct small_table *t);

/* Put a record; there is a bucket at least. Records at or before dead_ms mean nothing any more.
 * False: another one, the oldest of those around, was forgotten for it. */
bool small_table_put(struct small_table *t, const struct state_key *key, int64_t t_ms,
                     uint32_t value, int64_t dead_ms);

/* Look at n buckets and forget dead records; an empty table gives its memory back. Returns how
 * many were forgotten. */
uint64_t small_table_sweep(struct small_table *t, uint32_t n, int64_t dead_ms);

uint64_t small_table_bytes(const struct small_table *t);
/* Bring the key's buckets into the cache. */
void small_table_prefetch(const struct small_table *t, const struct state_key *key);

#endif
