/* toml_reader.h - the border between C and the TOML library, which is C++.
 *
 * toml.cpp reads a text with tomlplusplus and calls back for each value in the order of a walk
 * through the tree: a container, then its members, then its end. Nothing of C++ is to be seen from
 * here, and no exception crosses: toml.cpp is compiled without them.
 *
 * Memory   what a value points to is valid during the call; toml.cpp frees its own tree before it
 *          returns.
 * Threads  pure.
 */
#ifndef WEIR_DOC_TOML_READER_H
#define WEIR_DOC_TOML_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum toml_kind {
    TOML_KIND_STRING,
    TOML_KIND_TIME, /* a date, a time or both: as TOML writes them */
    TOML_KIND_INT,
    TOML_KIND_FLOAT, /* text empty: inf or nan */
    TOML_KIND_BOOL,
    TOML_KIND_LIST,
    TOML_KIND_MAP
};

struct toml_value {
    enum toml_kind kind;
    uint32_t line, col; /* 1-based, columns in characters; 0: no place (a table that only has
                           tables) */
    const char *text;   /* of scalars */
    size_t n;
    bool is_true;
    size_t n_items; /* of containers */
    /* Name under which it stands in a map; else key NULL. */
    const char *key;
    size_t key_n;
    uint32_t key_line, key_col;
};

struct toml_visitor {
    void *context;
    /* False: stop. */
    bool (*value)(void *context, const struct toml_value *v);
    bool (*end)(void *context);
};

enum { TOML_FAULT_MAX = 240 };
struct toml_fault {
    uint32_t line, col;
    char text[TOML_FAULT_MAX];
};

/* Nesting of lists and inline tables that the library takes: deeper is a fault. */
#define TOML_READER_DEPTH 60

/* False: the text is no TOML (*fault says where and why), or the visitor stopped (fault->text is
 * empty). */
bool toml_read(const char *text, size_t n, const struct toml_visitor *visitor,
               struct toml_fault *fault);

#ifdef __cplusplus
}
#endif

#endif
