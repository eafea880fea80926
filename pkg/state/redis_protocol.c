/* redis_protocol.c - the calls of workers: who owns a partition, how far it is, marks, recovery.
 *
 * What concerns the whole deployment is one call to {w:meta}; what concerns shards is one call
 * each, all in one go. Each may be repeated: a lost reply is answered by the same call again (an
 * epoch then rises twice, which does no harm).
 */
#include "state/store_redis_impl.h"

#include "base/pack.h"
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

enum { MARK_BYTES = 8, CLAIMS_OF_A_CALL = 1000 };

/* Times travel through Lua's doubles: what is beyond is the end of time. */
static const int64_t time_max = INT64_C(1) << 62;

static struct store_redis *begin(struct store *base)
{
    struct store_redis *s = (struct store_redis *)base;

    arena_reset(s->calls);
    return s;
}

static void start(struct redis_words *w, const char *function, const char *key, const char *name)
{
    *w = (struct redis_words){0};
    redis_words_add(w, STR("FCALL"));
    redis_words_add(w, str_from(function));
    redis_words_add(w, STR("1"));
    redis_words_add(w, str_from(key));
    redis_words_add(w, str_from(name));
}

static void add_number(struct store_redis *s, struct redis_words *w, uint64_t v)
{
    redis_words_add(w, redis_number_text(s->calls, (int64_t)v));
}

static void add_packed(struct store_redis *s, struct redis_words *w, const struct buf *b)
{
    redis_words_add(w, arena_str(s->calls, buf_str(b)));
}

/* Token of a lease: as text, since it is compared, not counted. */
static void add_lease(struct store_redis *s, struct redis_words *w, const struct store_lease *l)
{
    redis_words_add(w, str_from(l->run_id));
    redis_words_add(w, arena_printf(s->calls, "%016llx", (unsigned long long)l->token));
}

static enum weir_rc answer_of(const struct redis_reply *r, enum store_answer *answer,
                              struct weir_err *err)
{
    struct str word = r->type == REDIS_LIST && r->n > 0 ? r->items[0]->text : (struct str){0};

    if (str_eq(word, STR("DONE")))
        return WEIR_OK;
    if (str_eq(word, STR("FENCED")))
        *answer = STORE_FENCED;
    else if (str_eq(word, STR("NEWINC")))
        *answer = STORE_NEWINC;
    else
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    return WEIR_OK;
}

/* One call to {w:meta}; frees the words. *out: the item behind DONE, or NULL. */
static enum weir_rc call_meta(struct store_redis *s, struct redis_words *w,
                              const struct redis_reply **out, enum store_answer *answer,
                              struct weir_err *err)
{
    const struct redis_reply *r;
    enum weir_rc rc = redis_call_many(s, w, 1, &r, err);

    free(w->p);
    *answer = STORE_DONE;
    TRY(rc);
    TRY(answer_of(r, answer, err));
    *out = r->n > 1 ? r->items[1] : NULL;
    return WEIR_OK;
}

/* A call to each shard (words are freed); the worst answer of all. */
static enum weir_rc call_shards(struct store_redis *s, struct redis_words w[static STORE_SHARDS],
                                const struct redis_reply *replies[static STORE_SHARDS],
                                enum store_answer *answer, struct weir_err *err)
{
    enum weir_rc rc = redis_call_many(s, w, STORE_SHARDS, replies, err);

    *answer = STORE_DONE;
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        free(w[k].p);
        if (rc == WEIR_OK)
            rc = answer_of(replies[k], answer, err);
    }
    return rc;
}

static void start_shards(struct store_redis *s, struct redis_words w[static STORE_SHARDS],
                         const char *name)
{
    for (size_t k = 0; k < STORE_SHARDS; k++)
        start(&w[k], "weir_v3_shard", s->shards[k].tag, name);
}

/* ---- partitions ------------------------------------------------------------------------------ */

static enum weir_rc acquire(struct store *base, uint32_t partition, const char *incarnation,
                            uint64_t *epoch, enum store_answer *answer, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words one, all[STORE_SHARDS];
    const struct redis_reply *r = NULL, *replies[STORE_SHARDS];

    start(&one, "weir_v3_meta", s->session.meta, "acquire");
    add_number(s, &one, partition);
    redis_words_add(&one, str_from(incarnation));
    TRY(call_meta(s, &one, &r, answer, err));
    if (*answer != STORE_DONE)
        return WEIR_OK;
    *epoch = r ? (uint64_t)r->number : 0;
    start_shards(s, all, "fence");
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        add_number(s, &all[k], partition);
        add_number(s, &all[k], *epoch);
    }
    return call_shards(s, all, replies, answer, err);
}

