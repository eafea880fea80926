"""shapes.py - events in the shapes that sources deliver, for the day of demo/generate.py.

A function per source adds one event (or the two stages of one) to `day`; times are milliseconds after midnight. All names,
addresses and ids are invented; addresses are those that RFC 5737 keeps for documents, and private ones.
"""
import datetime
import random

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
R = random.Random(1528)  # of the whole day: what calls it comes in one order


class Day:
    """begin_ms: midnight."""

    def __init__(self, begin_ms):
        self.begin_ms, self.events = begin_ms, []

    def add(self, ms, event):
        self.events.append((ms, event))

    def moment(self, ms):
        return datetime.datetime.fromtimestamp((self.begin_ms + ms) / 1000, datetime.timezone.utc)

    def stamp(self, ms, blank="T", zone="Z"):
        return self.moment(ms).strftime(f"%Y-%m-%d{blank}%H:%M:%S.") + f"{ms % 1000:03d}{zone}"

    def seconds(self, ms):
        return (self.begin_ms + ms) // 1000


def hexes(*bits):
    return "-".join("%0*x" % (b // 4, R.getrandbits(b)) for b in bits)


def guid():
    return hexes(32, 16, 16, 16, 48)


# ---- endpoints -----------------------------------------------------------------------------------------------

SYSMON, CHANNEL = "Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational"


def sysmon(day, ms, host, number, **fields):
    """Flat, as forwarders write it."""
    day.add(ms, {"SourceName": SYSMON, "Channel": CHANNEL, "Hostname": host, "TimeCreated": day.stamp(ms),
                 "@timestamp": day.stamp(ms), "EventID": number, "UtcTime": day.stamp(ms, " ", ""), **fields})


def winlogbeat(day, ms, host, number, provider=SYSMON, channel=CHANNEL, **fields):
    day.add(ms, {"@timestamp": day.stamp(ms), "host": {"name": host},
                 "event": {"code": str(number), "provider": provider, "kind": "event"},
                 "winlog": {"channel": channel, "event_id": str(number), "provider_name": provider, "computer_name": host,
                            "event_data": fields}})


def evtx(day, ms, host, number, provider=SYSMON, channel=CHANNEL, **fields):
    day.add(ms, {"Event": {"System": {"Provider": {"#attributes": {"Name": provider}}, "EventID": number,
                                      "TimeCreated": {"#attributes": {"SystemTime": day.stamp(ms)}}, "Channel": channel,
                                      "Computer": host, "EventRecordID": R.randrange(10**6)}, "EventData": fields}})


def sysmon_linux(day, ms, host, number, **fields):
    day.add(ms, {"Event": {"System": {"Provider": {"#attributes": {"Name": "Linux-Sysmon"}}, "EventID": number,
                                      "TimeCreated": {"#attributes": {"SystemTime": day.stamp(ms)}},
                                      "Channel": "Linux-Sysmon/Operational", "Computer": host}, "EventData": fields}})


def process(day, ms, host, image, command, parent, user, shape=sysmon):
    """A process that began on Windows, in one of the three shapes above."""
    shape(day, ms, host, 1, Image=image, CommandLine=command, ParentImage=parent, User=user, ProcessGuid="{%s}" % guid(),
          ProcessId=str(R.randrange(300, 30000)), IntegrityLevel="Medium", CurrentDirectory="C:\\Windows\\system32\\")


def linux_process(day, ms, host, image, command, parent, user):
    sysmon_linux(day, ms, host, 1, Image=image, CommandLine=command, ParentImage=parent, User=user,
                 ProcessGuid="{%s}" % guid(), ProcessId=R.randrange(300, 30000), CurrentDirectory="/")


def auditd_path(day, ms, host, path, exe):
    day.add(ms, {"type": "PATH", "msg": "audit(%.3f:%d)" % ((day.begin_ms + ms) / 1000, R.randrange(1000, 99999)),
                 "item": "0", "name": path, "nametype": "NORMAL", "exe": exe, "auid": "1000", "host": host,
                 "@timestamp": day.stamp(ms)})


def endpoint(day, ms, host, category, action, process_name, executable, os="linux", user="root", **fields):
    """Elastic Endpoint: category process, network or file; fields: further top-level objects."""
    day.add(ms, {"@timestamp": day.stamp(ms), "agent": {"type": "endpoint", "id": "agent-" + host},
                 "data_stream": {"type": "logs", "dataset": "endpoint.events." + category, "namespace": "default"},
                 "event": {"category": [category], "type": ["start" if category != "file" else "access"], "kind": "event",
                           "action": action, "dataset": "endpoint.events." + category, "id": guid()},
                 "host": {"name": host, "id": "id-" + host, "os": {"type": os}}, "user": {"name": user},
                 "process": {"name": process_name, "executable": executable, "pid": R.randrange(300, 30000),
                             "entity_id": guid(), **fields.pop("process", {})}, **fields})


def falcon(day, ms, host, name, image, platform="Win", user="carol", **fields):
    """CrowdStrike Falcon Data Replicator."""
    day.add(ms, {"event_simpleName": name, "aid": "aid-" + host, "cid": "cid-1", "event_platform": platform,
                 "timestamp": str(day.begin_ms + ms), "ContextTimeStamp": "%.3f" % ((day.begin_ms + ms) / 1000),
                 "ComputerName": host, "UserName": user, "ImageFileName": image, "id": guid(), **fields})


def defender(day, ms, host, table, action, image, command="", user="alice", **fields):
    """A row of Defender for Endpoint's hunting tables as the event hub delivers it."""
    folder, _, name = image.rpartition("\\")
    row = {"Timestamp": day.stamp(ms), "DeviceId": "device-" + host, "DeviceName": host, "ActionType": action,
           "InitiatingProcessFileName": name, "InitiatingProcessFolderPath": image, "InitiatingProcessCommandLine": command,
           "InitiatingProcessAccountName": user, "ReportId": R.randrange(10**6), **fields}
    day.add(ms, {"time": day.stamp(ms + 9 * SECOND), "tenantId": "tenant-1", "operationName": "Publish",
                 "category": "AdvancedHunting-" + table, "properties": row})


# ---- Kubernetes ------------------------------------------------------------------------------------------------

def audit(day, ms, user, verb, resource, namespace, name="", subresource="", agent="kubectl/v1.31.2 (linux/amd64)",
          query="", address="10.60.0.12", code=200, group="", stages=("ResponseComplete",), **fields):
    """One request, as the API server tells it."""
    audit_id = hexes(32, 16, 16, 16, 48)
    where = ("/apis/%s/v1" % group if group else "/api/v1") + ("/namespaces/" + namespace if namespace else "")
    uri = where + "/" + resource + ("/" + name if name else "") + ("/" + subresource if subresource else "") + query
    reference = {"resource": resource, "apiVersion": "v1"}
    for key, value in (("namespace", namespace), ("name", name), ("subresource", subresource), ("apiGroup", group)):
        if value:
            reference[key] = value
    for stage in stages:
        late = 0 if stage == "RequestReceived" else 7
        event = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": audit_id, "stage": stage,
                 "requestURI": uri, "verb": verb, "user": {"username": user, "groups": ["system:authenticated"]},
                 "sourceIPs": [address], "userAgent": agent, "objectRef": reference,
                 "requestReceivedTimestamp": day.stamp(ms), "stageTimestamp": day.stamp(ms + late), **fields}
        if stage == "ResponseComplete":
            event["responseStatus"] = {"metadata": {}, "code": code}
            event["annotations"] = {"authorization.k8s.io/decision": "allow" if code < 400 else "forbid"}
        day.add(ms + late, event)


# ---- clouds ------------------------------------------------------------------------------------------------------

def cloudtrail(day, ms, name, source, identity, address, agent, **parameters):
    day.add(ms, {"eventVersion": "1.08", "eventTime": day.stamp(ms)[:19] + "Z", "eventSource": source + ".amazonaws.com",
                 "eventName": name, "awsRegion": "eu-central-1", "sourceIPAddress": address, "userAgent": agent,
                 "userIdentity": identity, "requestParameters": parameters or None, "responseElements": None,
                 "requestID": guid(), "eventID": guid(), "readOnly": not name.startswith(("Put", "Create", "Delete")),
                 "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": "111122223333",
                 "eventCategory": "Management"})


def instance_role(instance, key):
    """The identity of what an instance does under its role."""
    return {"type": "AssumedRole", "principalId": "AROAEXAMPLEWEBROLE:" + instance,
            "arn": "arn:aws:sts::111122223333:assumed-role/web/" + instance, "accountId": "111122223333", "accessKeyId": key,
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "web"}, "ec2RoleDelivery": "2.0"}}


