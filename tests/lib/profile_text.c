/* profile_text.c - see profile_text.h. */
#include "tests/lib/profile_text.h"

#include "tests/lib/test.h"

const struct profile_set *profile_text_load(struct arena *a, const char *user)
{
    struct embed_file file = {STR("user.yml"), str_from(user)};
    const struct profile_set *set;
    struct weir_err err;
    char text[1200];

    if (profile_set_load_texts(a, &file, user != NULL, &set, &err) != WEIR_OK)
        fail_msg("%s", err_format(&err, text, sizeof text));
    return set;
}
