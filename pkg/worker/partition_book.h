/* partition_book.h - the numbers of partitions in the store: (topic, partition) -> number, the same
 * for all workers of a group, for ever.
 *
 * The store knows partitions by small numbers (store.h). The book lies in the store beside the
 * shards; a partition that nobody has numbered yet gets the next number. An empty store begins a
 * new book: everything that refers to numbers was in it too. So numbers are good in one
 * incarnation: after READ_RUN has told another one, ask again for what is owned, and assign the
 * new numbers (protocol_assign) if they differ. Without a store numbers are local.
 *
 * A topic that was deleted and made again is another log under the same name: what the store
 * knows to be applied of the old one is nothing of the new one. partition_book_renew() gives it a
 * new number (recover_is_other_log() tells when).
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

/* store: lent; NULL, or one that keeps no book: local numbers. */
struct partition_book *partition_book_new(struct store *store);
/* From now on over this connection to the same one; what is remembered stays. */
void partition_book_use_store(struct partition_book *b, struct store *store);
void partition_book_free(struct partition_book *b);

/* Remembered while the incarnation is the same; `incarnation` NULL: as the last time (a recovery
 * that numbers all partitions of all inputs before there is a new one).
 * WEIR_LIMIT: PARTITION_NUMBERS_MAX are given. WEIR_IO: the store cannot be reached. */
MUST_USE enum weir_rc partition_book_number(struct partition_book *b, const char *incarnation,
                                            const char *topic, int32_t partition, uint32_t *out,
                                            struct weir_err *err);

/* Many at once: partitions 0 to n - 1 of a topic, one call to the store. Forgets what was
 * remembered first: for the beginning of a recovery. */
MUST_USE enum weir_rc partition_book_number_topic(struct partition_book *b, const char *topic,
                                                  uint32_t n, struct weir_err *err);

/* One more than the highest number known here: protocol_config.n_partitions, protocol_grow(). */
uint32_t partition_book_count(const struct partition_book *b);

/* Whose number it is; false: of nobody any more (a topic made anew, gone since): nothing was
 * committed of it. *topic lives until the book changes. */
bool partition_book_name(const struct partition_book *b, uint32_t number, const char **topic,
                         int32_t *partition);

/* The log behind this name is another one: *out is its new number. Once for each committed offset
 * at which that is noticed, so that the next owner, who may see the same offset, goes on with the
 * number; PARTITION_BOOK_NONE, no offset: always. */
#define PARTITION_BOOK_NONE UINT64_MAX
MUST_USE enum weir_rc partition_book_renew(struct partition_book *b, const char *topic,
                                           int32_t partition, uint64_t committed, uint32_t *out,
                                           struct weir_err *err);

/* Partitions that are known here and that `is_input` disowns hold no watermark any more (an input
 * was removed, a topic deleted). Call when the inputs' topics are known, at the start and when
 * they change; whoever still reads one of them gives it marks again. */
MUST_USE enum weir_rc partition_book_retire(struct partition_book *b,
                                            bool (*is_input)(void *context, const char *topic,
                                                             int32_t partition),
                                            void *context, struct weir_err *err);

#endif
