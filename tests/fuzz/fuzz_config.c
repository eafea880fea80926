/* fuzz_config.c - any text as a configuration: it loads, and what is then shown loads again; or it
 * fails with words. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "worker/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file in memory: a configuration is read from a path. */
static struct str write_file(struct arena *a, const void *data, size_t size, int *fd)
{
    *fd = memfd_create("fuzz", 0);
    ASSERT(*fd >= 0 && write(*fd, data, size) == (ssize_t)size);
    return arena_printf(a, "/proc/self/fd/%d", *fd);
}

static enum weir_rc load(struct arena *a, const void *data, size_t size, struct config *c,
                         struct weir_err *err)
{
    int fd;
    enum weir_rc rc = config_load(a, write_file(a, data, size, &fd), NULL, 0, c, err);

    close(fd);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(0);
    struct config *c = ARENA_NEW(a, struct config), *again = ARENA_NEW(a, struct config);
    struct weir_err err = {0};
    struct buf shown = {0};

    if (load(a, data, size, c, &err) == WEIR_OK) {
        config_show(c, &shown);
        ASSERT(load(a, shown.p, shown.n, again, &err) == WEIR_OK);
        ASSERT(again->n_inputs == c->n_inputs && again->n_set == c->n_set);
    } else {
        ASSERT(err.code != WEIR_OK && err.text[0]);
    }
    buf_release(&shown);
    arena_free(a);
    return 0;
}
