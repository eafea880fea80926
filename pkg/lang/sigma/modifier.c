/* modifier.c - the chain of modifiers, one small function each.
 *
 * A function changes one value in place and may push further ones, which are alternatives.
 * What a modifier accepts is what the Sigma specification lists; anything else is an error
 * that names both, except a number where text is wanted: its text is taken, with a warning.
 */
#include "lang/sigma/modifier.h"

#include "base/str.h"
#include "base/vec.h"

struct apply {
    struct sigma_scope *s;
    const struct sigma_key *key;
    const struct modifier *m;
    struct sigma_values *out; /* for values beyond the first */
};

struct modifier {
    const char *name;
    bool (*apply)(struct apply *x, struct sigma_value *v); /* NULL: about the whole item */
    bool is_first;                                         /* only as the first value modifier */
    bool is_affix;
    int option; /* what the function needs to know */
};

void sigma_values_push(struct arena *a, struct sigma_values *values, const struct sigma_value *v)
{
    values->items = vec_room(a, values->items, values->n, &values->cap, sizeof *v);
    values->items[values->n++] = *v;
}

/* ---- demands ---------------------------------------------------------------------------- */

static bool refuse(struct apply *x, const struct sigma_value *v, const char *wanted)
{
    bool is_from_list = v->kind == SIGMA_CIDR && v->is_expanded;

    return diag_error(x->s->diag, v->at, "'%s' takes %s, not %s%s", x->m->name, wanted,
                      sigma_value_name(v),
                      is_from_list ? ": a list of mode cidr goes with 'expand' alone" : "");
}

static bool want_text(struct apply *x, struct sigma_value *v)
{
    if (v->kind == SIGMA_NUMBER) {
        diag_warn(x->s->diag, v->at, "'%s' takes text: the number %.*s is taken as its text",
                  x->m->name, SHOWN(v->text));
        v->kind = SIGMA_STRING;
        v->string = sigma_string_of(x->s->scratch, v->text);
    }
    return v->kind == SIGMA_STRING || refuse(x, v, "text");
}

/* Text without wildcards and without placeholders that `expand` has yet to replace. */
static bool want_literal(struct apply *x, struct sigma_value *v, struct str *out)
{
    if (v->kind != SIGMA_STRING)
        return refuse(x, v, "text");
    if (sigma_string_has(v->string, SIGMA_PLACEHOLDER))
        return diag_error(x->s->diag, v->at, "'expand' must stand before '%s'", x->m->name);
    if (sigma_string_literal(x->s->scratch, v->string, out))
        return true;
    return diag_error(x->s->diag, v->at,
                      "'%s' takes text without wildcards (\\* is a literal star)", x->m->name);
}

/* ---- text ------------------------------------------------------------------------------- */

enum { AFFIX_FRONT = 1, AFFIX_BACK = 2 };

static void open_ends(struct arena *a, struct sigma_value *v, int ends)
{
    static const struct sigma_part ANY = {SIGMA_ANY, {"", 0}};
    struct sigma_part *parts = ARENA_ARRAY(a, v->string.n + 2, struct sigma_part);
    size_t n = 0;

    if (ends & AFFIX_FRONT)
        parts[n++] = ANY;
    for (size_t i = 0; i < v->string.n; i++)
        parts[n++] = v->string.parts[i];
    if (ends & AFFIX_BACK)
        parts[n++] = ANY;
    v->string = sigma_string_tidy(a, (struct sigma_string){parts, n});
}

/* contains opens both ends, startswith the back, endswith the front. */
static bool apply_affix(struct apply *x, struct sigma_value *v)
{
    static const enum atom_op CMP[] = {[AFFIX_FRONT] = ATOM_SUFFIX,
                                       [AFFIX_BACK] = ATOM_PREFIX,
                                       [AFFIX_FRONT | AFFIX_BACK] = ATOM_CONTAINS};

    if (v->kind == SIGMA_REGEX) {
        diag_warn(x->s->diag, v->at, "'%s' does nothing behind 're', which searches anyway",
                  x->m->name);
        return true;
    }
    if (v->kind == SIGMA_FIELDREF) {
        v->cmp =
            v->cmp == ATOM_EQ || v->cmp == CMP[x->m->option] ? CMP[x->m->option] : ATOM_CONTAINS;
        return true;
    }
    if (!want_text(x, v))
        return false;
    open_ends(x->s->scratch, v, x->m->option);
    return true;
}