static struct store_applied applied_of(const struct redis_reply *r)
{
    struct store_applied a = {.prefix_ms = INT64_MIN};

    if (!r || r->type != REDIS_TEXT)
        return a;
    struct unpack u = unpack_from(r->text);
    a.at.position = unpack_u64(&u);
    a.at.tick = unpack_u64(&u);
    a.prefix_ms = unpack_i64(&u);
    return a;
}

static void pack_applied(const struct store_applied *a, struct buf *out)
{
    buf_clear(out);
    pack_u64(out, a->at.position);
    pack_u64(out, a->at.tick);
    pack_i64(out, a->prefix_ms);
}

static enum weir_rc applied(struct store *base, uint32_t partition, uint32_t round,
                            struct store_applied out[static STORE_SHARDS], struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words all[STORE_SHARDS];
    const struct redis_reply *replies[STORE_SHARDS];
    enum store_answer answer;

    start_shards(s, all, "applied");
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        add_number(s, &all[k], partition);
        add_number(s, &all[k], round);
    }
    TRY(call_shards(s, all, replies, &answer, err));
    for (size_t k = 0; k < STORE_SHARDS; k++)
        out[k] = applied_of(replies[k]->n > 1 ? replies[k]->items[1] : NULL);
    return WEIR_OK;
}

static enum weir_rc lift(struct store *base, const char *incarnation, uint32_t partition,
                         uint64_t epoch, const struct store_applied *upto, uint32_t n_rounds,
                         enum store_answer *answer, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words all[STORE_SHARDS];
    const struct redis_reply *replies[STORE_SHARDS];

    start_shards(s, all, "lift");
    pack_applied(upto, &s->scratch);
    for (size_t k = 0; k < STORE_SHARDS; k++) {
        add_number(s, &all[k], partition);
        add_number(s, &all[k], epoch);
        add_number(s, &all[k], n_rounds);
        redis_words_add(&all[k], str_from(incarnation));
        add_packed(s, &all[k], &s->scratch);
    }
    return call_shards(s, all, replies, answer, err);
}

/* ---- marks ----------------------------------------------------------------------------------- */

static enum weir_rc mark(struct store *base, const char *incarnation,
                         const struct store_mark *marks, size_t n, uint32_t n_levels,
                         int64_t *least_ms, enum store_answer *answer, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words w;
    const struct redis_reply *r = NULL;

    start(&w, "weir_v3_meta", s->session.meta, "mark");
    redis_words_add(&w, str_from(incarnation));
    add_number(s, &w, n_levels);
    for (size_t i = 0; i < n; i++) {
        add_number(s, &w, marks[i].partition);
        add_number(s, &w, marks[i].epoch);
        buf_clear(&s->scratch);
        for (uint32_t level = 0; level < n_levels; level++) {
            int64_t ms = marks[i].watermark_ms[level];
            pack_i64(&s->scratch, ms < time_max ? ms : time_max);
        }
        add_packed(s, &w, &s->scratch);
    }
    TRY(call_meta(s, &w, &r, answer, err));
    for (uint32_t level = 0; level < n_levels && *answer == STORE_DONE; level++) {
        least_ms[level] = INT64_MIN;
        if (!r || level >= r->n || r->items[level]->text.n != MARK_BYTES)
            continue;
        struct unpack u = unpack_from(r->items[level]->text);
        int64_t ms = unpack_i64(&u);
        least_ms[level] = ms < time_max ? ms : INT64_MAX;
    }
    return WEIR_OK;
}

/* ---- recovery ------------------------------------------------------------------------------ */

static void keep_run(char out[static STORE_RUN_ID_MAX], const struct redis_reply *r)
{
    size_t n = r->text.n < STORE_RUN_ID_MAX ? r->text.n : STORE_RUN_ID_MAX - 1;

    memcpy(out, r->text.p ? r->text.p : "", n);
    out[n] = '\0';
}

