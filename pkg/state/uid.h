/* uid.h - names that a replay and the live run agree on: UUIDs of findings and records, and
 * the dedup bucket.
 *
 * Every name is a UUID version 5 (RFC 4122 section 4.3, SHA-1) over the namespace and the parts
 * of the name. A part is written as its length (4 bytes, big-endian) and its bytes, so no two
 * lists of parts can meet by concatenation ("a","bc" and "ab","c" differ).
 *
 *   finding  tenant, rule uid, key values ..., "bucket:" + start in ms
 *            without an entity: tenant, rule uid, "event:" + the event's id,
 *            or "raw:" + SHA-256 of the record in hex + ":" + index
 *   record   finding uid as text, activity ("1" Create), sequence in decimal
 *
 * Bucket   b = floor((t + phase) / period); phase = (first 8 bytes, big-endian, of SHA-256 of
 *          the parts rule uid, key values ...) mod period, so that not everything begins anew
 *          on the hour. start = b * period - phase: t is in [start, start + period).
 * Stable   these rules are published (docs/alert.md): a change gives all findings new names.
 * Threads  a digest belongs to one thread.
 */
#ifndef WEIR_STATE_UID_H
#define WEIR_STATE_UID_H

#include "base/base.h"

enum { UID_TEXT = 37, DIGEST_BYTES = 32, DIGEST_TEXT = 65 };
enum { UID_PERIOD_MS = 3600 * 1000 }; /* default dedup period */

struct uid {
    uint8_t bytes[16];
};

/* The namespace of weir: UUIDv5 of the DNS namespace and "findings.weir.invalid". */
extern const struct uid uid_namespace;

/* The state of a hash at work: may lie on the stack; what it holds is uid.c's. */
struct digest {
    uint64_t room[32];
};
struct digest *digest_new(void);
void digest_free(struct digest *d);

/* SHA-256 in lower-case hex, zero-terminated. */
void digest_sha256_hex(struct digest *d, struct str s, char out[static DIGEST_TEXT]);

/* RFC 4122 as it stands: one name, no length prefix. */
struct uid uid_v5(struct digest *d, struct uid space, struct str name);
/* The name is a list of parts. */
struct uid uid_of_parts(struct digest *d, const struct str *parts, size_t n);

/* "8844d0cd-fb0a-5513-bef8-e93331bedc21", zero-terminated. */
void uid_format(struct uid uid, char out[static UID_TEXT]);
/* The same text back, hex digits in either case. False: it is none. */
MUST_USE bool uid_parse(struct str text, struct uid *out);

/* The phase of the buckets of a key, 0 .. period_ms - 1. parts: rule uid, then the key values. */
int64_t uid_bucket_phase(struct digest *d, const struct str *parts, size_t n, int64_t period_ms);
/* Start of the bucket that t_ms falls in, for that phase. */
int64_t uid_bucket_at(int64_t phase_ms, int64_t t_ms, int64_t period_ms);
/* Both in one. */
int64_t uid_bucket_start(struct digest *d, const struct str *parts, size_t n, int64_t t_ms,
                         int64_t period_ms);

#endif
