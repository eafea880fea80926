/* scenario.c - stories about state: line by line to a player. */
#include "app/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "app/files.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "event/time.h"

#define STORY_START_MS 1767571200000ll /* 2026-01-05T00:00:00Z */

enum { EVENTS_MAX = 1000000, SCRIPT_MAX = 1024 * 1024 };

struct scenario {
    const struct scenario_options *options;
    struct arena *arena;
    struct str path, dir;
    struct player_options play;
    struct player *player; /* from the first event on */
    struct str line;       /* what is left of it */
    const char *line_start;
    uint32_t number;
    struct weir_err *err;
};

/* ---- words --------------------------------------------------------------------------------------
 */

static uint32_t column(const struct scenario *s, struct str word)
{
    return (uint32_t)(word.p - s->line_start) + 1;
}

static enum weir_rc fault(const struct scenario *s, struct str at, const char *text,
                          struct str what)
{
    return err_at(s->err, WEIR_SYNTAX, s->number, column(s, at), text, (int)what.n, what.p);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word; an event in braces is one. Empty at the end. */
static struct str next_word(struct scenario *s)
{
    struct str *l = &s->line;
    size_t n = 0;

    while (l->n && is_blank(*l->p))
        *l = str_sub(*l, 1, l->n);
    if (l->n && *l->p == '{') {
        int depth = 0;
        bool is_text = false;
        for (; n < l->n; n++) {
            char c = l->p[n];
            if (c == '"' && (n == 0 || l->p[n - 1] != '\\'))
                is_text = !is_text;
            depth += is_text ? 0 : (c == '{') - (c == '}');
            if (depth == 0)
                break;
        }
        n += n < l->n;
    } else {
        while (n < l->n && !is_blank(l->p[n]))
            n++;
    }
    struct str word = str_sub(*l, 0, n);
    *l = str_sub(*l, n, l->n);
    return word;
}

static bool next_is(struct scenario *s, const char *wanted)
{
    struct str before = s->line;

    if (str_eq(next_word(s), str_from(wanted)))
        return true;
    s->line = before;
    return false;
}

/* "1h30m", "9m59s999ms", "0s" */
static bool parse_span(struct str text, int64_t *out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t total = 0;

    if (text.n == 0)
        return false;
    while (text.n) {
        size_t digits = 0, i = 0;
        uint64_t n;
        while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
            digits++;
        if (!digits || !str_to_u64(str_sub(text, 0, digits), &n) || n > 1000000000)
            return false;
        text = str_sub(text, digits, text.n);
        while (i < ARRAY_LEN(units) && !str_starts(text, str_from(units[i].unit)))
            i++;
        if (i == ARRAY_LEN(units))
            return false;
        total += (int64_t)n * units[i].ms;
        text = str_sub(text, strlen(units[i].unit), text.n);
    }
    *out = total;
    return true;
}

static enum weir_rc take_span(struct scenario *s, int64_t *out)
{
    struct str word = next_word(s);

    if (parse_span(word, out))
        return WEIR_OK;
    return fault(s, word, "'%.*s' is no span of time (5s, 10m, 1h30m, 999ms)", word);
}

static enum weir_rc take_count(struct scenario *s, uint64_t *out, uint64_t max)
{
    struct str word = next_word(s);

    if (str_to_u64(word, out) && *out <= max)
        return WEIR_OK;
    return fault(s, word, "'%.*s' is no number that fits here", word);
}

static struct str path_of(struct scenario *s, struct str name)
{
    if (name.n && name.p[0] == '/')
        return arena_str(s->arena, name);
    return arena_printf(s->arena, "%.*s%.*s", (int)s->dir.n, s->dir.p, (int)name.n, name.p);
}

/* ---- before the first event ----------------------------------------------------------------- */

static enum weir_rc take_setting(struct scenario *s, struct str word)
{
    uint64_t n;

