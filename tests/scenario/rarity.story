# Domains met at most once in the day before.
rules rules/base.yml rules/history.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","Domain":"x","timestamp":"{time}"}
# In training, then the second x (one before), the third (two before).
at 0s     event a
at 2h     event a
at 2h1m   time
expect alerts of rare_domain == 1
at 3h     event a
at 3h1m   time
expect document of rare_domain .count == 1
# y has none before. One more hit in the bucket of a day? No: buckets are an hour; a finding of its own
# or one hit more.
at 3h2m   event a Domain=y
at 3h3m   time
expect hits of rare_domain == 2
end
expect hits of rare_domain == 2
