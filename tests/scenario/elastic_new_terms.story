# new_terms: values, and pairs of values, that were not there for a day. Nothing is told before a day
# is known.
rules rules/elastic/new_host.toml rules/elastic/new_pair.toml
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
at 0s       event a
at 12h      event a host=h2
at 23h59m59s999ms  event a host=h3
at 24h      event a host=h2
at 24h0m1s  time
expect alerts == 0
# Trained: of a list each member that is new is a finding of its own.
at 25h      event a host=["h1","h4","h5"]
at 25h0m1s  time
expect alerts of new_host == 3
expect document of new_host .unmapped.weir.correlation.detail has new:
# h1 was a day and an hour away. h2 and h3 are known.
at 26h      event a host=h2
at 26h      event a host=h3
at 26h      event a host=h4
at 26h      event a -host
at 26h0m1s  time
expect alerts of new_host == 3
# Only what the query matches is history.
at 26h1m    event a k=z host=h6
at 27h      event a host=h6
at 27h0m1s  time
expect alerts of new_host == 4  document of new_host .unmapped.weir.dedup.fields.host == h6
# Silent for a day and a millisecond: new again. For exactly a day: not.
at 51h      event a host=h6
at 51h0m1s  time
expect alerts of new_host == 4
at 75h0m0s1ms event a host=h6
at 76h      time
expect alerts of new_host == 5
end
expect alerts of new_host == 5  alerts of new_pair == 0
