# Groups of rarity are kept for good, so they grow until the rule's memory is full: no further than that, and counted.
rules rules/base.yml rules/rarity_by_user.yml
budget 1000000
at 0s    event {"product":"weir","category":"test","EventType":"a","User":"ann","Domain":"x","timestamp":"{time}"} x 20 every 1s
at 1m    event {"product":"weir","category":"test","EventType":"a","User":"u{n}","Domain":"x","timestamp":"{time}"} x 12000 every 1ms
at 3m    time
expect   floods of rare_by_user >= 1
at 4h    event {"product":"weir","category":"test","EventType":"a","User":"v{n}","Domain":"x","timestamp":"{time}"} x 12000 every 1ms
at 5h    time
expect   floods of rare_by_user >= 2
end
