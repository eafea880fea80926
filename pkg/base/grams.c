/* grams.c - see grams.h: which group an anchor goes to.
 *
 * A group lets all mixtures of its bytes pass, so anchors go where they add least to that number.
 * On the text of Windows events, groups by chance let three times as many places of the secrets'
 * anchors pass.
 */
#include "base/grams.h"

#include <string.h>

/* How many anchors of a group have a byte in a place, while groups are made. */
struct counts {
    uint16_t of[GRAMS_GROUPS][GRAMS_BYTES][128];
    uint32_t n[GRAMS_GROUPS][GRAMS_BYTES]; /* different bytes */
};

static void count(struct counts *c, size_t group, const char *anchor, bool is_in)
{
    for (size_t k = 0; k < GRAMS_BYTES; k++) {
        uint16_t *n = &c->of[group][k][((uint8_t)anchor[k] & 127) | GRAMS_FOLD];
        c->n[group][k] += is_in && *n == 0;
        c->n[group][k] -= !is_in && *n == 1;
        *n = (uint16_t)(is_in ? *n + 1 : *n - 1);
    }
}

static uint32_t mixtures(const struct counts *c, size_t group)
{
    return c->n[group][0] * c->n[group][1] * c->n[group][2];
}

static size_t best_group(struct counts *c, const char *anchor)
{
    uint32_t least = UINT32_MAX;
    size_t best = 0;

    for (size_t g = 0; g < GRAMS_GROUPS; g++) {
        uint32_t before = mixtures(c, g);
        count(c, g, anchor, true);
        uint32_t more = mixtures(c, g) - before;
        count(c, g, anchor, false);
        if (more < least) {
            least = more;
            best = g;
        }
    }
    return best;
}

void grams_build(struct grams *g, const char *const *anchors, size_t n)
{
    enum { ROUNDS = 4 }; /* each finds its place again when the others are there */
    struct counts counts = {0};
    uint8_t group[GRAMS_MAX];

    ASSERT(n <= GRAMS_MAX);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < n; i++) {
            if (round > 0)
                count(&counts, group[i], anchors[i], false);
            group[i] = (uint8_t)best_group(&counts, anchors[i]);
            count(&counts, group[i], anchors[i], true);
        }
    memset(g, 0, sizeof(*g));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < GRAMS_BYTES; k++)
            g->groups[k][((uint8_t)anchors[i][k] & 127) | GRAMS_FOLD] |= (uint8_t)(1u << group[i]);
}
