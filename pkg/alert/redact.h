/* redact.h - the stage that every value of an event passes on its way out.
 *
 * What it takes out, as "[redacted:KIND]":
 *   - secrets that secrets.h finds in the text: as it stands, percent-decoded, with JSON escapes
 *     resolved, and both, nested up to REDACT_ROUNDS deep;
 *   - the value of a field or JSON key with a telling name (password, token, api_key ...);
 *   - what follows an option in an array of arguments (["-p", X]), and the value of a name/value
 *     pair with a telling name ({"name": "DB_PASSWORD", "value": X});
 *   - what the event's profile lists: mask, hash ("[sha256:" 16 hex digits "]"), drop.
 * A secret that its place gives away is masked wherever else in the event the same text stands.
 * Redaction comes before any cut, so a secret across the cut is gone as a whole.
 *
 * Limits   REDACT_KNOWN_MAX secrets by place in one event; beyond that nothing of the event is
 *          shown (all values read "[redacted:overflow]").
 * Memory   results live in the arena of redactor_begin(), or are the value itself.
 * Threads  belongs to one thread.
 */
#ifndef WEIR_ALERT_REDACT_H
#define WEIR_ALERT_REDACT_H

#include "base/arena.h"
#include "base/base.h"
#include "event/lookup.h"
#include "state/uid.h"

enum { REDACT_ROUNDS = 3, REDACT_KNOWN_MAX = 256 };

struct redactor;

struct redactor *redactor_new(struct digest *digest);
void redactor_free(struct redactor *r);

/* A new event: find the secrets that only their place gives away. */
void redactor_begin(struct redactor *r, struct arena *a, const struct event_tree *event);

/* The same, by who has the text that the tree was made of, best without copies
 * (json_tree_parse_lent): most values are then ruled out by one look at it. */
void redactor_begin_record(struct redactor *r, struct arena *a, const struct event_tree *event,
                           struct str record);

/* The same event again, for another document: results go to this arena, and what redactor_note()
 * has added is forgotten. */
void redactor_again(struct redactor *r, struct arena *a);

/* The same without an event: of what was kept of events (state/capsule.h). */
void redactor_begin_without(struct redactor *r, struct arena *a);

/* The value of a field that was kept of another event than the one at hand: if its name or that
 * event's profile says that it is secret, the same text is masked everywhere. */
void redactor_note(struct redactor *r, const struct profile *profile, struct str field,
                   struct str value);

/* Whose list of redactions holds for the fields of redact_value() from here on; redactor_begin()
 * sets that of its event. NULL: none. */
void redactor_use_profile(struct redactor *r, const struct profile *profile);

struct redacted {
    struct str text;
    bool is_dropped; /* the profile wants it left out; text says so */
    bool is_changed;
    bool is_cut; /* longer than max; cut between characters */
};

/* A value of the field (empty: of no field), at most max bytes of it. */
struct redacted redact_value(struct redactor *r, struct str field, struct str value, size_t max);

/* The event as JSON: its own bytes if nothing in it is secret, else written anew without what
 * is, compactly; at most max bytes. */
struct redacted redact_record(struct redactor *r, struct str record, size_t max);

/* Any text without its event: only what the text itself gives away. */
struct str redact_text(struct redactor *r, struct arena *a, struct str text);

#endif
