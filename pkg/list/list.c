/* list.c - where lists come from, and finding them by name. There are few, so finding is a walk. */
#include "list/list.h"

#include "base/buf.h"
#include "base/embed.h"
#include "base/str.h"
#include "list/list_parse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

#define LIST_SET_MAGIC 0x6c697374u

struct list_set {
    uint32_t magic; /* travels through the void * of struct list_source */
    struct arena *a;
    struct list lists[LISTS_MAX];
    size_t n;
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

/* text is in the arena. */
static enum weir_rc add_list(struct list_set *set, struct list list, struct str column,
                             struct str text, struct weir_err *err)
{
    enum weir_rc rc = ends_with(list.path, ".csv")
                          ? list_parse_csv(set->a, text, column, &list, err)
                          : list_parse_txt(set->a, text, &list, err);

    if (rc != WEIR_OK) {
        err_file(err, list.path);
        return rc;
    }
    struct list *known = (struct list *)list_find(set, list.name);
    if (!known && set->n == LISTS_MAX)
        return err_set(err, WEIR_LIMIT, "more than %d lists", LISTS_MAX);
    *(known ? known : &set->lists[set->n++]) = list;
    return WEIR_OK;
}

enum weir_rc list_set_add_text(struct list_set *set, struct str name, struct str path,
                               struct str column, struct str text, struct weir_err *err)
{
    struct list list = {.name = arena_str(set->a, name), .path = arena_str(set->a, path)};

    return add_list(set, list, column, arena_str(set->a, text), err);
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
    for (size_t i = 0; i < embed_lists_n; i++) {
        const struct embed_file *f = &embed_lists[i];
        struct list list = {.name = name_of(f->path), .path = f->path};
        ASSERT(add_list(set, list, (struct str){"", 0}, f->text, NULL) == WEIR_OK);
    }
    return set;
}

static bool lookup(void *context, struct str name, struct str_list *entries, enum list_mode *mode)
{
    const struct list_set *set = context;

    ASSERT(set->magic == LIST_SET_MAGIC);
    const struct list *list = list_find(set, name);
    if (!list)
        return false;
    *entries = list->entries;
    *mode = list->mode;
    return true;
}

static struct str nearest(void *context, struct str name)
{
    const struct list_set *set = context;
    struct str names[LISTS_MAX];

    ASSERT(set->magic == LIST_SET_MAGIC);
    for (size_t i = 0; i < set->n; i++)
        names[i] = set->lists[i].name;
    return str_nearest(name, names, set->n);
}

struct list_source list_set_source(struct list_set *set)
{
    return (struct list_source){.lookup = lookup, .nearest = nearest, .context = set};
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

/* path is followed by a NUL. */
static enum weir_rc add_file(struct list_set *set, struct list list, struct str column,
                             struct weir_err *err)
{
    struct buf text = {0};
    int fd = open(list.path.p, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return fail_errno(err, list.path);
    enum weir_rc rc = read_open(fd, list.path, &text, err);
    close(fd);
    if (rc == WEIR_OK)
        rc = add_list(set, list, column, arena_str(set->a, buf_str(&text)), err);
    buf_release(&text);
    return rc;
}

enum weir_rc list_set_add_argument(struct list_set *set, struct str argument, struct weir_err *err)
{
    struct str name, path, column = {"", 0};

    if (!str_cut(argument, '=', &name, &path) || name.n == 0 || path.n == 0 ||
        memchr(argument.p, '\0', argument.n))
        return err_set(err, WEIR_SYNTAX, "'%.*s': a list is given as NAME=FILE", (int)argument.n,
                       argument.p);
    for (size_t at = path.n; at-- > 0 && path.p[at] != '/';)
        if (path.p[at] == ':' && ends_with(str_sub(path, 0, at), ".csv")) {
            column = str_sub(path, at + 1, path.n);
            path = str_sub(path, 0, at);
            break;
        }
    struct list list = {.name = arena_str(set->a, name), .path = arena_str(set->a, path)};
    return add_file(set, list, column, err);
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
        .path = arena_printf(set->a, "%.*s/%.*s", (int)dir.n, dir.p, (int)file.n, file.p)};
    enum weir_rc rc;

    if (ends_with(file, ".json") || ends_with(file, ".ndjson")) {
        rc = err_set(err, WEIR_UNSUPPORTED, "lists are .txt or .csv, JSON is not supported yet");
        err_file(err, list.path);
        return rc;
    }
    if (!ends_with(file, ".txt") && !ends_with(file, ".csv"))
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
    return add_file(set, list, (struct str){"", 0}, err);
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
        rc = err_set(err, WEIR_NOTFOUND, "the directory holds no lists (.txt, .csv)");
        err_file(err, dir);
    }
    return rc;
}
