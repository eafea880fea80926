/* sorter.c - an external merge sort.
 *
 * In memory an item is a header followed by its bytes in one block, with an array of pointers
 * beside it that is what gets sorted. A run is the same headers and bytes in a file, in order.
 * The items still in memory at the end are one more run, without a file.
 */
#include "app/sorter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

struct header {
    int64_t time_ms;
    uint64_t number;
    uint64_t n;
};

/* One source of a merge: a file, or the array in memory. */
struct run {
    FILE *file;
    struct header head;
    char *bytes; /* of the head item */
    size_t cap;
    bool is_over;
};

struct sorter {
    size_t memory_max;
    char *block;
    size_t used, cap;
    size_t *items; /* offsets into block */
    size_t n_items, cap_items, next;
    struct run runs[SORTER_RUNS_MAX + 1]; /* the last one: memory */
    size_t n_runs;
};

struct sorter *sorter_new(size_t memory_max)
{
    struct sorter *s = calloc(1, sizeof *s);

    ASSERT(s);
    s->memory_max = memory_max ? memory_max : SORTER_MEMORY_MAX;
    return s;
}

static void run_release(struct run *r)
{
    if (r->file)
        fclose(r->file);
    free(r->bytes);
    *r = (struct run){0};
}

void sorter_free(struct sorter *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < ARRAY_LEN(s->runs); i++)
        run_release(&s->runs[i]);
    free(s->block);
    free(s->items);
    free(s);
}

static enum weir_rc spill_failed(struct weir_err *err)
{
    return err_set(err, WEIR_IO, "cannot sort by time in a temporary file: %s (TMPDIR says where)",
                   strerror(errno));
}

static bool comes_before(const struct header *a, const struct header *b)
{
    return a->time_ms != b->time_ms ? a->time_ms < b->time_ms : a->number < b->number;
}

static int compare(const void *x, const void *y, void *block)
{
    struct header a, b;

    memcpy(&a, (char *)block + *(const size_t *)x, sizeof a);
    memcpy(&b, (char *)block + *(const size_t *)y, sizeof b);
    return comes_before(&a, &b) ? -1 : comes_before(&b, &a);
}

static void sort_memory(struct sorter *s)
{
    if (s->n_items > 1)
        qsort_r(s->items, s->n_items, sizeof *s->items, compare, s->block);
    s->next = 0;
}

/* A file without a name: gone with the process. */
static FILE *nameless_file(void)
{
    const char *dir = getenv("TMPDIR");
    char path[4096];

    snprintf(path, sizeof path, "%s/weir-XXXXXX", dir && *dir ? dir : "/tmp");
    int fd = mkstemp(path);
    if (fd < 0)
        return NULL;
    unlink(path);
    FILE *f = fdopen(fd, "w+");
    if (!f)
        close(fd);
    return f;
}

static bool write_item(FILE *f, const struct header *h, const char *bytes)
{
    return fwrite(h, sizeof *h, 1, f) == 1 && (h->n == 0 || fwrite(bytes, h->n, 1, f) == 1);
}

/* Step to the next item of a run; false on a failure to read. */
static bool run_next(struct sorter *s, struct run *r)
{
    if (!r->file) {
        r->is_over = s->next == s->n_items;
        if (!r->is_over)
            memcpy(&r->head, s->block + s->items[s->next++], sizeof r->head);
        return true;
    }
    if (fread(&r->head, sizeof r->head, 1, r->file) != 1) {
        r->is_over = true;
        return !ferror(r->file);
    }
    if (r->head.n > r->cap) {
        free(r->bytes);
        r->cap = r->head.n * 2;
        r->bytes = calloc(r->cap, 1);
        ASSERT(r->bytes);
    }
    return r->head.n == 0 || fread(r->bytes, r->head.n, 1, r->file) == 1;
}

static const char *run_bytes(const struct sorter *s, const struct run *r)
{
    return r->file ? r->bytes : s->block + s->items[s->next - 1] + sizeof(struct header);
}

static struct run *smallest(struct run *const *runs, size_t n)
{
    struct run *best = NULL;

    for (size_t i = 0; i < n; i++)
        if (!runs[i]->is_over && (!best || comes_before(&runs[i]->head, &best->head)))
            best = runs[i];
    return best;
}

