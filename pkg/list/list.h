/* list.h - lists of values that rules name: %Administrators%, %JumpServers% ...
 *
 * Three sources, a later one replaces a list of the same name as a whole: the built-in
 * examples (detections/lists), a directory, and --list NAME=FILE. docs/lists.md is for people.
 *
 * Names    the file's name without its ending; they compare exactly, case as written.
 * txt      one entry a line, blanks around it dropped; blank lines and lines that start with '#'
 *          are none. A '#' further on belongs to the entry.
 * csv      RFC 4180: commas, "quoted ""fields""", newlines inside quotes. The first row names the
 *          columns; entries are the first column or the one named by FILE.csv:COLUMN. Blanks
 *          around unquoted fields are dropped, empty fields are no entries.
 * ndjson   an object a line; a column is a key, or keys of nested objects with dots between them.
 *          Entries are the column `value`, the one named by FILE.ndjson:COLUMN, or else the first
 *          key of the first object. An array gives an entry for each of its members.
 * Header   lines before the first entry (csv: before the first row):
 *            # mode: exact|ci|cidr|glob    ci if there is none; what they mean: rule/rule.h
 *            # type: text|number|ip        text if there is none; goes with ci and exact
 *            # copy: COLUMN, COLUMN        columns that alerts show beside the entry
 * Columns  `points`: a whole number of -LIST_POINTS_MAX to LIST_POINTS_MAX for scores;
 *          `expires`: a date (its first moment, UTC) or a time from which on the entry is none,
 *          judged by event time; both may be empty. Entries may not be these two.
 * Text     UTF-8, a leading byte order mark is dropped. Invalid UTF-8 and NUL are errors.
 * Errors   file:line:col. A list that cannot be read as a whole is not there at all.
 * Memory   all in the arena of the set, read-only once loaded: the entries' bytes (and those of
 *          columns to copy), 4 bytes for each of them, 8 for a row's expiry, 4 for its points.
 * Threads  after loading any number of threads may ask the list_source; all else belongs to one.
 */
#ifndef WEIR_LIST_LIST_H
#define WEIR_LIST_LIST_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "rule/rule.h"

enum {
    LISTS_MAX = 1024,
    LIST_ROWS_MAX = 1000000,
    LIST_ENTRY_MAX = 65535, /* bytes of one entry */
    LIST_FILE_MAX = 256 * 1024 * 1024,
    LIST_COPY_MAX = 8, /* columns that alerts show */
    LIST_POINTS_MAX = 100,
    LIST_POINTS_NONE = INT32_MIN
};

#define LIST_NEVER INT64_MAX

/* What entries are; it says what equals what. */
enum list_type {
    LIST_TEXT,
    LIST_NUMBER, /* 5, 5.0 and "5" are the same */
    LIST_IP      /* addresses, however they are written */
};

struct list {
    struct str name;
    struct str column;  /* that holds the entries, if somebody named it */
    bool is_asked;      /* a rule did: ndjson's objects need not have it */
    struct str entries; /* csv, ndjson: what that column is called in the file */
    struct str path;    /* where it came from, as it was named */
    enum list_mode mode;
    enum list_type type;
    size_t n_entries;
    struct str_list copied; /* names of the columns to copy */
    const int32_t *points;  /* of each entry; NULL: the file has no such column */
    const int64_t *expires; /* ms since 1970 UTC, or LIST_NEVER; NULL: nothing expires */
    /* The texts one behind the other: of each row the entry, then its copied columns. */
    const char *text;
    const uint32_t *ends;
};

/* Entry i in the order of the file, and column k of those copied. */
static inline struct str list_text(const struct list *l, size_t at)
{
    uint32_t from = at ? l->ends[at - 1] : 0;

    return (struct str){l->text + from, l->ends[at] - from};
}

static inline struct str list_entry(const struct list *l, size_t i)
{
    return list_text(l, i * (1 + l->copied.n));
}

static inline struct str list_cell(const struct list *l, size_t i, size_t k)
{
    return list_text(l, i * (1 + l->copied.n) + 1 + k);
}

static inline int64_t list_expires(const struct list *l, size_t i)
{
    return l->expires ? l->expires[i] : LIST_NEVER;
}

struct list_set;

/* A set with the built-in lists. */
struct list_set *list_set_new(struct arena *a);

/* Every .txt, .csv and .ndjson of a directory, by name. WEIR_SYNTAX if two files would have one
 * name; WEIR_UNSUPPORTED for .json; other files and hidden ones are not lists. */
MUST_USE enum weir_rc list_set_add_dir(struct list_set *set, struct str dir, struct weir_err *err);

/* "NAME=FILE", "NAME=FILE.csv:COLUMN" or "NAME=FILE.ndjson:COLUMN"; a file that ends in neither is
 * read as txt. */
MUST_USE enum weir_rc list_set_add_argument(struct list_set *set, struct str argument,
                                            struct weir_err *err);

/* A list from text that is already in memory (it is copied). The path's ending tells the format,
 * column (csv, ndjson; may be empty) the column. */
MUST_USE enum weir_rc list_set_add_text(struct list_set *set, struct str name, struct str path,
                                        struct str column, struct str text, struct weir_err *err);

/* NULL if there is none. */
const struct list *list_find(const struct list_set *set, struct str name);
size_t list_count(const struct list_set *set);
const struct list *list_at(const struct list_set *set, size_t i);
const char *list_mode_name(enum list_mode mode);

/* What a front end asks; valid as long as the set. The slots that it gives live in `a`, which may
 * outlive the set, and belongs to the slots alone: any thread may ask for one. NULL: there are no
 * slots, entries are copied into rules. */
struct list_source list_set_source(struct list_set *set, struct arena *a);

/* Rules have copied what stands in list i: when it changes they must be read again. */
bool list_is_copied(const struct list_set *set, size_t i);

/* The slots that were asked for, by number, and what stands in them. */
size_t list_slot_count(const struct list_set *set);
const struct list_slot *list_slot_at(const struct list_set *set, size_t i);
const struct list *list_of_slot(const struct list_set *set, size_t i);

/* The number that a slot of another set over the same rules has in this one; SIZE_MAX: none. */
size_t list_slot_find(const struct list_set *set, const struct list_slot *slot);

#endif
