/* list.c - where lists come from, and finding them by name. There are few, so finding is a walk. */
#include "list/list.h"

#include "base/buf.h"
#include "base/embed.h"
#include "base/str.h"
#include "list/list_draft.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

#define LIST_SET_MAGIC 0x6c697374u

/* What a rule asks at run time: a list, by the column it is read by or by another. */
struct asked {
    struct list_slot slot; /* as this set knows it: its texts live in the set's arena */
    const struct list_slot *given;
    const struct list *list;
};

struct list_set {
    uint32_t magic; /* travels through the void * of struct list_source */
    struct arena *a;
    struct list lists[LISTS_MAX];
    size_t n;

    struct arena *slot_arena; /* NULL: there are no slots */
    pthread_mutex_t lock;     /* guards the arenas and what follows, while rules are loaded */
    struct str_list texts[LISTS_MAX]; /* of lists[i], made when a front end copies them */
    bool is_copied[LISTS_MAX];        /* a front end has asked for its texts */
    struct asked asked[LISTS_MAX];
    size_t n_asked;
};

/* ---- the set ------------------------------------------------------------------- */

const struct list *list_find(const struct list_set *set, struct str name)
{
    for (size_t i = 0; i < set->n; i++)
        if (str_eq(set->lists[i].name, name))
            return &set->lists[i];
    return NULL;
}

size_t list_count(const struct list_set *set)
{
    return set->n;
}

const struct list *list_at(const struct list_set *set, size_t i)
{
    ASSERT(i < set->n);
    return &set->lists[i];
}

const char *list_mode_name(enum list_mode mode)
{
    static const char *const names[] = {
        [LIST_CI] = "ci", [LIST_EXACT] = "exact", [LIST_CIDR] = "cidr", [LIST_GLOB] = "glob"};

    return names[mode];
}

static bool ends_with(struct str path, const char *ending)
{
    struct str e = str_from(ending);

    return path.n > e.n && str_eq_ci(str_sub(path, path.n - e.n, e.n), e);
}

static enum weir_rc read_list(struct arena *a, struct list *list, struct str text,
                              struct weir_err *err)
{
    struct list_draft draft;
    enum weir_rc rc = list_check_text(&text, err);

    list_draft_init(&draft, a);
    if (rc == WEIR_OK && ends_with(list->path, ".csv"))
        rc = list_read_csv(&draft, text, list->column, err);
    else if (rc == WEIR_OK && ends_with(list->path, ".ndjson"))
        rc = list_read_ndjson(&draft, text, list->column, list->is_asked, err);
    else if (rc == WEIR_OK)
        rc = list_read_txt(&draft, text, err);
    if (rc == WEIR_OK)
        rc = list_draft_finish(&draft, list, err);
    list_draft_release(&draft);
    if (rc != WEIR_OK)
        err_file(err, list->path);
    return rc;
}

/* In place of one with its name, if there is one. */
static enum weir_rc put_list(struct list_set *set, const struct list *list, struct weir_err *err)
{
    struct list *known = (struct list *)list_find(set, list->name);

    if (!known && set->n == LISTS_MAX)
        return err_set(err, WEIR_LIMIT, "more than %d lists", LISTS_MAX);
    *(known ? known : &set->lists[set->n++]) = *list;
    return WEIR_OK;
}

static enum weir_rc add_list(struct list_set *set, struct list list, struct str text,
                             struct weir_err *err)
{
    TRY(read_list(set->a, &list, text, err));
    return put_list(set, &list, err);
}

enum weir_rc list_set_add_text(struct list_set *set, struct str name, struct str path,
                               struct str column, struct str text, struct weir_err *err)
{
    struct list list = {.name = arena_str(set->a, name),
                        .path = arena_str(set->a, path),
                        .column = arena_str(set->a, column)};

    return add_list(set, list, text, err);
}

static struct str name_of(struct str path)
{
    size_t start = path.n, end = path.n;

