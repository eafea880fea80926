# threat_match with several fields of one indicator: some row of the list is so as a whole.
list threat_indicators=rules/elastic/threat_rows.csv
rules rules/elastic/known_bad_rows.toml
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
# Each in its column, but of two rows; one of them alone; a row without a port.
at 0s   event a ip=192.0.2.1 port=8443
at 0s   event a ip=192.0.2.1
at 0s   event a ip=192.0.2.3 port=443
# Of the domain's owner nothing is told.
at 0s   event a name=bad.example user=ann
at 0s   event a name=good.example user=bob
at 0s   event a k=b ip=192.0.2.1 port=443
# An entry that has expired.
at 0s   event a ip=192.0.2.4 port=53 user=dan
expect alerts == 0
at 1m   event a ip=["198.51.100.7","192.0.2.2"] port=8443
at 2m   event a ip=192.0.2.1 port="443"
at 3m   event a name=worse.example user=ann
at 4m   event a -user name=bad.example
at 5m   event a name=free.example
end
expect hits of known_bad_rows == 5
