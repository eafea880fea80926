# Five failures of one user within ten minutes, both ends included.
rules rules/logons.yml rules/event_count.yml
at 0s      event {"EventType":"authentication_failure","User":"ann","product":"windows","category":"authentication","timestamp":"{time}"} x 4 every 1s
expect     alerts == 0  matches == 4
at 10m     event {"EventType":"authentication_failure","User":"ann","product":"windows","category":"authentication","timestamp":"{time}"}
expect     alerts == 1  alerts of five_failures == 1  alerts of failure == 0
# Of another user: another group.
at 10m1s   event {"EventType":"authentication_failure","User":"bob","product":"windows","category":"authentication","timestamp":"{time}"} x 4
expect     alerts == 1
end
expect     alerts == 1  closes == 1  hits == 5
