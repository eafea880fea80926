# Somebody makes up a user for each failure until the rule's memory is full: one finding a minute says
# so, and a user who really fails five times, slowly, is found all the same.
rules rules/logons.yml rules/event_count.yml
budget 1000000
at 1s     event {"EventType":"authentication_failure","User":"eve","product":"windows","category":"authentication","timestamp":"{time}"} x 2
at 10s    event {"EventType":"authentication_failure","User":"a{n}","product":"windows","category":"authentication","timestamp":"{time}"} x 4000 every 1ms
at 20s    event {"EventType":"authentication_failure","User":"b{n}","product":"windows","category":"authentication","timestamp":"{time}"} x 4000 every 1ms
at 30s    event {"EventType":"authentication_failure","User":"c{n}","product":"windows","category":"authentication","timestamp":"{time}"} x 4000 every 1ms
expect    alerts == 0
at 1m10s  event {"EventType":"authentication_failure","User":"d{n}","product":"windows","category":"authentication","timestamp":"{time}"} x 4000 every 1ms
at 2m30s  event {"EventType":"authentication_failure","User":"eve","product":"windows","category":"authentication","timestamp":"{time}"} x 3
expect    floods of five_failures > 0  alerts == 1
at 30m    time
expect    floods of five_failures >= 2  floods of five_failures <= 3
restart worker
at 31m    event {"EventType":"authentication_failure","User":"ann","product":"windows","category":"authentication","timestamp":"{time}"}
end
# Of findings about somebody there is one, and its three failures came after it was remembered small.
expect    floods <= 4  closes == 1