static bool apply_cased(struct apply *x, struct sigma_value *v)
{
    if (v->kind == SIGMA_REGEX)
        return diag_error(x->s->diag, v->at, "'cased' does not go with 're', which is cased");
    if (v->kind != SIGMA_STRING)
        return refuse(x, v, "text");
    v->is_cased = true;
    return true;
}

static bool apply_windash(struct apply *x, struct sigma_value *v)
{
    if (v->kind != SIGMA_STRING)
        return refuse(x, v, "text");
    v->string = sigma_windash(x->s->scratch, v->string);
    return true;
}

static bool apply_expand(struct apply *x, struct sigma_value *v)
{
    if (v->kind != SIGMA_STRING && v->kind != SIGMA_REGEX)
        return refuse(x, v, "text");
    bool is_all = x->key->n_chain == 1 && x->key->field.n > 0;
    return sigma_placeholders_expand(x->s, v, is_all, x->out);
}

/* ---- encodings ---------------------------------------------------------------------------- */

/* Encodings work on bytes, so the sets that windash made are multiplied out first. Calls
 * `encode` for the value and for each further one. */
static bool each_literal(struct apply *x, struct sigma_value *v,
                         void (*encode)(struct apply *, struct sigma_value *, struct str))
{
    size_t first = x->out->n;
    struct str bytes;

    if (v->kind == SIGMA_STRING && !sigma_sets_expand(x->s, v, x->out))
        return false;
    size_t end = x->out->n;
    if (!want_literal(x, v, &bytes))
        return false;
    encode(x, v, bytes);
    for (size_t i = first; i < end; i++) {
        struct sigma_value other = x->out->items[i];
        if (!want_literal(x, &other, &bytes))
            return false;
        encode(x, &other, bytes);
        x->out->items[i] = other;
    }
    return true;
}

static void encode_base64(struct apply *x, struct sigma_value *v, struct str bytes)
{
    v->string = sigma_string_of(x->s->scratch, sigma_base64(x->s->scratch, bytes));
}

static bool apply_base64(struct apply *x, struct sigma_value *v)
{
    return each_literal(x, v, encode_base64);
}

static void encode_offsets(struct apply *x, struct sigma_value *v, struct str bytes)
{
    struct str texts[3];

    sigma_base64_offsets(x->s->scratch, bytes, texts);
    for (size_t i = 1; i < 3; i++) {
        struct sigma_value other = *v;
        other.string = sigma_string_of(x->s->scratch, texts[i]);
        sigma_values_push(x->s->scratch, x->out, &other);
    }
    v->string = sigma_string_of(x->s->scratch, texts[0]);
}

/* Of a single byte some offsets leave nothing, and the empty text would be in every value. */
enum { OFFSET_BYTES_MIN = 2 };

static bool apply_base64offset(struct apply *x, struct sigma_value *v)
{
    struct str bytes;

    if (v->kind == SIGMA_STRING && sigma_string_literal(x->s->scratch, v->string, &bytes) &&
        bytes.n < OFFSET_BYTES_MIN)
        return diag_error(x->s->diag, v->at, "'base64offset' needs at least %d bytes",
                          OFFSET_BYTES_MIN);
    return each_literal(x, v, encode_offsets);
}

static void encode_utf16(struct apply *x, struct sigma_value *v, struct str bytes)
{
    enum sigma_utf16 how = (enum sigma_utf16)x->m->option;

    v->string = sigma_string_of(x->s->scratch, sigma_utf16(x->s->scratch, bytes, how));
}

static bool apply_utf16(struct apply *x, struct sigma_value *v)
{
    return each_literal(x, v, encode_utf16);
}

/* ---- regexes, networks, fields -------------------------------------------------------------- */

static bool apply_re(struct apply *x, struct sigma_value *v)
{
    if (!want_text(x, v))
        return false;
    v->kind = SIGMA_REGEX;
    v->text = v->raw;
    return true;
}

static bool apply_re_flag(struct apply *x, struct sigma_value *v)
{
    if (v->kind != SIGMA_REGEX)
        return diag_error(x->s->diag, v->at, "'%s' only goes behind 're'", x->m->name);
    if (x->m->option == 'i')
        v->is_caseless = true;
    else if (x->m->option == 'm')
        v->is_multiline = true;
    else
        v->is_dotall = true;
    return true;
}