def gcp(day, ms, service, method, principal, resource, address="10.80.0.4", agent="google-cloud-sdk gcloud/500.0"):
    day.add(ms, {"insertId": hexes(48), "logName": "projects/acme/logs/cloudaudit.googleapis.com%2Factivity",
                 "timestamp": day.stamp(ms), "severity": "NOTICE",
                 "resource": {"type": "service_account", "labels": {"project_id": "acme"}},
                 "protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": service,
                                  "methodName": method, "resourceName": resource,
                                  "authenticationInfo": {"principalEmail": principal},
                                  "requestMetadata": {"callerIp": address, "callerSuppliedUserAgent": agent}}})


def azure_activity(day, ms, operation, caller, resource, address="192.0.2.20"):
    day.add(ms, {"time": day.stamp(ms), "resourceId": resource, "operationName": operation, "category": "Administrative",
                 "resultType": "Success", "callerIpAddress": address, "correlationId": guid(),
                 "identity": {"claims": {"name": caller}}, "level": "Information"})


# ---- identity ------------------------------------------------------------------------------------------------------

def entra_audit(day, ms, operation, user, address, target, kind="ServicePrincipal", changes=()):
    day.add(ms, {"time": day.stamp(ms), "resourceId": "/tenants/t-1/providers/Microsoft.aadiam", "category": "AuditLogs",
                 "operationName": operation, "tenantId": "t-1", "identity": user.partition("@")[0],
                 "properties": {"id": "Directory_" + guid(), "activityDisplayName": operation,
                                "activityDateTime": day.stamp(ms), "category": "ApplicationManagement", "result": "success",
                                "loggedByService": "Core Directory",
                                "initiatedBy": {"user": {"userPrincipalName": user, "ipAddress": address}},
                                "targetResources": [{"displayName": target, "id": "5b1e7a10-0000-4000-8000-000000000001",
                                                     "type": kind, "modifiedProperties": [
                                                         {"displayName": n, "oldValue": None, "newValue": v}
                                                         for n, v in changes]}]}})


