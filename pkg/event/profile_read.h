/* profile_read.h - reading one profile file: what the files of the reader share. For pkg/event's
 * loader alone (profile_load.c).
 *
 * A reader fills reader->p, which begins as a copy of what the profile extends: each key replaces
 * or adds. Functions give WEIR_OK, or say in reader->err what is wrong, with line and column.
 *
 * Memory   everything that stays lives in reader->arena. Threads: belongs to one.
 */
#ifndef WEIR_EVENT_PROFILE_READ_H
#define WEIR_EVENT_PROFILE_READ_H

#include "doc/doc.h"
#include "event/profile_impl.h"

struct profile_reader {
    struct arena *arena;
    struct weir_err *err;
    struct profile *p; /* the one that is being read */
};

/* ---- profile_value.c ---- */

enum weir_rc profile_fail(struct profile_reader *r, const struct doc_node *at, const char *text);
/* "WHAT must be WANTED, not ..." */
enum weir_rc profile_wrong_type(struct profile_reader *r, const struct doc_node *at,
                                const char *what, const char *wanted);
/* "unknown WHAT 'x' (did you mean 'y'?)" */
enum weir_rc profile_unknown_name(struct profile_reader *r, uint32_t line, uint32_t col,
                                  const char *what, struct str name, const struct str *names,
                                  size_t n);
/* Every key of a map must be one of names. */
enum weir_rc profile_check_keys(struct profile_reader *r, const struct doc_node *map,
                                const char *what, const struct str *names, size_t n);

enum weir_rc profile_read_text(struct profile_reader *r, const struct doc_node *node,
                               const char *what, struct str *out);
enum weir_rc profile_read_bool(struct profile_reader *r, const struct doc_node *node,
                               const char *what, bool *out);
/* One text, or a list of texts. */
enum weir_rc profile_read_texts(struct profile_reader *r, const struct doc_node *node,
                                const char *what, struct str_list *out);
/* The same, at most max. */
enum weir_rc profile_read_paths(struct profile_reader *r, const struct doc_node *node,
                                const char *what, size_t max, struct str_list *out);
/* 90s, 5m, 2h, 1d */
enum weir_rc profile_read_duration(struct profile_reader *r, const struct doc_node *node,
                                   int64_t *ms);

/* ---- keys that have a file of their own ---- */

enum weir_rc profile_read_match(struct profile_reader *r, const struct doc_node *node);
enum weir_rc profile_read_roots(struct profile_reader *r, const struct doc_node *node);
enum weir_rc profile_read_fields(struct profile_reader *r, const struct doc_node *node);
enum weir_rc profile_read_values(struct profile_reader *r, const struct doc_node *node);
enum weir_rc profile_read_prefixes(struct profile_reader *r, const struct doc_node *node);
enum weir_rc profile_read_join(struct profile_reader *r, const struct doc_node *node);
enum weir_rc profile_read_logsource(struct profile_reader *r, const struct doc_node *node);
enum weir_rc profile_read_streams(struct profile_reader *r, const struct doc_node *node);

/* ---- profile_keys.c ---- */

/* All keys of a profile's document into reader->p. */
enum weir_rc profile_read_body(struct profile_reader *r, const struct doc_node *doc);

/* ---- profile_set.c ---- */

/* All profiles that count, in any order, and the texts of their files. `all` stays the set's. */
enum weir_rc profile_set_build(struct arena *a, struct profile **all, size_t n,
                               struct str_list texts, const struct profile_set **out,
                               struct weir_err *err);

#endif
