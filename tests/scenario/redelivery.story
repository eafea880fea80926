# A redelivered batch must not alert twice.
rules rules/logons.yml rules/event_count.yml
at 0s   event {"EventType":"authentication_failure","User":"ann","product":"windows","category":"authentication","timestamp":"{time}"} x 20
expect  alerts == 1
restart worker before commit
expect  alerts == 0
at 5s   event {"EventType":"authentication_failure","User":"ann","product":"windows","category":"authentication","timestamp":"{time}"} x 20 redelivered
expect  alerts == 1   dedup_hits == 1
restart worker
at 6s   event {"EventType":"authentication_failure","User":"ann","product":"windows","category":"authentication","timestamp":"{time}"} x 1
end
expect  alerts == 1   hits == 21
