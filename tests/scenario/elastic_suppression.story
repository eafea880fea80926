# alert_suppression: the first alert of a key opens an interval; which one is first is known at the
# watermark.
rules rules/elastic/kept.toml rules/elastic/kept_alone.toml rules/elastic/kept_threshold.toml
rules rules/elastic/kept_whole.toml rules/elastic/kept_sequence.toml
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
# One later arrival is earlier in time: the interval begins with it.
at 2m        event a
expect alerts == 0
at 1m        event a
at 5m        time
expect alerts of kept == 1
# It ends ten minutes behind 1m.
at 10m59s999ms  event a
at 11m          event a
at 12m          time
expect alerts of kept == 2
# A list in the key of a query rule: an alert for each member; each of them counts for itself.
at 30m       event a user=["bob","cid"]
at 31m       event a user=bob
at 32m       time
expect alerts of kept == 4
# Without the field: together, as if it were one user.
at 40m       event a -user
at 41m       event a user=null
at 42m       time
expect alerts of kept == 5
# doNotSuppress: whatever lacks one of two fields alerts for itself.
at 50m       event a k=b x 2 every 1s
at 51m       event a k=b -host x 2 every 1s
at 52m       event a k=b -user x 2 every 1s
at 53m       event a k=b user=["ann","bob"] host=["h1","h2"]
at 54m       time
expect alerts of kept_alone == 8
# A threshold by what it groups by; for an hour.
at 1h        event a k=c x 2
at 1h30m     event a k=c x 2
at 1h40m     time
expect alerts of kept_threshold == 1
at 2h0m0s1ms event a k=c x 2
at 2h1m      time
expect alerts of kept_threshold == 2
# EQL: a list is one value.
at 3h        event a k=d user=["ann","bob"]
at 3h1m      event a k=d user=ann
at 3h2m      event a k=d user=["ann","bob"]
at 3h3m      time
expect alerts of kept_whole == 2
# A sequence, by a field that is not its key.
at 4h        event a k=e id=1
at 4h1m      event a k=f id=1
at 4h2m      event a k=e id=2
at 4h3m      event a k=f id=2
at 4h10m     time
expect alerts of kept_sequence == 1
end
expect hits of kept_sequence == 2
