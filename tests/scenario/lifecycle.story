# Create, Updates at 2, 4, 8 times what the Create told and when it becomes worse, Close.
rules rules/base.yml rules/lifecycle.yml
let e {"product":"weir","category":"test","EventType":"single","User":"ann","timestamp":"{time}"}
at 0s        event e
expect creates == 1  updates == 0
at 1s        event e
expect updates == 1
at 2s        event e
expect updates == 1
at 3s        event e
expect updates == 2
at 4s        event e x 3
expect updates == 2
at 5s        event e
expect updates == 3  creates == 1
expect document update of single .count == 8
expect document update of single .is_alert == false
expect document update of single .metadata.sequence == 4

# A Create at five tells five: Updates at 10, 20, 40, one by one or in one batch.
at 0s        event e EventType=a x 9 every 1s
expect creates of five == 1  updates of five == 0
at 10s       event e EventType=a
expect updates of five == 1
at 11s       event e EventType=a x 9
expect updates of five == 1
at 12s       event e EventType=a x 20
expect updates of five == 2
at 13s       event e EventType=a
expect updates of five == 3

# Without a level a correlation has that of the worst it heard: a raise, which is an alert, on the high one.
at 0s        event e EventType=c x 2
expect creates of unlevelled == 1  document of unlevelled .severity == Low
at 1s        event e EventType=bad
expect raises of unlevelled == 1  alerts of unlevelled == 2  updates of unlevelled == 0
expect document update of unlevelled .severity == High
expect document update of unlevelled .is_alert == true
expect document update of unlevelled .metadata.sequence == 2
# With a level it has its own.
expect creates of levelled == 1  raises of levelled == 0  document of levelled .severity == Medium

# The buckets end inside of an hour.
expect closes == 0
at 2h        time
expect closes == 4
expect document close of single .count == 8
expect document close of single .status == Closed
expect document close of single .is_alert == false
expect document close of five .count == 40
expect document close of unlevelled .severity == High
end
expect closes == 4  creates == 4
