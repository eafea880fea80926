/* geo_velocity.h - a group that is at two places with too little time between them.
 *
 * Hits whose address has no known place do not count. The others are judged in order of (t,
 * place) once the watermark is behind them, each against the one before it: met if the distance is
 * at least distance_m and the speed at least speed_m_per_h (at one and the same time: any speed).
 */
#ifndef WEIR_CORRELATE_GEO_VELOCITY_H
#define WEIR_CORRELATE_GEO_VELOCITY_H

#include "correlate/operator.h"

enum {
    GEO_TRAIL = 8,         /* last places, which a finding names */
    GEO_PENDING_MAX = 256, /* hits of a group not decided yet; further ones are lost */
    GEO_DISTANCE_M = 500000,
    GEO_SPEED_M_PER_H = 800000 /* if the rule says nothing */
};

cell_step geo_velocity_step;

#endif
