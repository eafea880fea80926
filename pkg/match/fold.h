/* fold.h - case folding of values: ASCII at vector speed, Unicode where a rule asks.
 *
 * fold_ascii() maps A-Z to a-z and copies everything else. fold_simple() applies
 * Unicode simple case folding (status C and S of CaseFolding.txt) to UTF-8 text; invalid
 * bytes are copied.
 */
#ifndef WEIR_MATCH_FOLD_H
#define WEIR_MATCH_FOLD_H

#include "base/base.h"
#include "base/cpu.h"

/* n bytes from src to dst, which may be the same but not overlap otherwise. Returns true if a
 * byte of 0x80 or above was met. Reads and writes exactly n bytes. */
bool fold_ascii(char *dst, const char *src, size_t n);
/* The kernel of a given level, for tests. */
bool (*fold_ascii_kernel(enum simd_level level))(char *, const char *, size_t);

/* The same into a block that is filled from its beginning: up to FOLD_BEHIND bytes behind dst + n
 * may be written, too. src is read as above, and is not in that room. */
enum { FOLD_BEHIND = 64 };
bool fold_ascii_roomy(char *dst, const char *src, size_t n);
bool (*fold_ascii_roomy_kernel(enum simd_level level))(char *, const char *, size_t);

/* dst has room for 2 * src.n + 4 bytes (a folded character can be longer in UTF-8, at most
 * 1.5 times). Returns the length. */
size_t fold_simple(char *dst, struct str src);

/* True if simple folding would change or could match differently from ASCII folding: the
 * text has a cased letter outside ASCII. */
bool fold_needs_simple(struct str text);

#endif
