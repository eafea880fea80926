/* test_geo_velocity.c - places from a database, distances, and too fast travel against a model. */
#include "correlate/geo_velocity.h"

#include "correlate/geoip.h"
#include "tests/lib/mmdb_write.h"
#include "tests/lib/operator_run.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <unistd.h>

enum { EVENTS_MAX = 60, PLACES = 5, MINUTE = 60000, HOUR = 60 * MINUTE };

/* Rounded to a hundredth of a degree. */
static const struct place places[PLACES] = {
    {5252000, 1340000, 3320, "DE", true},   /* Berlin */
    {5355000, 999000, 3320, "DE", true},    /* Hamburg */
    {4071000, -7401000, 7018, "US", true},  /* New York */
    {4071000, -7401000, 701, "US", true},   /* another network there */
    {-3387000, 15121000, 1221, "AU", true}, /* Sydney */
};

struct visit {
    int64_t t_ms;
    uint32_t place;
};

struct rig {
    struct correlation c;
    struct operator_spec spec;
    struct operator_run *run;
};

static void rig_start(struct rig *r, int64_t distance_m, int64_t speed_m_per_h)
{
    r->c = (struct correlation){
        .kind = OPERATOR_GEO_VELOCITY, .distance_m = distance_m, .speed_m_per_h = speed_m_per_h};
    r->spec = (struct operator_spec){.correlation = &r->c, .is_final = true};
    r->run = operator_run_new(&operator_geo_velocity, &r->spec);
}

static void rig_visit(struct rig *r, const struct visit *v)
{
    struct hit hit = {.count = 1,
                      .keys = STR("alice"),
                      .value_text = STR("192.0.2.1"),
                      .place = places[v->place]};

    operator_run_hit(r->run, operator_run_key(1, 0), v->t_ms, &hit);
}

TEST(address_is_looked_up_in_the_database)
{
    static const struct mmdb_network networks[] = {
        {0x0a000000, 8, true, 52.52, 13.4, "DE", 3320, NULL, NULL},
        {0xc0000200, 24, true, -33.87, 151.21, NULL, 0, NULL, NULL},
        {0xc6336400, 24, false, 0, 0, "US", 7018, NULL, NULL},
        {0xcb007107, 32, true, 500, 0, NULL, 0, NULL, NULL},
    };
    static const struct {
        const char *address;
        bool has;
        int32_t lat_e5;
        uint32_t asn;
    } rows[] = {
        {"10.1.2.3", true, 5252000, 3320},
        {"192.0.2.255", true, -3387000, 0},
        {"192.0.3.0", false, 0, 0},
        {"198.51.100.1", false, 0, 7018},
        {"203.0.113.7", false, 0, 0},
        {"2001:db8::1", false, 0, 0},
        {"", false, 0, 0},
        {"10.1.2", false, 0, 0},
        {"localhost", false, 0, 0},
        {"10.1.2.3 ", false, 0, 0},
    };
    char path[] = "/tmp/weir-test-XXXXXX";
    int fd = mkstemp(path);
    struct geoip *g;
    struct weir_err err = {0};

    CHECK(fd >= 0 && mmdb_write(path, networks, ARRAY_LEN(networks)));
    close(fd);
    CHECK_EQ(geoip_open(path, &g, &err), WEIR_OK);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct place p = geoip_lookup(g, str_from(rows[i].address));
        CHECK_EQ(p.has, rows[i].has);
        CHECK(!p.has || p.lat_e5 == rows[i].lat_e5);
        CHECK_EQ(p.asn, rows[i].asn);
    }
    geoip_close(g);
    unlink(path);
}