    while (start > 0 && path.p[start - 1] != '/')
        start--;
    for (size_t i = start; i < path.n; i++)
        if (path.p[i] == '.' && i > start)
            end = i;
    return str_sub(path, start, end - start);
}

struct list_set *list_set_new(struct arena *a)
{
    struct list_set *set = ARENA_NEW(a, struct list_set);

    set->magic = LIST_SET_MAGIC;
    set->a = a;
    ASSERT(pthread_mutex_init(&set->lock, NULL) == 0);
    for (size_t i = 0; i < embed_lists_n; i++) {
        const struct embed_file *f = &embed_lists[i];
        struct list list = {.name = name_of(f->path), .path = f->path, .column = {"", 0}};
        ASSERT(add_list(set, list, f->text, NULL) == WEIR_OK);
    }
    return set;
}

/* ---- what front ends ask ---------------------------------------------------------- */

static struct list_set *set_of(void *context)
{
    struct list_set *set = context;

    ASSERT(set->magic == LIST_SET_MAGIC);
    return set;
}

static void lock(struct list_set *set)
{
    ASSERT(pthread_mutex_lock(&set->lock) == 0);
}

static void unlock(struct list_set *set)
{
    ASSERT(pthread_mutex_unlock(&set->lock) == 0);
}

/* Lock: held */
static struct str_list texts_of(struct list_set *set, const struct list *list)
{
    struct str_list *texts = &set->texts[list - set->lists];

    if (list->n_entries == 0 || list->n_entries > LIST_TEXTS_MAX)
        return (struct str_list){NULL, list->n_entries};
    if (texts->n == 0) {
        struct str *items = ARENA_ARRAY(set->a, list->n_entries, struct str);
        for (size_t i = 0; i < list->n_entries; i++)
            items[i] = list_entry(list, i);
        *texts = (struct str_list){items, list->n_entries};
    }
    return *texts;
}

static bool lookup(void *context, struct str name, struct str_list *entries, enum list_mode *mode)
{
    struct list_set *set = set_of(context);
    const struct list *list = list_find(set, name);

    if (!list)
        return false;
    lock(set);
    *entries = texts_of(set, list);
    set->is_copied[list - set->lists] = true;
    unlock(set);
    *mode = list->mode;
    return true;
}

static bool cells(void *context, struct str name, struct str column, struct str_list *out,
                  struct str *entries)
{
    struct list_set *set = set_of(context);
    const struct list *list = list_find(set, name);
    size_t k = 0;

    while (list && k < list->copied.n && !str_eq(list->copied.items[k], column))
        k++;
    if (!list || k == list->copied.n || list->n_entries > LIST_TEXTS_MAX)
        return false;
    lock(set);
    struct str *items = ARENA_ARRAY(set->a, list->n_entries, struct str);
    unlock(set);
    for (size_t i = 0; i < list->n_entries; i++)
        items[i] = list_cell(list, i, k);
    *out = (struct str_list){items, list->n_entries};
    *entries = list->entries;
    return true;
}

static bool columns(void *context, struct str name, struct str_list *names, struct str *entries)
{
    const struct list *list = list_find(set_of(context), name);

    if (!list || list->copied.n == 0 || list->n_entries > LIST_TEXTS_MAX)
        return false;
    *names = list->copied;
    *entries = list->entries;
    return true;
}

static struct str nearest(void *context, struct str name)
{
    const struct list_set *set = set_of(context);
    struct str names[LISTS_MAX];

    for (size_t i = 0; i < set->n; i++)
        names[i] = set->lists[i].name;
    return str_nearest(name, names, set->n);
}

/* ---- files --------------------------------------------------------------------- */

static enum weir_rc fail_errno(struct weir_err *err, struct str path)
{
    int why = errno;
    enum weir_rc rc = why == ENOENT || why == ENOTDIR ? WEIR_NOTFOUND : WEIR_IO;

    rc = err_set(err, rc, "cannot read the list: %s", strerror(why));
    err_file(err, path);
    return rc;
}

