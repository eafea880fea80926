# Distinct values within ten minutes: K-1, K; W and W+1 ms; tuples; judged at the watermark.
rules rules/base.yml rules/value_count.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","Domain":"d{n}","timestamp":"{time}"}
# Two values, many times: two.
at 0s         event a x 2
at 1m         event a x 2
expect alerts == 0
# The third, W behind the first two's last times less one: in the window of 11m are d0 and d1 of 1m.
at 11m        event a Domain=d2
expect alerts == 1
# bob: the third comes one millisecond too late for the first.
at 0s         event a User=bob Domain=d0
at 1s         event a User=bob Domain=d1
at 10m0s1ms   event a User=bob Domain=d2
expect alerts == 1
# The first again a little later: found whatever the order of arrival.
at 1ms        event a User=bob Domain=d0
expect alerts == 2
# The values' bytes count: case and type of the text.
at 0s         event a User=cy Domain=x
at 0s         event a User=cy Domain=X
expect alerts == 2
at 0s         event a User=cy Domain=5
expect alerts == 3
# An event without the field counts nothing.
at 0s         event a User=dan -Domain x 5
expect alerts == 3  missing_value == 5

# Tuples: (x, 1), (x, 2), (y, 1) are three; each field alone has two values.
let b {"product":"weir","category":"test","EventType":"b","User":"ann","Domain":"x","Country":"1","timestamp":"{time}"}
at 0s         event b x 5
at 0s         event b Country=2
expect alerts of three_pairs == 0
at 0s         event b Domain=y
expect alerts of three_pairs == 1
# Where a text ends matters: (xy, z), (x, yz) and (xyz, "") are three.
at 0s         event b User=bob Domain=xy Country=z
at 0s         event b User=bob Domain=x Country=yz
at 0s         event b User=bob Domain=x Country=yz
expect alerts of three_pairs == 1
at 0s         event b User=bob Domain=xyz Country=
expect alerts of three_pairs == 2
# One of the fields is missing: no tuple.
at 0s         event b User=cy -Country x 3
expect missing_value == 8

# At most one value in a window, judged behind it: ann one, bob two.
at 0s         event a EventType=c Domain=x x 3
at 0s         event a EventType=c User=bob x 2
expect alerts of one_domain == 0
at 10m0s1ms   time
expect alerts of one_domain == 1
end
expect alerts of one_domain == 1
# ann: 0s two, 1m two, 11m one.
expect document close of three_domains .unmapped.weir.dedup.count >= 3
