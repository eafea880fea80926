/* ocsf_form.c - evidence and observables of known paths: constant text with values put in.
 *
 * A form is made from the tree that ocsf_build() makes of the first event with its paths, and used
 * for all others. Whatever could make ocsf_build() decide otherwise (a text that is not what its
 * attribute wants) is asked for each event before.
 */
#include "alert/document.h"
#include "alert/ocsf.h"
#include "alert/ocsf_impl.h"
#include "base/str.h"

#include <stdlib.h>

enum { FORMS = 64, PIECES_MAX = 2 * OCSF_LEAVES_MAX, FORM_TEXT_MAX = 32 * 1024 };

enum piece_kind {
    PIECE_TEXT,   /* nothing but text */
    PIECE_STRING, /* the value, quoted and escaped */
    PIECE_BARE,   /* the value as it is */
    PIECE_BASE    /* the base name of the value, quoted and escaped */
};

/* Constant text, then a value. */
struct piece {
    uint32_t at, n;
    enum piece_kind kind;
    uint32_t leaf;
};

struct pieces {
    struct piece items[PIECES_MAX];
    size_t n;
    size_t open_at; /* where the text that is no piece yet begins */
    bool is_over;
};

struct ocsf_form {
    bool is_made;  /* false: free */
    bool is_empty; /* ocsf_build() hands something back: there is no form */
    size_t n;      /* of paths */
    uint8_t path_n[OCSF_LEAVES_MAX];
    struct buf paths;
    const struct ocsf_attr *attrs[OCSF_LEAVES_MAX]; /* of the leaves; the schema is constant */
    struct buf text;
    struct pieces members, observables;
};

struct ocsf_forms {
    struct ocsf_form *items[FORMS]; /* by a hash of the paths; the last one stays */
};

struct ocsf_forms *ocsf_forms_new(void)
{
    struct ocsf_forms *f = calloc(1, sizeof(*f));

    ASSERT(f);
    return f;
}

void ocsf_forms_free(struct ocsf_forms *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < FORMS; i++) {
        if (!f->items[i])
            continue;
        buf_release(&f->items[i]->paths);
        buf_release(&f->items[i]->text);
        free(f->items[i]);
    }
    free(f);
}

/* ---- making one ------------------------------------------------------------------------- */

struct maker {
    struct arena *arena;
    struct ocsf_form *form;
    const struct ocsf_leaf *leaves;
};

static void end_piece(struct maker *m, struct pieces *p, enum piece_kind kind, size_t leaf)
{
    size_t n = m->form->text.n - p->open_at;

    if (p->n == PIECES_MAX || m->form->text.n > FORM_TEXT_MAX) {
        p->is_over = true;
        return;
    }
    p->items[p->n++] = (struct piece){(uint32_t)p->open_at, (uint32_t)n, kind, (uint32_t)leaf};
    p->open_at = m->form->text.n;
}

static size_t leaf_of(const struct maker *m, struct str path)
{
    size_t i = 0;

    while (!str_eq(m->leaves[i].path, path))
        i++;
    return i;
}

/* What was filled in: a name from the path beside it, or a constant. */
static void put_filled(struct maker *m, struct pieces *p, const struct ocsf_node *parent,
                       const struct ocsf_node *node)
{
    for (const struct ocsf_node *c = parent->first; c; c = c->next)
        if (str_eq(ocsf_attr_name(node->attr), STR("name")) && c->path.n > 0 &&
            str_eq(ocsf_attr_name(c->attr), STR("path"))) {
            end_piece(m, p, PIECE_BASE, leaf_of(m, c->path));
            return;
        }
    if (ocsf_is_bare(node->attr)) {
        buf_add(&m->form->text, node->text);
    } else {
        buf_add_char(&m->form->text, '"');
        json_escape(&m->form->text, node->text);
        buf_add_char(&m->form->text, '"');
    }
}

