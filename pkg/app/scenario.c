/* scenario.c - stories about state: statement by statement to a player. */
#include "app/scenario.h"

#include "app/files.h"
#include "app/script.h"
#include "base/arena.h"
#include "base/str.h"

struct scenario {
    struct arena *arena;
    struct str dir;
    struct player_options play;
    struct player *player; /* from the first event on */
    int64_t start_ms;
    size_t step_from; /* number of the event that the last step began with */
    struct scenario_failure failure;
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
    case SAY_ASSUME_TRAINED:
        s->play.state.assume_trained = true;
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

    if (say->is_step)
        s->step_from = player_event_count(s->player);
    if (say->is_again)
        return player_again(s->player, say->partition, say->n, s->err);
    player_arrives(s->player, say->has_arrives ? s->start_ms + say->arrives_ms : INT64_MIN);
    for (uint64_t i = 0; i < say->n; i++) {
        int64_t ms = s->start_ms + say->at_ms + (int64_t)i * say->every_ms;
        TRY(script_event_text(s->arena, &say->event, ms, i, &text, s->err));
        player_clock(s->player, ms);
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

static uint32_t line_of(const struct scenario *s, const struct expectation *e)
{
    return e->line ? e->line : s->say->line;
}

static void note_failure(struct scenario *s, const struct expectation *e, bool is_too_few)
{
    s->failure = (struct scenario_failure){
        .expected = e, .is_too_few = is_too_few, .events_from = e->is_of_step ? s->step_from : 0};
}

static enum weir_rc not_met(const struct scenario *s, const struct expectation *e, struct str seen)
{
    struct str what = e->name.n ? e->name : e->path;
    bool has_rule = e->rule.n > 0;

    return err_at(s->err, WEIR_BADARG, line_of(s, e), e->col,
                  "expected %.*s%s%.*s %s %.*s, but it is %.*s", (int)what.n, what.p,
                  has_rule ? " of " : "", (int)e->rule.n, e->rule.p, script_compare_name(e->op),
                  (int)e->value.n, e->value.p, (int)seen.n, seen.p);
}

static enum weir_rc check_count(struct scenario *s, const struct expectation *e)
{
    struct player_counts counts = player_counts(s->player, e->rule);
    uint64_t seen = 0;
    bool is_known = player_count_named(&counts, e->name, &seen);

    ASSERT(is_known); /* the script was read */
    if (script_count_meets(e, seen))
        return WEIR_OK;
    note_failure(s, e, e->op == COMPARE_EQ ? seen < e->number : e->op >= COMPARE_GT);
    return not_met(s, e, arena_printf(s->arena, "%llu", (unsigned long long)seen));
}

static enum weir_rc check_document(struct scenario *s, const struct expectation *e)
{
    struct str document, seen;

    if (!player_document(s->player, e->rule, e->activity, &document)) {
        note_failure(s, e, true);
        return not_met(s, e, STR("in no document: there is none"));
    }
    return script_document_meets(s->arena, document, e, &seen) ? WEIR_OK : not_met(s, e, seen);
}

/* Every event of the step, or every event, matches; or none does. */
static enum weir_rc check_each(struct scenario *s, const struct expectation *e)
{
    size_t n = player_event_count(s->player), n_asked = 0, n_wrong = 0;
    bool wants = e->each == EACH_MATCHES;

    for (size_t i = e->is_of_step ? s->step_from : 0; i < n; i++) {
        if (player_event_at(s->player, i).is_history)
            continue;
        n_asked++;
        n_wrong += player_event_matched_by(s->player, i, e->rule) != wants;
    }
    if (n_wrong == 0 && n_asked > 0)
        return WEIR_OK;
    note_failure(s, e, wants);
    if (n_asked == 0)
        return err_at(s->err, WEIR_BADARG, line_of(s, e), e->col, "there was no event to match");
    if (n_asked == 1)
        return err_at(s->err, WEIR_BADARG, line_of(s, e), e->col,
                      wants ? "expected a match, there is none"
                            : "expected no match, there is one");
    return err_at(s->err, WEIR_BADARG, line_of(s, e), e->col,
                  wants ? "expected that each of the %zu events matches, but %zu do not"
                        : "expected that none of the %zu events matches, but %zu do",
                  n_asked, n_wrong);
}

/* A name that no rule has would meet `== 0` for ever. */
static enum weir_rc check(struct scenario *s, const struct expectation *e)
{
    if (e->rule.n && !player_has_rule(s->player, e->rule))
        return err_at(s->err, WEIR_SYNTAX, line_of(s, e), e->col, "no rule is called '%.*s'",
                      (int)e->rule.n, e->rule.p);
    if (e->each)
        return check_each(s, e);
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
        player_time(s->player, s->start_ms + s->say->at_ms);
        return player_pause(s->player, s->err);
    case SAY_RESTART:
        return restart(s);
    case SAY_FORGET:
        player_forget(s->player);
        return WEIR_OK;
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

static void begin(struct scenario *s, const struct scenario_script *o, struct weir_err *err)
{
    *s = (struct scenario){
        .arena = arena_new(0), .dir = o->dir, .play = o->play, .start_ms = o->start_ms, .err = err};
}

static void end(struct scenario *s)
{
    player_free(s->player);
    arena_free(s->arena);
}

enum weir_rc scenario_play_script(const struct scenario_script *o, struct weir_err *err)
{
    struct scenario s;

    begin(&s, o, err);
    enum weir_rc rc = play(&s, o->script);
    if (rc != WEIR_OK && !err->line && s.say)
        err->line = s.say->line;
    if (o->after)
        o->after(o->context, s.player, &s.failure);
    end(&s);
    return rc;
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
    const struct scenario_script how = {
        .dir = dir_of(path),
        .play = {.state = o->state, .version = o->version},
        .start_ms = SCENARIO_START_MS,
    };
    struct weir_err inner = {0};
    struct scenario s;

    begin(&s, &how, &inner);
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
    rule_options_release(&s.play.rules);
    end(&s);
    return rc;
}
