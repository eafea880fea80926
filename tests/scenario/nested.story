# Correlations over correlations: each uses its own group-by on what the one below found. The
# outermost alone tells findings; what others listen to is judged at the watermark.
rules rules/base.yml rules/nested.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","IpAddress":"10.0.0.1","timestamp":"{time}"}
at 0s         event a x 3 every 1s
at 1m         event a EventType=b
# bob: three from two addresses are no burst.
at 0s         event a User=bob x 2 every 1s
at 2s         event a User=bob IpAddress=10.0.0.2
at 1m         event a User=bob EventType=b
at 2m         time
expect alerts == 0
# cy: b before the burst.
at 3m         event a User=cy EventType=b
at 4m         event a User=cy x 3 every 1s
at 5m         time
expect alerts == 0
# bob's address has its third at 5m: burst at 5m, b W behind it. The two users are two values, the
# bursts' fields reach the outermost although it groups by none.
at 5m         event a User=bob
at 15m        event a User=bob EventType=b
expect alerts == 0
at 15m0s1ms   time
expect alerts == 1  alerts of twice == 1  alerts of burst == 0  alerts of burst_then_b == 0
expect document of twice .severity == Critical
end
expect alerts == 1
