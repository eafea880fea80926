/* geoip.c - look-ups in a MaxMind DB, and distances. */
#include "correlate/geoip.h"

#include <maxminddb.h>

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EARTH_RADIUS_M = 6371009 }; /* mean radius, IUGG */

struct geoip {
    MMDB_s db;
};

static enum weir_rc code_of(int status)
{
    switch (status) {
    case MMDB_FILE_OPEN_ERROR:
        return WEIR_NOTFOUND;
    case MMDB_IO_ERROR:
    case MMDB_OUT_OF_MEMORY_ERROR:
        return WEIR_IO;
    default:
        return WEIR_SYNTAX;
    }
}

enum weir_rc geoip_open(const char *path, struct geoip **out, struct weir_err *err)
{
    struct geoip *g = calloc(1, sizeof *g);

    ASSERT(g);
    int status = MMDB_open(path, MMDB_MODE_MMAP, &g->db);
    if (status != MMDB_SUCCESS) {
        free(g);
        return err_set(err, code_of(status), "GeoIP file '%s': %s", path, MMDB_strerror(status));
    }
    *out = g;
    return WEIR_OK;
}

uint64_t geoip_built_s(const struct geoip *g)
{
    return g->db.metadata.build_epoch;
}

void geoip_close(struct geoip *g)
{
    if (!g)
        return;
    MMDB_close(&g->db);
    free(g);
}

static bool get(MMDB_lookup_result_s *found, const char *const *path, MMDB_entry_data_s *out)
{
    return MMDB_aget_value(&found->entry, out, path) == MMDB_SUCCESS && out->has_data;
}

static bool get_degrees(MMDB_lookup_result_s *found, const char *name, double limit, int32_t *out)
{
    const char *const path[] = {"location", name, NULL};
    MMDB_entry_data_s data;

    if (!get(found, path, &data) || data.type != MMDB_DATA_TYPE_DOUBLE ||
        !(fabs(data.double_value) <= limit))
        return false;
    *out = (int32_t)lround(data.double_value * 1e5);
    return true;
}

static void get_country(MMDB_lookup_result_s *found, char out[2])
{
    static const char *const path[] = {"country", "iso_code", NULL};
    MMDB_entry_data_s data;

    if (get(found, path, &data) && data.type == MMDB_DATA_TYPE_UTF8_STRING && data.data_size == 2)
        memcpy(out, data.utf8_string, 2);
}

static uint32_t get_asn(MMDB_lookup_result_s *found)
{
    static const char *const plain[] = {"autonomous_system_number", NULL};
    static const char *const traits[] = {"traits", "autonomous_system_number", NULL};
    MMDB_entry_data_s data;

    if ((get(found, plain, &data) || get(found, traits, &data)) &&
        data.type == MMDB_DATA_TYPE_UINT32)
        return data.uint32;
    return 0;
}

/* The file's entry about the address. */
static bool find(const struct geoip *g, struct str address, MMDB_lookup_result_s *found)
{
    char text[INET6_ADDRSTRLEN];
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const struct sockaddr *a = NULL;
    int status;

    if (address.n == 0 || address.n >= sizeof text)
        return false;
    memcpy(text, address.p, address.n);
    text[address.n] = 0;
    /* inet_pton() and not MMDB_lookup_string(): getaddrinfo() may take what is no address. */
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        a = (const struct sockaddr *)&v4;
    else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        a = (const struct sockaddr *)&v6;
    if (!a)
        return false;
    *found = MMDB_lookup_sockaddr(&g->db, a, &status);
    return status == MMDB_SUCCESS && found->found_entry;
}

struct place geoip_lookup(const struct geoip *g, struct str address)
{
    MMDB_lookup_result_s found;
    struct place place = {0};

    if (!find(g, address, &found))
        return place;
    place.has = get_degrees(&found, "latitude", 90, &place.lat_e5) &&
                get_degrees(&found, "longitude", 180, &place.lon_e5);
    get_country(&found, place.country);
    place.asn = get_asn(&found);
    return place;
}

static struct expr_value find_part(const void *context, struct str address, enum geo_part part)
{
    enum { PATH_MAX_PARTS = 5 };
    static const char *const PATHS[GEO_PARTS][PATH_MAX_PARTS] = {
        [GEO_CITY] = {"city", "names", "en"},
        [GEO_REGION] = {"subdivisions", "0", "names", "en"},
        [GEO_REGION_CODE] = {"subdivisions", "0", "iso_code"},
        [GEO_COUNTRY] = {"country", "names", "en"},
        [GEO_COUNTRY_CODE] = {"country", "iso_code"},
        [GEO_CONTINENT] = {"continent", "names", "en"},
        [GEO_TIME_ZONE] = {"location", "time_zone"},
        [GEO_LATITUDE] = {"location", "latitude"},
        [GEO_LONGITUDE] = {"location", "longitude"}};
    MMDB_lookup_result_s found;
    MMDB_entry_data_s data;

    if (!find(context, address, &found) || !get(&found, PATHS[part], &data))
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    if (data.type == MMDB_DATA_TYPE_DOUBLE)
        return expr_value_real(data.double_value);
    if (data.type != MMDB_DATA_TYPE_UTF8_STRING)
        return (struct expr_value){.type = EXPR_VALUE_NULL};
    return expr_value_text((struct str){data.utf8_string, data.data_size});
}

struct geo_source geoip_source(const struct geoip *g)
{
    return (struct geo_source){.find = find_part, .context = g};
}

int64_t geoip_distance_m(const struct place *a, const struct place *b)
{
    const double radians = M_PI / 180e5;
    double lat_a = a->lat_e5 * radians, lat_b = b->lat_e5 * radians;
    double dlat = sin((lat_b - lat_a) / 2),
           dlon = sin(((double)b->lon_e5 - a->lon_e5) * radians / 2);
    double h = dlat * dlat + cos(lat_a) * cos(lat_b) * dlon * dlon;

    return (int64_t)llround(2 * EARTH_RADIUS_M * asin(sqrt(h < 1 ? h : 1)));
}
