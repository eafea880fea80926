/* overwrite.c - an output never takes the place of what it was made from: by device and number of
 * the file, asked just before the output is opened. */
#include "app/overwrite.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

/* Paths that were cut out of an argument do not end in a zero. */
static bool stat_of(struct str path, struct stat *out)
{
    char name[PATH_MAX];

    if (path.n == 0 || path.n >= sizeof name)
        return false;
    memcpy(name, path.p, path.n);
    name[path.n] = '\0';
    return stat(name, out) == 0;
}

void overwrite_init(struct overwrite *w, const char *flag, struct str path)
{
    struct stat st;

    *w = (struct overwrite){.flag = flag, .path = path};
    w->is_there = stat_of(path, &st) && S_ISREG(st.st_mode);
    if (w->is_there) {
        w->device = st.st_dev;
        w->number = st.st_ino;
    }
}

enum weir_rc overwrite_refuse_file(const struct overwrite *w, struct str file, struct weir_err *err)
{
    struct stat st;

    if (!w->is_there || !stat_of(file, &st) || st.st_dev != w->device || st.st_ino != w->number)
        return WEIR_OK;
    err_set(err, WEIR_BADARG, "%s: this file is also an input", w->flag);
    err_file(err, w->path);
    return WEIR_BADARG;
}

enum weir_rc overwrite_refuse_rules(const struct overwrite *w, const struct rule_book *b,
                                    const struct rule_options *o, struct weir_err *err)
{
    if (!w->is_there)
        return WEIR_OK;
    for (size_t i = 0; i < b->loaded.n_verdicts; i++)
        TRY(overwrite_refuse_file(w, b->loaded.verdicts[i].path, err));
    for (size_t i = 0; i < list_count(b->lists); i++)
        TRY(overwrite_refuse_file(w, list_at(b->lists, i)->path, err));
    for (size_t i = 0; i < b->overlay_paths.n; i++)
        TRY(overwrite_refuse_file(w, b->overlay_paths.items[i], err));
    for (size_t i = 0; i < o->pipelines.n; i++)
        TRY(overwrite_refuse_file(w, o->pipelines.items[i], err));
    return overwrite_refuse_file(w, o->geoip_file, err);
}
