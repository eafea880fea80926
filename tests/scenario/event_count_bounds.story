# gt, bounds with decimals, several rules, no group.
rules rules/base.yml rules/event_count_bounds.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
at 0s   event a x 2 every 1s
expect alerts == 0
# One of another rule: the third of all_together only.
at 3s   event a EventType=b
expect alerts == 1  alerts of all_together == 1
at 4s   event a
expect alerts of two_and_a_half == 1  alerts of over_two_and_a_half == 1  alerts of more_than_four == 0
at 5s   event a
expect alerts of more_than_four == 0
at 6s   event a
expect alerts of more_than_four == 1
end
# ann: five of a; all_together has the b too.
expect hits of more_than_four == 5  hits of two_and_a_half == 5  hits of all_together == 6
