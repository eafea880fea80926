/* worst_case.c - makes one record that is as bad as a sender could wish.
 *
 *   worst_case RULES KIND BYTES [NAME=FILE ...] > record
 *
 *   text     a command line of rules' own texts, each without its last byte: wakes every filter,
 *            satisfies nothing
 *   hits     the same with the whole texts: wakes and matches as much as it can
 *   grams    the rarest four bytes of each text, one behind the other: the windows under which the
 *            literal engine files the rules' texts
 *   escapes  `hits` with each byte written as \u00XX
 *   arrays   the texts as members of arrays, nested 30 deep, over and over
 *   keys     one key for each 64 bytes (16,384 in a MiB): names that rules ask for, over and over,
 *            and names that only begin like them
 *
 * All are process creations of Windows, which more rules can see than anything else. The record has
 * at most the bytes asked for, and nearly as many. Texts come in the order of the rules.
 */
#include "app/rules.h"
#include "base/str.h"
#include "match/fold.h"
#include "match/literal.h"
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "json/write.h"

enum { BYTES_MIN = 256, BYTES_MAX = 16 << 20, GRAM = 4, NESTING = 30, KEY_BYTES = 64 };

struct texts {
    struct str *items;
    size_t n, next;
};

static void die(const char *what)
{
    fprintf(stderr, "worst_case: %s\n", what);
    exit(1);
}

/* What rules look for in command lines. */
static struct texts texts_of(struct arena *a, const struct plan *plan)
{
    struct texts t = {.items = ARENA_ARRAY(a, plan->n_atoms, struct str)};

    for (uint32_t i = 0; i < plan->n_atoms; i++) {
        const struct atom *atom = plan->atoms[i].atom;
        if (str_eq(atom->field, STR("CommandLine")) && atom->text.n >= GRAM &&
            (atom->op == ATOM_CONTAINS || atom->op == ATOM_SUFFIX || atom->op == ATOM_PREFIX))
            t.items[t.n++] = atom->text;
    }
    if (t.n == 0)
        die("the rules look for nothing in command lines");
    return t;
}

static struct str next_text(struct texts *t)
{
    return t->items[t->next++ % t->n];
}

static struct str rarest_gram(struct str text)
{
    struct str best = str_sub(text, 0, GRAM);
    unsigned most = 0;

    for (size_t i = 0; i + GRAM <= text.n; i++) {
        char folded[GRAM];
        fold_ascii(folded, text.p + i, GRAM);
        unsigned rarity = literal_rarity((struct str){folded, GRAM});
        if (rarity > most) {
            most = rarity;
            best = str_sub(text, i, GRAM);
        }
    }
    return best;
}

static struct str cut_last(struct str text)
{
    return str_sub(text, 0, text.n - 1);
}

static struct str whole(struct str text)
{
    return text;
}

static const char START[] = "{\"EventID\":1,\"product\":\"windows\",\"category\":"
                            "\"process_creation\",\"Image\":\"C:\\\\x.exe\"";

/* One long value. */
static void add_value(struct buf *b, struct texts *t, size_t bytes, struct str (*part)(struct str))
{
    struct buf next = {0};

    buf_add(b, STR(",\"CommandLine\":\""));
    for (;;) {
        buf_clear(&next);
        json_escape(&next, part(next_text(t)));
        if (b->n + next.n + 2 > bytes)
            break;
        buf_add(b, buf_str(&next));
    }
    buf_add(b, STR("\"}"));
    buf_release(&next);
}

static void add_escapes(struct buf *b, struct texts *t, size_t bytes)
{
    struct str text = next_text(t);

    buf_add(b, STR(",\"CommandLine\":\""));
    for (size_t i = 0; b->n + 8 <= bytes; i++) {
        if (i == text.n) {
            text = next_text(t);
            i = 0;
        }
        buf_printf(b, "\\u%04x", (unsigned)(text.p[i] & 0x7f));
    }
    buf_add(b, STR("\"}"));
}