static bool apply_cidr(struct apply *x, struct sigma_value *v)
{
    if (v->kind != SIGMA_STRING)
        return refuse(x, v, "text");
    if (sigma_string_has(v->string, SIGMA_PLACEHOLDER))
        return diag_error(x->s->diag, v->at,
                          "'cidr' does not go with 'expand': a list of networks says so itself "
                          "(mode cidr), write 'expand' alone");
    struct str network = network_of_mask(x->s->a, v->raw);
    if (!network_read(x->s->diag, v->at, STR(""), network, HOST_BITS_REFUSED, &v->text))
        return false;
    v->kind = SIGMA_CIDR;
    return true;
}

static bool apply_exists(struct apply *x, struct sigma_value *v)
{
    if (v->kind != SIGMA_BOOL)
        return refuse(x, v, "true or false");
    v->kind = SIGMA_EXISTS;
    return true;
}

static bool apply_fieldref(struct apply *x, struct sigma_value *v)
{
    if (!want_literal(x, v, &v->text))
        return false;
    if (v->text.n == 0)
        return diag_error(x->s->diag, v->at, "'fieldref' takes the name of a field");
    v->kind = SIGMA_FIELDREF;
    v->cmp = ATOM_EQ;
    return true;
}

/* ---- numbers and times --------------------------------------------------------------------- */

static bool apply_compare(struct apply *x, struct sigma_value *v)
{
    if (v->kind != SIGMA_NUMBER && v->kind != SIGMA_TIME)
        return refuse(x, v, "a number");
    if (v->kind == SIGMA_NUMBER)
        v->kind = SIGMA_COMPARE;
    v->cmp = (enum atom_op)x->m->option;
    return true;
}

static void warn_of_range(struct apply *x, const struct sigma_value *v)
{
    static const struct {
        uint64_t from, to;
    } RANGES[] = {[PART_MINUTE] = {0, 59}, [PART_HOUR] = {0, 23},  [PART_DAY] = {1, 31},
                  [PART_WEEK] = {1, 53},   [PART_MONTH] = {1, 12}, [PART_YEAR] = {0, 9999}};
    uint64_t n;

    if (!str_to_u64(v->text, &n) || n < RANGES[v->part].from || n > RANGES[v->part].to)
        diag_warn(x->s->diag, v->at, "no time has the %s %.*s", x->m->name, SHOWN(v->text));
}

static bool apply_time(struct apply *x, struct sigma_value *v)
{
    if (v->kind == SIGMA_COMPARE)
        return diag_error(x->s->diag, v->at, "'%s' must stand before the comparison", x->m->name);
    if (v->kind != SIGMA_NUMBER)
        return refuse(x, v, "a number");
    v->kind = SIGMA_TIME;
    v->cmp = ATOM_NUM_EQ;
    v->part = (enum time_part)x->m->option;
    warn_of_range(x, v);
    return true;
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct modifier MODIFIERS[] = {
    {"contains", apply_affix, false, true, AFFIX_FRONT | AFFIX_BACK},
    {"startswith", apply_affix, false, true, AFFIX_BACK},
    {"endswith", apply_affix, false, true, AFFIX_FRONT},
    {"all", NULL, false, false, 'a'},
    {"neq", NULL, false, false, 'n'},
    {"cased", apply_cased, false, false, 0},
    {"re", apply_re, true, false, 0},
    {"i", apply_re_flag, false, false, 'i'},
    {"ignorecase", apply_re_flag, false, false, 'i'},
    {"m", apply_re_flag, false, false, 'm'},
    {"multiline", apply_re_flag, false, false, 'm'},
    {"s", apply_re_flag, false, false, 's'},
    {"dotall", apply_re_flag, false, false, 's'},
    {"cidr", apply_cidr, true, false, 0},
    {"gt", apply_compare, false, false, ATOM_NUM_GT},
    {"gte", apply_compare, false, false, ATOM_NUM_GE},
    {"lt", apply_compare, false, false, ATOM_NUM_LT},
    {"lte", apply_compare, false, false, ATOM_NUM_LE},
    {"exists", apply_exists, true, false, 0},
    {"fieldref", apply_fieldref, false, false, 0},
    {"base64", apply_base64, false, false, 0},
    {"base64offset", apply_base64offset, false, false, 0},
    {"wide", apply_utf16, false, false, SIGMA_UTF16_LE},
    {"utf16le", apply_utf16, false, false, SIGMA_UTF16_LE},
    {"utf16be", apply_utf16, false, false, SIGMA_UTF16_BE},
    {"utf16", apply_utf16, false, false, SIGMA_UTF16_BOM},
    {"windash", apply_windash, false, false, 0},
    {"minute", apply_time, false, false, PART_MINUTE},
    {"hour", apply_time, false, false, PART_HOUR},
    {"day", apply_time, false, false, PART_DAY},
    {"week", apply_time, false, false, PART_WEEK},
    {"month", apply_time, false, false, PART_MONTH},
    {"year", apply_time, false, false, PART_YEAR},
    {"expand", apply_expand, false, false, 0},
};

static const struct modifier *find_modifier(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(MODIFIERS); i++)
        if (str_eq(name, str_from(MODIFIERS[i].name)))
            return &MODIFIERS[i];
    return NULL;
}

