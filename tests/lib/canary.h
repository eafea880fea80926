/* canary.h - a planted secret for every pattern of pkg/alert, and the forms it can come in. */
#ifndef WEIR_TESTS_LIB_CANARY_H
#define WEIR_TESTS_LIB_CANARY_H

#include "base/arena.h"
#include "base/base.h"

struct canary {
    const char *text;   /* as it stands in a command line or message */
    const char *secret; /* the part of it that no alert may show */
};

extern const struct canary canaries[];
extern const size_t n_canaries;

enum canary_form {
    FORM_PLAIN,       /* the text alone */
    FORM_COMMAND,     /* inside a command line */
    FORM_PERCENT,     /* percent-encoded: all but letters and digits */
    FORM_PERCENT_ALL, /* every byte */
    FORM_PERCENT_TWICE,
    FORM_JSON,         /* as the text of a JSON string: quotes and backslashes escaped */
    FORM_JSON_UNICODE, /* every byte as \u00XX */
    FORM_JSON_TWICE,
    FORM_LINES, /* among lines */
    CANARY_FORMS
};

struct str canary_render(struct arena *a, const struct canary *c, enum canary_form form);

/* True if the secret can be read from the text: as it stands or decoded, up to three times. */
bool canary_is_visible(struct arena *a, const struct canary *c, struct str text);

#endif
