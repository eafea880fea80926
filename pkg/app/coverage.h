/* coverage.h - `weir coverage`: per ATT&CK technique the rules that are about it, how many of them
 * are tested (a NAME.test.yml beside the rule's file), and how many have a source in some events.
 *
 * Also as a layer for the ATT&CK Navigator (format 4.5): score is the number of rules, of those
 * with a source if events are given.
 */
#ifndef WEIR_APP_COVERAGE_H
#define WEIR_APP_COVERAGE_H

#include "app/emit.h"
#include "app/outcome.h"
#include "app/rules.h"

struct coverage_options {
    struct rule_options rules;
    struct text_list inputs; /* none: sources are not looked at */
    struct str layer;        /* file of the layer; empty: none */
    enum emit_format format;
};

enum exit_code coverage_run(const struct coverage_options *o);

#endif
