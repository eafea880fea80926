# How the findings of single events fold: fields, period, anchor, off.
rules rules/dedup.yml
let e {"product":"weir","category":"test","EventType":"country","User":"ann","Country":"fr","timestamp":"{time}"}
# One field: another user is the same finding; without the field the key is the empty text.
at 0s        event e
at 1s        event e User=bob
expect alerts == 1
at 2s        event e Country=de
expect alerts == 2
at 3s        event e -Country x 2
expect alerts of by_country == 3
# No field: one finding for all.
at 4s        event e EventType=alone User=ann
at 4s        event e EventType=alone User=bob Country=de
expect alerts of alone == 1

# Ten minutes: a bucket of ann under this id begins at 6m58s382ms, the next at 16m58s382ms.
at 5m        event e EventType=ten
at 6m58s381ms  event e EventType=ten
expect alerts of ten_minutes == 1
at 6m58s382ms  event e EventType=ten
at 16m58s381ms event e EventType=ten
expect alerts of ten_minutes == 2
at 16m58s382ms event e EventType=ten
expect alerts of ten_minutes == 3

# Off: each event is a finding, without Updates and Close.
at 17m       event e EventType=none id={n} x 3
expect alerts of none == 3
expect document of none .unmapped.weir.dedup.bucket_start == absent

# By default the first entity: the user, in small letters. Without any entity nothing folds.
at 17m       event e EventType=entity User=ANN
at 17m       event e EventType=entity User=ann
expect alerts of entity == 1
at 17m       event e EventType=entity -User id={n} x 2
expect alerts of entity == 3  no_entity == 2

# The interval begins with the first match that is not covered, which the watermark knows: 20m, also if 25m
# comes before it. Covered are 20m to 29m59s999ms; 30m begins another one.
at 25m       event e EventType=anchored
at 20m       event e EventType=anchored
at 29m59s999ms event e EventType=anchored
at 30m       event e EventType=anchored
at 39m       event e EventType=anchored
# Behind 39m the watermark is 24m: the first interval is known.
expect alerts of anchored == 1
at 39m0s1ms  time
expect alerts of anchored == 2
end
expect hits of anchored == 5  hits of ten_minutes == 5  closes of none == 0  updates of none == 0
