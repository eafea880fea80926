/* rule_id.c - digits of a UUID are the only letters that may differ in case. */
#include "lang/rule_id.h"

#include "base/str.h"

bool rule_id_is_uuid(struct str id)
{
    if (id.n != 36)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = ascii_lower(id.p[i]);
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (is_dash ? c != '-' : !is_hex)
            return false;
    }
    return true;
}

bool rule_id_eq(struct str a, struct str b)
{
    return str_eq(a, b) || (str_eq_ci(a, b) && rule_id_is_uuid(a));
}

struct str rule_id_key(struct arena *a, struct str id)
{
    return rule_id_is_uuid(id) ? arena_lower(a, id) : id;
}
