# Level, score and title by values of the event; blocks are not told; exceptions and filters; so many
# signals in one interval.
rules rules/elastic/by_value.toml rules/elastic/block.toml rules/elastic/excepted.toml rules/elastic/trusted.ndjson rules/elastic/default_list.toml
no_dedup
let a {"product":"weir","category":"test","k":"a","user":"ann","host":"h1","timestamp":"{time}"}
at 0s    event a
expect alerts == 1  document of by_value .severity == Medium  document of by_value .risk_score == 47
expect document of by_value .finding_info.title == by_value
at 11m   event a how=small points=12 what="Disk is full"
expect document of by_value .severity == Low  document of by_value .risk_score == 12
expect document of by_value .finding_info.title == "Disk is full"
at 12m   event a how=["small","huge"] points=101
expect document of by_value .severity == Critical  document of by_value .risk_score == 47
# Two in ten minutes; the rest is braked.
expect braked == 0
at 13m   event a
expect braked == 1
at 20m   event a
expect braked == 1
at 21m   event a k=b x 5
expect alerts of block == 0
# ann is excepted except at h8 and h9, whoever has an ip is, and eve at h7; hosts test-* are filtered out.
at 30m   event a k=c
at 30m   event a k=c user=bob ip=192.0.2.1
at 30m   event a k=c user=bob host=TEST-1
at 30m   event a k=c user=eve host=h7
expect alerts of excepted == 0
at 31m   event a k=c host=h8
at 31m   event a k=c user=bob
at 31m   event a k=c -user
at 31m   event a k=c user=bob -host
at 31m   event a k=c user=eve
expect alerts of excepted == 5
end
