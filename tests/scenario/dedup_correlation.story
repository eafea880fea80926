# Dedup of correlations: another key than the group's, off, anchored, and the same told at the watermark.
rules rules/base.yml rules/dedup_correlation.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","Country":"fr","timestamp":"{time}"}
# ann: at 1s, 2s and 9m and 10m1s the last ten minutes hold two at least.
at 0s        event a x 3 every 1s
at 9m        event a
at 10m1s     event a
# All of them are decided at the watermark.
expect alerts == 0
at 20m       time
# Every time: four. From the first on: [1s, 10m1s) and what begins at 10m1s.
expect alerts of every_time == 4  alerts of from_first == 2  alerts of final == 1  alerts of per_country == 1
# bob in the same country; cy in another.
at 21m       event a User=bob x 2 every 1s
at 21m       event a User=cy Country=de x 2 every 1s
at 22m       time
expect alerts of per_country == 2  alerts of final == 3
end
# final: ann four times, bob and cy once each: at least the threshold, 2. from_first: three and one (2), 2, 2.
expect hits of final == 8  hits of from_first == 9  closes of every_time == 0
# per_country: fr has ann's four and bob's one, de has one (2).
expect hits of per_country == 7