static enum weir_rc run(struct store *base, struct store_run *out, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words w;
    const struct redis_reply *r;

    start(&w, "weir_v3_meta", s->session.meta, "run");
    enum weir_rc rc = redis_call_many(s, &w, 1, &r, err);
    free(w.p);
    TRY(rc);
    if (r->type != REDIS_LIST || r->n != 3)
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    keep_run(out->run_id, r->items[1]);
    keep_run(out->blessed, r->items[2]);
    return WEIR_OK;
}

static enum weir_rc lease(struct store *base, const struct store_lease *l,
                          enum store_answer *answer, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words w;
    const struct redis_reply *r;

    start(&w, "weir_v3_meta", s->session.meta, "lease");
    add_lease(s, &w, l);
    add_number(s, &w, l->ttl_ms);
    redis_words_add(&w, str_from(l->incarnation));
    return call_meta(s, &w, &r, answer, err);
}

/* The shards first: the run counts as blessed when the last word, in {w:meta}, is said. */
static enum weir_rc bless(struct store *base, const struct store_lease *l,
                          const uint32_t *partitions, size_t n_partitions,
                          enum store_answer *answer, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words one, all[STORE_SHARDS];
    const struct redis_reply *r, *replies[STORE_SHARDS];

    start_shards(s, all, "trust");
    for (size_t k = 0; k < STORE_SHARDS; k++)
        add_lease(s, &all[k], l);
    TRY(call_shards(s, all, replies, answer, err));
    if (*answer != STORE_DONE)
        return WEIR_OK;
    start(&one, "weir_v3_meta", s->session.meta, "bless");
    add_lease(s, &one, l);
    for (size_t i = 0; i < n_partitions; i++)
        add_number(s, &one, partitions[i]);
    return call_meta(s, &one, &r, answer, err);
}

static void add_claim(struct store_redis *s, struct redis_words *w, const struct store_claim *c)
{
    buf_clear(&s->scratch);
    pack_bytes(&s->scratch, c->uid, sizeof c->uid);
    pack_u8(&s->scratch, c->kind);
    add_packed(s, w, &s->scratch);
    buf_clear(&s->scratch);
    pack_u64(&s->scratch, c->sequence);
    add_packed(s, w, &s->scratch);
}

static enum weir_rc restore(struct store *base, const struct store_lease *l,
                            const struct store_claim *claims, size_t n, enum store_answer *answer,
                            struct weir_err *err)
{
    struct store_redis *s = begin(base);
    const struct redis_reply *replies[STORE_SHARDS];
    struct redis_words all[STORE_SHARDS];

    *answer = STORE_DONE;
    do {
        size_t now = n < CLAIMS_OF_A_CALL ? n : CLAIMS_OF_A_CALL;
        arena_reset(s->calls);
        start_shards(s, all, "restore");
        for (size_t k = 0; k < STORE_SHARDS; k++)
            add_lease(s, &all[k], l);
        for (size_t i = 0; i < now; i++) {
            ASSERT(claims[i].shard < STORE_SHARDS);
            add_claim(s, &all[claims[i].shard], &claims[i]);
        }
        TRY(call_shards(s, all, replies, answer, err));
        claims += now;
        n -= now;
    } while (n > 0 && *answer == STORE_DONE);
    return WEIR_OK;
}

static enum weir_rc replay_from(struct store *base, uint32_t partition, bool *has,
                                struct store_applied *from, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words w;
    const struct redis_reply *r = NULL;
    enum store_answer answer;

    start(&w, "weir_v3_meta", s->session.meta, "replay_from");
    add_number(s, &w, partition);
    TRY(call_meta(s, &w, &r, &answer, err));
    *has = r && r->type == REDIS_TEXT;
    *from = applied_of(r);
    return WEIR_OK;
}

static enum weir_rc set_replay(struct store *base, const struct store_lease *l, uint32_t partition,
                               const struct store_applied *from, enum store_answer *answer,
                               struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words w;
    const struct redis_reply *r;

    start(&w, "weir_v3_meta", s->session.meta, "set_replay");
    add_lease(s, &w, l);
    add_number(s, &w, partition);
    pack_applied(from, &s->scratch);
    add_packed(s, &w, &s->scratch);
    return call_meta(s, &w, &r, answer, err);
}

