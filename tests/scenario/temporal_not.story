# `not` asks what a whole window did not show: windows side by side, judged behind their end.
rules rules/base.yml rules/temporal_not.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
# ann: a alone. bob: b at the very end of the window. cy: b one millisecond behind it. dan: a and c.
at 0s         event a
at 0s         event a User=bob
at 10m        event a User=bob EventType=b
at 0s         event a User=cy
at 10m0s1ms   event a User=cy EventType=b
at 0s         event a User=dan
at 1m         event a User=dan EventType=c
expect alerts == 0
at 10m        time
expect alerts == 0
at 10m0s1ms   time
# a_without_b: ann, cy, dan. a_alone: ann, cy. one_of_three: ann, cy.
expect alerts of a_without_b == 3  alerts of a_alone == 2  alerts of one_of_three == 2
# The window that cy's b has opened holds no a, and one rule.
at 20m0s2ms   time
expect alerts of a_without_b == 3  alerts of a_alone == 2  alerts of one_of_three == 2
end
expect hits of one_of_three == 3  hits of a_without_b == 3
