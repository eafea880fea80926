/* fuzz_decode.c - any bytes as input, in two ways of cutting: the same records come out, and every
 * record goes through unwrapping. The first byte chooses the size of the pieces. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "event/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct profile_set *profiles;
static struct arena *kept;

static void take(void *context, struct str event, uint32_t index)
{
    buf_printf(context, "e%u:%zu ", index, event.n);
}

static bool drain(struct splitter *s, struct arena *scratch, struct buf *out)
{
    for (;;) {
        struct str record;
        uint32_t index;
        bool is_new;
        enum event_reject reason = EVENT_OK;
        enum splitter_result got = splitter_next(s, &record, &index, &is_new, &reason);

        if (got == SPLIT_NEED_MORE || got == SPLIT_END)
            return got == SPLIT_END;
        buf_printf(out, "%d %u %d %d ", (int)got, index, is_new, (int)reason);
        buf_add(out, record);
        if (got == SPLIT_RECORD)
            (void)decode_record(scratch, profiles, record, take, out);
    }
}

static struct buf split(const char *p, size_t n, size_t step)
{
    struct splitter *s = splitter_new();
    struct arena *scratch = arena_new(0);
    struct buf out = {0};

    for (size_t at = 0; at < n; at += step) {
        splitter_feed(s, p + at, n - at < step ? n - at : step);
        ASSERT(!drain(s, scratch, &out));
    }
    splitter_end(s);
    ASSERT(drain(s, scratch, &out));
    splitter_free(s);
    arena_free(scratch);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_err err;

    if (!kept) {
        kept = arena_new(0);
        ASSERT(profile_set_load(kept, STR(""), &profiles, &err) == WEIR_OK);
    }
    if (size < 2)
        return 0;
    struct buf whole = split((const char *)data + 1, size - 1, size);
    struct buf pieces = split((const char *)data + 1, size - 1, (size_t)data[0] + 1);
    ASSERT(str_eq(buf_str(&whole), buf_str(&pieces)));
    buf_release(&whole);
    buf_release(&pieces);
    return 0;
}
