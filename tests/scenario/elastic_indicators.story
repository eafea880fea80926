# threat_match: a field of the event stands in a column of the list of indicators.
list threat_indicators=rules/elastic/threat_indicators.csv
rules rules/elastic/known_bad.toml
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
at 0s   event a ip=192.0.2.3 name=good.example
at 0s   event a ip=bad.example name=192.0.2.1
at 0s   event a -host
at 0s   event a k=b ip=192.0.2.1
expect alerts == 0
at 1m   event a ip=["198.51.100.7","192.0.2.2"] host=h1
at 2m   event a name=bad.example host=h2
at 3m   event a name=BAD.example host=h3
end
expect hits of known_bad == 2
