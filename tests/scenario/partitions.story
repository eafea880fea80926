# Sources go at their own speeds: what one has shown says nothing of another, and the slowest one
# holds the watermark.
rules rules/base.yml rules/partitions.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
at 0s        event a partition 1
at 0s        event a User=bob partition 2
# Partition 1 has come to 40 minutes: with a lateness of 15 the window [0s, 10m] is over for it.
at 40m       event a User=zoe partition 1
expect alerts == 0
# An event of partition 2 is judged by partition 2. Not late, and in the window of ann.
at 1m        event a partition 2
expect late == 0  alerts == 0
# In partition 1 it is, for each of the two rules that listen.
at 1m        event a partition 1
expect late == 2
# Partition 2 comes to 25m0s1ms: the watermark of both is 10m0s1ms.
at 25m       event a User=yan partition 2
expect alerts == 0
at 25m0s1ms  event a User=yan partition 2
# bob had one, ann two.
expect alerts of one == 1  alerts of two == 1
end
expect late == 2
