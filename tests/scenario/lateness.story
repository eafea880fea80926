# A rule may wait for longer than its sources (15 minutes here): what is late for others is not for it.
rules rules/base.yml rules/lateness.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","BytesOut":1,"timestamp":"{time}"}
at 2h           event a
# Exactly 30 minutes behind: late for the source, in time for who waits.
at 1h30m        event a
expect alerts of patient == 1  alerts of hasty == 0  late == 1
# One millisecond more is too late for both.
at 2h1ms        event a User=bob
at 1h30m        event a User=bob
expect alerts of patient == 1  alerts of hasty == 0  late == 4
# Judged in time order: not before the watermark of the patient ones has come by.
at 2h40m        event a User=cy
expect alerts of patient_sum == 0
at 3h           event a User=cy
expect alerts of patient_sum == 1
end
expect alerts of patient == 2  alerts of hasty == 1  alerts of patient_sum == 2
