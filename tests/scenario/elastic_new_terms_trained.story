# The same with its past assumed to be known: what comes first is new. Pairs are all combinations of
# what the fields hold; an event without one of them has none.
assume_trained
rules rules/elastic/new_host.toml rules/elastic/new_pair.toml rules/elastic/new_kept.toml
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
at 0s    event a
at 1s    event a
at 2s    time
expect alerts of new_host == 1  document create of new_host .unmapped.weir.correlation.detail == "new: h1"
at 1m    event a k=b user=["ann","bob"] host=["h1","h2"]
at 1m    event a k=b -user
at 1m    event a k=b -host
at 2m    time
expect alerts of new_pair == 4
at 3m    event a k=b user=bob host=h2
at 3m    event a k=b user=cid host=h2
at 4m    time
expect alerts of new_pair == 5  document create of new_pair .unmapped.weir.dedup.fields.user == cid
expect document create of new_pair .unmapped.weir.dedup.fields.host == h2
expect document create of new_pair .unmapped.weir.correlation.detail == "new: cid, h2"
# Suppressed by another field, for an hour; whoever lacks it alerts each time. A list is one value.
at 10m   event a k=c host=h1
at 11m   event a k=c host=h2
at 12m   event a k=c host=h3 user=["ann","bob"]
at 13m   event a k=c host=h4 -user
at 14m   event a k=c host=h5 -user
at 15m   time
expect alerts of new_kept == 4
at 1h10m  event a k=c host=h6
at 1h10m0s1ms  event a k=c host=h7
at 1h20m  time
expect alerts of new_kept == 5
end
expect alerts == 11
