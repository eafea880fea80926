/* files.c - which files a list of paths means. A plain recursive walk; each argument is
 * sorted on its own, so that the order of the arguments stays. */
#include "app/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/str.h"

enum { MET_START = 4096 };

struct inode {
    dev_t device;
    ino_t number;
};

struct walk {
    struct arena *arena;
    struct arena *temp; /* gone after the walk */
    const struct files_request *request;
    struct text_list *out;
    size_t n_wanted;   /* files met, those of earlier arguments too */
    struct inode *met; /* a hash table at most half full; numbers plus 1, 0 is free */
    size_t met_size;   /* a power of two, or 0 */
    size_t n_met;
    struct inode above[FILES_DEPTH_MAX]; /* the directories that the walk is in */
    struct weir_err *err;
};

static enum weir_rc system_error(struct weir_err *err, struct str path, int code)
{
    enum weir_rc rc = code == ENOENT || code == ENOTDIR ? WEIR_NOTFOUND : WEIR_IO;

    err_set(err, rc, "%s", code == ENOENT ? "no such file or directory" : strerror(code));
    err_file(err, path);
    return rc;
}

static struct inode *place_of(struct inode *table, size_t size, struct inode key)
{
    uint64_t words[] = {key.device, key.number};
    size_t at = (size_t)hash_bytes(words, sizeof words) & (size - 1);

    while (table[at].number && (table[at].number != key.number || table[at].device != key.device))
        at = (at + 1) & (size - 1);
    return &table[at];
}

static void met_grow(struct walk *w)
{
    size_t size = w->met_size ? w->met_size * 2 : MET_START;
    struct inode *table = ARENA_ARRAY(w->temp, size, struct inode);

    for (size_t i = 0; i < w->met_size; i++)
        if (w->met[i].number)
            *place_of(table, size, w->met[i]) = w->met[i];
    w->met = table;
    w->met_size = size;
}

static bool was_met(struct walk *w, const struct stat *st)
{
    struct inode key = {st->st_dev, st->st_ino + 1}; /* no file system gives out the last number */

    if (w->n_met * 2 >= w->met_size)
        met_grow(w);
    struct inode *place = place_of(w->met, w->met_size, key);
    if (place->number)
        return true;
    *place = key;
    w->n_met++;
    return false;
}

static enum weir_rc walk_directory(struct walk *w, struct str path, unsigned depth);

/* True if the directory is one that the walk is in: a link back up. */
static bool is_above(struct walk *w, const struct stat *st, unsigned depth)
{
    for (unsigned i = 0; i < depth && i < FILES_DEPTH_MAX; i++)
        if (w->above[i].device == st->st_dev && w->above[i].number == st->st_ino)
            return true;
    if (depth < FILES_DEPTH_MAX)
        w->above[depth] = (struct inode){st->st_dev, st->st_ino};
    return false;
}

/* One path below a directory, or an argument (depth 0). */
static enum weir_rc walk_path(struct walk *w, struct str path, unsigned depth)
{
    struct stat st;

    if (stat(path.p, &st) != 0) {
        if (depth > 0 && (errno == ENOENT || errno == ELOOP)) /* a link inside that leads nowhere */
            return WEIR_OK;
        return system_error(w->err, path, errno);
    }
    if (S_ISDIR(st.st_mode))
        return is_above(w, &st, depth) ? WEIR_OK : walk_directory(w, path, depth);
    if (depth > 0 && (!S_ISREG(st.st_mode) || !w->request->wanted(path)))
        return WEIR_OK;
    w->n_wanted++;
    if (!w->request->is_unique || !was_met(w, &st))
        text_list_add(w->out, path);
    return WEIR_OK;
}

static enum weir_rc walk_directory(struct walk *w, struct str path, unsigned depth)
{
    enum weir_rc rc = WEIR_OK;
    struct dirent *entry;

