/* synth.c - building events from rules. The generator is splitmix64: a seed repeats a run. */
#include "detect/synth.h"

#include "base/str.h"
#include "rule/expr.h"

enum { SYNTH_FIELDS_MAX = 64, SYNTH_VALUE_MAX = 2048, SYNTH_DEPTH_MAX = 2, SYNTH_NAME_MAX = 256 };

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
    char name_space[SYNTH_NAME_MAX];
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

static struct synth_field *field_of(struct draft *d, struct str name)
{
    for (size_t i = 0; i < d->n_fields; i++)
        if (str_eq(d->fields[i].name, name))
            return &d->fields[i];
    if (d->n_fields == SYNTH_FIELDS_MAX)
        return NULL;
    struct synth_field *f = &d->fields[d->n_fields++];
    *f = (struct synth_field){.name = name};
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

/* A text the pattern might like: its plain characters. Agreement is what counts. */
static void add_regex(struct synth_field *f, struct str pattern)
{
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        if (c == '\\' && i + 1 < pattern.n) {
            c = pattern.p[++i];
            c = c == 'd' ? '7' : c == 's' ? ' ' : c == 'w' ? 'w' : c;
        } else if (strchr("^$*+?()[]{}|", c))
            continue;
        add(f, (struct str){&c, 1});
    }
}

/* Texts that stand in the expression, in the fields that stand beside them: now and then it is
 * true. */
static void satisfy_expr(struct draft *d, const struct expr *e)
{
    static const struct str COMMON = {"Host-1$", 7};
    struct synth_field *f;

    if (e->kind == EXPR_FIELD && (f = field_of(d, e->text)) != NULL && !f->is_whole)
        add(f, synth_below(d->s, 4) ? COMMON : STR("h"));
    if (e->kind != EXPR_CALL)
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

/* A field whose name the pattern may like. The space serves one pattern of a draft. */
static void satisfy_some_field(struct draft *d, const struct atom *x)
{
    size_t n = 0;

    if (d->named.n)
        return;
    for (size_t i = 0; i < x->field.n && n < sizeof d->name_space; i++)
        d->name_space[n++] = x->field.p[i] == '*' ? 'x' : x->field.p[i];
    d->named = (struct str){d->name_space, n};
    satisfy(d, x->inner);
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

static void satisfy_atom(struct draft *d, const struct atom *x)
{
    struct str name = x->field.n ? x->field : d->named;
    struct synth_field *f;

    if (x->op == ATOM_SOME_FIELD) {
        satisfy_some_field(d, x);
        return;
    }
    f = field_of(d, str_eq(name, STR(FIELD_ANY_NAME)) ? STR("message") : name);
    if (!f || f->is_whole)
        return;
    switch (x->op) {
    case ATOM_EQ:
        f->n = 0;
        add(f, x->text);
        f->is_whole = true;
        break;
    case ATOM_PREFIX:
        put_first(f, x->text);
        break;
    case ATOM_SUFFIX:
    case ATOM_CONTAINS:
        add(f, x->text);
        break;
    case ATOM_GLOB:
        add_glob(d, f, &x->glob);
        break;
    case ATOM_REGEX:
        add_regex(f, x->regex.pattern);
        break;
    case ATOM_CIDR: {
        struct str address, bits;
        str_cut(x->text, '/', &address, &bits);
        add(f, address);
        break;
    }
    case ATOM_NUM_EQ:
    case ATOM_NUM_LE:
    case ATOM_NUM_GE:
    case ATOM_NUM_LT:
    case ATOM_NUM_GT:
        f->n = 0;
        add(f, x->text);
        f->is_whole = true;
        f->is_number = synth_below(d->s, 2);
        break;
    case ATOM_BOOL:
        add(f, x->is_true ? STR("true") : STR("false"));
        break;
    case ATOM_EXISTS:
        add(f, STR("here"));
        break;
    case ATOM_IS_NULL:
        f->is_absent = true;
        break;
    case ATOM_FIELD_CMP: {
        struct synth_field *o = field_of(d, x->other);
        add(f, STR("same text"));
        if (o)
            add(o, STR("Same Text"));
        break;
    }
    case ATOM_EXPR:
        satisfy_expr(d, x->expr);
        break;
    case ATOM_LIST:
        f->n = 0;
        add(f, x->list->sample);
        f->is_whole = true;
        break;
    case ATOM_BEFORE: /* it has no field, and made-up events have no time */
        f->is_absent = true;
        break;
    case ATOM_TIME_PART:
    case ATOM_TIME_CMP:
        add(f, STR("2026-07-28T11:44:53Z"));
        break;
    case ATOM_HAS_VALUE:
        add(f, STR("here"));
        break;
    case ATOM_WORDS:
        if (x->glob.n_parts)
            add_glob(d, f, &x->glob);
        else
            add(f, x->text);
        break;
    case ATOM_TEXT_CMP:
        add(f, x->text);
        break;
    case ATOM_SOME_MEMBER:
        satisfy_some_member(d, x, f);
        break;
    case ATOM_SOME_FIELD:
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

static void write_object(struct draft *d, unsigned mutations, struct buf *out)
{
    bool is_first = true;

    buf_add_char(out, '{');
    for (size_t i = 0; i < d->n_fields; i++) {
        if (d->fields[i].is_absent)
            continue;
        unsigned copies = mutations && synth_below(d->s, 32) == 0 ? 2 : 1;
        while (copies--) {
            if (!is_first)
                buf_add_char(out, ',');
            is_first = false;
            write_text(out, d->fields[i].name);
            buf_add_char(out, ':');
            write_value(d, &d->fields[i], mutations > 0, out);
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
