# A domain that a user has not shown for a day, once its first hit is an hour old.
rules rules/base.yml rules/history.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","Domain":"d0","timestamp":"{time}"}
at 0s            event a
at 30m           event a Domain=d1
at 59m59s999ms   event a Domain=d2
at 1h            event a Domain=d3
at 1h            event a
# d0, d1, d2: in training. d3 is new an hour after the first hit of ann, and only once.
at 1h            event a Domain=d3
at 1h0m1s        event a Domain=d3
# bob's first is his own: he trains.
at 1h1m          event a User=bob Domain=d9
expect alerts of new_domain == 0
at 1h2m          time
expect alerts of new_domain == 1  document of new_domain .unmapped.weir.correlation.detail has d3
# d1 of 30m: exactly a day later it is in [t - H, t), a millisecond later it is not. Findings are one
# for the bucket: hits tell.
at 24h30m        event a Domain=d1
at 25h           time
expect hits of new_domain == 1
at 48h30m0s1ms   event a Domain=d1
at 49h           time
expect alerts of new_domain == 2  document create of new_domain .unmapped.weir.correlation.detail has d1
end
expect alerts of new_domain == 2
