/* write.h - JSON out: one compact line, keys in the order they are written.
 *
 * Memory   writes into a struct buf of the caller.
 * Checks   nesting and commas are kept by the writer; a call out of turn is an ASSERT.
 *          Strings are escaped as RFC 8259 asks: LF, CR and tab by their short names, NUL
 *          and other control characters as \u00XX; an invalid byte becomes U+FFFD.
 */
#ifndef WEIR_JSON_WRITE_H
#define WEIR_JSON_WRITE_H

#include "base/base.h"
#include "base/buf.h"
#include "json/tree.h"

enum { JSON_WRITE_DEPTH_MAX = 32 };

struct json_writer {
    struct buf *out;
    uint32_t depth;
    bool is_object[JSON_WRITE_DEPTH_MAX];
    bool has_member[JSON_WRITE_DEPTH_MAX];
    bool has_key; /* a key is waiting for its value */
};

void json_writer_init(struct json_writer *w, struct buf *out);

void json_open_object(struct json_writer *w);
void json_close_object(struct json_writer *w);
void json_open_array(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_key(struct json_writer *w, struct str key);
void json_put_str(struct json_writer *w, struct str value);
void json_put_i64(struct json_writer *w, int64_t value);
void json_put_u64(struct json_writer *w, uint64_t value);
void json_put_bool(struct json_writer *w, bool value);
void json_put_null(struct json_writer *w);
/* A number given as text that is already a JSON number. */
void json_put_number(struct json_writer *w, struct str text);
/* A double with the shortest text that reads back equal; not finite: null. */
void json_put_double(struct json_writer *w, double value);

/* A value that was parsed (json/tree.h); at most JSON_WRITE_DEPTH_MAX deep with what is open. */
void json_put_tree(struct json_writer *w, const struct json_node *node);

/* A key of ours: a plain word, nothing in it needs an escape. */
void json_key_name(struct json_writer *w, struct str name);

/* key + value in one call; the key is a plain word. */
static inline void json_kv_str(struct json_writer *w, const char *key, struct str value)
{
    json_key_name(w, (struct str){key, strlen(key)});
    json_put_str(w, value);
}

static inline void json_kv_i64(struct json_writer *w, const char *key, int64_t value)
{
    json_key_name(w, (struct str){key, strlen(key)});
    json_put_i64(w, value);
}

static inline void json_kv_bool(struct json_writer *w, const char *key, bool value)
{
    json_key_name(w, (struct str){key, strlen(key)});
    json_put_bool(w, value);
}

/* Only the escaped contents, without quotes. */
void json_escape(struct buf *out, struct str value);

#endif