TEST(expressions_ask_parts_of_a_place)
{
    static const struct mmdb_network networks[] = {
        {0xc0000200, 24, true, 52.5, 13.4, "DE", 0, "Germany", "Berlin"},
        {0xc6336400, 24, false, 0, 0, "US", 7018, "United States", NULL},
    };
    static const struct {
        const char *address;
        enum geo_part part;
        const char *text; /* NULL: nobody knows */
    } rows[] = {
        {"192.0.2.1", GEO_CITY, "Berlin"},     {"192.0.2.1", GEO_COUNTRY, "Germany"},
        {"192.0.2.1", GEO_COUNTRY_CODE, "DE"}, {"192.0.2.1", GEO_LATITUDE, "52.5"},
        {"192.0.2.1", GEO_REGION, NULL},       {"198.51.100.9", GEO_COUNTRY, "United States"},
        {"198.51.100.9", GEO_CITY, NULL},      {"198.51.100.9", GEO_LONGITUDE, NULL},
        {"10.0.0.1", GEO_COUNTRY, NULL},       {"nowhere", GEO_COUNTRY, NULL},
    };
    char path[] = "/tmp/weir-test-XXXXXX";
    int fd = mkstemp(path);
    struct arena *a = arena_new(0);
    struct geoip *g;
    struct weir_err err = {0};

    CHECK(fd >= 0 && mmdb_write(path, networks, ARRAY_LEN(networks)));
    close(fd);
    CHECK_EQ(geoip_open(path, &g, &err), WEIR_OK);
    struct geo_source source = geoip_source(g);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct expr_value v = source.find(source.context, str_from(rows[i].address), rows[i].part);
        struct str text = STR("");
        CHECK_EQ(expr_value_string(a, &v, &text), rows[i].text != NULL);
        if (rows[i].text)
            CHECK_STR(text, rows[i].text);
    }
    geoip_close(g);
    unlink(path);
    arena_free(a);
}

TEST(file_that_is_no_database_is_refused_by_name)
{
    struct geoip *g;
    struct weir_err err = {0};

    CHECK_EQ(geoip_open("/nowhere/city.mmdb", &g, &err), WEIR_NOTFOUND);
    CHECK(strstr(err.text, "/nowhere/city.mmdb"));
    CHECK_EQ(geoip_open("/proc/self/exe", &g, &err), WEIR_SYNTAX);
    CHECK(strstr(err.text, "GeoIP file '/proc/self/exe': "));
    geoip_close(NULL);
}

TEST(distances_are_those_of_a_sphere)
{
    static const struct place pole = {9000000, 0, 0, "", true}, south = {-9000000, 0, 0, "", true},
                              here = {0, 0, 0, "", true}, east = {0, 9000000, 0, "", true},
                              far = {0, 18000000, 0, "", true};
    int64_t quarter = 10007558; /* pi / 2 x 6,371,009 m */

    CHECK_EQ(geoip_distance_m(&here, &here), 0);
    CHECK(llabs(geoip_distance_m(&here, &east) - quarter) <= 1);
    CHECK(llabs(geoip_distance_m(&east, &pole) - quarter) <= 1);
    CHECK(llabs(geoip_distance_m(&pole, &south) - 2 * quarter) <= 2);
    CHECK(llabs(geoip_distance_m(&here, &far) - 2 * quarter) <= 2);
    CHECK(llabs(geoip_distance_m(&places[0], &places[1]) - 255000) < 3000);
    CHECK(llabs(geoip_distance_m(&places[0], &places[2]) - 6385000) < 10000);
}

