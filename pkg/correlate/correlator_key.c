/* correlator_key.c - keys of operations that come of findings and signals: no event is at hand any
 * more, so what they are keyed by is found by name in what was told.
 */
#include "correlate/correlator_impl.h"

#include "base/pack.h"
#include "base/str.h"
#include "correlate/first_seen.h"

void known_of_key(struct known *v, const struct str *names, size_t n_names, struct str keys,
                  struct str capsule)
{
    struct unpack u = unpack_from(keys);
    size_t n = keys.n ? unpack_u8(&u) : 0;

    v->names = names;
    v->n = n < n_names ? n : n_names;
    if (v->n > FINDING_KEYS_MAX)
        v->n = FINDING_KEYS_MAX;
    for (size_t i = 0; i < v->n; i++)
        v->values[i] = unpack_str(&u);
    v->has_capsule = capsule.n && capsule_unpack(capsule, &v->capsule);
}

void known_of_finding(struct known *v, const struct finding *f)
{
    struct str capsule = f->n_capsules ? f->capsules[f->n_capsules - 1] : STR("");

    v->names = f->key_names;
    for (v->n = 0; v->n < f->n_keys; v->n++)
        v->values[v->n] = f->keys[v->n];
    v->has_capsule = capsule.n && capsule_unpack(capsule, &v->capsule);
}

bool known_find(const struct known *v, struct str name, struct str *out)
{
    for (size_t i = 0; i < v->n; i++)
        if (str_eq(v->names[i], name)) {
            *out = v->values[i];
            return true;
        }
    struct str part, rest = v->term;
    for (size_t i = 0; i < v->n_term_fields; i++) {
        (void)str_cut(rest, FIRST_SEEN_BETWEEN, &part, &rest);
        if (str_eq(v->term_fields[i], name)) {
            *out = part;
            return true;
        }
    }
    for (uint32_t i = 0; v->has_capsule && i < v->capsule.n_fields; i++)
        if (str_eq(v->capsule.fields[i].name, name)) {
            *out = v->capsule.fields[i].value;
            return true;
        }
    return false;
}

struct state_key correlator_tenant_key(const struct correlator *c, const struct graph_rule *r,
                                       const struct str *values, size_t n)
{
    return state_key_of(&c->g->options.secret, c->g->tenants[r->tenant].name, values, n);
}

struct key_form key_form_of_group(const struct correlation *to, const struct str *fields)
{
    return (struct key_form){fields, to->n_group, to->on_missing != MISSING_DROP, to->is_group_ci};
}

static struct str pack_keys(struct correlator *c, const struct str *values, size_t n)
{
    buf_clear(&c->scratch);
    pack_u8(&c->scratch, (uint8_t)n);
    for (size_t i = 0; i < n; i++)
        pack_str(&c->scratch, values[i]);
    return arena_str(c->arena, buf_str(&c->scratch));
}

/* The key that the values below make, for that rule's tenant; false: one is missing and must not
 * be.
 */
bool correlator_key_of(struct correlator *c, const struct graph_rule *r, const struct known *v,
                       const struct key_form *form, struct state_key *key, struct str *packed)
{
    size_t n = form->n;
    struct str values[CORRELATION_GROUP_MAX] = {{0}};

    for (size_t i = 0; i < n; i++) {
        bool has = known_find(v, form->fields[i], &values[i]);
        if (!has && !form->may_lack)
            return false;
        values[i] = !has ? STR("") : form->is_ci ? arena_lower(c->arena, values[i]) : values[i];
    }
    *key = correlator_tenant_key(c, r, values, n);
    *packed = pack_keys(c, values, n);
    return true;
}
