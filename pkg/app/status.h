/* status.h - `weir status`: what a running worker does, as it says itself (GET /status). */
#ifndef WEIR_APP_STATUS_H
#define WEIR_APP_STATUS_H

#include "app/emit.h"
#include "app/outcome.h"

struct status_options {
    struct str address; /* worker/http_address.h */
    enum emit_format format;
    bool watches; /* again every STATUS_WATCH_MS until it is interrupted */
};
enum { STATUS_WATCH_MS = 2000 };

enum exit_code status_run(const struct status_options *o);

/* The table of all metrics, docs/metrics.md: needs no worker. */
enum exit_code status_list_metrics(void);

#endif
