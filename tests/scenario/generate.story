# What a correlation listens to does not alert by itself, unless it says `generate: true`: then the
# rules that it lists do.
rules rules/generate.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
at 0s      event a
# a is generated; folded by its first entity, one finding.
expect alerts of a == 1  alerts of two == 0
at 1s      event a
at 2s      event a EventType=b
at 3s      event a EventType=c x 2
at 4s      time
# two is listed by two_then_b, which says nothing; c by two_of_c, which says false; b too.
expect alerts of a == 1  alerts of b == 0  alerts of c == 0
expect alerts of two == 0  alerts of two_then_b == 1  alerts of two_of_c == 1
end
expect alerts == 3
