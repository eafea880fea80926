# Of a minute of event time 100 Creates of a rule pass; the others are told as braked, and one finding
# says how many there were.
rules rules/brake.yml
let e {"product":"weir","category":"test","EventType":"often","User":"u{n}","timestamp":"{time}"}
# 100 in the minute before.
at 0s             event e User=v{n} x 100
expect creates == 100  braked == 0
at 1m             event e x 100
expect creates == 200  braked == 0
# The last millisecond of the minute; folded hits are no Creates.
at 1m59s999ms     event e User=u0 x 5
expect braked == 0  updates > 0
at 1m59s999ms     event e User=w
expect creates == 200  braked == 1  floods == 0
expect document create of often .is_alert == false
at 2m             event e User=x
expect creates == 201  braked == 1
# The minute is over when the watermark has passed it.
at 1m59s999ms     time
expect floods == 0
at 2m             time
expect floods == 1  document of often .unmapped.weir.channel == health
expect document of often .unmapped.weir.flood.findings == 101
expect document of often .unmapped.weir.flood.braked == 1
end
expect floods == 1  creates == 201
