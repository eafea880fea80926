# shadow: told as such, feeds no correlation. internal: feeds only. off: neither.
rules rules/channels.yml
let e {"product":"weir","category":"test","EventType":"internal","User":"ann","timestamp":"{time}"}
at 0s    event e EventType=shadow x 2
at 0s    event e EventType=off x 2
expect alerts == 0
at 1s    event e
expect alerts == 0
at 2s    event e
# Two internal ones; those of shadow and off did not count.
expect alerts of any_two == 1  alerts of internal == 0
at 20m   time
expect alerts == 1  alerts of over_shadow == 0  alerts of off_two == 0
end
expect alerts == 1  hits of any_two == 2
