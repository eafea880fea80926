# Periods of a minute: all alerts of the story count in one hour, in which nothing decays.
# What an entity has on it already lifts the score of its next alert: 20 points by the share of the threshold.
rules rules/entity_risk.yml
let e {"product":"weir","category":"test","User":"ann","Host":"h1","timestamp":"{time}"}
at 30m  event e EventType=first
expect  alerts == 1  document of first .risk_score == 73
expect  document of first .unmapped.weir.risk.modifiers.0 == absent
# 73 of 100 are 14 points; her host's 73 of 400 would be 3: the greater counts.
at 31m  event e EventType=second
expect  document of second .risk_score == 61
expect  document of second .unmapped.weir.risk.modifiers.0.name == entity_risk
expect  document of second .unmapped.weir.risk.modifiers.0.add == 14
expect  document of second .unmapped.weir.risk.modifiers.0.why == "risk of User was 73 of 100"
expect  document of second .unmapped.weir.risk.modifiers.1 == absent
# Updates tell what the rule and the lists say.
at 31m  event e EventType=second
expect  updates of second == 1  document update of second .risk_score == 47
# 120 of 100: all 20 points, no more.
at 33m  event e EventType=third
expect  document of third .risk_score == 41
# Nobody else's, but for the host: 141 of 400.
at 34m  event e EventType=first User=bob
expect  document of first .risk_score == 80
expect  document of first .unmapped.weir.risk.modifiers.0.why == "risk of Host was 141 of 400"
at 35m  event e EventType=first User=cleo Host=h2
expect  document of first .risk_score == 73
# No group, no risk.
at 36m  event e EventType=second -User -Host
expect  document of second .risk_score == 47
# The shadow channel neither hears of it nor adds to it.
at 37m  event e EventType=shadow User=dan Host=h3
expect  document of shadow .risk_score == 99
at 38m  event e EventType=first User=dan Host=h3
expect  document of first .risk_score == 73
# One alert of the shadow channel and one of the other: 73 points of 100.
at 39m  event e EventType=second User=dan Host=h3
expect  document of second .risk_score == 61
# What is told of the risk itself has no addend of it.
at 2h   time
expect  creates of risky_user >= 1  document of risky_user .risk_score == 73
end
