# Values that at most half of the users had the day before, of three at least.
rules rules/base.yml rules/history.yml
let b {"product":"weir","category":"test","EventType":"b","User":"u{n}","Domain":"common","timestamp":"{time}"}
# Monday: four users, one of them with odd too. There is no day before.
at 1h     event b x 4
at 2h     event b User=u0 Domain=odd
at 24h    time
expect alerts == 0
# Tuesday: common had 4 of 4, odd 1 of 4.
at 25h    event b User=u1
at 26h    time
expect alerts == 0
at 27h    event b User=u1 Domain=odd
at 28h    time
expect alerts of few_have_it == 1
end
expect hits of few_have_it == 1
