/* stretch.c - stretches of Kafka's logs as inputs of a replay.
 *
 * Partitions are read one after the other, in the order of their numbers, as files are: so the
 * order of events, and all that follows from it, is the same in every run.
 */
#include "app/stretch.h"

#include <stdlib.h>
#include <string.h>

#include "app/measure.h"
#include "app/source.h"
#include "base/pack.h"
#include "base/str.h"

size_t stretch_flags(struct stretch_options *o, struct flag out[STRETCH_FLAGS_MAX])
{
    const struct flag flags[] = {
        {"from", 0, FLAG_TEXT, "TIME", "records of this time on: 2026-07-25T12:00:00Z, or 4h ago",
         .to.text = &o->from},
        {"to", 0, FLAG_TEXT, "TIME", "and older than this", .to.text = &o->to},
        {"property", 'X', FLAG_TEXTS, "NAME=VALUE",
         "property of librdkafka: bootstrap.servers=HOST:PORT", .to.texts = &o->properties},
        {"config", 'c', FLAG_TEXT, "FILE",
         "a worker's configuration: brokers; profile, labels, tenant of the topic",
         .to.text = &o->config},
    };

    memcpy(out, flags, sizeof flags);
    return ARRAY_LEN(flags);
}

enum {
    MESSAGES_MAX = 1024,
    TURN_MS = 500, /* of waiting, before anybody asks how long it has been */
    TOPIC_MAX = 249
};

struct stretch {
    const struct stretch_access *access;
    struct arena *arena;
    struct str path;
    bool is_single; /* one record is wanted */
    struct kafka_reader *reader;
    const struct kafka_reader_part *parts;
    size_t n_parts;
    const struct transport_names *wanted; /* NULL: nothing */
    struct buf packed;
    struct kafka_message lent[MESSAGES_MAX];
    struct stream_message messages[MESSAGES_MAX];
};

/* ---- places -------------------------------------------------------------------------------- */

bool is_stretch(struct str path)
{
    return str_starts(path, STR(STRETCH_SCHEME));
}

static bool is_topic_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
            return false;
    }
    return name.n > 0 && name.n <= TOPIC_MAX;
}

static enum weir_rc bad_place(struct str path, const char *why, struct weir_err *err)
{
    return err_set(err, WEIR_BADARG, "-i %.*s: %s", (int)path.n, path.p, why);
}

enum weir_rc stretch_place_parse(struct arena *a, struct str path, struct stretch_place *out,
                                 struct weir_err *err)
{
    struct str topic, rest, partition, offset;
    int64_t n;

    *out = (struct stretch_place){.partition = -1, .offset = -1};
    bool has_partition =
        str_cut(str_sub(path, sizeof STRETCH_SCHEME - 1, path.n), '/', &topic, &rest);
    if (!is_topic_name(topic))
        return bad_place(path,
                         "kafka://TOPIC[/PARTITION[/OFFSET]]; names of topics have letters, "
                         "digits, '.', '_' and '-' (brokers: -X bootstrap.servers=HOST:PORT)",
                         err);
    out->topic = arena_str(a, topic);
    if (!has_partition)
        return WEIR_OK;
    bool has_offset = str_cut(rest, '/', &partition, &offset);
    if (!str_to_i64(partition, &n) || n < 0 || n > INT32_MAX)
        return bad_place(path, "the partition is no number", err);
    out->partition = (int32_t)n;
    if (has_offset && (!str_to_i64(offset, &out->offset) || out->offset < 0))
        return bad_place(path, "the offset is no number", err);
    return WEIR_OK;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* A single record that is gone, or not there yet. */
static enum weir_rc check_offset(const struct stretch *s, int64_t offset, struct weir_err *err)
{
    const struct kafka_reader_part *p = &s->parts[0];

    if (offset < p->low)
        return err_set(err, WEIR_NOTFOUND,
                       "%.*s: the record is gone: the log begins at offset %lld by now",
                       (int)s->path.n, s->path.p, (long long)p->low);
    if (offset >= p->high)
        return err_set(err, WEIR_NOTFOUND,
                       "%.*s: there is no such record: the log ends before %lld", (int)s->path.n,
                       s->path.p, (long long)p->high);
    return WEIR_OK;
}

static enum weir_rc open_reader(struct stretch *s, struct weir_err *err)
{
    struct stretch_place place;

    TRY(stretch_place_parse(s->arena, s->path, &place, err));
    s->is_single = place.offset >= 0;
    const char *topic = place.topic.p;
    struct kafka_reader_options o = {
        .common = &s->access->common,
        .own = &s->access->consumer,
        .topics = &topic,
        .n_topics = 1,
        .partition = place.partition,
        .from_ms = s->is_single ? INT64_MIN : s->access->from_ms,
        .to_ms = s->is_single ? INT64_MAX : s->access->to_ms,
        .from_offset = place.offset,
        .offsets_max = s->is_single,
        .at_once = 1,
    };
    TRY(kafka_reader_new(&o, &s->reader, err));
    s->parts = kafka_reader_parts(s->reader, &s->n_parts);
    return s->is_single ? check_offset(s, place.offset, err) : WEIR_OK;
}

enum weir_rc stretch_open(const struct stretch_access *access, struct str path,
                          struct stretch **out, struct weir_err *err)
{
    struct stretch *s = calloc(1, sizeof *s);

