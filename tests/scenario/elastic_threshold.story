# threshold of Elastic's rules: so many events of a group within the look-back (ten minutes).
rules rules/elastic/three.toml rules/elastic/all_five.toml rules/elastic/two_fields.toml
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
at 0s    event a x 2
expect alerts == 0
# bob's do not count for ann.
at 1s    event a user=bob x 2
expect alerts == 0
at 10m   event a
expect alerts of three == 1  document of three .unmapped.weir.dedup.fields.user == ann
# The two of bob are outside of [1s1ms, 10m1s1ms].
at 10m1s1ms  event a user=bob
expect alerts of three == 1
# A list: one event is one of each member; nobody is in no group.
at 20m   event a user=["cid","dan","cid"] x 2
at 20m   event a -user x 5
at 20m   event a user=null x 5
at 20m   event a user=[] x 5
expect alerts of three == 1
at 20m1s event a user=cid
expect alerts of three == 2  document of three .unmapped.weir.dedup.fields.user == cid
at 20m1s event a user=dan
expect alerts of three == 3
# Case counts, in values and in groups.
at 20m2s event a user=eve x 2
at 20m2s event a user=Eve
at 20m2s event a user=eve k=A
expect alerts of three == 3
# No field: all events are one group.
at 30m   event a k=b user=u{n} x 4
expect alerts of all_five == 0
at 30m1s event a k=b -user
expect alerts of all_five == 1
# Two fields, both are needed.
at 40m   event a k=c
at 40m   event a k=c host=h2
at 40m   event a k=c -host
expect alerts of two_fields == 0
at 40m   event a k=c host=["h2","h3"]
expect alerts of two_fields == 1  document of two_fields .unmapped.weir.dedup.fields.host == h2
end
expect alerts == 5
