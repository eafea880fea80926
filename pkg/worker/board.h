/* board.h - the board of metrics as the documents that http.h serves.
 *
 * Healthy: every writer's last beat (metric_beat) is younger than BOARD_BEAT_MS, or BOARD_CALL_MS
 * inside of a call without a limit (metric_call): while brokers are away a restart helps nobody.
 * Ready: every lane has a rule set, is in the group, and its store obeys. The documents are
 * described in docs/operations (status) and by metric_text().
 *
 * Threads  any.
 */
#ifndef WEIR_WORKER_BOARD_H
#define WEIR_WORKER_BOARD_H

#include "worker/http.h"
#include "worker/metric.h"

enum { BOARD_BEAT_MS = 30 * 1000, BOARD_CALL_MS = 10 * 60 * 1000 };

struct service board_service(struct metric_board *b);

#endif
