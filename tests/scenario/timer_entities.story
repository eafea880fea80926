# What a timer tells names user and address although no rule asks for them.
rules rules/timer_entities.yml
let e {"eventSource":"secretsmanager.amazonaws.com","eventName":"GetSecretValue","awsRegion":"eu-1","eventTime":"{time}","sourceIPAddress":"192.0.2.7","userIdentity":{"userName":"Ann"}}
at 0s   event e
expect  alerts == 0
at 1h   time
expect  creates of few == 1  document of few .unmapped.weir.correlation.by_timer == true
expect  document of few .observables has "192.0.2.7"
expect  document of few .observables has "Ann"
