/* event_file.c - the events of a file as texts. */
#include "app/event_file.h"

#include "app/files.h"
#include "base/str.h"
#include "base/vec.h"
#include "event/decode.h"

struct reading {
    struct arena *a;
    struct vec texts; /* struct str */
};

static void take(void *context, struct str event, UNUSED uint32_t index)
{
    struct reading *r = context;
    struct str *slot = vec_push(r->a, &r->texts, sizeof *slot);

    *slot = arena_str(r->a, event);
}

static enum weir_rc bad_record(struct weir_err *err, uint64_t number, enum event_reject why)
{
    return err_set(err, WEIR_SYNTAX, "record %llu is no event: %s", (unsigned long long)number,
                   event_reject_name(why));
}

static enum weir_rc split(struct reading *r, const struct profile_set *profiles,
                          struct splitter *splitter, struct weir_err *err)
{
    uint64_t number = 0;

    for (;; number++) {
        struct str record;
        uint32_t index;
        bool is_new;
        enum event_reject why = EVENT_OK;
        enum splitter_result got = splitter_next(splitter, &record, &index, &is_new, &why);
        if (got == SPLIT_END)
            return WEIR_OK;
        if (got == SPLIT_RECORD)
            why = decode_record(r->a, profiles, record, take, r);
        if (why != EVENT_OK)
            return bad_record(err, number, why);
        if (r->texts.n > EVENT_FILE_EVENTS_MAX)
            return err_set(err, WEIR_LIMIT, "more than %d events", EVENT_FILE_EVENTS_MAX);
    }
}

enum weir_rc event_file_read(struct arena *a, const struct profile_set *profiles, struct str path,
                             struct str_list *out, struct weir_err *err)
{
    struct reading r = {.a = a};
    struct str text;

    if (str_ends(path, STR(".gz")) || str_ends(path, STR(".zst")))
        return err_set(err, WEIR_UNSUPPORTED, "packed files are not read here");
    TRY(file_read(a, path, EVENT_FILE_MAX, &text, err));
    struct splitter *splitter = splitter_new();
    splitter_feed(splitter, text.p, text.n);
    splitter_end(splitter);
    enum weir_rc rc = split(&r, profiles, splitter, err);
    splitter_free(splitter);
    if (rc == WEIR_OK)
        *out = (struct str_list){r.texts.items, r.texts.n};
    return rc;
}
