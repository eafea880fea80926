/* doc_show.c - see doc_show.h: types by their first letter where the text does not tell. */
#include "tests/lib/doc_show.h"

void doc_show(struct buf *out, const struct doc_node *n)
{
    switch (n->type) {
    case DOC_NULL:
        buf_add(out, STR("null"));
        break;
    case DOC_BOOL:
        buf_printf(out, "%s", n->is_true ? "true" : "false");
        break;
    case DOC_INT:
        buf_printf(out, "%.*s", (int)n->number.n, n->number.p);
        break;
    case DOC_FLOAT:
        buf_printf(out, "f%.*s", (int)n->number.n, n->number.p);
        break;
    case DOC_STRING:
        buf_printf(out, "'%.*s'", (int)n->text.n, n->text.p);
        break;
    default:
        buf_add_char(out, n->type == DOC_MAP ? '{' : '[');
        for (size_t i = 0; i < n->n_items; i++) {
            if (i)
                buf_add_char(out, ' ');
            if (n->type == DOC_MAP)
                buf_printf(out, "%.*s=", (int)n->keys[i].text.n, n->keys[i].text.p);
            doc_show(out, &n->items[i]);
        }
        buf_add_char(out, n->type == DOC_MAP ? '}' : ']');
    }
}
