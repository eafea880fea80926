/* mmdb_write.h - a small MaxMind DB for tests: IPv4 networks with places.
 *
 * Written from the published description of the format (MaxMind DB File Format Specification 2.0).
 */
#ifndef WEIR_TESTS_LIB_MMDB_WRITE_H
#define WEIR_TESTS_LIB_MMDB_WRITE_H

#include "base/base.h"

struct mmdb_network {
    uint32_t address; /* 0x0a000000: 10.0.0.0 */
    uint32_t bits;    /* of the prefix, 1 to 32 */
    bool has_location;
    double latitude, longitude;
    const char *country;      /* its code; NULL: none */
    uint32_t asn;             /* 0: none */
    const char *country_name; /* with a country */
    const char *city;         /* NULL: none */
};

/* Networks that do not overlap. False: the file cannot be written. */
bool mmdb_write(const char *path, const struct mmdb_network *networks, size_t n);

#endif