/* [[..[["text","text" ...]]..]],[[..: each nest is a member of the outermost array. */
static void add_arrays(struct buf *b, struct texts *t, size_t bytes)
{
    buf_add(b, STR(",\"CommandLine\":[0"));
    for (;;) {
        struct buf next = {0};
        buf_add_char(&next, ',');
        for (int i = 0; i < NESTING; i++)
            buf_add_char(&next, '[');
        buf_add_char(&next, '"');
        json_escape(&next, next_text(t));
        buf_add_char(&next, '"');
        for (int i = 0; i < NESTING; i++)
            buf_add_char(&next, ']');
        bool fits = b->n + next.n + 2 <= bytes;
        if (fits)
            buf_add(b, buf_str(&next));
        buf_release(&next);
        if (!fits)
            break;
    }
    buf_add(b, STR("]}"));
}

static void add_keys(struct buf *b, struct texts *t, const struct plan *plan, size_t bytes)
{
    uint32_t n_fields = field_count(plan->fields);
    struct buf next = {0};

    for (uint32_t i = 0;; i++) {
        buf_clear(&next);
        buf_add(&next, STR(",\""));
        json_escape(&next, field_name(plan->fields, 1 + i % (n_fields - 1)));
        if (i % 2)
            buf_printf(&next, "%u", i);
        buf_add(&next, STR("\":\""));
        while (next.n < KEY_BYTES - 8)
            json_escape(&next, rarest_gram(next_text(t)));
        buf_add_char(&next, '"');
        if (b->n + next.n + 1 > bytes)
            break;
        buf_add(b, buf_str(&next));
    }
    buf_add_char(b, '}');
    buf_release(&next);
}

static void add_rest(struct buf *b, struct texts *t, const struct plan *plan, struct str kind,
                     size_t bytes)
{
    if (str_eq(kind, STR("text")))
        add_value(b, t, bytes, cut_last);
    else if (str_eq(kind, STR("hits")))
        add_value(b, t, bytes, whole);
    else if (str_eq(kind, STR("grams")))
        add_value(b, t, bytes, rarest_gram);
    else if (str_eq(kind, STR("escapes")))
        add_escapes(b, t, bytes);
    else if (str_eq(kind, STR("arrays")))
        add_arrays(b, t, bytes);
    else if (str_eq(kind, STR("keys")))
        add_keys(b, t, plan, bytes);
    else
        die("kinds are text, hits, grams, escapes, arrays, keys");
}

int main(int argc, char **argv)
{
    struct arena *a = arena_new(1 << 20);
    struct rule_options o = {.skip_bad = true};
    struct plan_options plan_options = {0};
    struct rule_book book;
    struct weir_err err;
    struct buf out = {0};
    uint64_t bytes;

    if (argc < 4 || !str_to_u64(str_from(argv[3]), &bytes) || bytes < BYTES_MIN ||
        bytes > BYTES_MAX)
        die("usage: worst_case RULES KIND BYTES [NAME=FILE ...]");
    text_list_add(&o.paths, str_from(argv[1]));
    for (int i = 4; i < argc; i++)
        text_list_add(&o.lists, str_from(argv[i]));
    if (rule_book_load(&o, &book, &err) != WEIR_OK)
        die(err.text);
    const struct plan *plan = plan_new(a, book.rules, book.n_rules, book.profiles, &plan_options);
    struct texts t = texts_of(a, plan);
    buf_add(&out, str_from(START));
    add_rest(&out, &t, plan, str_from(argv[2]), (size_t)bytes - 1);
    buf_add_char(&out, '\n');
    if (fwrite(out.p, 1, out.n, stdout) != out.n)
        die("cannot write");
    buf_release(&out);
    rule_book_release(&book);
    rule_options_release(&o);
    arena_free(a);
    return 0;
}
