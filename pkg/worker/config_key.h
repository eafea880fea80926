/* config_key.h - the table of all keys of the configuration: what each is called, where it goes,
 * what it may be, what it is without being given, and what it does.
 *
 * Loading, names of environment variables, overrides, `weir config show` and the example file
 * (docs/weir.example.yml) are all made from it, so that nothing about a key is written twice. A new
 * key is a row here and a member of struct config.
 *
 * Paths are dotted: "work.threads" is `threads:` below `work:`. Rows of one section stand together.
 * Threads  constant data.
 */
#ifndef WEIR_WORKER_CONFIG_KEY_H
#define WEIR_WORKER_CONFIG_KEY_H

#include "base/base.h"
#include "worker/config.h"

enum config_kind {
    /* one value */
    CONFIG_TEXT,
    CONFIG_PATH,    /* a file or directory */
    CONFIG_COUNT,   /* a whole number */
    CONFIG_SIZE,    /* bytes: 64KiB, 32MiB */
    CONFIG_SPAN,    /* milliseconds: 100ms, 10m, 24h */
    CONFIG_SWITCH,  /* true, false */
    CONFIG_CHOICE,  /* the index of one of the words in `words` */
    CONFIG_WORD,    /* the word itself */
    CONFIG_NAME,    /* a name that Kafka takes: topics, groups */
    CONFIG_SLOT,    /* leased, ordinal, or a number */
    CONFIG_ADDRESS, /* HOST:PORT, or none (empty then) */
    CONFIG_STATE,   /* none, or redis://... */
    CONFIG_START,   /* of an input: latest, earliest, a time, a span ago */
    CONFIG_TENANT,  /* of an input: NAME, or {header: NAME} */
    CONFIG_CODEC,   /* of an input: json, and names that are refused */
    /* many */
    CONFIG_TEXTS, /* a list */
    CONFIG_TOPIC_LIST,
    CONFIG_SET,     /* a map, or a list of NAME=VALUE: texts NAME=VALUE */
    CONFIG_SELECT,  /* a map of selections: texts FLAG=VALUE */
    CONFIG_LABELS,  /* of an input: a map */
    CONFIG_PROPS,   /* a map of librdkafka's properties */
    CONFIG_SECRETS, /* a map of librdkafka's secrets: property: FILE */
    CONFIG_INPUT_LIST,
    CONFIG_TENANT_LIST
};

struct config_key {
    const char *path;
    enum config_kind kind;
    uint8_t width;       /* of the member, for numbers: 4 or 8 */
    uint16_t at, n_at;   /* where in its struct the value goes, and the number of a list's items */
    const char *without; /* the value when none is given, as text; NULL: nothing */
    const char *example; /* for the example file if there is no value without; NULL: none */
    int64_t least, most; /* numbers, bytes, milliseconds */
    const char *words;   /* "a|b|c" */
    const char *alias;   /* a second path: of a section, when it is given as one value */
    const char *help;
};

/* A table and what its paths stand below, for people: "", "inputs[]." */
struct config_keys {
    const struct config_key *rows;
    size_t n;
};

extern const struct config_keys config_keys;        /* into struct config */
extern const struct config_keys config_input_keys;  /* into struct config_input */
extern const struct config_keys config_tenant_keys; /* into struct config_tenant */
extern const char *const config_sections[][2];      /* name, help; closed by NULL */

enum { CONFIG_KEYS_MAX = 96, CONFIG_VARIABLE_MAX = 64 };

/* NULL: there is none. */
const struct config_key *config_key_find(const struct config_keys *keys, struct str path);
/* A map of free names (properties, fields) that this path is an entry of, *name: which; or NULL. */
const struct config_key *config_key_entry(struct str path, struct str *name);
/* Do paths begin with "section."? */
bool config_key_is_section(struct str section);
/* What a wrong path may have been meant to be, as a whole path; empty: nothing near. */
struct str config_key_nearest(const struct config_keys *keys, struct str path);

/* "topics.alerts" ... */
const char *config_topic_path(enum config_topic topic);

/* "work.threads" -> "WEIR_WORK_THREADS" */
void config_key_variable(const char *path, char out[CONFIG_VARIABLE_MAX]);

#endif
