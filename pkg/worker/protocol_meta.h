/* protocol_meta.h - the metadata of a committed offset: what the next owner must know.
 *
 * Text (base64), since brokers take a text, at most PROTOCOL_METADATA_MAX of it. Foreign or damaged
 * text is refused as a whole: the partition then starts at its offset as if nothing was known.
 */
#ifndef WEIR_WORKER_PROTOCOL_META_H
#define WEIR_WORKER_PROTOCOL_META_H

#include "base/base.h"
#include "base/buf.h"
#include "state/store.h"

/* What the worker keeps beside a position (the clock of the partition): opaque here. */
enum { PROTOCOL_EXTRA_MAX = 768 };

struct protocol_meta {
    uint32_t slot; /* of the committer */
    char incarnation[STORE_RUN_ID_MAX];
    uint64_t tick;
    int64_t prefix_ms; /* watermark behind the position: replay_position, else the offset */
    int64_t group_ms; /* the group's slowest level's, as far as it was ever known; else INT64_MIN */
    bool is_replay;
    uint64_t replay_position;
    size_t n_extra;
    uint8_t extra[PROTOCOL_EXTRA_MAX]; /* behind the position, as prefix_ms */
};

/* last: [n_rounds][STORE_SHARDS], how far each shard is known to be. */
void protocol_meta_pack(const struct protocol_meta *m, const struct store_at *last,
                        uint32_t n_rounds, struct buf *out);
/* False: not ours. Rounds that the text does not have become {0, 0}. */
MUST_USE bool protocol_meta_unpack(struct str text, struct protocol_meta *m, struct store_at *last,
                                   uint32_t n_rounds);

/* The watermark behind the committed position, INT64_MIN if the text is not ours. */
int64_t protocol_meta_prefix_ms(struct str text);
/* Event time that a replay counts back from (protocol_told.replay_start): the same, or the group's
 * if that is behind. What the group has not judged is in no journal, however far ahead its
 * partition was; alignment does not bound that, for a partition may have a gap of hours. INT64_MIN:
 * not known. */
int64_t protocol_meta_replay_ms(struct str text);

#endif
