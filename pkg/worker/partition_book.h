/* partition_book.h - the numbers of partitions in the store: (topic, partition) -> number, the same
 * for all workers of a group, for ever.
 *
 * The store knows partitions by small numbers (store.h). The book lies in the store beside the
 * shards; a partition that nobody has numbered yet gets the next number. An empty store begins a
 * new book: everything that refers to numbers was in it too. Without a store numbers are local.
 *
 * Threads  a book belongs to one thread.
 */
#ifndef WEIR_WORKER_PARTITION_BOOK_H
#define WEIR_WORKER_PARTITION_BOOK_H

#include "base/base.h"
#include "base/err.h"
#include "state/store.h"

enum { PARTITION_NUMBERS_MAX = 65536 };

struct partition_book;

struct partition_book *partition_book_new(struct store *store); /* NULL: local numbers */
void partition_book_free(struct partition_book *b);

/* Remembered while the incarnation is the same. */
MUST_USE enum weir_rc partition_book_number(struct partition_book *b, const char *incarnation,
                                            const char *topic, int32_t partition, uint32_t *out,
                                            struct weir_err *err);

#endif
