# One hit of each rule in the order of the list, the last at most W behind the first.
rules rules/base.yml rules/temporal_ordered.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
# Equal times pass, also those of one event (a, and ab).
at 0s         event a
expect alerts of twice == 1
at 0s         event a EventType=b
at 0s         event a EventType=c
expect alerts of abc == 1  alerts of abc_text == 1
# Wrong order: c, b, a. Then another b and c: a, b, c.
at 0s         event a User=bob EventType=c
at 1s         event a User=bob EventType=b
at 2s         event a User=bob
expect alerts of abc == 1
at 3s         event a User=bob EventType=b
at 4s         event a User=bob EventType=c
expect alerts of abc == 2  alerts of abc_text == 2
# W exactly, and a millisecond more.
at 0s         event a User=cy
at 5m         event a User=cy EventType=b
at 10m        event a User=cy EventType=c
expect alerts of abc == 3
at 0s         event a User=dan
at 5m         event a User=dan EventType=b
at 10m0s1ms   event a User=dan EventType=c
expect alerts of abc == 3
# A later a would do, but b must stand behind it.
at 6m         event a User=dan
expect alerts of abc == 3
# The middle comes last in arrival: between 6m and 10m0s1ms.
at 7m         event a User=dan EventType=b
expect alerts of abc == 4
end
expect alerts of abc == 4  alerts of abc_text == 4
# All hits in the bucket count: ann 3, bob 5, cy 3, dan 5.
expect hits of abc == 16