def entra_signin(day, ms, user, application, address, protocol="none", resource="Microsoft Graph"):
    day.add(ms, {"time": day.stamp(ms), "resourceId": "/tenants/t-1/providers/Microsoft.aadiam", "category": "SignInLogs",
                 "operationName": "Sign-in activity", "tenantId": "t-1", "resultType": "0", "callerIpAddress": address,
                 "properties": {"id": guid(), "createdDateTime": day.stamp(ms), "userPrincipalName": user,
                                "appId": "app-" + application.replace(" ", "-").lower(), "appDisplayName": application,
                                "authenticationProtocol": protocol, "resourceDisplayName": resource, "ipAddress": address,
                                "status": {"errorCode": 0}}})


def m365(day, ms, operation, user, application, address, workload="Exchange", record=50):
    day.add(ms, {"CreationTime": day.stamp(ms)[:19], "Id": guid(), "Operation": operation, "OrganizationId": "org-1",
                 "Workload": workload, "RecordType": record, "ResultStatus": "Succeeded", "UserId": user,
                 "ClientIPAddress": address, "AppId": application})


def okta(day, ms, kind, user, address, **fields):
    day.add(ms, {"uuid": guid(), "published": day.stamp(ms), "eventType": kind, "version": "0", "severity": "INFO",
                 "displayMessage": kind, "actor": {"id": "u-1", "type": "User", "alternateId": user, "displayName": user},
                 "client": {"ipAddress": address, "userAgent": {"rawUserAgent": "Mozilla/5.0"}},
                 "outcome": {"result": "SUCCESS"}, **fields})


# ---- software as a service -----------------------------------------------------------------------------------------

def workspace(day, ms, application, name, user, address, **parameters):
    day.add(ms, {"kind": "admin#reports#activity", "id": {"time": day.stamp(ms), "uniqueQualifier": hexes(48),
                                                          "applicationName": application, "customerId": "C1"},
                 "actor": {"email": user, "profileId": "1"}, "ipAddress": address, "name": name,
                 "type": "auth" if application == "token" else "access", "parameters": parameters})


def github(day, ms, action, actor, address, repo, token="", **fields):
    event = {"@timestamp": day.begin_ms + ms, "_document_id": hexes(64), "action": action, "actor": actor,
             "actor_ip": address, "org": "acme", "repo": "acme/" + repo, "created_at": day.begin_ms + ms, **fields}
    if token:
        event.update({"programmatic_access_type": "Personal access token (classic)", "hashed_token": token})
    day.add(ms, event)


def slack(day, ms, action, name, address, agent="Mozilla/5.0", entity=None, **details):
    user = {"id": "W-" + name, "name": name, "email": name + "@acme.example"}
    day.add(ms, {"id": guid(), "date_create": day.seconds(ms), "action": action, "actor": {"type": "user", "user": user},
                 "entity": entity or {"type": "user", "user": user},
                 "context": {"ua": agent, "ip_address": address, "location": {"type": "workspace", "id": "E1"}},
                 "details": details})
