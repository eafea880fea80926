/* hit.h - one operation as the operators see it: an event (or a finding of a level below) that
 * concerns a key.
 *
 * Built on the matching thread from the event's values, so that the state thread needs no event.
 */
#ifndef WEIR_CORRELATE_HIT_H
#define WEIR_CORRELATE_HIT_H

#include "base/base.h"
#include "state/key.h"

/* Where an address is, as the GeoIP file has it (geoip.h). */
struct place {
    int32_t lat_e5, lon_e5; /* 1e-5 degrees */
    uint32_t asn;           /* 0: unknown */
    char country[2];        /* ISO 3166, zeros: unknown */
    bool has;               /* false: the address is in no network that the file knows */
};

struct book_restored; /* book.h */
struct fact;          /* facts.h */

struct hit {
    uint32_t label;       /* which of the operator's inputs: index into correlation.inputs */
    uint32_t count;       /* folded hits of the same time bucket; 1 mostly */
    uint64_t value;       /* hash of the distinct tuple, term or actor (state_value_of) */
    uint64_t actor;       /* hash of the actor field; 0: the operator has none */
    uint64_t event_id;    /* hash of the event's own id; 0: it has none (count_by: event_id) */
    int64_t number_micro; /* for aggregates, in millionths */
    uint8_t level;        /* enum rule_level, for findings */
    bool is_inexact;      /* of signals: a bound bit, what it tells is a lower bound */
    /* Of the group alone, always. In a signal to another stage: the key of the cell that sends
     * it, so that it can be answered. */
    struct state_key group_key;
    struct str keys;       /* packed texts (u8 n, then pack_str each): the key's values in clear */
    struct str value_text; /* the value in clear, cut; for terms, addresses ... */
    struct str capsule;    /* packed (capsule.h); empty: none */
    /* Of a finding's own events, in a batch: the one before it that came to the same key, if it is
     * older (NULL: none, or it is not), and so on for `run` of them. is_passing: three of the run
     * come behind it, too (book.h). */
    const struct hit *before;
    uint32_t run;
    bool is_passing;
    bool has_place;   /* offset and index are the capsule's: of gathered operations that have one */
    uint32_t index;   /* of the event in its record */
    uint64_t offset;  /* of the record */
    int64_t t_ms;     /* of the operation; only with run and before */
    struct str cited; /* of a signal about several events: their capsules (cited.h) */
    /* Packed score addends of lists (score.h); of an alert that adds to risk: what passes through
     * (record.h). Empty: none. */
    struct str addends;
    struct place place; /* of value_text (geo_velocity), looked up on the matching thread */
    /* No hit: a finding that was told, and whose cell is gone (reopen.h). NULL: a hit. */
    const struct book_restored *restored;
    const struct fact *fact; /* no hit: what training has taught (facts.h) */
};

#endif