static void put_objects(struct maker *m, struct pieces *p, const struct ocsf_node *node)
{
    struct buf *text = &m->form->text;

    for (const struct ocsf_node *c = node->first; c; c = c->next) {
        bool is_array = (c->attr->flags & OCSF_ARRAY) != 0;
        if (c != node->first || !node->attr) /* the evidence has members before */
            buf_add_char(text, ',');
        buf_add_char(text, '"');
        buf_add(text, ocsf_attr_name(c->attr));
        buf_add(text, is_array ? STR("\":[") : STR("\":"));
        if (c->attr->kind == OCSF_OBJECT) {
            buf_add_char(text, '{');
            put_objects(m, p, c);
            buf_add_char(text, '}');
        } else if (c->path.n > 0) {
            end_piece(m, p, ocsf_is_bare(c->attr) ? PIECE_BARE : PIECE_STRING, leaf_of(m, c->path));
        } else {
            put_filled(m, p, node, c);
        }
        if (is_array)
            buf_add_char(text, ']');
    }
}

/* How many there were; each with its separator before it. */
static size_t put_observed(struct maker *m, struct pieces *p, const struct ocsf_node *node,
                           struct str prefix, size_t n)
{
    struct buf *text = &m->form->text;

    for (const struct ocsf_node *c = node->first; c; c = c->next) {
        uint8_t id = c->attr->observable;
        struct str name = ocsf_child_path(m->arena, prefix, c->attr);
        if (c->attr->kind == OCSF_OBJECT) {
            n = put_observed(m, p, c, name, n);
            continue;
        }
        if (!id || c->path.n == 0)
            continue;
        buf_printf(text,
                   "%s{\"name\":\"%.*s\",\"type_id\":%u,\"type\":\"%s\",\"value\":", n++ ? "," : "",
                   (int)name.n, name.p, (unsigned)id, ocsf_observable_type(id));
        end_piece(m, p, PIECE_STRING, leaf_of(m, c->path));
        buf_add_char(text, '}');
    }
    return n;
}

/* False: what ocsf_build() hands back cannot be put in a form. */
static bool fill_form(struct maker *m, struct ocsf_ways *ways, size_t n)
{
    struct ocsf_form *form = m->form;
    struct ocsf_leaf rejected[OCSF_LEAVES_MAX];
    size_t n_rejected;
    const struct ocsf_node *root = ocsf_build(m->arena, ways, m->leaves, n, rejected, &n_rejected);

    if (!root || n_rejected > 0)
        return false;
    form->members = (struct pieces){.n = 0};
    put_objects(m, &form->members, root);
    end_piece(m, &form->members, PIECE_TEXT, 0);
    form->observables = (struct pieces){.open_at = form->text.n};
    size_t n_observed = put_observed(m, &form->observables, root, STR("evidences[0]"), 0);
    end_piece(m, &form->observables, PIECE_TEXT, 0);
    if (n_observed == 0)
        form->observables.n = 0;
    return !form->members.is_over && !form->observables.is_over &&
           n_observed <= OCSF_FORM_OBSERVABLES;
}

static void make_form(struct arena *a, struct ocsf_ways *ways, struct ocsf_form *form,
                      const struct ocsf_leaf *leaves, size_t n)
{
    struct maker m = {a, form, leaves};

    form->is_made = true;
    form->n = n;
    buf_clear(&form->paths);
    buf_clear(&form->text);
    for (size_t i = 0; i < n; i++) {
        form->path_n[i] = (uint8_t)leaves[i].path.n;
        buf_add(&form->paths, leaves[i].path);
    }
    form->is_empty = !fill_form(&m, ways, n);
}

/* ---- finding one ------------------------------------------------------------------------ */

static bool is_form_for(const struct ocsf_form *form, const struct ocsf_leaf *leaves, size_t n)
{
    const char *at = form->paths.p;

    if (!form->is_made || form->n != n)
        return false;
    for (size_t i = 0; i < n; at += form->path_n[i++])
        if (!str_eq((struct str){at, form->path_n[i]}, leaves[i].path))
            return false;
    return true;
}

