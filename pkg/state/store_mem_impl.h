/* store_mem_impl.h - the inside of a store_mem, for store_dir, which saves and loads it. */
#ifndef WEIR_STATE_STORE_MEM_IMPL_H
#define WEIR_STATE_STORE_MEM_IMPL_H

#include "state/mem_space.h"
#include "state/store.h"

struct mem_pool *store_mem_pool(struct store *s);
/* NULL past the last. Valid until a space is added. */
struct mem_space *store_mem_space(struct store *s, uint32_t space, uint32_t *n_spaces);

#endif
