/* geo_velocity.c - places of a group, judged in time order.
 *
 * The cell: a head, the group's keys in clear, the trail (oldest first; the last entry is the hit
 * before), the hits that wait (in order).
 */
#include "correlate/geo_velocity.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "correlate/final.h"
#include "correlate/geoip.h"
#include "correlate/span.h"
#include "state/capsule.h"

#include <string.h>

enum { GEO_VERSION = 1, ADDRESS_MAX = 45, HALF_EARTH_M = 20100000 };

struct head {
    uint8_t version, n_trail;
    uint16_t n_waiting;
    uint32_t keys_n;
    struct state_key key;
};

struct visit {
    int64_t t_ms;
    int32_t lat_e5, lon_e5;
    uint32_t asn;
    char country[2];
    uint8_t n;
    char address[ADDRESS_MAX];
};

struct geo {
    struct head head;
    struct str keys;
    struct visit trail[GEO_TRAIL];
    struct visit waiting[GEO_PENDING_MAX];
};

static uint32_t bytes_of(const struct head *h)
{
    return (uint32_t)sizeof *h + h->keys_n +
           ((uint32_t)h->n_trail + h->n_waiting) * (uint32_t)sizeof(struct visit);
}

static bool is_sound(const struct visit *visits, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!final_is_time(visits[i].t_ms) || visits[i].n > ADDRESS_MAX)
            return false;
    return true;
}

static bool load(const struct cell_part *p, struct geo *g)
{
    const struct head *h = &g->head;

    if (p->n < sizeof *h)
        return false;
    memcpy(&g->head, p->p, sizeof *h);
    if (h->version != GEO_VERSION || h->n_trail > GEO_TRAIL || h->n_waiting > GEO_PENDING_MAX ||
        h->keys_n > UINT16_MAX || p->n != bytes_of(h))
        return false;
    g->keys = (struct str){(const char *)p->p + sizeof *h, h->keys_n};
    const char *at = g->keys.p + g->keys.n;
    memcpy(g->trail, at, h->n_trail * sizeof *g->trail);
    memcpy(g->waiting, at + h->n_trail * sizeof *g->trail, h->n_waiting * sizeof *g->waiting);
    return is_sound(g->trail, h->n_trail) && is_sound(g->waiting, h->n_waiting);
}

static void begin(struct geo *g, const struct state_op *op, const struct hit *hit)
{
    g->head = (struct head){.version = GEO_VERSION, .key = op->key};
    g->keys = hit->keys.n <= UINT16_MAX ? hit->keys : STR("");
    g->head.keys_n = (uint32_t)g->keys.n;
}

static void store(struct cell *cell, const struct geo *g, bool is_new)
{
    const struct head *h = &g->head;

    if (!cell_resize(cell, bytes_of(h)))
        return;
    memcpy(cell->main.p, h, sizeof *h);
    uint8_t *p = cell->main.p + sizeof *h;
    if (is_new && g->keys.n)
        memcpy(p, g->keys.p, g->keys.n);
    p += h->keys_n;
    memcpy(p, g->trail, h->n_trail * sizeof *g->trail);
    memcpy(p + h->n_trail * sizeof *g->trail, g->waiting, h->n_waiting * sizeof *g->waiting);
}

static int64_t speed_of(const struct correlation *c)
{
    return c->speed_m_per_h > 0 ? c->speed_m_per_h : GEO_SPEED_M_PER_H;
}

/* Once half the Earth could have been travelled, the place before says nothing. */
static void set_times(const struct correlation *c, struct cell *cell, const struct geo *g)
{
    const struct head *h = &g->head;
    int64_t longest_ms = (int64_t)HALF_EARTH_M * 3600000 / speed_of(c) + 1;

    cell->due_ms = h->n_waiting ? span_add(g->waiting[0].t_ms, 1) : CELL_NEVER;
    cell->idle_ms = h->n_waiting ? CELL_NEVER
                    : h->n_trail ? span_add(g->trail[h->n_trail - 1].t_ms, longest_ms)
                                 : INT64_MIN;
    cell->weight = 32;
}

/* ---- judging ------------------------------------------------------------------------------- */

static struct place place_of(const struct visit *v)
{
    return (struct place){.lat_e5 = v->lat_e5, .lon_e5 = v->lon_e5, .has = true};
}

static bool is_same_place(const struct visit *a, const struct visit *b)
{
    return a->lat_e5 == b->lat_e5 && a->lon_e5 == b->lon_e5 && a->asn == b->asn;
}

static void add_visit_text(struct buf *text, const struct visit *v)
{
    if (text->n)
        buf_printf(text, " > ");
    buf_printf(text, "%.2s %.2f,%.2f", v->country[0] ? v->country : "??", v->lat_e5 / 1e5,
               v->lon_e5 / 1e5);
    if (v->asn)
        buf_printf(text, " AS%u", v->asn);
}