    if (s->player)
        return fault(s, word, "'%.*s' must stand before the first event", word);
    if (str_eq(word, STR("rules"))) {
        for (struct str name = next_word(s); name.n; name = next_word(s))
            text_list_add(&s->play.rules.paths, path_of(s, name));
    } else if (str_eq(word, STR("list"))) {
        struct str name, file, all = next_word(s);
        if (!str_cut(all, '=', &name, &file))
            return fault(s, all, "'%.*s': NAME=FILE is wanted", all);
        file = path_of(s, file);
        text_list_add(&s->play.rules.lists, arena_printf(s->arena, "%.*s=%.*s", (int)name.n, name.p,
                                                         (int)file.n, file.p));
    } else if (str_eq(word, STR("profile"))) {
        s->play.profile = arena_str(s->arena, next_word(s));
    } else if (str_eq(word, STR("tenant"))) {
        s->play.state.tenant = arena_str(s->arena, next_word(s));
    } else if (str_eq(word, STR("no_dedup"))) {
        s->play.state.no_dedup = true;
    } else {
        TRY(take_count(s, &n, UINT32_MAX));
        s->play.state.brake = n;
    }
    return WEIR_OK;
}

static enum weir_rc need_player(struct scenario *s)
{
    if (s->player)
        return WEIR_OK;
    if (!s->play.rules.paths.n)
        return err_at(s->err, WEIR_SYNTAX, s->number, 1, "no rules: `rules PATH` comes first");
    return player_new(&s->play, &s->player, s->err);
}

/* ---- events ---------------------------------------------------------------------------------- */

struct events {
    int64_t at_ms, every_ms;
    struct str text;
    uint64_t n, partition;
    bool is_again;
};

static void replace(struct buf *out, struct str text, const char *name, struct str value)
{
    struct str slot = str_from(name);

    buf_clear(out);
    for (size_t i = 0; i < text.n;) {
        if (str_starts(str_sub(text, i, text.n), slot)) {
            buf_add(out, value);
            i += slot.n;
        } else {
            buf_add_char(out, text.p[i++]);
        }
    }
}

/* The event with its slots filled. */
static struct str fill(struct scenario *s, const struct events *e, uint64_t i, struct buf *work)
{
    int64_t ms = STORY_START_MS + e->at_ms + (int64_t)i * e->every_ms;
    char time[TIME_TEXT_MAX];
    struct str text = e->text;

    replace(work, text, "{time}", (struct str){time, time_format_ms(ms, time)});
    text = arena_str(s->arena, buf_str(work));
    replace(work, text, "{ms}", arena_printf(s->arena, "%lld", (long long)ms));
    text = arena_str(s->arena, buf_str(work));
    replace(work, text, "{n}", arena_printf(s->arena, "%llu", (unsigned long long)i));
    return arena_str(s->arena, buf_str(work));
}

static enum weir_rc play_events(struct scenario *s, const struct events *e)
{
    struct buf work = {0};
    enum weir_rc rc = WEIR_OK;

    if (e->is_again)
        rc = player_again(s->player, (uint32_t)e->partition, e->n, s->err);
    for (uint64_t i = 0; !e->is_again && i < e->n && rc == WEIR_OK; i++)
        rc = player_event(s->player, (uint32_t)e->partition, fill(s, e, i, &work), s->err);
    buf_release(&work);
    return rc == WEIR_OK ? player_pause(s->player, s->err) : rc;
}

static enum weir_rc take_event_text(struct scenario *s, struct events *e)
{
    struct str word = next_word(s);

    if (word.n && word.p[0] == '{') {
        e->text = word;
        return WEIR_OK;
    }
    if (!word.n)
        return fault(s, word, "an event is wanted: a file or {...}%.*s", word);
    TRY(file_read(s->arena, path_of(s, word), SCRIPT_MAX, &e->text, s->err));
    e->text = str_trim(e->text);
    return WEIR_OK;
}

static enum weir_rc take_events(struct scenario *s, int64_t at_ms)
{
    struct events e = {.at_ms = at_ms, .n = 1};

    TRY(take_event_text(s, &e));
    for (;;) {
        struct str before = s->line, word = next_word(s);
        if (!word.n)
            break;
        if (str_eq(word, STR("x")))
            TRY(take_count(s, &e.n, EVENTS_MAX));
        else if (str_eq(word, STR("every")))
            TRY(take_span(s, &e.every_ms));
        else if (str_eq(word, STR("partition")))
            TRY(take_count(s, &e.partition, PLAYER_PARTITIONS_MAX - 1));
        else if (str_eq(word, STR("redelivered")))
            e.is_again = true;
        else
            return fault(s, word, "unknown word '%.*s' (x, every, partition, redelivered)", word);
        (void)before;
    }
    TRY(need_player(s));
    return play_events(s, &e);
}

static enum weir_rc take_at(struct scenario *s)
{
    int64_t at_ms;

    TRY(take_span(s, &at_ms));
    struct str word = next_word(s);
    if (str_eq(word, STR("event")))
        return take_events(s, at_ms);
    if (!str_eq(word, STR("time")))
        return fault(s, word, "unknown word '%.*s' (event, time)", word);
    TRY(need_player(s));
    player_time(s->player, STORY_START_MS + at_ms);
    return player_pause(s->player, s->err);
}

/* ---- restarts and expectations ----------------------------------------------------------------
 */

static enum weir_rc take_restart(struct scenario *s)
{
    struct str word = next_word(s);

