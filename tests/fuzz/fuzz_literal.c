/* fuzz_literal.c - any literals, any values: every kernel finds what a plain search finds.
 *
 * The input is cut at line feeds. The first byte says how many of the pieces are literals (a
 * piece's first byte says where it has to be), the rest are values.
 */
#include "base/arena.h"
#include "base/str.h"
#include "match/fold.h"
#include "match/literal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES_MAX = 64 };

struct pairs {
    bool at[PIECES_MAX][PIECES_MAX]; /* [tag][id] */
};

static void on_flush(void *context, const struct literal_hit *hits, uint32_t n)
{
    struct pairs *p = context;

    for (uint32_t i = 0; i < n; i++)
        p->at[hits[i].tag][hits[i].id] = true;
}

static bool is_in(const struct literal *l, const struct literal_value *v)
{
    struct str value = {v->p, v->n};

    switch (l->where) {
    case LITERAL_AT_START:
        return str_starts(value, l->text);
    case LITERAL_AT_END:
        return str_ends(value, l->text);
    case LITERAL_WHOLE:
        return str_eq(value, l->text);
    case LITERAL_ANYWHERE:
        break;
    }
    return str_find(value, l->text, 0) != SIZE_MAX;
}

struct input {
    struct literal literals[PIECES_MAX];
    struct literal_value values[PIECES_MAX];
    uint32_t n_literals, n_values;
};

static void input_add(struct input *in, struct arena *a, struct str piece, uint32_t literals_wanted)
{
    if (in->n_literals < literals_wanted) {
        if (piece.n < 2 || piece.n > LITERAL_BYTES_MAX)
            return;
        uint32_t id = in->n_literals++;
        struct str text = {piece.p + 1, piece.n - 1};
        in->literals[id] = (struct literal){text, id, (enum literal_where)(piece.p[0] & 3)};
    } else if (in->n_values < PIECES_MAX) {
        char *copy = arena_zalloc(a, piece.n + LITERAL_PAD);
        if (piece.n > 0)
            memcpy(copy, piece.p, piece.n);
        uint32_t tag = in->n_values++;
        in->values[tag] = (struct literal_value){copy, (uint32_t)piece.n, tag};
    }
}

static void check(struct arena *a, const struct input *in, enum simd_level level)
{
    const struct literal_set *set = literal_set_new_with(a, in->literals, in->n_literals, level);
    struct pairs *found = arena_zalloc(a, sizeof *found);
    struct literal_hit at[64];
    struct literal_hits hits = {at, 0, 64, on_flush, found};

    literal_scan(set, in->values, in->n_values, &hits);
    for (uint32_t v = 0; v < in->n_values; v++)
        for (uint32_t i = 0; i < in->n_literals; i++)
            ASSERT(found->at[v][i] == is_in(&in->literals[i], &in->values[v]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.n_literals = 0};

    if (size == 0)
        return 0;
    struct arena *a = arena_new(0);
    struct str rest = {(const char *)data + 1, size - 1}, piece;
    bool is_more;
    do {
        is_more = str_cut(rest, '\n', &piece, &rest);
        input_add(&in, a, piece, data[0] % PIECES_MAX);
    } while (is_more);
    for (int level = SIMD_SCALAR; level <= (int)cpu_simd_max(); level++)
        check(a, &in, (enum simd_level)level);
    char *folded = arena_alloc(a, 2 * size + 4);
    size_t n = fold_simple(folded, (struct str){(const char *)data, size});
    ASSERT(2 * n <= 3 * size);
    arena_free(a);
    return 0;
}
