/* redis_forget.c - SCAN over the names of keys, UNLINK of those whose name begins with a group's
 * hash. */
#include "state/redis_forget.h"

#include <stdio.h>

#include "state/redis_session.h"

enum { SCAN_COUNT = 1000, NAME_BYTES = 24 };

struct names {
    char (*items)[NAME_BYTES]; /* "{w:0123456789abcdef:" */
    size_t n;
};

static bool is_of_group(const struct names *names, struct str key)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_starts(key, str_from(names->items[i])))
            return true;
    return false;
}

static enum weir_rc unlink_keys(struct redis_session *s, const struct names *names,
                                const struct redis_reply *keys, struct weir_err *err)
{
    const struct redis_reply *reply;
    size_t n = 0;

    for (size_t i = 0; i < keys->n; i++) {
        const struct str words[] = {STR("UNLINK"), keys->items[i]->text};
        if (!is_of_group(names, words[1]))
            continue;
        redis_conn_add(s->conn, words, 2);
        n++;
    }
    if (n == 0)
        return WEIR_OK;
    TRY(redis_conn_send(s->conn, err));
    for (; n; n--)
        TRY(redis_conn_reply(s->conn, s->scratch, &reply, err));
    return WEIR_OK;
}

static enum weir_rc walk(struct redis_session *s, const struct names *names, struct weir_err *err)
{
    char line[96] = "SCAN 0 MATCH {w:* COUNT 1000";

    for (;;) {
        const struct redis_reply *reply;
        arena_reset(s->scratch);
        TRY(redis_conn_ask(s->conn, s->scratch, line, &reply, err));
        if (reply->type != REDIS_LIST || reply->n != 2 || reply->items[1]->type != REDIS_LIST)
            return err_set(err, WEIR_IO, "Redis does not let its keys be listed (SCAN)");
        struct str cursor = reply->items[0]->text;
        snprintf(line, sizeof line, "SCAN %.*s MATCH {w:* COUNT %d", (int)cursor.n, cursor.p,
                 SCAN_COUNT);
        bool is_end = str_eq(cursor, STR("0"));
        TRY(unlink_keys(s, names, reply->items[1], err));
        if (is_end)
            return WEIR_OK;
    }
}

/* The names as redis_session.c makes them. */
static enum weir_rc make_names(struct redis_session *s, const struct store_redis_options *o,
                               const struct str *groups, size_t n, struct arena *a,
                               struct names *out, struct weir_err *err)
{
    out->items = arena_array(a, n, NAME_BYTES);
    for (size_t i = 0; i < n; i++) {
        struct store_redis_options named = *o;
        ASSERT(groups[i].n > 0);
        named.group = groups[i];
        TRY(redis_session_configure(s, &named, err));
        snprintf(out->items[out->n++], NAME_BYTES, "{w:%s", s->space);
    }
    return WEIR_OK;
}

enum weir_rc redis_forget_groups(const struct store_redis_options *o, const struct str *groups,
                                 size_t n, struct weir_err *err)
{
    struct redis_session s = {0};
    struct arena *a = arena_new(0);
    struct names names = {0};

    if (n == 0) {
        arena_free(a);
        return WEIR_OK;
    }
    enum weir_rc rc = make_names(&s, o, groups, n, a, &names, err);
    if (rc == WEIR_OK)
        rc = redis_session_open(&s, err);
    if (rc == WEIR_OK)
        rc = walk(&s, &names, err);
    redis_session_release(&s);
    arena_free(a);
    return rc;
}
