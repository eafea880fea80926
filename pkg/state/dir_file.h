/* dir_file.h - files of checked records, for store_dir: a header, then frames.
 *
 * A header says what the file is, its version, and whose secret its keys are made with. A frame
 * is checksum, length, type, number and its bytes; the checksum (XXH3, whose output is fixed since
 * version 0.8) covers all that follows it. A frame that is cut or damaged ends the file.
 */
#ifndef WEIR_STATE_DIR_FILE_H
#define WEIR_STATE_DIR_FILE_H

#include "base/buf.h"
#include "base/err.h"

enum {
    DIR_FINGERPRINT = 16,
    DIR_HEADER_BYTES = 40,
    DIR_FRAME_HEAD = 24, /* checksum, length (u32), type (u32), number */
    DIR_FRAME_MAX = 1 << 30
};

struct dir_frame {
    uint32_t type;
    uint64_t number;
    struct str bytes;
};

/* kind: 4 characters. */
void dir_header_pack(const char *kind, const char *fingerprint, struct buf *out);
MUST_USE enum weir_rc dir_header_check(struct str file, const char *kind, const char *fingerprint,
                                       struct weir_err *err);

/* Begin a frame at the end of `out`; what is added behind becomes its bytes. Returns its place. */
size_t dir_frame_begin(struct buf *out, uint32_t type, uint64_t number);
void dir_frame_end(struct buf *out, size_t place);

/* The frame at *at, which moves behind it. False: there is no whole one (*at stays). */
bool dir_frame_next(struct str file, size_t *at, struct dir_frame *out);

/* Write all of it; WEIR_IO with the system's words. */
MUST_USE enum weir_rc dir_write_all(int fd, struct str bytes, const char *what,
                                    struct weir_err *err);

/* A whole file, mapped to be read. Absent: WEIR_NOTFOUND. An empty file is an empty text. */
MUST_USE enum weir_rc dir_map(int dir, const char *name, struct str *out, struct weir_err *err);
void dir_unmap(struct str file);
/* The same, copied: of a file that somebody else may cut meanwhile. */
MUST_USE enum weir_rc dir_read(int dir, const char *name, struct buf *out, struct weir_err *err);

uint64_t dir_checksum(struct str bytes);

#endif
