/* dump.h - a formula as readable text, for `weir check --plan` and for tests.
 *
 *     and(selection: and(Image endswith "\cmd.exe", EventID eq 1), not(filter: User null))
 *
 * An atom is `field op operand`. Text compares ASCII case aside unless the operator is
 * followed by `cased` or `unicode`. A glob is its parts: "text", `?`, `*`, `[set]`. A name
 * before a colon is the label of a node. The text is for people: a backslash stands for itself.
 */
#ifndef WEIR_RULE_DUMP_H
#define WEIR_RULE_DUMP_H

#include "base/buf.h"
#include "rule/rule.h"

/* On one line. */
void formula_dump(struct buf *out, const struct formula *f);
/* A line per node, children indented below it, starting `indent` levels deep. */
void formula_dump_tree(struct buf *out, const struct formula *f, unsigned indent);
void atom_dump(struct buf *out, const struct atom *atom);
/* Only its operand: "\cmd.exe", /^a/i, 5; nothing for EXISTS, IS_NULL and computed values. */
void atom_dump_operand(struct buf *out, const struct atom *atom);

/* A rule's correlation (which it must have), a line for each thing to know, and its settings:
 *
 *     value_count
 *       rules      failed_logon, mfa_failed (who: UserName)
 *       group by   who
 *       condition  field SourceIp, gte 5
 *       within     10m
 */
void correlation_dump(struct buf *out, const struct rule *rule);
/* "10m", "90s", "1d": the largest unit that divides it. */
void span_dump(struct buf *out, int64_t ms);
/* "5", "0.01": a number of millionths. */
void micro_dump(struct buf *out, int64_t micro);

#endif