/* All runs in files, and memory as the last one if with_memory. */
static enum weir_rc merge(struct sorter *s, bool with_memory, sorter_fn *fn, void *context,
                          struct weir_err *err)
{
    struct run *runs[SORTER_RUNS_MAX + 1], *r;
    size_t n = 0;

    for (size_t i = 0; i < s->n_runs; i++) {
        runs[n++] = &s->runs[i];
        if (fflush(s->runs[i].file) != 0 || fseek(s->runs[i].file, 0, SEEK_SET) != 0)
            return spill_failed(err);
    }
    if (with_memory)
        runs[n++] = &s->runs[SORTER_RUNS_MAX];
    for (size_t i = 0; i < n; i++)
        if (!run_next(s, runs[i]))
            return spill_failed(err);
    while ((r = smallest(runs, n)) != NULL) {
        struct sort_item item = {r->head.time_ms, r->head.number, {run_bytes(s, r), r->head.n}};
        TRY(fn(context, &item, err));
        if (!run_next(s, r))
            return spill_failed(err);
    }
    return WEIR_OK;
}

static enum weir_rc write_merged(void *file, const struct sort_item *item, struct weir_err *err)
{
    struct header h = {item->time_ms, item->number, item->bytes.n};

    return write_item(file, &h, item->bytes.p) ? WEIR_OK : spill_failed(err);
}

/* All runs become one. */
static enum weir_rc join_runs(struct sorter *s, struct weir_err *err)
{
    FILE *joined = nameless_file();

    if (!joined)
        return spill_failed(err);
    enum weir_rc rc = merge(s, false, write_merged, joined, err);
    if (rc != WEIR_OK) {
        fclose(joined);
        return rc;
    }
    for (size_t i = 0; i < s->n_runs; i++)
        run_release(&s->runs[i]);
    s->runs[0].file = joined;
    s->n_runs = 1;
    return WEIR_OK;
}

static enum weir_rc spill(struct sorter *s, struct weir_err *err)
{
    struct header h;

    if (s->n_runs == SORTER_RUNS_MAX)
        TRY(join_runs(s, err));
    FILE *f = nameless_file();
    if (!f)
        return spill_failed(err);
    s->runs[s->n_runs++].file = f;
    sort_memory(s);
    for (size_t i = 0; i < s->n_items; i++) {
        memcpy(&h, s->block + s->items[i], sizeof h);
        if (!write_item(f, &h, s->block + s->items[i] + sizeof h))
            return spill_failed(err);
    }
    if (fflush(f) != 0)
        return spill_failed(err);
    s->n_items = s->used = 0;
    return WEIR_OK;
}

static void make_room(struct sorter *s, size_t bytes)
{
    if (s->used + bytes > s->cap) {
        while (s->used + bytes > s->cap)
            s->cap = s->cap ? s->cap * 2 : 64 * 1024;
        s->block = reallocarray(s->block, s->cap, 1);
        ASSERT(s->block);
    }
    if (s->n_items == s->cap_items) {
        s->cap_items = s->cap_items ? s->cap_items * 2 : 1024;
        s->items = reallocarray(s->items, s->cap_items, sizeof *s->items);
        ASSERT(s->items);
    }
}

enum weir_rc sorter_add(struct sorter *s, const struct sort_item *item, struct weir_err *err)
{
    struct header h = {item->time_ms, item->number, item->bytes.n};
    size_t bytes = sizeof h + item->bytes.n;

    if (s->n_items && s->used + bytes + s->n_items * sizeof *s->items > s->memory_max)
        TRY(spill(s, err));
    make_room(s, bytes);
    memcpy(s->block + s->used, &h, sizeof h);
    if (item->bytes.n)
        memcpy(s->block + s->used + sizeof h, item->bytes.p, item->bytes.n);
    s->items[s->n_items++] = s->used;
    s->used += bytes;
    return WEIR_OK;
}

enum weir_rc sorter_drain(struct sorter *s, sorter_fn *fn, void *context, struct weir_err *err)
{
    sort_memory(s);
    enum weir_rc rc = merge(s, true, fn, context, err);
    for (size_t i = 0; i < ARRAY_LEN(s->runs); i++)
        run_release(&s->runs[i]);
    s->n_runs = s->n_items = s->used = s->next = 0;
    return rc;
}
