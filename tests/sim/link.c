/* link.c - requests and answers that get lost (form.h). */
#include "form.h"

static bool is_lost(const struct sim_link *l, const char *what)
{
    if (*l->is_calm || rng_below(l->rng, 64) >= l->lost_in_64)
        return false;
    ++*l->n_lost;
    l->pause(l->context, what);
    return true;
}

enum weir_rc sim_go_out(const struct sim_link *l, const char *what)
{
    l->pause(l->context, what);
    return is_lost(l, "request lost") ? WEIR_IO : WEIR_OK;
}

enum weir_rc sim_come_back(const struct sim_link *l)
{
    return is_lost(l, "answer lost") ? WEIR_IO : WEIR_OK;
}