static enum weir_rc end_replay(struct store *base, const char *incarnation, uint32_t partition,
                               uint64_t epoch, enum store_answer *answer, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words w;
    const struct redis_reply *r;

    start(&w, "weir_v3_meta", s->session.meta, "end_replay");
    add_number(s, &w, partition);
    add_number(s, &w, epoch);
    redis_words_add(&w, str_from(incarnation));
    return call_meta(s, &w, &r, answer, err);
}

/* ---- numbers of partitions ----------------------------------------------------------------- */

static bool is_book_name(struct str name)
{
    return name.n > 0 && name.p[0] != '=';
}

/* The book as a list of names and numbers; what is neither is the library's own. */
static enum weir_rc read_book(struct store_redis *s, const struct redis_reply *r,
                              const struct store_log **out, size_t *n_out, struct weir_err *err)
{
    if (r->type != REDIS_LIST || r->n == 0)
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    if (str_eq(r->items[0]->text, STR("FULL")))
        return err_set(err, WEIR_LIMIT, "the book of partitions in the store is full");
    if (r->n != 2 || r->items[1]->type != REDIS_LIST)
        return err_set(err, WEIR_IO, "Redis: an answer of the library is incomplete");
    const struct redis_reply *all = r->items[1];
    struct store_log *list = ARENA_ARRAY(s->calls, all->n / 2 + 1, struct store_log);
    size_t n = 0;
    for (size_t i = 0; i + 1 < all->n; i += 2) {
        uint64_t number;
        if (!is_book_name(all->items[i]->text))
            continue;
        if (!str_to_u64(all->items[i + 1]->text, &number) || number > UINT32_MAX)
            return err_set(err, WEIR_IO, "Redis: the book of partitions is damaged");
        list[n++] = (struct store_log){all->items[i]->text, (uint32_t)number};
    }
    *out = list;
    *n_out = n;
    return WEIR_OK;
}

static enum weir_rc call_book(struct store_redis *s, struct redis_words *w,
                              const struct store_log **out, size_t *n_out, struct weir_err *err)
{
    const struct redis_reply *r;
    enum weir_rc rc = redis_call_many(s, w, 1, &r, err);

    free(w->p);
    TRY(rc);
    return read_book(s, r, out, n_out, err);
}

static enum weir_rc book(struct store *base, const struct str *names, size_t n, uint32_t max,
                         const struct store_log **out, size_t *n_out, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words w;

    do {
        size_t now = n < CLAIMS_OF_A_CALL ? n : CLAIMS_OF_A_CALL;
        arena_reset(s->calls);
        start(&w, "weir_v3_meta", s->session.meta, "book");
        add_number(s, &w, max);
        for (size_t i = 0; i < now; i++) {
            ASSERT(is_book_name(names[i]));
            redis_words_add(&w, names[i]);
        }
        TRY(call_book(s, &w, out, n_out, err));
        names += now;
        n -= now;
    } while (n > 0);
    return WEIR_OK;
}

static enum weir_rc book_renew(struct store *base, struct str name, uint32_t number,
                               uint64_t committed, uint32_t max, const struct store_log **out,
                               size_t *n_out, struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words w;

    start(&w, "weir_v3_meta", s->session.meta, "renew");
    add_number(s, &w, max);
    redis_words_add(&w, name);
    add_number(s, &w, number);
    add_number(s, &w, committed);
    return call_book(s, &w, out, n_out, err);
}

static enum weir_rc retire(struct store *base, const uint32_t *partitions, size_t n,
                           struct weir_err *err)
{
    struct store_redis *s = begin(base);
    struct redis_words w;
    const struct redis_reply *r;
    enum store_answer answer;

    start(&w, "weir_v3_meta", s->session.meta, "retire");
    for (size_t i = 0; i < n; i++)
        add_number(s, &w, partitions[i]);
    return call_meta(s, &w, &r, &answer, err);
}

void redis_protocol_fill(struct store_vtable *v)
{
    v->acquire = acquire;
    v->applied = applied;
    v->lift = lift;
    v->mark = mark;
    v->run = run;
    v->lease = lease;
    v->bless = bless;
    v->restore = restore;
    v->replay_from = replay_from;
    v->set_replay = set_replay;
    v->end_replay = end_replay;
    v->book = book;
    v->book_renew = book_renew;
    v->retire = retire;
}
