/* geoip.h - where an address is: a MaxMind DB file through libmaxminddb.
 *
 * Any such file with location.latitude and location.longitude will do (a "City" file); country,
 * city, region, continent, time zone and autonomous system number are taken where it has them. None
 * is part of weir.
 *
 * Threads  look-ups change nothing: any number of threads.
 */
#ifndef WEIR_CORRELATE_GEOIP_H
#define WEIR_CORRELATE_GEOIP_H

#include "base/base.h"
#include "base/err.h"
#include "correlate/hit.h"
#include "rule/expr.h"

struct geoip;

/* WEIR_NOTFOUND: no such file; WEIR_SYNTAX: it is no MaxMind DB; WEIR_IO. err names the path. */
MUST_USE enum weir_rc geoip_open(const char *path, struct geoip **out, struct weir_err *err);
void geoip_close(struct geoip *g);
/* Which edition it is: when it was built, in seconds since 1970, as the file says. */
uint64_t geoip_built_s(const struct geoip *g);

/* An IPv4 or IPv6 address in text. Place.has is false if it is none or the file does not know where
 * it is. */
struct place geoip_lookup(const struct geoip *g, struct str address);

/* The same for expressions; it lives as long as `g`. */
struct geo_source geoip_source(const struct geoip *g);

/* Distance on a sphere of the Earth's mean radius, in whole metres. */
int64_t geoip_distance_m(const struct place *a, const struct place *b);

#endif
