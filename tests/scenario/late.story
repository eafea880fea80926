# Late is what is older than the newest of its source less the lateness (15 minutes for records that
# name their own product). Windows do not count it; single events alert all the same.
rules rules/base.yml rules/late.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
let lone {"product":"weir","category":"test","EventType":"lone","User":"ann","timestamp":"{time}"}
at 0s           event a x 1
at 20m          event a User=bob
# Exactly 15 minutes behind 20m: not late. Both are in the window of ann.
at 5m           event a
expect late == 0  alerts of two == 1
at 4m59s999ms   event a User=bob
at 5m           event a User=cy
expect late == 1
at 5m           event a User=cy
expect alerts of two == 2
# bob's of 4m59s999ms was late: it does not count with the one of 20m. Another of 14m does.
at 14m          event a User=bob
expect alerts of two == 3

# A single event that is late counts for dedup as of the watermark that it met (5m): its own bucket
# may be closed. It is folded like all others, and not counted as an operation that was left out.
at 10m          event lone
expect alerts of lone == 1
at 11m          event lone
expect alerts of lone == 1  hits of lone == 2
at 1m           event lone
expect alerts of lone == 1  late == 1
at 1m           event lone User=dan
expect alerts of lone == 2
# The same batch again after a restart: the same findings.
restart worker before commit
expect alerts of lone == 1
at 1m           event lone User=dan redelivered
expect alerts of lone == 2  dedup_hits == 1
end
expect alerts of lone == 2  hits of lone == 4  alerts of two == 3  hits of two == 6
