/* run.c - the whole search: its commands one behind the other, and what it is in the end. */
#include "lang/spl/scan.h"

#include "base/str.h"

/* Up to the next bar outside quotes and brackets. */
static size_t command_end(struct str text, size_t i)
{
    unsigned depth = 0;

    for (; i < text.n; i++) {
        if (text.p[i] == '\\') {
            i++;
        } else if (text.p[i] == '"') {
            for (i++; i < text.n && text.p[i] != '"'; i++)
                i += text.p[i] == '\\';
        } else if (text.p[i] == '[') {
            depth++;
        } else if (text.p[i] == ']' && depth > 0) {
            depth--;
        } else if (text.p[i] == '|' && depth == 0) {
            return i;
        }
    }
    return text.n;
}

static bool run_one(struct spl *x, bool is_first)
{
    spl_blanks(x);
    x->at = spl_here(x);
    size_t begin = x->next;
    x->begin = begin;
    struct str name = spl_word(x, "=(\"'<>!|[");
    if (is_first && !str_eq_ci(name, STR("search"))) {
        x->next = begin; /* what stands before the first bar is a search without the word */
        name = STR("search");
    }
    if (name.n == 0)
        return spl_expected(x, "a command");
    x->is_first = is_first;
    x->n_commands++;
    return spl_command(x, name);
}

static bool run_all(struct spl *x, size_t begin, size_t end)
{
    struct str text = str_sub(x->text.text, 0, end);
    size_t i = begin;
    bool is_first = true;

    x->next = begin;
    x->end = end;
    spl_blanks(x);
    if (spl_peek(x) == '|') { /* a search that begins with a command of its own */
        i = x->next + 1;
        is_first = false;
    }
    for (;;) {
        x->next = i;
        x->end = command_end(text, i);
        i = x->end + 1;
        if (!run_one(x, is_first))
            return false;
        if (x->end >= text.n)
            return true;
        is_first = false;
    }
}

bool spl_run(struct spl *x, size_t begin, size_t end)
{
    x->search_begin = begin;
    return run_all(x, begin, end) && spl_eventstats_end(x);
}

bool spl_run_in_place(struct spl *x, size_t end)
{
    return run_all(x, 0, end);
}

struct pipe *spl_pipe_new(struct query_scope *s)
{
    static const struct pipe_dialect DIALECT = {.is_loose = true,
                                                .is_plain = true,
                                                .is_any_member = true,
                                                .group_missing = MISSING_DROP,
                                                .aggregation = "stats"};

    return pipe_new(s, &DIALECT);
}

bool spl_load(struct query_scope *s, struct str query, const struct query_options *options,
              struct rule *rule)
{
    struct spl x = {.s = s, .pipe = spl_pipe_new(s)};

    if (!spl_expand(s, options ? options->macros : NULL, query, &x.text))
        return false;
    if (str_trim(x.text.text).n == 0)
        return diag_error(s->diag, s->at, "the search is empty");
    if (!spl_run(&x, 0, x.text.text.n))
        return false;
    if (x.is_partial)
        return diag_unsupported(s->diag, s->at, "tstats with prestats, without stats behind it");
    if (x.row_keys)
        diag_warn(s->diag, x.rows_at, "%s: a finding is of a group, not of each of its rows",
                  x.rows_command);
    spl_give_source(&x, rule);
    struct pipe_ending ending = {.at = s->at, .window_ms = spl_window(&x)};
    return pipe_finish(x.pipe, &ending, rule);
}