/* By lengths and ends of the paths; SIZE_MAX: no form holds these. */
static size_t place_of(const struct ocsf_leaf *leaves, size_t n)
{
    uint32_t h = (uint32_t)n;

    for (size_t i = 0; i < n; i++) {
        struct str path = leaves[i].path;
        if (path.n == 0 || path.n > UINT8_MAX || leaves[i].text.n == 0)
            return SIZE_MAX;
        h = (h ^ (uint32_t)path.n ^ (uint32_t)(uint8_t)path.p[0] << 8 ^
             (uint32_t)(uint8_t)path.p[path.n - 1] << 16) *
            0x9E3779B1u;
        h ^= h >> 15;
    }
    return h % FORMS;
}

/* True if each text is what its attribute wants. */
static bool convert_all(struct arena *a, const struct ocsf_form *form,
                        const struct ocsf_leaf *leaves, struct ocsf_value *values)
{
    for (size_t i = 0; i < form->n; i++) {
        values[i].n = 0;
        if (!ocsf_convert(a, form->attrs[i], leaves[i].text, &values[i].text))
            return false;
    }
    return true;
}

/* The attributes at the ends of the paths; false if one leads nowhere. */
static bool find_attrs(struct ocsf_form *form, const struct ocsf_leaf *leaves, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct ocsf_way way = ocsf_find_way(leaves[i].path);
        if (way.n == 0)
            return false;
        form->attrs[i] = way.steps[way.n - 1];
    }
    return true;
}

const struct ocsf_form *ocsf_form_of(struct arena *a, struct ocsf_ways *ways,
                                     const struct ocsf_leaf *leaves, size_t n,
                                     struct ocsf_value *values)
{
    struct ocsf_forms *forms = ocsf_forms_of(ways);
    size_t place = n > 0 && n <= OCSF_LEAVES_MAX ? place_of(leaves, n) : SIZE_MAX;

    if (place == SIZE_MAX)
        return NULL;
    struct ocsf_form *form = forms->items[place];
    if (!form) {
        form = forms->items[place] = calloc(1, sizeof(*form));
        ASSERT(form);
    }
    if (is_form_for(form, leaves, n))
        return !form->is_empty && convert_all(a, form, leaves, values) ? form : NULL;
    /* The event that a form is made of must be a good one itself. */
    form->is_made = false;
    form->n = n;
    if (!find_attrs(form, leaves, n) || !convert_all(a, form, leaves, values))
        return NULL;
    make_form(a, ways, form, leaves, n);
    return form->is_empty ? NULL : form;
}

/* ---- out ---------------------------------------------------------------------------------- */

static void put_value(struct ocsf_value *v, struct buf *out)
{
    if (v->n > 0) {
        char *to = buf_reserve(out, v->n);
        memcpy(to, out->p + v->at, v->n);
        out->n += v->n;
        return;
    }
    v->at = out->n;
    json_escape(out, v->text);
    v->n = out->n - v->at;
}

static void put_pieces(const struct ocsf_form *form, const struct pieces *p,
                       struct ocsf_value *values, struct buf *out)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct piece *piece = &p->items[i];
        buf_add(out, (struct str){form->text.p + piece->at, piece->n});
        switch (piece->kind) {
        case PIECE_TEXT:
            break;
        case PIECE_BARE: /* nothing in it needs an escape */
            put_value(&values[piece->leaf], out);
            break;
        case PIECE_BASE:
            buf_add_char(out, '"');
            json_escape(out, ocsf_base_name(values[piece->leaf].text));
            buf_add_char(out, '"');
            break;
        case PIECE_STRING:
            buf_add_char(out, '"');
            put_value(&values[piece->leaf], out);
            buf_add_char(out, '"');
            break;
        }
    }
}

void ocsf_form_members(const struct ocsf_form *form, struct ocsf_value *values,
                       struct json_writer *w)
{
    put_pieces(form, &form->members, values, w->out);
}

void ocsf_form_observables(const struct ocsf_form *form, struct ocsf_value *values,
                           struct json_writer *w)
{
    if (form->observables.n == 0)
        return;
    json_key_name(w, STR("observables"));
    json_open_array(w);
    put_pieces(form, &form->observables, values, w->out);
    json_close_array(w);
}
