"""before.py - thirty days before the day: what the cluster's accounts are used to do, a few calls each.

Analytics that learn an account's habits (detections/rules/kubernetes/k8s_sa_unusual_call.yml: fourteen days until they say
anything, thirty that they remember) find them here. Nobody steals anything in these days.
"""
from shapes import DAY, MINUTE, R, audit

DAYS = 30
# Who, as the API server names its client, and what it does so many times a day.
ROUTINE = [
    ("system:serviceaccount:payments:checkout-api", "checkout-api/2.4 (linux/amd64)", "10.60.3.17", [
        ("get", "secrets", "payments", "checkout-db", "", 3), ("get", "configmaps", "payments", "checkout", "", 3),
        ("watch", "endpoints", "payments", "", "", 1)]),
    ("system:serviceaccount:ci:deployer", "argocd/v2.12", "10.60.4.8", [
        ("get", "deployments", "payments", "checkout-api", "apps", 2), ("update", "deployments", "web", "shop", "apps", 2),
        ("patch", "deployments", "payments", "checkout-api", "apps", 2)]),
    ("system:serviceaccount:ci:runner", "gitlab-runner/17.5", "10.60.5.9", [
        ("create", "pods", "ci", "", "", 3), ("get", "pods", "ci", "job", "", 3), ("delete", "pods", "ci", "job", "", 3)]),
    ("system:serviceaccount:monitoring:prometheus", "prometheus/2.55", "10.60.6.3", [
        ("list", "pods", "", "", "", 2), ("list", "nodes", "", "", "", 2), ("list", "services", "", "", "", 2)]),
    ("deployer@acme.example", "helm/3.16", "10.60.0.12", [
        ("get", "secrets", "web", "tls-cert", "", 1), ("get", "secrets", "payments", "registry", "", 1),
        ("get", "secrets", "payments", "checkout-db", "", 1)]),
]
# What checkout-api did when it was deployed anew: days before, verb, resource.
SELDOM = [(24, "get", "services"), (19, "get", "services")]


def add_all(day):
    for i in range(-DAYS, 0):
        for who, agent, address, calls in ROUTINE:
            for verb, resource, namespace, name, group, n in calls:
                for _ in range(n):
                    audit(day, i * DAY + R.randrange(DAY - MINUTE), who, verb, resource, namespace,
                          name, agent=agent, address=address, group=group)
    who, agent, address, _ = ROUTINE[0]
    for ago, verb, resource in SELDOM:
        audit(day, -ago * DAY + R.randrange(DAY - MINUTE), who, verb, resource, "payments", "checkout",
              agent=agent, address=address)
