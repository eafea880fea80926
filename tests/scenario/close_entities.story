# A Close names who it was about, by a rule without correlations: its event is gone.
rules rules/close_entities.yml
let e {"eventSource":"secretsmanager.amazonaws.com","eventName":"DeleteSecret","awsRegion":"eu-1","eventTime":"{time}","sourceIPAddress":"192.0.2.7","userIdentity":{"userName":"Ann"}}
at 0s   event e
expect  creates == 1
end
expect  closes == 1
expect  document close .observables has "192.0.2.7"
expect  document close .observables has "Ann"
