/* synth.c - building events from rules. The generator is splitmix64: a seed repeats a run. */
#include "detect/synth.h"

#include "base/str.h"
#include "detect/synth_regex.h"
#include "rule/expr.h"

enum {
    SYNTH_FIELDS_MAX = 96,
    SYNTH_VALUE_MAX = 2048,
    SYNTH_DEPTH_MAX = 2,
    SYNTH_NAME_MAX = 256,
    SYNTH_NAMES_MAX = 16
};

struct synth_field {
    struct str name;
    char value[SYNTH_VALUE_MAX];
    size_t n;
    bool is_number, is_whole; /* is_whole: an exact value was asked for, nothing is added */
    bool is_absent;
    bool is_json; /* the value is written as it is */
};

struct draft {
    struct synth *s;
    struct synth_field fields[SYNTH_FIELDS_MAX];
    size_t n_fields;
    unsigned depth;   /* of objects around it */
    struct str named; /* the field of atoms that name none */
    char names[SYNTH_NAMES_MAX][SYNTH_NAME_MAX];
    size_t n_names;
};

static uint64_t next(struct synth *s)
{
    uint64_t z = s->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t synth_below(struct synth *s, uint32_t n)
{
    return n ? (uint32_t)(next(s) % n) : 0;
}

static struct synth_field *new_field(struct draft *d, struct str name)
{
    if (d->n_fields == SYNTH_FIELDS_MAX)
        return NULL;
    struct synth_field *f = &d->fields[d->n_fields++];
    *f = (struct synth_field){.name = name};
    return f;
}

/* The field of this name, to which more may be added. One whose value is whole has room for other
 * members: fields of the same name are written as one list. */
static struct synth_field *field_of(struct draft *d, struct str name)
{
    for (size_t i = 0; i < d->n_fields; i++)
        if (str_eq(d->fields[i].name, name) &&
            (!d->fields[i].is_whole || synth_below(d->s, 4) == 0))
            return &d->fields[i];
    return new_field(d, name);
}

/* The same for an operand: mostly beside what is there, if the two would not go into one text. */
static struct synth_field *member_of(struct draft *d, struct str name, const struct atom *x)
{
    struct synth_field *f = field_of(d, name);
    bool is_whole = x->op == ATOM_EQ || (x->op >= ATOM_NUM_EQ && x->op <= ATOM_NUM_GE);

    if (f && f->n && synth_below(d->s, 4) < (is_whole ? 3u : 1u))
        f = new_field(d, name);
    return f;
}

static void add(struct synth_field *f, struct str text)
{
    size_t n = text.n < SYNTH_VALUE_MAX - f->n ? text.n : SYNTH_VALUE_MAX - f->n;

    if (n)
        memcpy(f->value + f->n, text.p, n);
    f->n += n;
}

static void put_first(struct synth_field *f, struct str text)
{
    size_t n = text.n < SYNTH_VALUE_MAX - f->n ? text.n : SYNTH_VALUE_MAX - f->n;

    memmove(f->value + n, f->value, f->n);
    if (n)
        memcpy(f->value, text.p, n);
    f->n += n;
}

static void add_glob(struct draft *d, struct synth_field *f, const struct glob *g)
{
    for (size_t i = 0; i < g->n_parts; i++) {
        const struct glob_part *p = &g->parts[i];
        if (p->kind == GLOB_TEXT)
            add(f, p->text);
        else if (p->kind == GLOB_ONE)
            add(f, STR("x"));
        else if (p->kind == GLOB_SET) {
            /* the first character of the set: UTF-8, one to four bytes */
            size_t n = 1;
            while (n < p->text.n && ((unsigned char)p->text.p[n] & 0xC0) == 0x80)
                n++;
            add(f, str_sub(p->text, 0, n));
        } else if (synth_below(d->s, 2))
            add(f, STR(" any/run "));
    }
}

/* A number that the comparison likes: mostly the next one in that direction. */
static void add_number(struct synth_field *f, enum atom_op op, struct str text)
{
    bool is_negative = text.n && text.p[0] == '-';

    if ((op == ATOM_NUM_GT && is_negative) || (op == ATOM_NUM_LT && !is_negative)) {
        add(f, op == ATOM_NUM_GT ? STR("0") : STR("-1"));
        return;
    }
    add(f, text);
    if (op == ATOM_NUM_GT || op == ATOM_NUM_LT)
        add(f, STR("9"));
}

/* length(field) beside a number. */
static bool satisfy_length(struct draft *d, const struct expr *e)
{
    const struct expr *call = e->n_args == 2 ? e->args[0] : NULL;
    struct synth_field *f;
    int64_t n;

    if (!call || call->kind != EXPR_CALL || call->op != EXPR_LENGTH ||
        call->args[0]->kind != EXPR_FIELD || e->args[1]->kind != EXPR_NUMBER ||
        !str_to_i64(e->args[1]->text, &n) || n < 0 || n > SYNTH_VALUE_MAX)
        return false;
    f = field_of(d, call->args[0]->text);
    n += (int64_t)synth_below(d->s, 3) - 1;
    while (f && !f->is_whole && (int64_t)f->n < n && f->n < SYNTH_VALUE_MAX)
        add(f, STR("l"));
    return true;
}

/* Texts that stand in the expression, in the fields that stand beside them: now and then it is
 * true. */
static void satisfy_expr(struct draft *d, const struct expr *e)
{
    static const struct str COMMON = {"Host-1$", 7};
    struct synth_field *f;

    if (e->kind == EXPR_FIELD && (f = field_of(d, e->text)) != NULL && !f->is_whole)
        add(f, synth_below(d->s, 4) ? COMMON : STR("h"));
    if (e->kind != EXPR_CALL || satisfy_length(d, e))
        return;
    for (size_t i = 0; i < e->n_args; i++) {
        const struct expr *other = e->args[e->n_args - 1 - i];
        satisfy_expr(d, e->args[i]);
        if (e->args[i]->kind == EXPR_FIELD && other->kind == EXPR_TEXT &&
            (f = field_of(d, e->args[i]->text)) != NULL && !f->is_whole)
            add(f, other->text);
    }
}

static void satisfy(struct draft *d, const struct formula *f);
static void write_object(struct draft *d, unsigned mutations, struct buf *out);

/* A field whose name the pattern may like. */
static void satisfy_some_field(struct draft *d, const struct atom *x)
{
    struct str before = d->named;
    size_t n = 0;

    if (d->n_names == SYNTH_NAMES_MAX)
        return;
    char *name = d->names[d->n_names++];
    for (size_t i = 0; i < x->field.n && n < SYNTH_NAME_MAX; i++)
        name[n++] = x->field.p[i] == '*' ? 'x' : x->field.p[i];
    d->named = (struct str){name, n};
    satisfy(d, x->inner);
    d->named = before;
}

/* An object, sometimes in a list behind another. */
static void satisfy_some_member(struct draft *d, const struct atom *x, struct synth_field *f)
{
    struct draft inside = {.s = d->s, .depth = d->depth + 1};
    struct buf text = {0};

    if (inside.depth > SYNTH_DEPTH_MAX)
        return;
    satisfy(&inside, x->inner);
    bool is_list = synth_below(d->s, 2) != 0;
    buf_add(&text, is_list ? STR("[{\"x\":\"y\"},") : STR(""));
    write_object(&inside, 0, &text);
    buf_add(&text, is_list ? STR("]") : STR(""));
    if (buf_str(&text).n <= SYNTH_VALUE_MAX) {
        f->n = 0;
        add(f, buf_str(&text));
        f->is_json = f->is_whole = true;
    }
    buf_release(&text);
}

/* Where a keyword is put: now and then where it is not looked for. */
static struct str text_key(struct draft *d, const struct atom *x)
{
    if (x->except.n == 0 || synth_below(d->s, 4))
        return STR("message");
    struct str key = x->except.items[0];
    return str_ends(key, STR("*")) ? str_sub(key, 0, key.n - 1) : key;
}

static void set_whole(struct synth_field *f, struct str text)
{
    f->n = 0;
    add(f, text);
    f->is_whole = true;
}

static void add_address(struct synth_field *f, struct str network)
{
    struct str address, bits;

    (void)str_cut(network, '/', &address, &bits);
    add(f, address);
}

static void satisfy_words(struct draft *d, const struct atom *x, struct synth_field *f)
{
    add(f, f->n ? STR(" ") : STR(""));
    if (x->glob.n_parts)
        add_glob(d, f, &x->glob);
    else
        add(f, x->text);
}

static void satisfy_equal_fields(struct draft *d, const struct atom *x, struct synth_field *f)
{
    struct synth_field *other = field_of(d, x->other);

    add(f, STR("same text"));
    if (other)
        add(other, STR("Same Text"));
}

/* The field that the atom is about gets what makes it true. */
static void satisfy_value(struct draft *d, const struct atom *x, struct synth_field *f)
{
    switch (x->op) {
    case ATOM_EQ:
        set_whole(f, x->text);
        break;
    case ATOM_PREFIX:
        put_first(f, x->text);
        break;
    case ATOM_SUFFIX:
    case ATOM_CONTAINS:
    case ATOM_TEXT_CMP:
        add(f, x->text);
        break;
    case ATOM_GLOB:
        add_glob(d, f, &x->glob);
        break;
    case ATOM_REGEX:
        synth_regex(d->s, x->regex.pattern, f->value, &f->n, SYNTH_VALUE_MAX);
        break;
    case ATOM_CIDR:
        add_address(f, x->text);
        break;
    case ATOM_NUM_EQ:
    case ATOM_NUM_LE:
    case ATOM_NUM_GE:
    case ATOM_NUM_LT:
    case ATOM_NUM_GT:
        f->n = 0;
        add_number(f, x->op, x->text);
        f->is_whole = true;
        f->is_number = synth_below(d->s, 2);
        break;
    case ATOM_BOOL:
        add(f, x->is_true ? STR("true") : STR("false"));
        break;
    case ATOM_EXISTS:
    case ATOM_HAS_VALUE:
        add(f, STR("here"));
        break;
    case ATOM_IS_NULL:
    case ATOM_BEFORE: /* it has no field, and made-up events have no time */
        f->is_absent = true;
        break;
    case ATOM_FIELD_CMP:
        satisfy_equal_fields(d, x, f);
        break;
    case ATOM_EXPR:
        satisfy_expr(d, x->expr);
        break;
    case ATOM_LIST:
        set_whole(f, x->list->sample);
        break;
    case ATOM_TIME_PART:
    case ATOM_TIME_CMP:
        add(f, STR("2026-07-28T11:44:53Z"));
        break;
    case ATOM_WORDS:
        satisfy_words(d, x, f);
        break;
    case ATOM_SOME_MEMBER:
        satisfy_some_member(d, x, f);
        break;
    case ATOM_SOME_FIELD: /* satisfy_atom() */
        break;
    }
}

static void satisfy_atom(struct draft *d, const struct atom *x)
{
    struct str name = x->field.n ? x->field : d->named;

    if (x->op == ATOM_SOME_FIELD) {
        satisfy_some_field(d, x);
        return;
    }
    if (str_eq(name, STR(FIELD_ANY_NAME)))
        name = text_key(d, x);
    struct synth_field *f = member_of(d, name, x);
    if (f && !f->is_whole)
        satisfy_value(d, x, f);
}

/* `f` must not hold. Fields that are missing mostly see to that; but what is unknown of a missing
 * field is so under `not`, too, and `not (not x)` is x. */
static void deny(struct draft *d, const struct formula *f)
{
    struct synth_field *field;

    switch (f->kind) {
    case FORMULA_NOT:
        satisfy(d, f->children[0]);
        break;
    case FORMULA_OR:
        for (size_t i = 0; i < f->n_children; i++)
            deny(d, f->children[i]);
        break;
    case FORMULA_AND:
        deny(d, f->children[synth_below(d->s, (uint32_t)f->n_children)]);
        break;
    case FORMULA_ATOM:
        for (size_t i = 0; f->atom->op == ATOM_EXPR && i < f->atom->expr_fields.n; i++)
            if ((field = field_of(d, f->atom->expr_fields.items[i])) != NULL && field->n == 0)
                add(field, STR("w1.y"));
        break;
    case FORMULA_CONST:
        break;
    }
}

static void satisfy(struct draft *d, const struct formula *f)
{
    if (f->kind == FORMULA_ATOM)
        satisfy_atom(d, f->atom);
    else if (f->kind == FORMULA_AND)
        for (size_t i = 0; i < f->n_children; i++)
            satisfy(d, f->children[i]);
    else if (f->kind == FORMULA_OR)
        satisfy(d, f->children[synth_below(d->s, (uint32_t)f->n_children)]);
    else if (f->kind == FORMULA_NOT && synth_below(d->s, 6) == 0)
        satisfy(d, f->children[0]); /* now and then what the rule excludes */
    else if (f->kind == FORMULA_NOT)
        deny(d, f->children[0]);
}

static void mutate(struct draft *d)
{
    if (d->n_fields == 0)
        return;
    struct synth_field *f = &d->fields[synth_below(d->s, (uint32_t)d->n_fields)];
    if (f->is_json)
        return;
    uint32_t at = synth_below(d->s, (uint32_t)f->n);
    switch (synth_below(d->s, 7)) {
    case 0: /* flip the case of a letter */
        if (f->n && ((f->value[at] | 32) >= 'a' && (f->value[at] | 32) <= 'z'))
            f->value[at] ^= 32;
        break;
    case 1: /* lose a character */
        if (f->n) {
            memmove(f->value + at, f->value + at + 1, f->n - at - 1);
            f->n--;
        }
        break;
    case 2: /* another one in front: anchors break */
        put_first(f, STR("z"));
        break;
    case 3:
        add(f, STR("z"));
        break;
    case 4:
        f->is_absent = !f->is_absent;
        break;
    case 5: /* beyond ASCII: the Kelvin sign folds to k */
        add(f, STR("\xe2\x84\xaa"));
        break;
    default:
        if (f->n)
            f->value[at] = 'q';
        break;
    }
}

static void write_text(struct buf *out, struct str text)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_add_char(out, (char)c);
    }
    buf_add_char(out, '"');
}

