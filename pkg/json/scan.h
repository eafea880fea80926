/* scan.h - values at wanted paths of one JSON record, without building a tree.
 *
 * The wanted paths are compiled once into a trie; a scan finds the record's structure
 * with SIMD (scalar, AVX2, AVX-512: chosen once), walks it, checks the whole grammar of
 * RFC 8259, and yields for each wanted path the slices of its values.
 *
 * Paths    "a.b.c" is met by nested keys (a, then b, then c), by the flat key "a.b.c" and
 *          by every mixture ("a.b" holding c). Arrays on the way fan out: each member is
 *          tried, and an array at the end yields each of its members (recursively).
 *          A duplicate key yields each of its values: no value can hide another.
 * Values   strings: the bytes between the quotes, still escaped when JSON_ESCAPED is set;
 *          numbers and literals: their text. An object at the end of a path yields one
 *          hit of kind JSON_OBJECT, an empty array one of JSON_EMPTY_ARRAY (both only say
 *          that the key is there; n is 0). Keys are compared unescaped.
 * Leaves   one slot may be named for all string leaves of the record (keywords). They come
 *          in document order, each behind the hits of its own path; is_flat is not set.
 *          json_scan_want_leaves() leaves them out for records that need none.
 * Limits   depth JSON_DEPTH_MAX, record JSON_RECORD_MAX, hits per record JSON_HITS_MAX;
 *          reaching one rejects the record with its own reason.
 * Memory   hits point into the record; scratch is owned by struct json_scanner and keeps
 *          its size. No allocation once it has met the largest record.
 * Threads  struct json_paths is immutable and shared; a json_scanner belongs to one thread.
 */
#ifndef WEIR_JSON_SCAN_H
#define WEIR_JSON_SCAN_H

#include "base/arena.h"
#include "base/base.h"
#include "base/cpu.h"

enum {
    JSON_DEPTH_MAX = 64,
    JSON_RECORD_MAX = 16 * 1024 * 1024,
    JSON_LINE_MAX = 64 * 1024, /* longest line that json_scan_line() takes */
    JSON_HITS_MAX = 65536,
    JSON_KEYS_MAX = 65536 /* keys per record */
};

enum json_kind {
    JSON_NULL,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_OBJECT,     /* only says: present */
    JSON_EMPTY_ARRAY /* only says: present */
};

/* The slice holds backslashes or bytes beyond ASCII (which may be no UTF-8):
 * json_unescape() before use. Without it the slice is the value. */
enum { JSON_ESCAPED = 1 };

/* Why a record is not JSON we take; the order is part of metrics, append only. */
enum json_reason {
    JSON_OK,
    JSON_NOT_OBJECT, /* the record is valid JSON but no object */
    JSON_BAD_SYNTAX,
    JSON_TOO_DEEP,
    JSON_TOO_LARGE,
    JSON_TOO_MANY_KEYS,
    JSON_TOO_MANY_VALUES,
    JSON_TRUNCATED /* the text ends inside the document */
};

struct json_hit {
    const char *p;
    uint32_t n;
    uint32_t slot;
    uint8_t kind;  /* enum json_kind */
    uint8_t flags; /* JSON_ESCAPED */
    bool is_flat;  /* met by the whole path as one key of the root object: "a.b", not a then
                      b; also set for the plain path "a" */
};

/* ---- wanted paths ------------------------------------------------------------ */

struct json_paths;

struct json_path_want {
    struct str path; /* dotted */
    uint32_t slot;
};

enum { JSON_NO_SLOT = UINT32_MAX, JSON_PATH_PARTS_MAX = 8 };

/* Compile n wanted paths; several may share a slot, one path may have several slots.
 * leaves_slot: the slot of all string leaves or JSON_NO_SLOT. A path of more than
 * JSON_PATH_PARTS_MAX parts is met nested and flat; its mixtures are not promised.
 * A want given twice counts once. The wants are copied. */
const struct json_paths *json_paths_new(struct arena *a, const struct json_path_want *wants,
                                        size_t n, uint32_t leaves_slot);

/* ---- scanning ---------------------------------------------------------------- */

struct json_scanner;

struct json_scanner *json_scanner_new(void);
/* With a given kernel, for tests; level must not exceed cpu_simd_max(). */
struct json_scanner *json_scanner_new_with(enum simd_level level);
void json_scanner_free(struct json_scanner *s);

/* Scan one record (a JSON object with optional blanks around). On JSON_OK the hits are
 * s->hits[0 .. n_hits), in document order, valid until the next scan; on any other reason
 * there are none and *offset (may be NULL) is where it went wrong. */
MUST_USE enum json_reason json_scan(struct json_scanner *s, const struct json_paths *paths,
                                    struct str record, size_t *offset);
/* The same for the first line of a text: finds its end on the way. True if there is a newline
 * within JSON_LINE_MAX bytes, and a scan of what lies before it would be JSON_OK: *line is that
 * without the blanks around it. False says nothing but that the text must be looked at more
 * closely; there are no hits then. */
MUST_USE bool json_scan_line(struct json_scanner *s, const struct json_paths *paths,
                             struct str text, struct str *line);
/* Remember the keys of one record for the next, which often has the same in the same order: they
 * are compared with those and looked up only if they differ. Holds for scans with these paths,
 * which must then stay as long as the scanner is used; NULL: remember nothing (the start). */
void json_scan_remember(struct json_scanner *s, const struct json_paths *paths);

/* Has the record that was just scanned a list of objects in it: an array that begins with one, or
 * is empty? */
bool json_scan_has_list(const struct json_scanner *s);

/* Walk the record that was just scanned once more, with or without the string leaves (nothing
 * was scanned since, and it was no refusal but JSON_TOO_MANY_VALUES). Cheaper than a scan: the
 * structure is known. */
MUST_USE enum json_reason json_scan_again(struct json_scanner *s, const struct json_paths *paths,
                                          struct str record);
/* Leave out the string leaves from now on, or not (the start). The leaves of a record count
 * towards JSON_HITS_MAX only if they are wanted. */
void json_scan_want_leaves(struct json_scanner *s, bool wants);
const struct json_hit *json_scan_hits(const struct json_scanner *s, size_t *n);

const char *json_reason_name(enum json_reason reason);

/* ---- helpers on slices -------------------------------------------------------- */

enum { JSON_REPLACED = 1 /* a lone surrogate or invalid UTF-8 became U+FFFD */ };

/* Resolve escapes of a string slice into out (room for in.n * 3 bytes: an invalid byte
 * grows to U+FFFD; without invalid bytes the result is never longer than the input).
 * Also replaces invalid UTF-8. Returns the length; *flags gets JSON_REPLACED. Never fails:
 * the scan has checked the grammar of escapes. */
size_t json_unescape(struct str in, char *out, unsigned *flags);

/* Length of the first JSON document in text (leading blanks included), for input where
 * documents follow each other without or with newlines; 0 with *reason on bad syntax or
 * depth, JSON_TRUNCATED when the text ends first (also when it is blank). Any JSON value is
 * accepted, of any size; a number at the very end of the text counts as complete. *reason is
 * JSON_OK otherwise. Costs time in the length of the document. */
size_t json_document_length(struct str text, enum json_reason *reason);

#endif
