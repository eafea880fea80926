/* list.h - lists of values that rules name: %Administrators%, %JumpServers% ...
 *
 * Three sources, a later one replaces a list of the same name as a whole: the built-in
 * examples (detections/lists), a directory, and --list NAME=FILE.
 *
 * Names    the file's name without its ending; they compare exactly, case as written.
 * txt      one entry a line, blanks around it dropped; blank lines and lines that start with '#'
 *          are none. A '#' further on belongs to the entry.
 * csv      RFC 4180: commas, "quoted ""fields""", newlines inside quotes. The first row names the
 *          columns; entries are the first column or the one named by FILE.csv:COLUMN. Blanks
 *          around unquoted fields are dropped, empty fields are no entries.
 *          A column `points`, if there is one, gives each entry a whole number of -LIST_POINTS_MAX
 * to LIST_POINTS_MAX for scores; an empty one is LIST_POINTS_NONE. Mode     a line `# mode:
 * exact|ci|cidr|glob` before the first entry (csv: before the first row); ci if there is none. What
 * the modes mean to a rule: rule/rule.h. glob: entries are in Sigma's wildcard notation. cidr:
 * networks; whether they are well-formed is told by the rule that uses them. Text     UTF-8, a
 * leading byte order mark is dropped. Invalid UTF-8 and NUL are errors. Errors   file:line:col. A
 * list that cannot be read as a whole is not there at all. Memory   all in the arena of the set, as
 * long as the rule set; read-only once loaded.
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
    LIST_POINTS_MAX = 100,
    LIST_POINTS_NONE = INT32_MIN
};

struct list {
    struct str name;
    struct str path; /* where it came from, as it was named */
    enum list_mode mode;
    struct str_list entries; /* in the order of the file */
    const int32_t *points;   /* of each entry; NULL: the file has no such column */
};

struct list_set;

/* A set with the built-in lists. */
struct list_set *list_set_new(struct arena *a);

/* Every .txt and .csv of a directory, by name. WEIR_SYNTAX if two files would have one name;
 * WEIR_UNSUPPORTED for .json and .ndjson; other files and hidden ones are not lists. */
MUST_USE enum weir_rc list_set_add_dir(struct list_set *set, struct str dir, struct weir_err *err);

/* "NAME=FILE" or "NAME=FILE.csv:COLUMN"; a file that does not end in .csv is read as txt. */
MUST_USE enum weir_rc list_set_add_argument(struct list_set *set, struct str argument,
                                            struct weir_err *err);

/* A list from text that is already in memory (it is copied). The path's ending tells the format,
 * column (csv; may be empty) the column. */
MUST_USE enum weir_rc list_set_add_text(struct list_set *set, struct str name, struct str path,
                                        struct str column, struct str text, struct weir_err *err);

/* NULL if there is none. */
const struct list *list_find(const struct list_set *set, struct str name);
size_t list_count(const struct list_set *set);
const struct list *list_at(const struct list_set *set, size_t i);
const char *list_mode_name(enum list_mode mode);

/* What a front end asks; valid as long as the set. */
struct list_source list_set_source(struct list_set *set);

#endif
