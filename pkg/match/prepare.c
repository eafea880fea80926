/* prepare.c - unescape and fold, once per value. */
#include "match/prepare.h"

#include "match/fold.h"

static void unescape(struct prepared_value *v, struct text_blocks *blocks)
{
    unsigned replaced = 0;
    size_t n = json_unescape(v->raw, blocks->plain_at, &replaced);

    v->text = (struct str){blocks->plain_at, n};
    blocks->plain_at += n;
}

/* A raw value beyond ASCII may be invalid UTF-8: unescaping brings it to the same text as the
 * tree has. The scanner marks such values as escaped; a constant of the command line is not. */
void value_make_ready(struct prepared_value *v, struct text_blocks *blocks)
{
    bool is_escaped = v->kind == JSON_STRING && (v->flags & JSON_ESCAPED);

    v->text = v->raw;
    if (is_escaped)
        unescape(v, blocks);
    v->is_ascii = !fold_ascii_roomy(blocks->folded_at, v->text.p, v->text.n);
    v->folded = (struct str){blocks->folded_at, v->text.n};
    blocks->folded_at += v->text.n;
    v->is_ready = true;
}
