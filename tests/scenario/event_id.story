# A Kubernetes API server tells one request at several stages, under one auditID: a count of requests
# counts it once, unless the rule wants every record.
rules rules/event_id.yml
let list {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"r0","stage":"RequestReceived","requestURI":"/api/v1/secrets","verb":"list","user":{"username":"ann","groups":["system:authenticated"]},"objectRef":{"resource":"secrets"},"requestReceivedTimestamp":"{time}","stageTimestamp":"{time}"}
at 0s     event list
at 0s     event list stage=ResponseStarted
expect alerts == 0
at 0s     event list stage=ResponseComplete
expect alerts of records == 1  alerts of requests == 0
at 1s     event list auditID=r1
at 1s     event list auditID=r1 stage=ResponseComplete
expect alerts of requests == 0
at 2s     event list auditID=r2
expect alerts of requests == 1
# The same id at another time is another request; without an id each record counts.
at 0s     event list user.username=bob
at 1s     event list user.username=bob
expect alerts of requests == 1
at 2s     event list user.username=bob -auditID
expect alerts of requests == 2
at 3s     event list user.username=bob -auditID x 2
end
expect hits of records == 11  hits of requests == 8
