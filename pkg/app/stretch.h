/* stretch.h - stretches of Kafka's logs as inputs of a replay.
 *
 *     kafka://TOPIC                      all partitions, one after the other
 *     kafka://TOPIC/PARTITION            one of them
 *     kafka://TOPIC/PARTITION/OFFSET     one record
 *
 * Read without a group: nothing is committed, nobody else's reading is touched. Where each
 * partition ends is decided when the stretch is opened; records of open transactions below that end
 * are waited for, aborted ones are never seen. Bounds in time cut each log where the first record
 * at or after them lies.
 *
 * Errors   all that can be known before reading is told when opening, within READER_OPEN_MS or so.
 * Threads  belongs to one thread; it may be another than the one that opened it.
 */
#ifndef WEIR_APP_STRETCH_H
#define WEIR_APP_STRETCH_H

#include "app/stream.h"
#include "app/flags.h"
#include "app/text_list.h"
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "kafka/props.h"
#include "kafka/reader.h"
#include "worker/config.h"
#include "worker/transport_of.h"

#define STRETCH_SCHEME "kafka://"

enum { STRETCH_QUIET_S = 120 }; /* nothing comes for so long: the reading fails */

bool is_stretch(struct str path);

/* As the command line has it. */
struct stretch_options {
    struct text_list properties; /* -X NAME=VALUE */
    struct str config;           /* -c: of a worker; empty: none */
    struct str from, to;         /* record times: ISO, or how long ago (4h); empty: no bound */
};

/* The flags that fill it, written to out; returns how many. */
enum { STRETCH_FLAGS_MAX = 4 };
size_t stretch_flags(struct stretch_options *o, struct flag out[STRETCH_FLAGS_MAX]);

/* How the brokers are reached, which time is wanted, and what the worker's configuration says of
 * the records. Lives in the arena it was made in. */
struct stretch_access {
    struct kafka_props common, consumer;
    int64_t from_ms, to_ms; /* INT64_MIN, INT64_MAX: no bound */
    /* The input of the configuration that all the topics belong to; NULL: none. */
    const struct config_input *input;
    struct str tenant_header; /* only records that name `tenant` in it; empty: all */
    struct str tenant;
};

/* `paths` may hold files; those get no profile, labels or tenant of the configuration's, so that a
 * mix is refused where it has any. tenant: of --tenant, empty: none. */
MUST_USE enum weir_rc stretch_access_load(const struct stretch_options *o,
                                          const struct text_list *paths, struct str tenant,
                                          struct arena *a, struct stretch_access *out,
                                          struct weir_err *err);

/* Constant fields as NAME=VALUE: the labels of the configuration's input, then `set`. */
void stretch_constants(const struct stretch_access *access, struct arena *a,
                       const struct text_list *set, struct text_list *out);

/* "2026-07-25T12:00:00Z", or "90s", "30m", "4h", "7d" before now. */
MUST_USE enum weir_rc stretch_time(struct str text, int64_t now_ms, int64_t *ms,
                                   struct weir_err *err);

struct stretch_place {
    struct str topic;  /* with a NUL behind it */
    int32_t partition; /* -1: all */
    int64_t offset;    /* -1: all */
};
MUST_USE enum weir_rc stretch_place_parse(struct arena *a, struct str path,
                                          struct stretch_place *out, struct weir_err *err);

struct stretch;
struct source_sink;

/* `access` must outlive it. */
MUST_USE enum weir_rc stretch_open(const struct stretch_access *access, struct str path,
                                   struct stretch **out, struct weir_err *err);
void stretch_free(struct stretch *s);
/* What rules ask of a record beside its bytes; must outlive the reading. NULL, and until then:
 * nothing. */
void stretch_want(struct stretch *s, const struct transport_names *names);

/* Its partitions in order: input k of it is parts[k]. */
const struct kafka_reader_part *stretch_parts(const struct stretch *s, size_t *n);
/* Topic and bounds, as bytes. */
void stretch_identify(const struct stretch *s, struct buf *out);

/* All of it, once. `input`: number of its first partition; before: what others have passed. */
MUST_USE enum weir_rc stretch_read(struct stretch *s, uint32_t input,
                                   const struct source_sink *sink, uint64_t before,
                                   struct weir_err *err);

#endif
