/* macro.c - the table of macros, and putting them into a search.
 *
 * One pass over the text copies what is no macro and calls itself on the definition of what is one.
 * Splunk's own content ends each search in a macro NAME_filter, a hook that its users fill; without
 * a definition it asks for nothing.
 */
#include "lang/spl/macro.h"

#include "base/str.h"
#include "base/vec.h"

#include <stdio.h>

struct spl_macros {
    struct arena *a;
    struct spl_macro *items;
    size_t n, cap;
};

struct spl_macros *spl_macros_new(struct arena *a)
{
    struct spl_macros *m = ARENA_NEW(a, struct spl_macros);

    m->a = a;
    return m;
}

static const struct spl_macro *find(const struct spl_macros *m, struct str name, size_t n_arguments)
{
    for (size_t i = 0; m && i < m->n; i++)
        if (m->items[i].n_arguments == n_arguments && str_eq(m->items[i].name, name))
            return &m->items[i];
    return NULL;
}

bool spl_macros_add(struct spl_macros *m, const struct spl_macro *macro)
{
    if (find(m, macro->name, macro->n_arguments))
        return false;
    m->items = vec_room(m->a, m->items, m->n, &m->cap, sizeof *m->items);
    struct spl_macro *own = &m->items[m->n++];
    *own = *macro;
    own->name = arena_str(m->a, macro->name);
    own->definition = arena_str(m->a, macro->definition);
    for (size_t i = 0; i < macro->n_arguments; i++)
        own->arguments[i] = arena_str(m->a, macro->arguments[i]);
    return true;
}

void spl_macros_join(struct spl_macros *to, const struct spl_macros *from)
{
    for (size_t i = 0; i < from->n; i++)
        (void)spl_macros_add(to, &from->items[i]);
}

/* ---- a call -------------------------------------------------------------------------------- */

struct call {
    struct str name;
    struct str values[SPL_ARGUMENTS_MAX];
    size_t n;
};

struct expansion {
    struct query_scope *s;
    const struct spl_macros *macros;
    struct spl_text *out;
    char *bytes; /* SPL_TEXT_MAX */
    size_t n;
    unsigned depth;
    struct place at; /* of the macro at hand */
};

static size_t quoted_end(struct str text, size_t i)
{
    for (i++; i < text.n && text.p[i] != '"'; i++)
        if (text.p[i] == '\\')
            i++;
    return i < text.n ? i + 1 : text.n;
}

/* A value in quotes is what stands between them. */
static struct str without_quotes(struct str value)
{
    bool is_quoted = value.n >= 2 && value.p[0] == '"' && quoted_end(value, 0) == value.n &&
                     value.p[value.n - 1] == '"';

    return is_quoted ? str_sub(value, 1, value.n - 2) : value;
}

/* "a, b" at its commas outside quotes and parentheses. */
static bool split_values(struct str text, struct call *c)
{
    unsigned depth = 0;
    size_t begin = 0;

    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] == '"') {
            i = quoted_end(text, i) - 1;
            continue;
        }
        depth += i < text.n && text.p[i] == '(';
        depth -= i < text.n && text.p[i] == ')' && depth > 0;
        if (i < text.n && (text.p[i] != ',' || depth > 0))
            continue;
        if (c->n == SPL_ARGUMENTS_MAX)
            return false;
        c->values[c->n++] = without_quotes(str_trim(str_sub(text, begin, i - begin)));
        begin = i + 1;
    }
    return true;
}

static bool read_call(struct str body, struct call *c)
{
    size_t open = str_find_char(body, '(', 0);

    *c = (struct call){.name = str_trim(str_sub(body, 0, open == SIZE_MAX ? body.n : open))};
    if (open == SIZE_MAX)
        return true;
    struct str rest = str_trim(str_sub(body, open + 1, SIZE_MAX));
    if (rest.n == 0 || rest.p[rest.n - 1] != ')')
        return false;
    rest = str_trim(str_sub(rest, 0, rest.n - 1));
    return rest.n == 0 || split_values(rest, c);
}

static struct str with_values(struct arena *a, const struct spl_macro *m, const struct call *c)
{
    struct str text = m->definition;

    for (size_t i = 0; i < m->n_arguments; i++) {
        struct str slot = arena_printf(a, "$%.*s$", (int)m->arguments[i].n, m->arguments[i].p);
        for (size_t at = 0; (at = str_find(text, slot, at)) != SIZE_MAX; at += c->values[i].n) {
            if (text.n + c->values[i].n > SPL_TEXT_MAX)
                return text; /* add() refuses it */
            text = arena_printf(a, "%.*s%.*s%.*s", (int)at, text.p, (int)c->values[i].n,
                                c->values[i].p, (int)(text.n - at - slot.n), text.p + at + slot.n);
        }
    }
    return text;
}

/* ---- the pass ------------------------------------------------------------------------------ */

static bool add(struct expansion *x, struct str text)
{
    if (text.n > SPL_TEXT_MAX - x->n)
        return diag_error(x->s->diag, x->at, "the search is larger than %d KiB with its macros",
                          SPL_TEXT_MAX / 1024);
    memcpy(x->bytes + x->n, text.p, text.n);
    x->n += text.n;
    return true;
}

