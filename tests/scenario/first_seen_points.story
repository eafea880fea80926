# A finding that is the rule's first for its key in 30 days has points for that.
rules rules/first_seen_points.yml
let e {"product":"weir","category":"test","EventType":"first","User":"ann","timestamp":"{time}"}
at 1h   event e
expect  alerts == 1  document of first .risk_score == 36
expect  document of first .unmapped.weir.risk.modifiers.0.name == first_seen
expect  document of first .unmapped.weir.risk.modifiers.0.add == 15
# Another bucket of the same key: known by now.
at 4h   event e
expect  alerts == 2  document create of first .risk_score == 21
expect  document create of first .unmapped.weir.risk.modifiers.0 == absent
# Another key.
at 4h   event e User=bob
expect  alerts == 3  document create of first .risk_score == 36
# Brought again after a restart: what it was.
restart worker before commit
at 4h   event e redelivered
expect  alerts == 3  document create of first .risk_score == 36
# Ann again within 30 days of her last one, then after more than 30 days of silence.
at 700h   event e
expect  alerts == 4  document create of first .risk_score == 21
at 1500h  event e
expect  alerts == 5  document create of first .risk_score == 36
