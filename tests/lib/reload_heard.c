/* reload_heard.c - see reload_heard.h. */
#include "tests/lib/reload_heard.h"

void reload_heard_note(void *context, enum weir_rc rc, bool changed,
                       UNUSED const struct weir_err *err)
{
    struct reload_heard *h = context;

    pthread_mutex_lock(&h->lock);
    h->n++;
    h->n_changed += changed;
    h->n_bad += rc != WEIR_OK;
    pthread_cond_signal(&h->came);
    pthread_mutex_unlock(&h->lock);
}

void reload_heard_wait(struct reload_heard *h, int n)
{
    pthread_mutex_lock(&h->lock);
    while (h->n < n)
        pthread_cond_wait(&h->came, &h->lock);
    pthread_mutex_unlock(&h->lock);
}
