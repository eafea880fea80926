/* text_list.h - a growing list of slices: what a repeated option gave, what a walk found.
 *
 * Memory   the list owns the array, never the texts.
 */
#ifndef WEIR_APP_TEXT_LIST_H
#define WEIR_APP_TEXT_LIST_H

#include "base/base.h"

/* A struct of zeros is a valid, empty list. */
struct text_list {
    struct str *items;
    size_t n, cap;
};

void text_list_add(struct text_list *l, struct str text);
void text_list_release(struct text_list *l);

/* In the order of their bytes. */
void text_list_sort(struct text_list *l, size_t from);

#endif
