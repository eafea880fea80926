/* profile_text.h - the built-in profiles, and one of the test's own beside them. */
#ifndef WEIR_TESTS_LIB_PROFILE_TEXT_H
#define WEIR_TESTS_LIB_PROFILE_TEXT_H

#include "base/arena.h"
#include "event/profile.h"

/* user: the YAML of it, or NULL: none. A profile that does not load fails the test. */
const struct profile_set *profile_text_load(struct arena *a, const char *user);

#endif
