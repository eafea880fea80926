# A burst over the edge of a bucket: two findings. The buckets of a key have a phase of their own: that
# of ann under this rule's id begins at 23m54s599ms, bob's at 40m44s393ms (SHA-256 of the parts, docs/alert.md).
rules rules/base.yml rules/event_count_edge.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
at 23m54s596ms   event a x 3 every 1ms
expect alerts == 1
# One more, a millisecond later, in the next bucket: the window still holds three.
at 23m54s599ms   event a
expect alerts == 2
# The last thing that happened before decides nothing: other than that all are the old.
at 23m54s598ms   event a
expect alerts == 2

# bob: two before the edge, one on it: the third completes it there, so that the finding is the second
# bucket's alone. A fourth before the edge makes three of them before it: the first bucket's too.
at 40m44s391ms   event a User=bob x 2 every 1ms
at 40m44s393ms   event a User=bob
expect alerts == 3
at 40m44s390ms   event a User=bob
expect alerts == 4
end
# Counts are those of the bucket, at least the threshold: ann 4 and 1 (3), bob 3 and 1 (3).
expect alerts == 4  closes == 4  hits == 13
