/* scenario.c - stories about state: statement by statement to a player. */
#include "app/scenario.h"

#include "app/files.h"
#include "app/script.h"
#include "base/arena.h"
#include "base/str.h"

#define STORY_START_MS INT64_C(1767571200000) /* 2026-01-05T00:00:00Z */

struct scenario {
    struct arena *arena;
    struct str dir;
    struct player_options play;
    struct player *player; /* from the first event on */
    const struct statement *say;
    struct weir_err *err;
};

static struct str path_of(const struct scenario *s, struct str name)
{
    if (name.n && name.p[0] == '/')
        return arena_str(s->arena, name);
    return arena_printf(s->arena, "%.*s%.*s", (int)s->dir.n, s->dir.p, (int)name.n, name.p);
}

/* script_reader.read */
static enum weir_rc read_event(void *context, struct arena *a, struct str path, struct str *out,
                               struct weir_err *err)
{
    return file_read(a, path_of(context, path), SCRIPT_BYTES_MAX, out, err);
}

/* ---- before the first event ----------------------------------------------------------------- */

static void take_list(struct scenario *s)
{
    struct str name = s->say->words[0], file = path_of(s, s->say->words[1]);

    text_list_add(&s->play.rules.lists,
                  arena_printf(s->arena, "%.*s=%.*s", (int)name.n, name.p, (int)file.n, file.p));
}

static void take_setting(struct scenario *s)
{
    const struct statement *say = s->say;

    switch (say->kind) {
    case SAY_RULES:
        for (size_t i = 0; i < say->n_words; i++)
            text_list_add(&s->play.rules.paths, path_of(s, say->words[i]));
        return;
    case SAY_LIST:
        take_list(s);
        return;
    case SAY_PROFILE:
        s->play.profile = arena_str(s->arena, say->words[0]);
        return;
    case SAY_TENANT:
        s->play.state.tenant = arena_str(s->arena, say->words[0]);
        return;
    case SAY_BRAKE:
        s->play.state.brake = say->n;
        return;
    case SAY_BUDGET:
        s->play.state.budget_bytes = say->n;
        return;
    default:
        s->play.state.no_dedup = true;
    }
}

/* ---- events --------------------------------------------------------------------------------- */

static enum weir_rc play_events(struct scenario *s)
{
    const struct statement *say = s->say;
    struct str text;

    if (say->is_again)
        return player_again(s->player, say->partition, say->n, s->err);
    for (uint64_t i = 0; i < say->n; i++) {
        int64_t ms = STORY_START_MS + say->at_ms + (int64_t)i * say->every_ms;
        TRY(script_event_text(s->arena, &say->event, ms, i, &text, s->err));
        TRY(player_event(s->player, say->partition, text, s->err));
    }
    return WEIR_OK;
}

static enum weir_rc restart(struct scenario *s)
{
    if (!s->say->is_before_commit)
        player_commit(s->player);
    return player_restart(s->player, s->err);
}

/* ---- expectations --------------------------------------------------------------------------- */

static enum weir_rc not_met(const struct scenario *s, const struct expectation *e, struct str seen)
{
    static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">=", "has"};
    struct str what = e->name.n ? e->name : e->path;
    bool has_rule = e->rule.n > 0;

    return err_at(s->err, WEIR_BADARG, s->say->line, e->col,
                  "expected %.*s%s%.*s %s %.*s, but it is %.*s", (int)what.n, what.p,
                  has_rule ? " of " : "", (int)e->rule.n, e->rule.p, ops[e->op], (int)e->value.n,
                  e->value.p, (int)seen.n, seen.p);
}

static enum weir_rc check_count(struct scenario *s, const struct expectation *e)
{
    struct player_counts counts = player_counts(s->player, e->rule);
    uint64_t seen = 0;
    bool is_known = player_count_named(&counts, e->name, &seen);

    ASSERT(is_known); /* the script was read */
    if (script_count_meets(e, seen))
        return WEIR_OK;
    return not_met(s, e, arena_printf(s->arena, "%llu", (unsigned long long)seen));
}

static enum weir_rc check_document(struct scenario *s, const struct expectation *e)
{
    struct str document, seen;

    if (!player_document(s->player, e->rule, e->activity, &document))
        return not_met(s, e, STR("in no document: there is none"));
    return script_document_meets(s->arena, document, e, &seen) ? WEIR_OK : not_met(s, e, seen);
}

/* A name that no rule has would meet `== 0` for ever. */
static enum weir_rc check(struct scenario *s, const struct expectation *e)
{
    if (e->rule.n && !player_has_rule(s->player, e->rule))
        return err_at(s->err, WEIR_SYNTAX, s->say->line, e->col, "no rule is called '%.*s'",
                      (int)e->rule.n, e->rule.p);
    return e->name.n ? check_count(s, e) : check_document(s, e);
}

static enum weir_rc check_all(struct scenario *s)
{
    for (size_t i = 0; i < s->say->n_expectations; i++)
        TRY(check(s, &s->say->expectations[i]));
    return WEIR_OK;
}

/* ---- the story ------------------------------------------------------------------------------ */

static enum weir_rc act(struct scenario *s)
{
    switch (s->say->kind) {
    case SAY_EVENT:
        return play_events(s);
    case SAY_TIME:
        player_time(s->player, STORY_START_MS + s->say->at_ms);
        return player_pause(s->player, s->err);
    case SAY_RESTART:
        return restart(s);
    case SAY_END:
        return player_end(s->player, s->err);
    case SAY_EXPECT:
        return check_all(s);
    default:
        take_setting(s);
        return WEIR_OK;
    }
}

static enum weir_rc play(struct scenario *s, const struct script *script)
{
    for (size_t i = 0; i < script->n; i++) {
        s->say = &script->statements[i];
        if (!s->player && s->say->kind >= SAY_EVENT)
            TRY(player_new(&s->play, &s->player, s->err));
        TRY(act(s));
        bool goes_on = i + 1 < script->n && script->statements[i + 1].is_joined;
        if (s->say->kind == SAY_EVENT && !goes_on)
            TRY(player_pause(s->player, s->err));
    }
    return WEIR_OK;
}

static struct str dir_of(struct str path)
{
    size_t n = path.n;

    while (n && path.p[n - 1] != '/')
        n--;
    return str_sub(path, 0, n);
}

static enum weir_rc read_and_play(struct scenario *s, struct str path)
{
    const struct script_reader reader = {read_event, s};
    struct script script;
    struct str text;

    TRY(file_read(s->arena, path, SCRIPT_BYTES_MAX, &text, s->err));
    TRY(script_parse(s->arena, text, &reader, &script, s->err));
    return play(s, &script);
}

enum weir_rc scenario_play(struct str path, const struct scenario_options *o, struct weir_err *err)
{
    struct weir_err inner = {0};
    struct scenario s = {.arena = arena_new(0), .dir = dir_of(path), .err = &inner};

    s.play.state = o->state;
    s.play.version = o->version;
    enum weir_rc rc = read_and_play(&s, path);
    if (rc != WEIR_OK) {
        if (!inner.line && s.say)
            inner.line = s.say->line;
        err_file(&inner, path);
        if (err)
            *err = inner;
    }
    if (s.player && o->documents)
        player_documents(s.player, o->documents);
    player_free(s.player);
    rule_options_release(&s.play.rules);
    arena_free(s.arena);
    return rc;
}
