# emit: final tells the same finding, when the watermark has passed; over restarts too.
rules rules/base.yml rules/emit_final.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
at 0s        event a x 2 every 1s
restart worker
at 2s        event a
expect alerts of early == 1  alerts of final == 0
restart worker before commit
expect alerts of early == 0
at 2s        event a redelivered
expect alerts of early == 1  dedup_hits == 1
at 2s        time
expect alerts of final == 0
at 2s1ms     time
expect alerts of final == 1
restart worker before commit
expect alerts of final == 0
at 2s2ms     time
expect alerts of final == 1  dedup_hits == 2
restart worker
at 30m       event a User=bob
expect alerts == 2
end
# The early one counts hits, the final one the times at which it held, at least the threshold.
expect hits of early == 3  hits of final == 3  closes == 2
