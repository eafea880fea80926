# Five of one user within ten minutes, both ends included: N-1, N, N+1; W-1, W, W+1 ms.
rules rules/base.yml rules/event_count_five.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}

# Four, then the fifth exactly W behind the first: [0s, 10m] holds all five.
at 0s             event a x 4 every 1s
expect alerts == 0  matches == 8
at 10m            event a
expect alerts == 1  alerts of five == 1  alerts of a == 0

# One millisecond less, and one more: the first is outside of the window then.
at 0s             event a User=bob x 4
at 9m59s999ms     event a User=bob
expect alerts == 2
at 0s             event a User=cy x 4
at 10m0s1ms       event a User=cy
expect alerts == 2

# The last that is needed is one in the middle, or comes first: the order of arrival is nothing.
at 10m            event a User=dan
at 0s             event a User=dan x 3
expect alerts == 2
at 5m             event a User=dan
expect alerts == 3

# N+1: no second alert, but one more hit. N at one time are N.
at 1m             event a User=eve x 6
expect alerts == 4

# Of two users together there are five: groups stand apart.
at 2m             event a User=fay x 4
at 2m             event a User=gus x 1
expect alerts == 4

# Counted at the end: ann 5, bob 5, dan 5, eve 6.
end
expect alerts == 4  closes == 4  hits == 21  updates == 0
