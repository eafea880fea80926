# Missing group fields, several values in one, case.
rules rules/base.yml rules/groups.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","Country":"fr","timestamp":"{time}"}
# Two countries are two groups.
at 0s    event a
at 0s    event a Country=de
expect alerts == 0
at 1s    event a
expect alerts of by_two == 1  alerts of or_none == 1
# Without a country: dropped, and counted; or a group of its own.
at 0s    event a User=bob -Country x 2
expect alerts of by_two == 1  missing_group == 2  alerts of or_none == 2
# null is missing too; an empty text is a value. In or_none both are the empty part of the key.
at 0s    event a User=bob Country=null
expect missing_group == 3
at 0s    event a User=bob Country="" x 2
expect missing_group == 3  alerts of by_two == 2  alerts of or_none == 2

# An array: the event counts in each group. ann|fr has two, ann|de has two now.
at 2s    event a Country=["de","it"]
expect alerts of by_two == 3
at 3s    event a Country=["it"]
expect alerts of by_two == 4
# Two arrays: all pairs. cy|x, cy|y, dan|x, dan|y, each twice.
at 4s    event a User=["cy","dan"] Country=["x","y"]
expect alerts of by_two == 4
at 5s    event a User=["cy","dan"] Country=["x","y"]
expect alerts of by_two == 8

# Case aside, or not. What stands in the finding is the folded text.
at 6s    event a EventType=b User=Ann
at 6s    event a EventType=b User=ANN
expect alerts of folded == 1  alerts of exact == 0
at 7s    event a EventType=b User=ANN
expect alerts of folded == 1  alerts of exact == 1
end
expect hits of folded == 3  hits of exact == 2
