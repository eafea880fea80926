# The group's part has another name in each rule.
rules rules/base.yml rules/aliases.yml
let a {"product":"weir","category":"test","EventType":"a","User":"ann","SubjectUserName":"bob","timestamp":"{time}"}
let b {"product":"weir","category":"test","EventType":"b","User":"xyz","TargetUserName":"ann","timestamp":"{time}"}
at 0s    event a
at 1s    event b TargetUserName=bob
expect alerts == 0
at 2s    event b
expect alerts of login_and_use == 1
# The key has the alias as its name. Without a level it has the highest of its rules'.
expect document of login_and_use .severity == Low
expect document of login_and_use .unmapped.weir.dedup.fields.who == ann
# plain_alias: SubjectUserName of a (bob), User of c.
at 3s    event b EventType=c User=ann
expect alerts == 1
at 3s    event b EventType=c User=bob
expect alerts of plain_alias == 1
end
expect alerts == 2
