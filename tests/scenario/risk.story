# Alerts of one user add up: high 73, medium 47; only what is told as a Create on the main channel.
rules rules/base.yml rules/risk.yml
let e {"product":"weir","category":"test","EventType":"high","User":"ann","timestamp":"{time}"}
# ann: 73, twice the same finding, and 47.
at 0s    event e x 3
at 1h    event e User=zoe
at 1h10m time
expect alerts of high == 2  alerts of much == 0
at 1h11m event e EventType=medium
# bob: 73 and a shadow of 73.
at 1h11m event e User=bob
at 1h11m event e User=bob EventType=shadow
expect shadow == 1
# cy: 73 and a correlation of 47; its hits are silent.
at 1h12m event e User=cy
at 1h12m event e User=cy EventType=a x 2
expect alerts of two == 1
at 3h    time
expect alerts of much == 2  document of much .severity == Critical
end
expect alerts of much == 2
