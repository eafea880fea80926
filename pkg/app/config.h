/* config.h - `weir config`: is a worker's configuration right, and what is in force?
 *
 * validate  loads it as `weir run` would, and its rules; --online asks the broker about
 *           topics, and the store whether it is fit; missing topics are made if it says so.
 * show      prints it as YAML with the origin of each value; never a secret.
 * example   prints a commented file with all keys (docs/weir.example.yml).
 */
#ifndef WEIR_APP_CONFIG_H
#define WEIR_APP_CONFIG_H

#include "app/flags.h"
#include "app/outcome.h"
#include "app/text_list.h"
#include "base/arena.h"
#include "base/err.h"
#include "state/store_redis.h"
#include "worker/config.h"

struct config_options {
    struct str file;            /* empty: all from environment and overrides */
    struct text_list overrides; /* KEY=VALUE, as config_load() takes them */
};

enum { CONFIG_FLAGS_MAX = 2 };

/* -c and -X, the same in every command that takes a worker's configuration. Returns their number.
 */
size_t config_flags(struct config_options *o, struct flag out[CONFIG_FLAGS_MAX]);
void config_options_release(struct config_options *o);

/* Load, and print the warnings. */
MUST_USE enum weir_rc config_options_load(const struct config_options *o, struct arena *a,
                                          struct config *out, struct weir_err *err);

/* How the store of a worker is reached; the configuration has one. The secret lives outside: what
 * is written points to it. */
MUST_USE enum weir_rc config_store(const struct config *c, struct arena *a,
                                   struct state_secret *secret, struct store_redis_options *out,
                                   struct weir_err *err);

enum exit_code config_validate(const struct config_options *o, bool is_online);
enum exit_code config_print(const struct config_options *o);
enum exit_code config_print_example(void);

#endif