/* All of it, whatever the size that the system tells: a pipe has none. */
static enum weir_rc read_open(int fd, struct str path, struct buf *out, struct weir_err *err)
{
    for (;;) {
        ssize_t got = read(fd, buf_reserve(out, READ_BYTES), READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(err, path);
        if (got == 0)
            return WEIR_OK;
        out->n += (size_t)got;
        if (out->n > LIST_FILE_MAX) {
            enum weir_rc rc =
                err_set(err, WEIR_LIMIT, "a list of more than %d bytes", LIST_FILE_MAX);
            err_file(err, path);
            return rc;
        }
    }
}

/* list->path is followed by a NUL. */
static enum weir_rc read_file(struct arena *a, struct list *list, struct weir_err *err)
{
    struct buf text = {0};
    int fd = open(list->path.p, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return fail_errno(err, list->path);
    enum weir_rc rc = read_open(fd, list->path, &text, err);
    close(fd);
    if (rc == WEIR_OK)
        rc = read_list(a, list, text.n ? buf_str(&text) : STR(""), err);
    buf_release(&text);
    return rc;
}

static enum weir_rc add_file(struct list_set *set, struct list list, struct weir_err *err)
{
    TRY(read_file(set->a, &list, err));
    return put_list(set, &list, err);
}

enum weir_rc list_set_add_argument(struct list_set *set, struct str argument, struct weir_err *err)
{
    struct str name, path, column = {"", 0};

    if (!str_cut(argument, '=', &name, &path) || name.n == 0 || path.n == 0 ||
        memchr(argument.p, '\0', argument.n))
        return err_set(err, WEIR_SYNTAX, "'%.*s': a list is given as NAME=FILE", (int)argument.n,
                       argument.p);
    for (size_t at = path.n; at-- > 0 && path.p[at] != '/';)
        if (path.p[at] == ':' && (ends_with(str_sub(path, 0, at), ".csv") ||
                                  ends_with(str_sub(path, 0, at), ".ndjson"))) {
            column = str_sub(path, at + 1, path.n);
            path = str_sub(path, 0, at);
            break;
        }
    struct list list = {.name = arena_str(set->a, name),
                        .path = arena_str(set->a, path),
                        .column = arena_str(set->a, column)};
    return add_file(set, list, err);
}

/* ---- slots -------------------------------------------------------------------------- */

/* The list, read by another column if one is wanted. Lock: held */
static enum weir_rc list_by_column(struct list_set *set, struct str name, struct str column,
                                   const struct list **out, struct weir_err *err)
{
    const struct list *list = list_find(set, name);

    if (!list)
        return err_set(err, WEIR_NOTFOUND, "there is no list '%.*s'", (int)name.n, name.p);
    *out = list;
    if (column.n == 0 || str_eq(column, list->column))
        return WEIR_OK;
    struct list *other = ARENA_NEW(set->a, struct list);
    *other = (struct list){.name = list->name,
                           .path = list->path,
                           .column = arena_str(set->a, column),
                           .is_asked = true};
    TRY(read_file(set->a, other, err));
    *out = other;
    return WEIR_OK;
}

/* Lock: held */
static struct asked *find_asked(struct list_set *set, struct str name, struct str column)
{
    for (size_t i = 0; i < set->n_asked; i++)
        if (str_eq(set->asked[i].slot.name, name) && str_eq(set->asked[i].slot.column, column))
            return &set->asked[i];
    return NULL;
}

/* Lock: held */
static void ask_for(struct list_set *set, const struct list *list, struct str column,
                    const struct list_slot *given)
{
    struct asked *a = &set->asked[set->n_asked++];

    a->list = list;
    a->given = given;
    a->slot = (struct list_slot){.name = list->name, .column = arena_str(set->a, column)};
}

static struct list_slot *slot_new(struct list_set *set, const struct list *list, struct str column)
{
    struct list_slot *slot = ARENA_NEW(set->slot_arena, struct list_slot);

