/* shared.h - where the shared data lies that some tests need: in $WEIR_DATA, by default in
 * ../shared/data from where the tests run.
 */
#ifndef WEIR_TESTS_LIB_SHARED_H
#define WEIR_TESTS_LIB_SHARED_H

#include "base/base.h"

enum { SHARED_PATH_MAX = 1024 };

/* The path of a file there, whether it exists or not. */
void shared_path(char out[static SHARED_PATH_MAX], const char *name);

/* To be called when what a test needs is not there: prints the skip line; ends the program
 * with a failure if CI=true, since then the data must be there. */
void shared_absent(void);

#endif
