# lt, lte, eq, neq and ranges are judged when the watermark has passed the end of a window [t0, t0 + W]
# that the earliest hit opens; the next is opened by the first hit behind it.
rules rules/base.yml rules/final_counts.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","timestamp":"{time}"}
# ann two, bob three (the last exactly at the end), cy four.
at 0s             event a x 2 every 1m
at 0s             event a User=bob x 2 every 1m
at 10m            event a User=bob
at 0s             event a User=cy x 4 every 1m
expect alerts == 0
# An event of 10m could still come.
at 10m            time
expect alerts == 0
at 10m0s1ms       time
expect alerts of below_three == 1  alerts of up_to_three == 2  alerts of three == 1  alerts of not_three == 2
expect alerts of two_or_three == 2  alerts of about_three == 1
# The end of the window is the time of the finding: 2026-01-05T00:10:00Z.
expect document of three .unmapped.weir.correlation.by_timer == true
expect document of three .finding_info.last_seen_time == 1767571800000
# Behind the window of cy another one begins, with one hit: fewer than three, and not three.
at 11m            event a User=cy
at 21m            time
expect alerts of not_three == 2  alerts of below_three == 1
at 21m0s1ms       time
# cy was a finding of not_three before (four): the same bucket.
expect alerts of not_three == 2  alerts of below_three == 2  alerts of three == 1  alerts of up_to_three == 3
end
# Windows are counted: below_three ann 1, cy 1; not_three ann 1, cy 2; groups without hits never.
expect hits of below_three == 2  hits of not_three == 3  hits of three == 1  hits of two_or_three == 2
