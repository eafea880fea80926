/* matched.c - evidence (match/evidence.h) and redaction (alert/redact.h), put into one line. */
#include "app/matched.h"

#include "alert/redact.h"
#include "base/str.h"
#include "match/evidence.h"

#include <stdlib.h>

struct matched {
    struct evidence_finder *evidence;
    struct digest *digest;
    struct redactor *redactor;
};

struct matched *matched_new(const struct list_view *lists)
{
    struct matched *m = calloc(1, sizeof *m);

    ASSERT(m);
    m->evidence = evidence_finder_new();
    evidence_use_lists(m->evidence, lists);
    m->digest = digest_new();
    m->redactor = redactor_new(m->digest);
    return m;
}

void matched_free(struct matched *m)
{
    if (!m)
        return;
    redactor_free(m->redactor);
    digest_free(m->digest);
    evidence_finder_free(m->evidence);
    free(m);
}

static bool was_told(const struct match_evidence *all, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_eq(all[k].field, all[i].field) && str_eq(all[k].value, all[i].value))
            return true;
    return false;
}

void matched_add(struct matched *m, struct arena *a, const struct rule *rule,
                 const struct event_tree *event, struct buf *out)
{
    struct match_evidence *all;
    size_t n_told = 0;

    evidence_begin(m->evidence, event);
    size_t n = evidence_of(m->evidence, rule, &all);
    redactor_begin(m->redactor, a, event);
    for (size_t i = 0; i < n; i++) {
        if (was_told(all, i))
            continue;
        if (n_told == MATCHED_FIELDS_MAX) {
            buf_add(out, STR("  ..."));
            return;
        }
        buf_printf(out, "%s%.*s=", n_told++ ? "  " : "", (int)all[i].field.n, all[i].field.p);
        if (all[i].is_missing) {
            buf_add_char(out, '-');
            continue;
        }
        struct redacted shown =
            redact_value(m->redactor, all[i].field, all[i].value, MATCHED_BYTES_MAX);
        buf_add(out, shown.text);
        buf_add(out, shown.is_cut ? STR("...") : STR(""));
    }
}
