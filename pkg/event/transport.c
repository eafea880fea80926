/* transport.c - key and headers of a record, packed beside it: name, value, name, value. */
#include "event/transport.h"

#include "base/pack.h"
#include "base/str.h"
#include "base/utf8.h"

static bool is_of_transport(struct str field)
{
    return str_eq(field, STR(TRANSPORT_KEY_FIELD)) ||
           str_starts(field, STR(TRANSPORT_HEADER_FIELD));
}

struct transport_names transport_names_of(const struct field_table *fields, struct arena *a)
{
    struct str *names = ARENA_ARRAY(a, field_count(fields), struct str);
    size_t n = 0;

    for (uint32_t i = 0; i < field_count(fields); i++)
        if (is_of_transport(field_name(fields, i)))
            names[n++] = arena_str(a, field_name(fields, i));
    return (struct transport_names){names, n};
}

void transport_add(struct buf *out, struct str name, struct str value)
{
    pack_str(out, name);
    size_t head = out->n;
    pack_u32(out, 0);
    uint32_t n = (uint32_t)utf8_clean(value, buf_reserve(out, value.n * UTF8_CLEAN_GROWTH));
    memcpy(out->p + head, &n, sizeof n);
    out->n += n;
}

bool transport_next(struct str *rest, struct str *name, struct str *value)
{
    struct unpack u = unpack_from(*rest);

    if (!rest->n)
        return false;
    *name = unpack_str(&u);
    *value = unpack_str(&u);
    *rest = (struct str){(const char *)u.p, unpack_left(&u)};
    return unpack_ok(&u);
}

bool transport_find(struct str packed, struct str name, struct str *value)
{
    struct str at;

    while (transport_next(&packed, &at, value))
        if (str_eq(at, name))
            return true;
    return false;
}