static void add_piece(struct expansion *x, size_t source, bool is_macro)
{
    struct spl_text *t = x->out;

    t->pieces = vec_room(x->s->scratch, t->pieces, t->n_pieces, &t->cap_pieces, sizeof *t->pieces);
    t->pieces[t->n_pieces++] = (struct spl_piece){x->n, source, is_macro};
}

static bool expand(struct expansion *x, struct str text);

/* Macros that nearly every detection of Splunk's calls; a definition among the files goes before.
 */
static const struct spl_macro *known(const struct call *c)
{
    static const struct spl_macro KNOWN[] = {
        {.name = {"drop_dm_object_name", 19},
         .arguments = {{"object", 6}},
         .n_arguments = 1,
         .definition = {"rename $object$.* as *", 22}},
        {.name = {"security_content_ctime", 22},
         .arguments = {{"field", 5}},
         .n_arguments = 1,
         .definition = {"convert ctime($field$)", 22}},
        {.name = {"security_content_summariesonly", 30},
         .definition = {"summariesonly=false fillnull_value=null", 39}}};

    for (size_t i = 0; i < ARRAY_LEN(KNOWN); i++)
        if (c->n == KNOWN[i].n_arguments && str_eq(c->name, KNOWN[i].name))
            return &KNOWN[i];
    return NULL;
}

static bool expand_call(struct expansion *x, struct str body)
{
    struct call c;

    if (!read_call(body, &c))
        return diag_error(x->s->diag, x->at, "macro `%.*s`: its arguments cannot be read",
                          SHOWN(body));
    const struct spl_macro *m = find(x->macros, c.name, c.n);
    if (!m)
        m = known(&c);
    if (!m && str_ends(c.name, STR("_filter")) && c.n == 0)
        return add(x, STR("search *"));
    if (!m)
        return diag_error(x->s->diag, x->at,
                          "unknown macro `%.*s` with %zu argument%s (its file is to be loaded too)",
                          SHOWN(c.name), c.n, c.n == 1 ? "" : "s");
    if (x->depth == SPL_MACRO_DEPTH)
        return diag_error(x->s->diag, x->at, "macros nested deeper than %d", SPL_MACRO_DEPTH);
    x->depth++;
    bool is_good = expand(x, with_values(x->s->scratch, m, &c));
    x->depth--;
    return is_good;
}

/* The next byte of text that begins something other than plain text, from i on. */
static size_t plain_end(struct str text, size_t i)
{
    while (i < text.n && text.p[i] != '`')
        i = text.p[i] == '"' ? quoted_end(text, i) : i + 1 + (text.p[i] == '\\');
    return i < text.n ? i : text.n;
}

static bool expand_tick(struct expansion *x, struct str text, size_t *i)
{
    static const struct str COMMENT = {"```", 3};
    bool is_comment = str_starts(str_sub(text, *i, SIZE_MAX), COMMENT);
    size_t begin = *i + (is_comment ? 3 : 1);
    size_t end = str_find(text, is_comment ? COMMENT : STR("`"), begin);

    if (x->depth == 0)
        x->at = diag_inside(x->s->diag, x->s->at, text, *i);
    if (end == SIZE_MAX)
        return diag_error(x->s->diag, x->at, "a ` that is never closed");
    if (x->depth == 0)
        add_piece(x, *i, true);
    *i = end + (is_comment ? 3 : 1);
    bool is_good =
        is_comment ? add(x, STR(" ")) : expand_call(x, str_sub(text, begin, end - begin));
    if (x->depth == 0)
        add_piece(x, *i, false);
    return is_good;
}

static bool expand(struct expansion *x, struct str text)
{
    for (size_t i = 0; i < text.n;) {
        size_t end = plain_end(text, i);
        if (!add(x, str_sub(text, i, end - i)))
            return false;
        i = end;
        if (i < text.n && !expand_tick(x, text, &i))
            return false;
    }
    return true;
}

bool spl_expand(struct query_scope *s, const struct spl_macros *macros, struct str query,
                struct spl_text *out)
{
    struct expansion x = {.s = s, .macros = macros, .out = out, .at = s->at};

    *out = (struct spl_text){.original = query};
    x.bytes = arena_alloc(s->scratch, SPL_TEXT_MAX + 1);
    add_piece(&x, 0, false);
    if (!expand(&x, query))
        return false;
    out->text = (struct str){x.bytes, x.n};
    return true;
}

static size_t source_of(const struct spl_text *t, size_t at)
{
    size_t i = t->n_pieces - 1;

    while (i > 0 && t->pieces[i].begin > at)
        i--;
    return t->pieces[i].source + (t->pieces[i].is_macro ? 0 : at - t->pieces[i].begin);
}

struct spl_text spl_text_inside(const struct query_scope *s, const struct spl_text *t, size_t at,
                                struct str text)
{
    struct spl_piece *piece = ARENA_NEW(s->scratch, struct spl_piece);

    *piece = (struct spl_piece){.source = source_of(t, at), .is_macro = true};
    return (struct spl_text){
        .text = text, .original = t->original, .pieces = piece, .n_pieces = 1, .cap_pieces = 1};
}

struct place spl_place(const struct query_scope *s, const struct spl_text *t, size_t at)
{
    return diag_inside(s->diag, s->at, t->original, source_of(t, at));
}
