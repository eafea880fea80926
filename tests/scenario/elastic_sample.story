# A sample: an event for each item, in any order, within the look-back of its rule.
rules rules/elastic/sample.toml
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
at 0s    event a k=c
at 1m    event a k=b
at 2m    event a k=b
at 2m    event a k=a host=h2
at 2m    event a k=a -host
expect alerts == 0
at 10m   event a
expect alerts of sample == 1
# The c of h2 is too far from its a.
at 12m   event a k=b host=h2
at 12m0s1ms event a k=c host=h2
end
expect alerts of sample == 1