    ASSERT(s);
    s->access = access;
    s->arena = arena_new(0);
    s->path = arena_str(s->arena, path);
    enum weir_rc rc = open_reader(s, err);
    if (rc != WEIR_OK) {
        stretch_free(s);
        return rc;
    }
    *out = s;
    return WEIR_OK;
}

void stretch_free(struct stretch *s)
{
    if (!s)
        return;
    kafka_reader_free(s->reader);
    buf_release(&s->packed);
    arena_free(s->arena);
    free(s);
}

const struct kafka_reader_part *stretch_parts(const struct stretch *s, size_t *n)
{
    *n = s->n_parts;
    return s->parts;
}

void stretch_identify(const struct stretch *s, struct buf *out)
{
    for (size_t i = 0; i < s->n_parts; i++) {
        pack_u32(out, (uint32_t)s->parts[i].partition);
        pack_i64(out, s->parts[i].from);
        pack_i64(out, s->parts[i].to);
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

struct reading {
    struct stretch *stretch;
    const struct source_sink *sink;
    uint32_t input; /* of the first partition */
    uint64_t before;
    size_t part; /* at hand; n_parts: none yet */
    bool has_records;
    double quiet_since;
};

static bool is_wanted(const struct stretch_access *a, const struct kafka_message *m)
{
    struct str name;

    return !a->tenant_header.n ||
           (kafka_message_header(m, a->tenant_header.p, &name) && str_eq(name, a->tenant));
}

void stretch_want(struct stretch *s, const struct transport_names *names)
{
    s->wanted = names;
}

/* What rules ask of these records; their messages point into what is packed once that moves no
 * more. */
static void pack_transport(struct stretch *s, size_t n)
{
    size_t at = 0;

    buf_clear(&s->packed);
    for (size_t i = 0; i < n; i++) {
        size_t before = s->packed.n;
        if (is_wanted(s->access, &s->lent[i])) {
            transport_of(s->wanted, &s->lent[i], &s->packed);
            s->messages[at++].transport.n = s->packed.n - before;
        }
    }
    const char *p = s->packed.p;
    for (size_t i = 0; i < at; i++) {
        s->messages[i].transport.p = p;
        p += s->messages[i].transport.n;
    }
}

static enum weir_rc take(struct reading *r, size_t n, struct weir_err *err)
{
    struct stretch *s = r->stretch;
    size_t n_wanted = 0;

    for (size_t i = 0; i < n; i++) {
        const struct kafka_message *m = &s->lent[i];
        if (!is_wanted(s->access, m))
            continue;
        s->messages[n_wanted++] = (struct stream_message){
            .text = m->has_value ? m->value : STR(""),
            .offset = (uint64_t)m->offset,
            .record_ms = m->timestamp_ms,
            .why = m->has_value ? EVENT_OK : EVENT_TOMBSTONE,
        };
    }
    if (s->wanted && s->wanted->n)
        pack_transport(s, n);
    r->has_records |= n_wanted > 0;
    return n_wanted ? r->sink->messages(r->sink->context, s->messages, n_wanted, err) : WEIR_OK;
}

static enum weir_rc end_part(struct reading *r, struct weir_err *err)
{
    if (r->part == r->stretch->n_parts)
        return WEIR_OK;
    const struct kafka_reader_part *p = &r->stretch->parts[r->part];
    r->before += (uint64_t)(p->to - p->from);
    r->part = r->stretch->n_parts;
    return r->sink->end(r->sink->context, err);
}

static enum weir_rc go_to_part(struct reading *r, int32_t partition, struct weir_err *err)
{
    size_t part = (size_t)(partition - r->stretch->parts[0].partition);

    if (r->part == part)
        return WEIR_OK;
    TRY(end_part(r, err));
    r->part = part;
    r->sink->begin(r->sink->context, r->input + (uint32_t)part);
    return WEIR_OK;
}

/* Records of one partition. */
static enum weir_rc take_batch(struct reading *r, size_t n, int32_t partition, struct weir_err *err)
{
    struct stretch *s = r->stretch;
    int64_t last = s->lent[n - 1].offset;

    enum weir_rc rc = go_to_part(r, partition, err);
    if (rc == WEIR_OK)
        rc = take(r, n, err);
    kafka_messages_release(s->lent, n);
    if (rc == WEIR_OK)
        r->sink->passed(r->sink->context,
                        r->before + (uint64_t)(last + 1 - s->parts[r->part].from));
    r->quiet_since = now_seconds();
    return rc;
}

static enum weir_rc wait_on(const struct reading *r, struct weir_err *err)
{
    if (now_seconds() - r->quiet_since < STRETCH_QUIET_S)
        return WEIR_OK;
    return err_set(err, WEIR_IO,
                   "%.*s: nothing has come for %d s: the broker is out of reach, or a transaction "
                   "has not been ended",
                   (int)r->stretch->path.n, r->stretch->path.p, STRETCH_QUIET_S);
}

static enum weir_rc read_all(struct reading *r, struct weir_err *err)
{
    struct stretch *s = r->stretch;
    bool is_end = false;

    while (!is_end) {
        const char *topic;
        int32_t partition = 0;
        size_t n;
        TRY(kafka_reader_next(s->reader, TURN_MS, s->lent, MESSAGES_MAX, &n, &topic, &partition,
                              &is_end, err));
        if (n)
            TRY(take_batch(r, n, partition, err));
        else if (!is_end)
            TRY(wait_on(r, err));
    }
    return end_part(r, err);
}

enum weir_rc stretch_read(struct stretch *s, uint32_t input, const struct source_sink *sink,
                          uint64_t before, struct weir_err *err)
{
    struct reading r = {.stretch = s,
                        .sink = sink,
                        .input = input,
                        .before = before,
                        .part = s->n_parts,
                        .quiet_since = now_seconds()};

    TRY(read_all(&r, err));
    if (s->is_single && !r.has_records)
        return err_set(err, WEIR_NOTFOUND,
                       "%.*s: no record lies there: a transaction's end, an aborted record, or one "
                       "that was compacted away",
                       (int)s->path.n, s->path.p);
    return WEIR_OK;
}