static bool is_plain_number(const struct synth_field *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->value[i] < '0' || f->value[i] > '9' || (i == 0 && f->value[0] == '0' && f->n > 1))
            return false;
    return f->n > 0;
}

static void write_value(struct draft *d, const struct synth_field *f, bool is_odd, struct buf *out)
{
    struct str text = {f->value, f->n};

    if (f->is_json) {
        buf_add(out, text);
        return;
    }
    switch (is_odd ? synth_below(d->s, 24) : UINT32_MAX) {
    case 0:
        buf_add(out, STR("null"));
        return;
    case 1:
        buf_add_char(out, '[');
        write_text(out, text);
        buf_add(out, STR(",\"other\",null,7]"));
        return;
    case 2:
        buf_add(out, STR("[]"));
        return;
    case 3:
        buf_add(out, STR("{\"x\":true}"));
        return;
    default:
        if (f->is_number && is_plain_number(f))
            buf_add(out, text);
        else
            write_text(out, text);
    }
}

static bool is_repeated(const struct draft *d, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (!d->fields[k].is_absent && str_eq(d->fields[k].name, d->fields[i].name))
            return true;
    return false;
}

/* The value of the i-th field; with those of the same name behind it a list. */
static void write_members(struct draft *d, size_t i, bool is_odd, struct buf *out)
{
    struct buf members = {0};
    size_t n = 0;

    for (size_t k = i; k < d->n_fields; k++) {
        if (d->fields[k].is_absent || !str_eq(d->fields[k].name, d->fields[i].name))
            continue;
        buf_add(&members, n++ ? STR(",") : STR(""));
        write_value(d, &d->fields[k], is_odd, &members);
    }
    buf_add(out, n > 1 ? STR("[") : STR(""));
    buf_add(out, buf_str(&members));
    buf_add(out, n > 1 ? STR("]") : STR(""));
    buf_release(&members);
}

static void write_object(struct draft *d, unsigned mutations, struct buf *out)
{
    bool is_first = true;

    buf_add_char(out, '{');
    for (size_t i = 0; i < d->n_fields; i++) {
        if (d->fields[i].is_absent || is_repeated(d, i))
            continue;
        unsigned copies = mutations && synth_below(d->s, 32) == 0 ? 2 : 1;
        while (copies--) {
            if (!is_first)
                buf_add_char(out, ',');
            is_first = false;
            write_text(out, d->fields[i].name);
            buf_add_char(out, ':');
            write_members(d, i, mutations > 0, out);
        }
    }
    buf_add_char(out, '}');
}

void synth_event(struct synth *s, const struct rule *rule, unsigned mutations, struct buf *out)
{
    struct draft d = {.s = s};

    satisfy(&d, rule->formula);
    for (unsigned i = 0; i < mutations; i++)
        mutate(&d);
    write_object(&d, mutations, out);
}
