# Numbers of the hits in [e - W, e], judged at the watermark (lte: over windows side by side).
rules rules/base.yml rules/aggregates.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","bytes":0,"timestamp":"{time}"}

# ann: 1, 2, 50 at 0s, 1m, 2m. At 2m: sum 53, average 17.67, maximum 50; percentile 90 of three is
# the third (rank 2.7): 50; median the second: 2. Minimum 1.
at 0s    event a bytes=1
at 1m    event a bytes=2
at 2m    event a bytes=50
expect alerts == 0
at 2m    time
expect alerts == 0
at 2m0s1ms  time
expect alerts of sum == 0  alerts of avg == 1  alerts of max == 1  alerts of p90 == 1  alerts of median == 0
expect document of avg .unmapped.weir.correlation.measured > 17.6
expect document of avg .unmapped.weir.correlation.measured < 17.7
# 46.5 at 10m: [0s, 10m] sums up to 99.5. At 10m0s1ms the 1 of 0s is outside.
at 10m       event a bytes=46.5
# The 1 of 0s is outside of [1ms, 10m0s1ms]: 2 + 50 + 46.5 + 1.5 = 100.
at 10m0s1ms  event a bytes=1.5
at 10m1s     time
# Median of four is the lower of the two in the middle: 2 at 10m (1, 2, 46.5, 50), 2 at 10m0s1ms.
expect alerts of sum == 1  document of sum .unmapped.weir.correlation.measured == 100
expect alerts of median == 0  alerts of avg == 1

# bob: a number in quotes is one, a word is not: counted once for each of the six.
at 11m       event a User=bob bytes="0.25"
at 11m       event a User=bob bytes=much
expect missing_value == 6
at 12m       event a User=bob bytes=21
at 12m       event a User=bob bytes=20.5
# Of 0.25, 20.5, 21 the median is 20.5.
at 12m0s1ms  time
expect alerts of median == 1  document of median .unmapped.weir.correlation.measured == 20.5
expect alerts of min == 0
# The window [11m, 21m] is over: its minimum was 0.25.
at 21m0s1ms  time
expect alerts of min == 1  document of min .unmapped.weir.correlation.measured == 0.25
end
# The times at which it held: ann at 2m, 10m, 10m0s1ms; bob at 12m (once, also avg: 13.9).
expect hits of max == 3  hits of sum == 1  hits of median == 1  hits of avg == 4  hits of p90 == 3
