/* reason_text.c - reasons in words. */
#include "app/reason_text.h"

#include "app/outcome.h"
#include "base/str.h"

void reason_add_values(struct buf *out, struct redactor *redactor, const struct reason *test)
{
    struct str field = test->atoms[0]->field;

    if (test->n_values == 0) {
        buf_add(out, STR("nothing"));
        return;
    }
    for (size_t i = 0; i < test->n_values; i++) {
        struct redacted shown = redact_value(redactor, field, test->values[i], REASON_VALUE_BYTES);
        buf_add(out, i ? STR(", \"") : STR("\""));
        add_printable(out, shown.text);
        buf_add(out, shown.is_cut ? STR("...\"") : STR("\""));
    }
    if (test->n_more)
        buf_printf(out, " and %zu more", test->n_more);
}

void reason_add_line(struct buf *out, struct redactor *redactor, const struct rule *rule,
                     const struct reason *test)
{
    const struct atom *atom = reason_atom(test);
    struct buf words = {0};

    if (test->selection.n) {
        add_printable(out, test->selection);
        buf_add(out, STR(": "));
    }
    reason_dump_test(&words, test, REASON_OPERANDS_MAX);
    add_printable(out, buf_str(&words));
    buf_release(&words);
    buf_add(out, STR("; the event has "));
    reason_add_values(out, redactor, test);
    if (!atom->line)
        return;
    buf_add(out, STR(" ("));
    add_printable(out, rule->path);
    buf_printf(out, ":%u:%u)", atom->line, atom->col);
}
