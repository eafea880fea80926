# threshold with a cardinality: so many events, and so many values of a field among them.
rules rules/elastic/ports.toml rules/elastic/both.toml
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
at 0s    event a port=1
at 0s    event a port=1
at 0s    event a -port x 9
at 5m    event a port=2
expect alerts == 0
at 10m   event a port=3
expect alerts of ports == 1
# bob has three, but never within ten minutes.
at 0s    event a user=bob port=1
at 10m   event a user=bob port=2
at 10m1ms event a user=bob port=3
expect alerts of ports == 1
# The members of a list are values, all of one event.
at 11m   event a user=cid port=[7,8,9]
expect alerts of ports == 2
# Both conditions, N = 4 events and K = 2 values: three events with three values, four events with one.
at 20m   event a k=b user=dan port=[1,2,3]
at 20m   event a k=b user=dan port=4 x 2
at 21m   event a k=b user=eve port=1 x 4
at 21m   event a k=b user=eve -port x 4
at 22m   time
expect alerts of both == 0
at 22m   event a k=b user=eve port=2
at 23m   event a k=b user=dan port=4
at 24m   time
expect alerts of both == 2
end
expect alerts of both == 2  alerts of ports == 2
