/* places.c - four networks with places. */
#include "loadtest/places.h"

#include "tests/lib/mmdb_write.h"

bool places_write(const char *path)
{
    static const struct mmdb_network networks[] = {
        {0x0a010000, 16, true, 52.52, 13.405, "DE", 64501, "Germany", "Berlin"},
        {0x0a020000, 16, true, 53.55, 9.99, "DE", 64502, "Germany", "Hamburg"},
        {0x0a030000, 16, true, 40.71, -74.01, "US", 64503, "United States", "New York"},
        {0x0a040000, 16, true, -33.87, 151.21, "AU", 64504, "Australia", "Sydney"},
    };

    return mmdb_write(path, networks, sizeof networks / sizeof networks[0]);
}
