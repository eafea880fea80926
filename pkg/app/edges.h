/* edges.h - which edges of a correlation's condition tests have reached: one too few, just enough,
 * the very end of the window, and just past it. Between them anything may be written in the rule
 * and no test would notice.
 *
 * Asked of a play (player.h) after it has ended, from what its events matched; the operators
 * themselves are not looked into. Conditions that are more than "at least N" (a range, an average,
 * a history) have two edges: they were met, and they were not.
 *
 * Memory   in the arena given, for the call. Threads: belongs to one.
 */
#ifndef WEIR_APP_EDGES_H
#define WEIR_APP_EDGES_H

#include "app/player.h"
#include "base/arena.h"
#include "rule/rule.h"

enum edge {
    EDGE_MET,        /* a finding came of it */
    EDGE_NOT_MET,    /* and none did though what it listens to matched */
    EDGE_ONE_LESS,   /* one too few within the window */
    EDGE_ENOUGH,     /* exactly as many as it wants */
    EDGE_WINDOW_END, /* the last of them at the very end of the window */
    EDGE_PAST,       /* as many, but in more time than the window */
    EDGES
};

enum { EDGE_HITS_MAX = 300 /* of one key, looked at */ };

/* "one_less", and the same for people. */
const char *edge_name(enum edge e);
const char *edge_words(enum edge e);

/* Bits (1 << edge) of the edges that there are. */
unsigned edges_of(const struct rule *rule);
/* Those that this play has reached. rule: by its number among the player's. */
unsigned edges_reached(struct arena *a, struct player *p, size_t rule);

#endif
