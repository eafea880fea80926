/* bench_sample.c - which rules can see the inputs: one pass that only recognises shapes, then
 * the same question that routing asks. */
#include "app/bench_sample.h"

#include <stdlib.h>

#include "app/stream.h"
#include "base/str.h"
#include "event/field.h"

enum weir_rc bench_feed(struct stream *stream, const struct source *source, const struct buf *texts,
                        struct weir_err *err)
{
    for (size_t i = 0; i < source->n_inputs; i++) {
        struct str rest = buf_str(&texts[i]);
        stream_begin(stream, (uint32_t)i);
        while (rest.n) {
            size_t n = rest.n < BENCH_FEED_BYTES ? rest.n : BENCH_FEED_BYTES;
            TRY(stream_feed(stream, rest.p, n, err));
            rest = str_sub(rest, n, rest.n);
        }
        TRY(stream_end(stream, err));
    }
    return WEIR_OK;
}

static enum weir_rc ignore_batch(void *context, const struct event *events, const uint64_t *numbers,
                                 size_t n, struct weir_err *err)
{
    (void)context, (void)events, (void)numbers, (void)n, (void)err;
    return WEIR_OK;
}

static bool is_visible(const struct extract_worker *worker, const struct rule *rule)
{
    for (uint32_t s = 0; s < extract_shape_count(worker); s++)
        if (logsource_allows(&extract_shape(worker, s)->facts, &rule->logsource))
            return true;
    return false;
}

/* FNV-1a over the uid, then the finish of splitmix64: written out, since a published sample may
 * not depend on the version of a library. */
static uint64_t lot_of(const struct rule *rule, uint64_t seed)
{
    uint64_t h = 0xcbf29ce484222325ull;

    for (size_t i = 0; i < rule->uid.n; i++)
        h = (h ^ (unsigned char)rule->uid.p[i]) * 0x100000001b3ull;
    h ^= seed * 0x9e3779b97f4a7c15ull;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ull;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebull;
    return h ^ (h >> 31);
}

struct drawn {
    uint64_t lot;
    size_t at; /* in the book */
};

static int by_lot(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;

    if (x->lot != y->lot)
        return x->lot < y->lot ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int by_place(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

static void draw(struct rule_book *book, const struct extract_worker *worker, uint64_t n,
                 uint64_t seed, size_t *n_visible)
{
    struct drawn *drawn = ARENA_ARRAY(book->arena, book->n_rules, struct drawn);
    size_t found = 0;

    /* A correlation would be drawn without the rules that it listens to. */
    for (size_t i = 0; i < book->n_rules; i++)
        if (!book->rules[i]->correlation && is_visible(worker, book->rules[i]))
            drawn[found++] = (struct drawn){lot_of(book->rules[i], seed), i};
    *n_visible = found;
    qsort(drawn, found, sizeof *drawn, by_lot);
    if (n < found)
        found = (size_t)n;
    qsort(drawn, found, sizeof *drawn, by_place);
    for (size_t i = 0; i < found; i++)
        book->rules[i] = book->rules[drawn[i].at];
    book->n_rules = found;
}

enum weir_rc bench_sample(struct rule_book *book, const struct extract_options *extract,
                          const struct source *source, const struct buf *texts, uint64_t n,
                          uint64_t seed, size_t *n_visible, struct weir_err *err)
{
    struct arena *a = arena_new(0);
    const struct extractor *x =
        extractor_new(a, book->profiles, field_table_new(a), false, extract);
    struct extract_worker *worker = extract_worker_new(x);
    struct stream *stream = stream_new(worker, book->profiles, source->inputs, ignore_batch, NULL);
    enum weir_rc rc = bench_feed(stream, source, texts, err);

    if (rc == WEIR_OK)
        draw(book, worker, n, seed, n_visible);
    if (rc == WEIR_OK && book->n_rules == 0)
        rc = err_set(err, WEIR_NOTFOUND, "no rule can see the events of the inputs");
    stream_free(stream);
    extract_worker_free(worker);
    arena_free(a);
    return rc;
}
