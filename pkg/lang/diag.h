/* diag.h - what a front end has to say about one document.
 *
 * Errors, warnings and the names of unsupported constructs are collected, so that one run
 * tells a rule's author everything. A front end goes on after a fault as far as it can and
 * gives up the document at its end if diag_failed().
 *
 * Memory   messages live in the arena; the source text must outlive the diag.
 * Limits   LANG_MESSAGES_MAX messages, the last of which says that there are more; the verdict
 *          still knows of errors and warnings among those.
 */
#ifndef WEIR_LANG_DIAG_H
#define WEIR_LANG_DIAG_H

#include "base/arena.h"
#include "base/base.h"
#include "lang/lang.h"

struct diag {
    struct arena *a;
    struct str source;    /* the document's own text */
    uint32_t source_line; /* line of its first byte in the file */
    struct verdict_message messages[LANG_MESSAGES_MAX];
    size_t n_messages;
    bool has_error, has_warning, is_unsupported;
};

struct place {
    uint32_t line, col;
};

void diag_init(struct diag *d, struct arena *a, struct str source, uint32_t source_line);

/* Those but notes return false, so that `return diag_error(...)` ends a failing function. */
bool diag_error(struct diag *d, struct place at, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool diag_unsupported(struct diag *d, struct place at, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool diag_warn(struct diag *d, struct place at, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* What should be known of the rule although nothing is wrong with it: its verdict stays. True. */
bool diag_note(struct diag *d, struct place at, const char *fmt, ...) PRINTF_LIKE(3, 4);

static inline bool diag_failed(const struct diag *d)
{
    return d->has_error || d->is_unsupported;
}

enum verdict_status diag_status(const struct diag *d);

/* " (did you mean 'x'?)" or an empty text. */
struct str diag_hint(struct diag *d, struct str wrong, const struct str *names, size_t n);

/* The place of byte `offset` of a scalar whose value starts at `start`: found in the source by
 * comparing, since quotes, escapes and folded lines move it. If it cannot be found, `start`. */
struct place diag_inside(const struct diag *d, struct place start, struct str text, size_t offset);

/* The source from a place on; empty if it is outside. */
struct str diag_source_at(const struct diag *d, struct place at);

/* For printf's "%.*s", cut to a readable length. */
enum { DIAG_SHOWN_MAX = 120 };
#define SHOWN(s) (int)((s).n > DIAG_SHOWN_MAX ? DIAG_SHOWN_MAX : (s).n), (s).p

#endif
