# Ten and five times the mean of the four hours before.
rules rules/base.yml rules/history.yml
let c {"product":"weir","category":"test","EventType":"c","User":"ann","timestamp":"{time}"}
# Two an hour; bob the same. In the fifth hour ten, and nine.
at 0s        event c x 8 every 30m
at 1m        event c User=bob x 8 every 30m
at 4h        event c x 10
at 4h        event c User=bob x 9
# The last millisecond of the hour is the time: an event could still come.
at 4h59m59s999ms  time
expect alerts == 0
at 5h        time
expect alerts of much_more == 1  document of much_more .unmapped.weir.dedup.fields.User == ann
end
expect alerts of much_more == 1