TEST(travel_is_met_at_the_edges_of_distance_and_speed)
{
    int64_t m = geoip_distance_m(&places[0], &places[2]);
    const struct {
        int64_t distance, speed, dt;
        size_t met;
    } rows[] = {
        {m, m, HOUR, 1}, {m + 1, m, HOUR, 0}, {m, m + 1, HOUR, 0}, {m, m, HOUR + 1, 0},
        {m, m, 0, 1},    {0, 0, 7 * HOUR, 1}, {0, 0, 8 * HOUR, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig r;
        size_t n;
        rig_start(&r, rows[i].distance, rows[i].speed);
        rig_visit(&r, &(struct visit){rows[i].dt, 2});
        rig_visit(&r, &(struct visit){0, 0});
        operator_run_watermark(r.run, INT64_MAX);
        operator_run_met(r.run, &n);
        CHECK_EQ(n, rows[i].met);
        operator_run_free(r.run);
    }
}

TEST(finding_names_the_trail_and_unknown_places_do_not_count)
{
    struct rig r;
    struct hit nowhere = {.keys = STR("alice"), .value_text = STR("192.0.2.1")};
    size_t n;

    rig_start(&r, 0, 0);
    rig_visit(&r, &(struct visit){0, 1});
    operator_run_hit(r.run, operator_run_key(1, 0), MINUTE, &nowhere);
    rig_visit(&r, &(struct visit){2 * MINUTE, 0});
    rig_visit(&r, &(struct visit){3 * MINUTE, 4});
    operator_run_watermark(r.run, INT64_MAX);
    const struct met *met = operator_run_met(r.run, &n);
    CHECK_EQ(n, 1);
    CHECK_STR(str_from(met->detail),
              "DE 53.55,9.99 AS3320 > DE 52.52,13.40 AS3320 > AU -33.87,151.21 AS1221");
    CHECK_STR(str_from(met->text), "192.0.2.1");
    operator_run_free(r.run);
}

/* ---- the model ----------------------------------------------------------------------------- */

static int by_order(const void *x, const void *y)
{
    const struct visit *a = x, *b = y;
    const struct place *p = &places[a->place], *q = &places[b->place];

    if (a->t_ms != b->t_ms)
        return a->t_ms < b->t_ms ? -1 : 1;
    if (p->lat_e5 != q->lat_e5)
        return p->lat_e5 < q->lat_e5 ? -1 : 1;
    return p->asn < q->asn ? -1 : p->asn > q->asn;
}

static bool model_meets(const struct correlation *c, const struct visit *a, const struct visit *b)
{
    int64_t m = geoip_distance_m(&places[a->place], &places[b->place]);

    return m >= c->distance_m && m * HOUR >= c->speed_m_per_h * (b->t_ms - a->t_ms);
}

static void random_window(struct rng *rng)
{
    struct visit visits[EVENTS_MAX], sorted[EVENTS_MAX];
    struct arrival order[EVENTS_MAX];
    int64_t times[EVENTS_MAX], t = 0, newest = 0, lateness = rng_below(rng, 5 * HOUR);
    size_t n = 1 + rng_below(rng, EVENTS_MAX), n_met, at = 0;
    struct rig r;

    for (size_t i = 0; i < n; i++) {
        t += rng_below(rng, 3) ? rng_below(rng, 30 * HOUR) : 0;
        times[i] = t;
        visits[i] = (struct visit){t, rng_below(rng, PLACES)};
    }
    memcpy(sorted, visits, sizeof sorted);
    qsort(sorted, n, sizeof *sorted, by_order);
    arrivals_shuffle(rng, times, n, lateness, order);
    rig_start(&r, 1 + rng_below(rng, 8000000), 100000 + rng_below(rng, 1000000));
    for (size_t i = 0; i < n; i++) {
        rig_visit(&r, &visits[order[i].index]);
        newest = order[i].t_ms > newest ? order[i].t_ms : newest;
        if (rng_below(rng, 4) == 0) {
            operator_run_watermark(r.run, newest - lateness);
            operator_run_sweep(r.run);
        }
    }
    operator_run_watermark(r.run, INT64_MAX);
    const struct met *met = operator_run_met(r.run, &n_met);
    for (size_t i = 1; i < n; i++) {
        if (!model_meets(&r.c, &sorted[i - 1], &sorted[i]))
            continue;
        CHECK(at < n_met);
        CHECK_EQ(met[at].t_ms, sorted[i].t_ms);
        at++;
    }
    CHECK_EQ(at, n_met);
    operator_run_free(r.run);
}

TEST(random_streams_find_what_the_model_finds)
{
    struct rng rng = rng_start("geo_velocity");

    for (int i = 0; i < 5000; i++)
        random_window(&rng);
}

TEST_MAIN(ENTRY(address_is_looked_up_in_the_database), ENTRY(expressions_ask_parts_of_a_place),
          ENTRY(file_that_is_no_database_is_refused_by_name),
          ENTRY(distances_are_those_of_a_sphere),
          ENTRY(travel_is_met_at_the_edges_of_distance_and_speed),
          ENTRY(finding_names_the_trail_and_unknown_places_do_not_count),
          ENTRY(random_streams_find_what_the_model_finds))
