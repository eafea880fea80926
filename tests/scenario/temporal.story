# Rules seen inside of W, in any order.
rules rules/base.yml rules/temporal.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
# One event may be two of the rules: a and ab.
at 0s         event a
expect alerts == 1  alerts of both == 1
# Two of three, in any order; the same rule twice is one rule.
at 1s         event a
expect alerts == 1
at 5m         event a EventType=c
expect alerts of two_of_three == 1  alerts of a_and_other == 1  alerts of all_three == 0
# [1s, 10m1s] holds the second a, c and b.
at 10m1s      event a EventType=b
expect alerts of all_three == 1
# bob: b, then c, then a one millisecond too late for b; two of three.
at 0s         event a User=bob EventType=b
at 1m         event a User=bob EventType=c
at 10m0s1ms   event a User=bob
expect alerts of all_three == 1  alerts of two_of_three == 2  alerts of a_and_other == 2
# A b that comes late in arrival, not in time, completes it.
at 1s         event a User=bob EventType=b
expect alerts of all_three == 2
# cy: b and c are not a.
at 0s         event a User=cy EventType=b
at 0s         event a User=cy EventType=c
expect alerts of a_and_other == 2  alerts of all_three == 2  alerts of two_of_three == 3
end
# Findings count all hits of the rules in their bucket: ann a, a, c, b; bob b, c, a, b.
expect hits of all_three == 8
