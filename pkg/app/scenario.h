/* scenario.h - stories about state: a script with the time in it, played without waiting.
 *
 *     # A redelivered batch must not alert twice.
 *     rules   k8s_secret_enumeration.yml
 *     let     read get_secret.json
 *     at 0s   event read x 20
 *     expect  alerts == 1
 *     restart worker before commit
 *     at 5s   event read x 20 redelivered
 *     expect  alerts == 1   dedup_hits == 1
 *
 * A line is a statement; `#` begins a comment. Paths are relative to the script.
 *
 *     rules PATH...            rules to load (once or more, before the first event)
 *     profile NAME             all events are of this shape
 *     tenant NAME    brake N    no_dedup    assume_trained    list NAME=FILE
 *     budget N                 bytes of state, of all rules together
 *     let NAME EVENT           an event with a name
 *     at TIME event EVENT [x N] [every SPAN] [partition P] [redelivered]
 *     also TIME event ...      the same, in the batch of the event before
 *     at TIME time             every source has come as far as TIME
 *     restart worker [before commit]
 *     end                      no event comes any more
 *     expect WHAT...
 *
 * Each `at` is a batch of its own. The story begins at 2026-01-05T00:00:00Z, a Monday; TIME is
 * since then: 5s, 10m, 1h30m, 9m59s999ms. `every` may be negative: times that fall.
 *
 * EVENT: an event between braces, a name, or a file with one; then changes to it, FIELD=VALUE (JSON
 * or plain text; nested along dots where the event is) and -FIELD (it is not there). In all of it
 * {time} stands for the event's time (RFC 3339), {ms} for the same in milliseconds, {n} for its
 * number in this line (from 0).
 *
 * WHAT: NAME [of RULE] OP N; the names are those of player_count_named(), OP is == != < <= > >=.
 *     document [create|update|close] [of RULE] .PATH OP VALUE: the newest document of those; OP
 *     may also be `has` (a part of the text). What is not there is `absent`.
 */
#ifndef WEIR_APP_SCENARIO_H
#define WEIR_APP_SCENARIO_H

#include "app/player.h"
#include "app/script.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct scenario_options {
    struct state_options state; /* where: the store to play on */
    struct str version;
    struct buf *documents; /* NULL, or gets all that came out, one a line, also after a failure */
};

/* Play the script of a file. WEIR_OK: every expectation was met. Else err names line and column: of
 * the script's fault (WEIR_SYNTAX ...), or of the expectation that was not met (WEIR_BADARG)
 * with what was seen instead. */
MUST_USE enum weir_rc scenario_play(struct str path, const struct scenario_options *o,
                                    struct weir_err *err);

/* The same for a script that was read; its own settings are added to `play`. `after` (may be NULL)
 * sees the player before it goes, however it went; NULL if it could not even be made. err names no
 * file. */
struct scenario_failure {
    const struct expectation *expected; /* NULL: none was unmet */
    bool is_too_few;                    /* more matches or alerts were expected, else fewer */
    size_t events_from;                 /* of the player: those that it is about begin here */
};
#define SCENARIO_START_MS INT64_C(1767571200000) /* 2026-01-05T00:00:00Z */
struct scenario_script {
    const struct script *script;
    struct str dir; /* that its paths begin in; empty or with a slash at its end */
    struct player_options play;
    int64_t start_ms;
    void (*after)(void *context, struct player *player, const struct scenario_failure *failure);
    void *context;
};
MUST_USE enum weir_rc scenario_play_script(const struct scenario_script *o, struct weir_err *err);

#endif