    if (!str_eq(word, STR("worker")))
        return fault(s, word, "unknown word '%.*s' (restart worker)", word);
    TRY(need_player(s));
    if (!(next_is(s, "before") && next_is(s, "commit")))
        player_commit(s->player);
    return player_restart(s->player, s->err);
}

static bool count_named(const struct player_counts *c, struct str name, uint64_t *out)
{
    const struct {
        const char *name;
        uint64_t n;
    } counts[] = {{"alerts", c->creates + c->raises},
                  {"creates", c->creates},
                  {"raises", c->raises},
                  {"updates", c->updates},
                  {"closes", c->closes},
                  {"braked", c->braked},
                  {"shadow", c->shadow},
                  {"hits", c->hits},
                  {"dedup_hits", c->dedup_hits},
                  {"late", c->late},
                  {"matches", c->matches}};

    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (str_eq(name, str_from(counts[i].name))) {
            *out = counts[i].n;
            return true;
        }
    return false;
}

static bool holds(uint64_t a, struct str op, uint64_t b, bool *is_known)
{
    *is_known = true;
    if (str_eq(op, STR("==")))
        return a == b;
    if (str_eq(op, STR("!=")))
        return a != b;
    if (str_eq(op, STR("<")))
        return a < b;
    if (str_eq(op, STR("<=")))
        return a <= b;
    if (str_eq(op, STR(">")))
        return a > b;
    if (str_eq(op, STR(">=")))
        return a >= b;
    *is_known = false;
    return false;
}

static enum weir_rc take_expectation(struct scenario *s, struct str name)
{
    struct str rule = STR("");
    uint64_t seen, wanted;
    bool is_known;

    if (next_is(s, "of"))
        rule = next_word(s);
    struct player_counts counts = player_counts(s->player, rule);
    if (!count_named(&counts, name, &seen))
        return fault(s, name, "nothing is called '%.*s'", name);
    struct str op = next_word(s);
    TRY(take_count(s, &wanted, UINT64_MAX));
    bool is_met = holds(seen, op, wanted, &is_known);
    if (!is_known)
        return fault(s, op, "'%.*s' is none of == != < <= > >=", op);
    if (is_met)
        return WEIR_OK;
    return err_at(s->err, WEIR_BADARG, s->number, column(s, name),
                  "expected %.*s %.*s %llu, but there were %llu", (int)name.n, name.p, (int)op.n,
                  op.p, (unsigned long long)wanted, (unsigned long long)seen);
}

static enum weir_rc take_expect(struct scenario *s)
{
    TRY(need_player(s));
    for (struct str name = next_word(s); name.n; name = next_word(s))
        TRY(take_expectation(s, name));
    return WEIR_OK;
}

/* ---- the script -------------------------------------------------------------------------------
 */

static enum weir_rc take_line(struct scenario *s)
{
    static const char *const settings[] = {"rules",  "list",  "profile",
                                           "tenant", "brake", "no_dedup"};
    struct str word = next_word(s);

    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        if (str_eq(word, str_from(settings[i])))
            return take_setting(s, word);
    if (str_eq(word, STR("at")))
        return take_at(s);
    if (str_eq(word, STR("expect")))
        return take_expect(s);
    if (str_eq(word, STR("restart")))
        return take_restart(s);
    if (str_eq(word, STR("end"))) {
        TRY(need_player(s));
        return player_end(s->player, s->err);
    }
    return fault(s, word, "unknown statement '%.*s' (rules, at, expect, restart, end ...)", word);
}

static enum weir_rc play(struct scenario *s, struct str text)
{
    struct str line, rest = text, nothing;

    while (rest.n) {
        str_cut(rest, '\n', &line, &rest);
        s->number++;
        s->line_start = line.p;
        s->line = line;
        struct str trimmed = str_trim(line);
        if (trimmed.n == 0 || trimmed.p[0] == '#')
            continue;
        TRY(take_line(s));
        nothing = next_word(s);
        if (nothing.n)
            return fault(s, nothing, "'%.*s' is too much here", nothing);
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

enum weir_rc scenario_play(struct str path, const struct scenario_options *o, struct weir_err *err)
{
    struct scenario s = {.options = o, .arena = arena_new(0), .path = path, .err = err};
    struct str text;

    s.dir = dir_of(path);
    s.play.state = o->state;
    s.play.version = o->version;
    enum weir_rc rc = file_read(s.arena, path, SCRIPT_MAX, &text, err);
    if (rc == WEIR_OK)
        rc = play(&s, text);
    if (rc != WEIR_OK) {
        if (!err->line)
            err->line = s.number;
        err_file(err, path);
    }
    player_free(s.player);
    rule_options_release(&s.play.rules);
    arena_free(s.arena);
    return rc;
}
