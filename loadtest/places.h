/* places.h - the GeoIP database of the load test: four cities.
 *
 * loadtest/check.py has them a second time.
 */
#ifndef WEIR_LOADTEST_PLACES_H
#define WEIR_LOADTEST_PLACES_H

#include "base/base.h"

#define PLACE_BERLIN "10.1.0.7"
#define PLACE_HAMBURG "10.2.0.7" /* 255 km from Berlin */
#define PLACE_NEW_YORK "10.3.0.7"
#define PLACE_SYDNEY "10.4.0.7"
#define PLACE_UNKNOWN "192.0.2.7"

/* False: the file cannot be written. */
bool places_write(const char *path);

#endif
