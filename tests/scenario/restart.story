# Windows go on over restarts, whether the last batch was published or not; what comes twice counts once.
rules rules/base.yml rules/event_count_five.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
at 0s     event a x 2
restart worker before commit
at 0s     event a x 2 redelivered
restart worker
at 1s     event a x 2
restart worker before commit
# The batch after a restart is cut elsewhere: two that come again, and a new one.
at 1s     event a x 2 redelivered
also 2s   event a
expect alerts == 1  dedup_hits == 0
restart worker before commit
restart worker before commit
expect alerts == 0
at 2s     event a x 3 redelivered
expect alerts == 1  dedup_hits == 1
restart worker
# Published: not again.
at 3s     event a
expect alerts == 1  dedup_hits == 1
end
expect alerts == 1  hits == 6  closes == 1
