"""audit_days.py - days of Kubernetes audit log that never were, with a seed: four clusters, each told in another shape (plain or
EKS, Elastic's, AKS, GKE), whose service accounts do the same every day, and now and then something else.

    for ms, event in audit_days.events(calls): ...      calls: of make_calls(seed), or your own

A call is (time in ms, cluster, account, verb, resource, subresource or "", status). Calls of one account are at least two
seconds apart, so that no two fall together whatever the rules round to.
"""
import collections
import json
import random
import time

DAY = 86_400_000
START = 1_767_571_200_000  # 2026-01-05, a Monday
APART = 2_000

Call = collections.namedtuple("Call", "ms cluster account verb resource part status")

SHAPES = {"lab": "plain", "shop-ecs": "ecs", "/subscriptions/1/clusters/shop-aks": "aks", "shop-gke": "gke"}
# What an account does every day: (verb, resource, part, times a day).
JOBS = {
    "web": [("get", "configmaps", "", 2), ("get", "secrets", "", 1), ("create", "events", "", 1)],
    "operator": [("list", "secrets", "", 1), ("watch", "pods", "", 1), ("update", "deployments", "", 2), ("patch", "pods", "status", 1)],
    "backup": [("list", "persistentvolumes", "", 1), ("create", "pods", "exec", 1), ("get", "pods", "", 1)],
}
RESOURCES = [("secrets", ""), ("configmaps", ""), ("pods", ""), ("pods", "exec"), ("nodes", ""), ("nodes", "proxy"), ("roles", ""),
             ("serviceaccounts", "token"), ("deployments", ""), ("services", ""), ("jobs", ""), ("leases", ""), ("events", "")]
VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"]


def group_of(resource):
    """The API group and version that Google's method names carry."""
    return {"deployments": "apps.v1", "jobs": "batch.v1", "roles": "rbac.v1", "leases": "coordination.v1"}.get(resource, "core.v1")


def iso(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03}Z"


def username(account):
    return f"system:serviceaccount:shop:{account}"


def make_calls(seed, days=45, odd_every=2.5):
    """Routine for so many days, and for each account an odd call every so many days."""
    rng, calls = random.Random(seed), []
    for cluster in SHAPES:
        for account, jobs in JOBS.items():
            name = f"{account}-{cluster.split('/')[-1]}"
            begin = rng.choice([0, 0, 0, 20, 35]) if account == "backup" else 0  # some come later
            times = set()

            def add(ms, *what):
                while ms // APART in times:
                    ms += APART
                times.add(ms // APART)
                calls.append(Call(ms // APART * APART, cluster, name, *what))
            for day in range(begin, days):
                for verb, resource, part, n in jobs:
                    for _ in range(n):
                        add(START + day * DAY + rng.randrange(DAY - DAY // 8), verb, resource, part, 200)
                if rng.random() < 1 / odd_every:
                    resource, part = rng.choice(RESOURCES)
                    for _ in range(rng.choice([1, 1, 1, 4])):
                        add(START + day * DAY + rng.randrange(DAY - DAY // 8), rng.choice(VERBS), resource, part, rng.choice([200, 200, 200, 403]))
    return sorted(calls)


def plain(call, n):
    ref = {"resource": call.resource, "namespace": "shop", "name": "x"}
    if call.part:
        ref["subresource"] = call.part
    return {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": f"{call.ms}-{n}", "stage": "ResponseComplete",
            "verb": call.verb, "user": {"username": username(call.account)}, "objectRef": ref, "sourceIPs": ["10.0.0.9"],
            "responseStatus": {"code": call.status}, "requestReceivedTimestamp": iso(call.ms)}


def gke(call, n):
    method = ".".join(p for p in ["io.k8s", group_of(call.resource), call.resource, call.part, call.verb] if p)
    name = "/".join(p for p in ["core/v1/namespaces/shop", call.resource, "x", call.part] if p)
    return {"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "k8s.io", "methodName": method,
                             "resourceName": name, "authenticationInfo": {"principalEmail": username(call.account)},
                             "requestMetadata": {"callerIp": "10.0.0.9"}, "status": {} if call.status == 200 else {"code": 7}},
            "resource": {"type": "k8s_cluster", "labels": {"cluster_name": call.cluster, "project_id": "p"}},
            "insertId": f"{call.ms}-{n}", "timestamp": iso(call.ms)}


def event(call, n):
    shape, record = SHAPES[call.cluster], plain(call, n)
    if shape == "plain":
        return {**record, "cluster": call.cluster}
    if shape == "ecs":
        return {"@timestamp": iso(call.ms), "data_stream": {"dataset": "kubernetes.audit_logs"}, "orchestrator": {"cluster": {"name": call.cluster}},
                "kubernetes": {"audit": record}}
    if shape == "aks":
        return {"time": iso(call.ms), "resourceId": call.cluster, "category": "kube-audit",
                "operationName": "Microsoft.ContainerService/managedClusters/diagnosticLogs/Read", "properties": {"log": json.dumps(record)}}
    return gke(call, n)


def events(calls):
    return [event(call, n) for n, call in enumerate(calls)]
