/* classify.h - `weir classify`: which shapes of telemetry are in some files, and how well the
 * profiles know them. Needs no rules. */
#ifndef WEIR_APP_CLASSIFY_H
#define WEIR_APP_CLASSIFY_H

#include "app/emit.h"
#include "app/outcome.h"
#include "app/text_list.h"

struct classify_options {
    struct text_list inputs;
    struct str profiles_dir;
    struct str profile; /* pinned; empty: classify */
    enum emit_format format;
};

enum exit_code classify_run(const struct classify_options *o);

#endif
