/* prepare.c - unescape and fold, once per value. */
#include "match/prepare.h"

#include "match/fold.h"

enum { BLOCK_BYTES = 64 * 1024 };

static __attribute__((noinline)) void new_block(struct arena *a, char **at, char **end, size_t n)
{
    size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;

    *at = arena_alloc(a, size);
    *end = *at + size;
}

/* Room for n bytes at *at, in a new block if need be. */
static inline void make_room(struct arena *a, char **at, char **end, size_t n)
{
    if (__builtin_expect((size_t)(*end - *at) < n, 0))
        new_block(a, at, end, n);
}

static void unescape(struct prepared_value *v, struct text_blocks *blocks)
{
    unsigned replaced = 0;

    make_room(blocks->arena, &blocks->plain_at, &blocks->plain_end, 3 * v->raw.n);
    size_t n = json_unescape(v->raw, blocks->plain_at, &replaced);
    v->text = (struct str){blocks->plain_at, n};
    blocks->plain_at += n;
}

/* A raw value beyond ASCII may be invalid UTF-8: unescaping brings it to the same text as the
 * tree has. The scanner marks such values as escaped; a constant of the command line is not. */
void value_make_ready(struct prepared_value *v, struct text_blocks *blocks)
{
    bool is_escaped = v->kind == JSON_STRING && (v->flags & JSON_ESCAPED);

    if (is_escaped)
        unescape(v, blocks);
    make_room(blocks->arena, &blocks->folded_at, &blocks->folded_end, v->text.n + FOLD_BEHIND);
    v->is_ascii = !fold_ascii_roomy(blocks->folded_at, v->text.p, v->text.n);
    v->folded = blocks->folded_at;
    blocks->folded_at += v->text.n;
    v->is_ready = true;
}