    slot->name = arena_str(set->slot_arena, list->name);
    slot->column = arena_str(set->slot_arena, column);
    slot->number = (uint32_t)set->n_asked;
    slot->sample = list->n_entries ? arena_str(set->slot_arena, list_entry(list, 0)) : STR("");
    return slot;
}

static const struct list_slot *slot_of(void *context, struct str name, struct str column)
{
    struct list_set *set = set_of(context);
    const struct list *list = NULL;

    lock(set);
    struct asked *known = find_asked(set, name, column);
    const struct list_slot *slot = known ? known->given : NULL;
    if (!slot && set->n_asked < LISTS_MAX &&
        list_by_column(set, name, column, &list, NULL) == WEIR_OK) {
        slot = slot_new(set, list, column);
        ask_for(set, list, column, slot);
    }
    unlock(set);
    return slot;
}

struct list_source list_set_source(struct list_set *set, struct arena *a)
{
    set->slot_arena = a;
    return (struct list_source){.lookup = lookup,
                                .cells = cells,
                                .columns = columns,
                                .nearest = nearest,
                                .slot = a ? slot_of : NULL,
                                .context = set};
}

bool list_is_copied(const struct list_set *set, size_t i)
{
    return set->is_copied[i];
}

size_t list_slot_count(const struct list_set *set)
{
    return set->n_asked;
}

const struct list_slot *list_slot_at(const struct list_set *set, size_t i)
{
    ASSERT(i < set->n_asked);
    return set->asked[i].given;
}

const struct list *list_of_slot(const struct list_set *set, size_t i)
{
    ASSERT(i < set->n_asked);
    return set->asked[i].list;
}

size_t list_slot_find(const struct list_set *set, const struct list_slot *slot)
{
    for (size_t i = 0; i < set->n_asked; i++)
        if (str_eq(set->asked[i].slot.name, slot->name) &&
            str_eq(set->asked[i].slot.column, slot->column))
            return i;
    return SIZE_MAX;
}

/* ---- a directory --------------------------------------------------------------- */

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* seen: the names of this directory so far. */
static enum weir_rc add_dir_file(struct list_set *set, struct str dir, struct str file,
                                 size_t *seen_n, struct str *seen, struct weir_err *err)
{
    struct list list = {
        .path = arena_printf(set->a, "%.*s/%.*s", (int)dir.n, dir.p, (int)file.n, file.p),
        .column = {"", 0}};
    enum weir_rc rc;

    if (ends_with(file, ".json")) {
        rc = err_set(err, WEIR_UNSUPPORTED,
                     "a list is .txt, .csv or .ndjson (an object a line), not .json");
        err_file(err, list.path);
        return rc;
    }
    if (!ends_with(file, ".txt") && !ends_with(file, ".csv") && !ends_with(file, ".ndjson"))
        return WEIR_OK;
    list.name = name_of(list.path);
    for (size_t i = 0; i < *seen_n; i++)
        if (str_eq(seen[i], list.name)) {
            rc = err_set(err, WEIR_SYNTAX, "a second list '%.*s' in this directory",
                         (int)list.name.n, list.name.p);
            err_file(err, list.path);
            return rc;
        }
    seen[(*seen_n)++] = list.name;
    return add_file(set, list, err);
}

enum weir_rc list_set_add_dir(struct list_set *set, struct str dir, struct weir_err *err)
{
    struct dirent **found = NULL;
    struct str path = arena_str(set->a, dir);
    size_t seen_n = 0;
    enum weir_rc rc = WEIR_OK;
    int n = scandir(path.p, &found, is_visible, alphasort);

    if (n < 0)
        return fail_errno(err, dir);
    struct str *seen = ARENA_ARRAY(set->a, (size_t)n, struct str);
    for (int i = 0; i < n; i++) {
        if (rc == WEIR_OK)
            rc = add_dir_file(set, dir, str_from(found[i]->d_name), &seen_n, seen, err);
        free(found[i]);
    }
    free(found);
    if (rc == WEIR_OK && seen_n == 0) {
        rc = err_set(err, WEIR_NOTFOUND, "the directory holds no lists (.txt, .csv, .ndjson)");
        err_file(err, dir);
    }
    return rc;
}