static bool unknown_modifier(struct sigma_scope *s, struct place at, struct str name)
{
    struct str names[ARRAY_LEN(MODIFIERS)];

    for (size_t i = 0; i < ARRAY_LEN(MODIFIERS); i++)
        names[i] = str_from(MODIFIERS[i].name);
    struct str hint = diag_hint(s->diag, name, names, ARRAY_LEN(names));
    return diag_error(s->diag, at, "unknown modifier '%.*s'%.*s", SHOWN(name), SHOWN(hint));
}

/* One modifier into the key; `at` is its own place. */
static bool add_modifier(struct sigma_scope *s, struct sigma_key *key, struct str name,
                         struct place at)
{
    if (name.n == 0)
        return diag_error(s->diag, at, "a modifier is missing behind '|'");
    const struct modifier *m = find_modifier(name);
    if (!m)
        return unknown_modifier(s, at, name);
    if (!m->apply) {
        key->is_all |= m->option == 'a';
        key->is_negated |= m->option == 'n';
        return true;
    }
    if (m->is_first && key->n_chain)
        return diag_error(s->diag, at, "'%s' must be the first modifier", m->name);
    if (key->n_chain == SIGMA_MODIFIERS_MAX)
        return diag_error(s->diag, at, "more than %d modifiers", SIGMA_MODIFIERS_MAX);
    key->chain[key->n_chain++] = m;
    key->has_affix |= m->is_affix;
    return true;
}

static bool has_modifier(const struct sigma_key *key, const char *name)
{
    for (size_t i = 0; i < key->n_chain; i++)
        if (strcmp(key->chain[i]->name, name) == 0)
            return true;
    return false;
}

bool sigma_key_parse(struct sigma_scope *s, struct str text, struct place at, struct sigma_key *out)
{
    struct str name, rest;
    bool is_good = true;

    *out = (struct sigma_key){.text = text, .at = at};
    bool has_more = str_cut(text, '|', &out->field, &rest);
    while (has_more) {
        struct str from = rest;
        has_more = str_cut(rest, '|', &name, &rest);
        /* the place is only looked for when it is needed: it reads the source */
        struct place place = at;
        const struct modifier *m = find_modifier(name);
        if (!m || m->is_first)
            place = diag_inside(s->diag, at, text, (size_t)(from.p - text.p));
        is_good &= add_modifier(s, out, name, place);
    }
    if (has_modifier(out, "exists") && (out->n_chain > 1 || out->is_all || out->is_negated))
        is_good = diag_error(s->diag, at, "'exists' stands alone (use 'exists: false' to negate)");
    if (has_modifier(out, "re"))
        out->reading = SIGMA_READ_RAW;
    else if (has_modifier(out, "expand"))
        out->reading = SIGMA_READ_PLACEHOLDERS;
    return is_good;
}

bool sigma_key_is_plain(const struct sigma_key *key)
{
    for (size_t i = 0; i < key->n_chain; i++)
        if (!key->chain[i]->is_affix && key->chain[i]->apply != apply_cased &&
            key->chain[i]->apply != apply_expand)
            return false;
    return true;
}

bool sigma_modifiers_apply(struct sigma_scope *s, const struct sigma_key *key,
                           const struct doc_node *node, struct sigma_values *out)
{
    struct sigma_value v;

    out->n = 0;
    if (!sigma_value_read(s, node, key->reading, &v))
        return false;
    sigma_values_push(s->scratch, out, &v);
    for (size_t m = 0; m < key->n_chain; m++) {
        struct apply x = {s, key, key->chain[m], out};
        size_t n = out->n;
        for (size_t i = 0; i < n; i++) {
            v = out->items[i];
            if (v.kind != SIGMA_NEVER && !x.m->apply(&x, &v))
                return false;
            out->items[i] = v;
        }
        if (out->n > EXPAND_VALUES_MAX)
            return diag_error(s->diag, v.at, "'%.*s' expands to more than %d values", SHOWN(v.raw),
                              EXPAND_VALUES_MAX);
    }
    return true;
}