static void tell(const struct geo *g, const struct cell *cell, const struct visit *v,
                 int64_t distance_m, struct emissions *out)
{
    struct buf text = {0};

    for (uint8_t i = 0; i < g->head.n_trail; i++)
        add_visit_text(&text, &g->trail[i]);
    add_visit_text(&text, v);
    final_tell(out, cell,
               &(struct final_met){.key = &g->head.key,
                                   .keys = g->keys,
                                   .t_ms = v->t_ms,
                                   .value_text = {v->address, v->n},
                                   .detail = buf_str(&text),
                                   .measured_micro = distance_m * CORRELATION_MICRO,
                                   .has_measured = true});
    buf_release(&text);
}

static void judge(const struct correlation *c, struct geo *g, const struct cell *cell,
                  const struct visit *v, struct emissions *out)
{
    struct head *h = &g->head;
    int64_t least_m = c->distance_m > 0 ? c->distance_m : GEO_DISTANCE_M;

    if (h->n_trail) {
        struct visit *last = &g->trail[h->n_trail - 1];
        struct place from = place_of(last), to = place_of(v);
        int64_t distance_m = geoip_distance_m(&from, &to);
        __int128 reach = (__int128)speed_of(c) * (v->t_ms - last->t_ms);
        if (distance_m >= least_m && (__int128)distance_m * 3600000 >= reach)
            tell(g, cell, v, distance_m, out);
        if (is_same_place(last, v)) {
            *last = *v;
            return;
        }
    }
    if (h->n_trail == GEO_TRAIL) {
        h->n_trail--;
        memmove(g->trail, g->trail + 1, h->n_trail * sizeof *g->trail);
    }
    g->trail[h->n_trail++] = *v;
}

static void settle(const struct correlation *c, struct cell *cell, int64_t watermark_ms,
                   struct emissions *out)
{
    struct geo g;
    uint16_t done = 0;

    if (!load(&cell->main, &g)) {
        cell->due_ms = CELL_NEVER;
        return;
    }
    for (; done < g.head.n_waiting && g.waiting[done].t_ms < watermark_ms; done++)
        judge(c, &g, cell, &g.waiting[done], out);
    g.head.n_waiting = (uint16_t)(g.head.n_waiting - done);
    memmove(g.waiting, g.waiting + done, g.head.n_waiting * sizeof *g.waiting);
    store(cell, &g, false);
    set_times(c, cell, &g);
}

/* ---- operations ---------------------------------------------------------------------------- */

/* By time, then by all that decides: so that hits of one time have one order. */
static int compare(const struct visit *a, const struct visit *b)
{
    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms ? -1 : 1;
    if (a->lat_e5 != b->lat_e5)
        return a->lat_e5 < b->lat_e5 ? -1 : 1;
    if (a->lon_e5 != b->lon_e5)
        return a->lon_e5 < b->lon_e5 ? -1 : 1;
    return a->asn != b->asn ? (a->asn < b->asn ? -1 : 1) : 0;
}

static void wait(struct geo *g, const struct state_op *op, const struct hit *hit)
{
    struct str text = utf8_cut(hit->value_text, ADDRESS_MAX);
    struct visit v = {.t_ms = op->t_ms,
                      .lat_e5 = hit->place.lat_e5,
                      .lon_e5 = hit->place.lon_e5,
                      .asn = hit->place.asn,
                      .country = {hit->place.country[0], hit->place.country[1]},
                      .n = (uint8_t)text.n};
    uint16_t at = g->head.n_waiting;

    if (text.n)
        memcpy(v.address, text.p, text.n);
    while (at > 0 && compare(&g->waiting[at - 1], &v) > 0)
        at--;
    if (at > 0 && compare(&g->waiting[at - 1], &v) == 0)
        return;
    if (g->head.n_waiting == GEO_PENDING_MAX)
        return;
    memmove(&g->waiting[at + 1], &g->waiting[at], (size_t)(g->head.n_waiting - at) * sizeof v);
    g->waiting[at] = v;
    g->head.n_waiting++;
}

void geo_velocity_step(void *context, const struct state_op *op, struct cell *cell,
                       const struct step_clock *clock, struct emissions *out)
{
    const struct operator_spec *spec = context;
    struct geo g;

    if (!op) {
        settle(spec->correlation, cell, clock->watermark_ms, out);
        return;
    }
    const struct hit *hit = op->payload;
    bool is_old = load(&cell->main, &g);
    if (!hit->place.has) {
        if (!is_old)
            cell->idle_ms = INT64_MIN;
        return;
    }
    if (!is_old)
        begin(&g, op, hit);
    wait(&g, op, hit);
    store(cell, &g, !is_old);
    capsule_book_add(cell, op->t_ms, hit->capsule);
    set_times(spec->correlation, cell, &g);
}

const struct operator_kind_info operator_geo_velocity = {
    .kind = OPERATOR_GEO_VELOCITY,
    .name = "geo_velocity",
    .n_stages = 1,
    .steps = {geo_velocity_step},
    .always_final = true,
};
