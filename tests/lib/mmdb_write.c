/* mmdb_write.c - search tree, data section, metadata: all there is to such a file. */
#include "tests/lib/mmdb_write.h"

#include "base/buf.h"
#include "base/str.h"

#include <stdio.h>

enum { NODES_MAX = 4096, SEPARATOR = 16, EMPTY = -1 };
enum {
    TYPE_TEXT = 2,
    TYPE_DOUBLE = 3,
    TYPE_U16 = 5,
    TYPE_U32 = 6,
    TYPE_MAP = 7,
    TYPE_U64 = 9,
    TYPE_ARRAY = 11
};

/* Child: a node's number, EMPTY, or -2 - offset of data. */
struct tree {
    int32_t child[NODES_MAX][2];
    int32_t n;
};

static void control(struct buf *b, int type, size_t size)
{
    ASSERT(size < 29);
    if (type < 8) {
        buf_add_char(b, (char)(type << 5 | (int)size));
        return;
    }
    buf_add_char(b, (char)size);
    buf_add_char(b, (char)(type - 7));
}

static void number(struct buf *b, int type, uint64_t v, size_t size)
{
    control(b, type, size);
    for (size_t i = size; i-- > 0;)
        buf_add_char(b, (char)(v >> (8 * i)));
}

static void text(struct buf *b, const char *z)
{
    control(b, TYPE_TEXT, strlen(z));
    buf_add(b, str_from(z));
}

static void real(struct buf *b, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    number(b, TYPE_DOUBLE, bits, 8);
}

static void names(struct buf *b, const char *english)
{
    text(b, "names");
    control(b, TYPE_MAP, 1);
    text(b, "en");
    text(b, english);
}

static void add_data(struct buf *b, const struct mmdb_network *w)
{
    control(b, TYPE_MAP,
            (size_t)w->has_location + (w->country != NULL) + (w->asn != 0) + (w->city != NULL));
    if (w->has_location) {
        text(b, "location");
        control(b, TYPE_MAP, 2);
        text(b, "latitude");
        real(b, w->latitude);
        text(b, "longitude");
        real(b, w->longitude);
    }
    if (w->country) {
        text(b, "country");
        control(b, TYPE_MAP, w->country_name ? 2 : 1);
        text(b, "iso_code");
        text(b, w->country);
        if (w->country_name)
            names(b, w->country_name);
    }
    if (w->city) {
        text(b, "city");
        control(b, TYPE_MAP, 1);
        names(b, w->city);
    }
    if (w->asn) {
        text(b, "autonomous_system_number");
        number(b, TYPE_U32, w->asn, 4);
    }
}

static int32_t new_node(struct tree *t)
{
    ASSERT(t->n < NODES_MAX);
    t->child[t->n][0] = t->child[t->n][1] = EMPTY;
    return t->n++;
}

static void add_network(struct tree *t, const struct mmdb_network *w, size_t offset)
{
    int32_t node = 0;

    for (uint32_t i = 0; i + 1 < w->bits; i++) {
        uint32_t bit = w->address >> (31 - i) & 1;
        if (t->child[node][bit] == EMPTY) {
            int32_t made = new_node(t);
            t->child[node][bit] = made;
        }
        node = t->child[node][bit];
        ASSERT(node >= 0); /* networks overlap */
    }
    t->child[node][w->address >> (32 - w->bits) & 1] = -2 - (int32_t)offset;
}

static void add_tree(struct buf *b, const struct tree *t)
{
    for (int32_t i = 0; i < t->n; i++)
        for (int side = 0; side < 2; side++) {
            int32_t child = t->child[i][side];
            int32_t v = child == EMPTY ? t->n : child < 0 ? t->n + SEPARATOR - 2 - child : child;
            for (int k = 2; k >= 0; k--) /* records of 24 bits */
                buf_add_char(b, (char)(v >> (8 * k)));
        }
}

static void add_metadata(struct buf *b, const struct tree *t)
{
    buf_add(b, STR("\xab\xcd\xefMaxMind.com"));
    control(b, TYPE_MAP, 9);
    text(b, "binary_format_major_version");
    number(b, TYPE_U16, 2, 2);
    text(b, "binary_format_minor_version");
    number(b, TYPE_U16, 0, 2);
    text(b, "build_epoch");
    number(b, TYPE_U64, 1700000000, 8);
    text(b, "database_type");
    text(b, "weir-test");
    text(b, "description");
    control(b, TYPE_MAP, 0);
    text(b, "ip_version");
    number(b, TYPE_U16, 4, 2);
    text(b, "languages");
    control(b, TYPE_ARRAY, 0);
    text(b, "node_count");
    number(b, TYPE_U32, (uint64_t)t->n, 4);
    text(b, "record_size");
    number(b, TYPE_U16, 24, 2);
}

bool mmdb_write(const char *path, const struct mmdb_network *networks, size_t n)
{
    static struct tree tree;
    struct buf data = {0}, all = {0};

    tree.n = 0;
    (void)new_node(&tree);
    for (size_t i = 0; i < n; i++) {
        add_network(&tree, &networks[i], data.n);
        add_data(&data, &networks[i]);
    }
    add_tree(&all, &tree);
    for (int i = 0; i < SEPARATOR; i++)
        buf_add_char(&all, 0);
    buf_add(&all, buf_str(&data));
    add_metadata(&all, &tree);
    FILE *f = fopen(path, "wb");
    bool is_done = f && fwrite(all.p, 1, all.n, f) == all.n;
    if (f && fclose(f) != 0)
        is_done = false;
    buf_release(&data);
    buf_release(&all);
    return is_done;
}