    if (depth >= FILES_DEPTH_MAX) {
        err_set(w->err, WEIR_LIMIT, "more than %d directories deep", FILES_DEPTH_MAX);
        err_file(w->err, path);
        return WEIR_LIMIT;
    }
    DIR *dir = opendir(path.p);
    if (!dir)
        return system_error(w->err, path, errno);
    const char *separator = path.n && path.p[path.n - 1] == '/' ? "" : "/";
    while (rc == WEIR_OK && (entry = readdir(dir)) != NULL)
        if (entry->d_name[0] != '.')
            rc = walk_path(w, arena_printf(w->arena, "%s%s%s", path.p, separator, entry->d_name),
                           depth + 1);
    closedir(dir);
    return rc;
}

static enum weir_rc walk_argument(struct walk *w, struct str arg)
{
    size_t before = w->out->n, wanted_before = w->n_wanted;

    if (w->request->takes_stdin && str_eq(arg, STR("-"))) {
        text_list_add(w->out, arg);
        return WEIR_OK;
    }
    if (arg.n == 0)
        return err_set(w->err, WEIR_BADARG, "an empty path");
    if (str_eq(arg, STR("-"))) /* a file of that name is ./- */
        return err_set(w->err, WEIR_BADARG,
                       "- (stdin) is for events alone: name a file or a directory "
                       "with %s",
                       w->request->what);
    TRY(walk_path(w, arena_str(w->arena, arg), 0));
    text_list_sort(w->out, before);
    if (w->n_wanted == wanted_before) {
        err_set(w->err, WEIR_NOTFOUND, "the directory holds no %s", w->request->what);
        err_file(w->err, arg);
        return WEIR_NOTFOUND;
    }
    return WEIR_OK;
}

enum weir_rc files_collect(struct arena *a, const struct text_list *paths,
                           const struct files_request *request, struct text_list *out,
                           struct weir_err *err)
{
    struct walk w = {.arena = a, .temp = arena_new(0), .request = request, .out = out, .err = err};
    enum weir_rc rc = WEIR_OK;

    for (size_t i = 0; i < paths->n && rc == WEIR_OK; i++)
        rc = walk_argument(&w, paths->items[i]);
    arena_free(w.temp);
    return rc;
}

bool is_event_path(struct str path)
{
    static const char *const endings[] = {".json", ".ndjson", ".jsonl", ".log"};

    if (str_ends(path, STR(".gz")))
        path.n -= 3;
    else if (str_ends(path, STR(".zst")))
        path.n -= 4;
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (str_ends(path, str_from(endings[i])))
            return true;
    return false;
}

/* Read at most max bytes; one more is asked for, to see whether there are more. */
static enum weir_rc read_all(int fd, char *p, size_t max, size_t *n, struct weir_err *err)
{
    *n = 0;
    for (;;) {
        ssize_t got = read(fd, p + *n, max + 1 - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(err, WEIR_IO, "%s", strerror(errno));
        if (got == 0)
            return WEIR_OK;
        *n += (size_t)got;
        if (*n > max)
            return err_set(err, WEIR_LIMIT, "the file has more than %zu bytes", max);
    }
}

enum weir_rc file_read(struct arena *a, struct str path, size_t max, struct str *out,
                       struct weir_err *err)
{
    struct stat st;
    struct str name = arena_str(a, path);
    enum weir_rc rc;
    int fd = open(name.p, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return system_error(err, path, errno);
    /* The size is only a hint for the room: what counts is what can be read. Pipes and
     * the files of /proc have none. */
    size_t room = max;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size < max)
        room = (size_t)st.st_size;
    char *p = arena_alloc(a, room + 2);
    size_t n = 0;
    rc = read_all(fd, p, room, &n, err);
    close(fd);
    if (rc != WEIR_OK) {
        err_file(err, path);
        return rc;
    }
    p[n] = '\0';
    *out = (struct str){p, n};
    return WEIR_OK;
}
