/* test_shape.h - which profile the events of a rule test are read by.
 *
 * An event that a profile recognises is read by that one, as everywhere. What a person writes into
 * a test is mostly the fields alone, without the marks of any shape: these are read by a profile
 * of the rule's logsource, the one that finds most of the rule's fields in them.
 *
 * Memory   what is needed on the way is freed; profiles belong to their set.
 */
#ifndef WEIR_APP_TEST_SHAPE_H
#define WEIR_APP_TEST_SHAPE_H

#include "app/script.h"
#include "event/profile.h"
#include "rule/rule.h"

/* The profile to pin for all events of the script; NULL: let them be recognised (some of them are,
 * or no profile is about the rules' source). */
const struct profile *test_shape_choose(const struct profile_set *profiles,
                                        struct rule *const *rules, size_t n_rules,
                                        const struct script *script);

#endif
