/* row.c - u8 cut, then each column: u8 type and what it has; a list: u8 members, then these. */
#include "correlate/row.h"

#include "base/pack.h"
#include "base/utf8.h"
#include "base/str.h"
#include "correlate/final.h"

static bool has_room(const struct buf *out, size_t start, size_t n)
{
    return out->n - start + n <= ROW_BYTES_MAX;
}

/* False: there was no room. */
static bool pack_scalar(const struct expr_value *v, struct buf *out, size_t start, bool *is_cut)
{
    enum { HEAD_BYTES = 16 };
    struct str text = v->type == EXPR_VALUE_TEXT ? utf8_cut(v->text, ROW_TEXT_MAX) : STR("");
    uint64_t bits;

    if (!has_room(out, start, HEAD_BYTES + text.n))
        return false;
    pack_u8(out, (uint8_t)v->type);
    switch (v->type) {
    case EXPR_VALUE_BOOL:
        pack_u8(out, v->is_true);
        break;
    case EXPR_VALUE_INT:
        pack_i64(out, v->whole);
        break;
    case EXPR_VALUE_REAL:
        memcpy(&bits, &v->real, sizeof bits);
        pack_u64(out, bits);
        break;
    case EXPR_VALUE_TEXT:
        *is_cut |= text.n < v->text.n;
        pack_str(out, text);
        break;
    default:
        break;
    }
    return true;
}

static void pack_list(const struct expr_value *v, struct buf *out, size_t start, bool *is_cut)
{
    size_t n = v->n_items < ROW_MEMBERS_MAX ? v->n_items : ROW_MEMBERS_MAX, kept = 0;

    pack_u8(out, EXPR_VALUE_LIST);
    size_t at = out->n;
    pack_u8(out, 0);
    while (kept < n && pack_scalar(&v->items[kept], out, start, is_cut))
        kept++;
    *is_cut |= kept < v->n_items;
    out->p[at] = (char)kept;
}

void row_pack(const struct expr_value *values, size_t n, struct buf *out)
{
    static const struct expr_value NOTHING = {.type = EXPR_VALUE_NULL};
    size_t start = out->n;
    bool is_cut = false;

    pack_u8(out, 0);
    for (size_t i = 0; i < n; i++) {
        if (values[i].type == EXPR_VALUE_LIST) {
            pack_list(&values[i], out, start, &is_cut);
        } else if (!pack_scalar(&values[i], out, start, &is_cut)) {
            is_cut = true;
            (void)pack_scalar(&NOTHING, out, out->n, &is_cut);
        }
    }
    out->p[start] = is_cut;
}

static struct expr_value unpack_scalar(struct unpack *u, uint8_t type)
{
    uint64_t bits;
    double real;

    switch (type) {
    case EXPR_VALUE_BOOL:
        return expr_value_bool(unpack_u8(u));
    case EXPR_VALUE_INT:
        return expr_value_whole(unpack_i64(u));
    case EXPR_VALUE_REAL:
        bits = unpack_u64(u);
        memcpy(&real, &bits, sizeof real);
        return expr_value_real(real);
    case EXPR_VALUE_TEXT:
        return expr_value_text(unpack_str(u));
    default:
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    }
}

static struct expr_value unpack_value(struct unpack *u, struct arena *a)
{
    uint8_t type = unpack_u8(u);

    if (type != EXPR_VALUE_LIST)
        return unpack_scalar(u, type);
    uint8_t n = unpack_u8(u);
    struct expr_value *items = ARENA_ARRAY(a, n, struct expr_value);
    for (uint8_t i = 0; i < n; i++)
        items[i] = unpack_scalar(u, unpack_u8(u));
    return expr_value_list(a, items, n);
}

void row_unpack(struct str bytes, struct arena *a, struct expr_value *values, size_t n,
                bool *is_cut)
{
    struct unpack u = unpack_from(bytes);

    *is_cut = unpack_u8(&u) != 0;
    for (size_t i = 0; i < n; i++)
        values[i] = unpack_value(&u, a);
    *is_cut |= !unpack_ok(&u);
}
