# severity_mapping and risk_score_mapping of what several events make: the values that the alert has.
rules rules/elastic/mapped_threshold.toml rules/elastic/mapped_sequence.toml
rules rules/elastic/mapped_terms.toml rules/elastic/mapped_groups.toml
let a {"product":"weir","category":"test","k":"a","id":1,"user":"ann","host":"h1","how":"low","points":12,"timestamp":"{time}"}
let s {"product":"weir","category":"test","k":"e","id":1,"user":"ann","how":"low","points":12,"timestamp":"{time}"}
let t {"product":"weir","category":"test","k":"t","host":"h1","how":"none","timestamp":"{time}"}
let g {"product":"weir","category":"test","k":"g","user":"ann","how":"low","points":5,"timestamp":"{time}"}
# A threshold: the fields that it groups by; of a list each member is a group of its own.
at 0s    event a how=["none","high"] points=3 x 2
at 1s    time
expect alerts of mapped_threshold == 2
at 2s    event a x 2
at 3s    time
expect document of mapped_threshold .severity == Low  document of mapped_threshold .risk_score == 12
at 4s    event a how=none points=90 x 2
at 5s    time
expect document of mapped_threshold .severity == Medium  document of mapped_threshold .risk_score == 90
# A sequence: what its events have alike. Two that differ say nothing, nor does one that has none.
at 1h    event s
at 1h    event s k=f
at 2h    time
expect document of mapped_sequence .severity == Low  document of mapped_sequence .risk_score == 12
at 3h    event s id=2 how=high
at 3h    event s id=2 k=f points=13
at 4h    time
expect document of mapped_sequence .severity == Medium  document of mapped_sequence .risk_score == 47
at 5h    event s id=3 how=high points=99
at 5h    event s id=3 k=f how=high -points
at 6h    time
expect document of mapped_sequence .severity == Critical  document of mapped_sequence .risk_score == 47
at 7h    event s id=4 how=high points=100
at 7h    event s id=4 k=f how=high points=100.0
at 8h    time
expect document of mapped_sequence .severity == Critical  document of mapped_sequence .risk_score == 47
expect alerts of mapped_sequence == 4
# New terms: the event that has the term.
at 9h    event t
at 34h   event t host=h2 how=high points=7
at 34h   event t host=h2 how=low points=8
at 35h   time
expect document of mapped_terms .severity == Critical  document of mapped_terms .risk_score == 7
at 36h   event t host=h3
at 37h   time
expect document of mapped_terms .severity == Medium  document of mapped_terms .risk_score == 47
# A group: its columns.
at 40h   event g
at 40h   event g how=high
at 41h   time
expect document of mapped_groups .severity == Low  document of mapped_groups .risk_score == 10
at 42h   event g user=bob how=high points=200
at 42h   event g user=bob how=high points=1
at 43h   time
expect document of mapped_groups .severity == Critical  document of mapped_groups .risk_score == 47
end
