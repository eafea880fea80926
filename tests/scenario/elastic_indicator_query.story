# threat_match: which rows of the list the rule's threat_query selects.
list threat_indicators=rules/elastic/threat_selected.csv
rules rules/elastic/known_bad_selected.toml
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
# Of another type, too little confidence, of another feed, not active, of a feed that a filter takes out.
at 0s   event a ip=192.0.2.2
at 0s   event a ip=192.0.2.3
at 0s   event a ip=192.0.2.4
at 0s   event a ip=192.0.2.5
at 0s   event a ip=192.0.2.7
at 0s   event a ip=192.0.2.9
at 0s   event a k=b ip=192.0.2.1
expect alerts == 0
# An empty cell says nothing, and what no column is neither.
at 1m   event a ip=192.0.2.1
at 2m   event a ip=192.0.2.6
at 3m   event a ip=192.0.2.8
at 4m   event a ip=["192.0.2.2","192.0.2.1"]
# How a text is compared with a number, the index there says.
at 5m   event a ip=192.0.2.10
end
expect hits of known_bad_selected == 5
