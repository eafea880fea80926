/* config_load.h - what the parts of loading a configuration share (config*.c alone).
 *
 * Each value passes config_set() with its row of the table, wherever it comes from: a layer hands
 * over nodes, of the file or made of a text.
 */
#ifndef WEIR_WORKER_CONFIG_LOAD_H
#define WEIR_WORKER_CONFIG_LOAD_H

#include "base/vec.h"
#include "doc/doc.h"
#include "worker/config.h"
#include "worker/config_key.h"

enum config_layer { LAYER_DEFAULT, LAYER_FILE, LAYER_ENVIRONMENT, LAYER_FLAG };

struct config_origin {
    enum config_layer layer;
    uint32_t line, col;   /* LAYER_FILE */
    const char *variable; /* LAYER_ENVIRONMENT */
};

/* Entries of maps have an origin each: the same property may be set in all layers. */
struct config_entry {
    const struct config_key *key;
    struct str name;
    struct config_origin from;
};

struct config_origins {
    struct config_origin keys[CONFIG_KEYS_MAX]; /* as in the table */
    struct config_origin inputs[CONFIG_INPUTS_MAX], tenants[CONFIG_TENANTS_MAX];
    struct vec entries; /* struct config_entry: the last of a name counts */
};

struct config_loader {
    struct arena *arena;
    struct config *c;
    struct config_origins *origins;
    struct config_origin from; /* of what is being set */
    const char *prefix;        /* of paths in messages: "inputs[0]." or empty */
    void *target;              /* the struct that rows point into */
    struct vec warnings;
    struct weir_err *err;
};

static inline struct config_origin config_at(const struct config_loader *l, uint32_t line,
                                             uint32_t col)
{
    return (struct config_origin){l->from.layer, line, col, l->from.variable};
}

/* The error of what stands there: `file:line:col`, the variable or -X, then path and text. */
enum weir_rc config_fail(const struct config_loader *l, enum weir_rc rc, struct config_origin at,
                         const char *path, const char *fmt, ...) PRINTF_LIKE(5, 6);
enum weir_rc config_fail_node(const struct config_loader *l, const struct doc_node *node,
                              const struct config_key *key, const char *fmt, ...) PRINTF_LIKE(4, 5);
void config_warn(struct config_loader *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Set the value of a row from a node: config_set.c. */
enum weir_rc config_set(struct config_loader *l, const struct config_key *key,
                        const struct doc_node *node);
/* The same from a text, as environment, flags and defaults give it. */
enum weir_rc config_set_text(struct config_loader *l, const struct config_key *key,
                             struct str text);
/* One entry of a map: kafka.common.NAME. */
enum weir_rc config_set_entry(struct config_loader *l, const struct config_key *key,
                              struct str name, const struct doc_node *value);
/* "unknown key 'x' (did you mean 'y'?)" */
enum weir_rc config_unknown(const struct config_loader *l, const struct config_keys *keys,
                            struct config_origin at, struct str path);

/* The lists of maps: config_input.c. */
enum weir_rc config_set_inputs(struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node);
enum weir_rc config_set_tenants(struct config_loader *l, const struct config_key *key,
                                const struct doc_node *node);
/* Values of an input of their own kind. */
enum weir_rc config_set_start(struct config_loader *l, const struct config_key *key,
                              const struct doc_node *node);
enum weir_rc config_set_tenant(struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node);
enum weir_rc config_set_codec(struct config_loader *l, const struct config_key *key,
                              const struct doc_node *node);
enum weir_rc config_set_topics(struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node);
enum weir_rc config_set_labels(struct config_loader *l, const struct config_key *key,
                               const struct doc_node *node);

/* A scalar that is taken as text: numbers are, too. */
enum weir_rc config_text(const struct config_loader *l, const struct config_key *key,
                         const struct doc_node *node, struct str *out);

/* Does what was set fit together? config_check.c */
enum weir_rc config_check(struct config_loader *l);

/* A small file whole, in the arena. */
enum weir_rc config_read_file(struct arena *a, struct str path, size_t max, struct str *out,
                              struct weir_err *err);

#endif
