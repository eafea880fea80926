"""ordinary.py - an ordinary day at acme: what people, servers, clusters and clouds do anyway.

Most of it falls into working hours. Some of it is what rules must leave alone: cloud agents that ask for tokens, operators
that read secrets, applications on the lists.
"""
from shapes import (HOUR, MINUTE, R, audit, azure_activity, cloudtrail, defender, endpoint, entra_audit, entra_signin, evtx,
                    falcon, gcp, github, instance_role, linux_process, m365, okta, process, slack, sysmon, winlogbeat,
                    workspace)

SYS = "C:\\Windows\\System32\\"
OFFICE = [
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE", '"{i}" /recycle', "C:\\Windows\\explorer.exe"),
    ("C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe", '"{i}" --type=renderer --lang=en',
     "C:\\Windows\\explorer.exe"),
    (SYS + "svchost.exe", "{i} -k netsvcs -p -s Schedule", SYS + "services.exe"),
    (SYS + "conhost.exe", "{i} 0xffffffff -ForceV1", SYS + "cmd.exe"),
    ("C:\\Windows\\explorer.exe", "{i}", SYS + "userinit.exe"),
    (SYS + "WindowsPowerShell\\v1.0\\powershell.exe", "powershell.exe -File C:\\Tools\\inventory.ps1", SYS + "svchost.exe"),
]
SERVER = [("/usr/bin/python3", "python3 /opt/app/worker.py --queue mail", "/usr/lib/systemd/systemd"),
          ("/usr/bin/curl", "curl -s https://status.acme.example/health", "/usr/sbin/cron"),
          ("/usr/bin/cat", "cat /etc/hostname", "/usr/bin/bash"),
          ("/usr/bin/tar", "tar czf /var/backups/www.tgz /srv/www", "/usr/bin/restic"),
          ("/usr/sbin/logrotate", "logrotate /etc/logrotate.conf", "/usr/sbin/cron")]
PEOPLE = ["alice", "bob", "carol", "dave", "erin", "frank"]
HOSTS = {"alice": "ws-0042.acme.example", "bob": "ws-1187.acme.example", "carol": "lt-3301.acme.example",
         "dave": "lt-3302.acme.example", "erin": "lt-3303.acme.example", "frank": "ws-0077.acme.example"}
OFFICE_ADDRESS = "192.0.2.10"
OUTLOOK = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
CHROME = "77185425430.apps.googleusercontent.com"


def working_hour():
    """Mostly between eight and six."""
    return int(8 * HOUR + R.random() * 10 * HOUR) if R.random() < 0.85 else R.randrange(24 * HOUR)


def mail(name):
    return name + "@acme.example"


def windows(day, n):
    for _ in range(n):
        ms, who = working_hour(), R.choice(PEOPLE[:3])
        image, command, parent = R.choice(OFFICE)
        kind = R.random()
        if kind < 0.72:
            process(day, ms, HOSTS[who], image, command.format(i=image), parent, "ACME\\" + who,
                    R.choice([sysmon, sysmon, winlogbeat, evtx]))
        elif kind < 0.88:
            sysmon(day, ms, HOSTS[who], 3, Image=OFFICE[1][0], User="ACME\\" + who, Protocol="tcp", Initiated="true",
                   SourceIp="10.20.0.%d" % R.randrange(2, 250), SourcePort=str(R.randrange(1024, 65535)),
                   DestinationIp="198.51.100.%d" % R.randrange(2, 250), DestinationPort="443")
        else:
            sysmon(day, ms, HOSTS[who], 11, Image=OFFICE[0][0], User="ACME\\" + who,
                   CreationUtcTime=day.stamp(ms, " ", ""),
                   TargetFilename="C:\\Users\\%s\\Documents\\report-%d.docx" % (who, R.randrange(100)))


def other_endpoints(day, n):
    """Machines with other agents: Falcon, Defender, Elastic."""
    for _ in range(n):
        ms, kind = working_hour(), R.randrange(3)
        image, command, _ = R.choice(OFFICE)
        if kind == 0:
            falcon(day, ms, HOSTS["dave"], "ProcessRollup2", "\\Device\\HarddiskVolume3" + image[2:], user="dave",
                   CommandLine=command.format(i=image), ParentBaseFileName="explorer.exe")
        elif kind == 1:
            defender(day, ms, HOSTS["erin"], "DeviceProcessEvents", "ProcessCreated", "C:\\Windows\\explorer.exe",
                     user="erin", FileName=image.rpartition("\\")[2], FolderPath=image,
                     ProcessCommandLine=command.format(i=image), AccountName="erin")
        else:
            executable, line, parent = R.choice(SERVER)
            name = executable.rpartition("/")[2]
            endpoint(day, ms, "app-%02d" % R.randrange(1, 4), "process", "exec", name, executable, user="app",
                     process={"command_line": line, "args": line.split(),
                              "parent": {"executable": parent, "name": parent.rpartition("/")[2]}})


def servers(day, n):
    for _ in range(n):
        image, command, parent = R.choice(SERVER)
        linux_process(day, R.randrange(24 * HOUR), "web-0%d" % R.randrange(1, 4), image, command, parent, "www-data")
    for i in range(24):  # agents that may ask for tokens: the rules' lists keep these quiet
        process(day, i * HOUR + 7 * MINUTE, "az-vm-7", "C:\\WindowsAzure\\Packages\\WaAppAgent.exe",
                "WaAppAgent.exe http://169.254.169.254/metadata/identity/oauth2/token", SYS + "services.exe",
                "NT AUTHORITY\\SYSTEM")
        linux_process(day, i * HOUR + 11 * MINUTE, "ec2-19", "/usr/bin/amazon-ssm-agent",
                      "amazon-ssm-agent http://169.254.169.254/latest/meta-data/iam/security-credentials/",
                      "/usr/lib/systemd/systemd", "root")


def cluster(day):
    """A payment service that reads its own secret, a deployer, a controller, the kubelets, people who look."""
    for i in range(480):
        audit(day, i * 3 * MINUTE + R.randrange(MINUTE), "system:serviceaccount:payments:checkout-api", "get", "secrets",
              "payments", "checkout-db", agent="checkout-api/2.4 (linux/amd64)", address="10.60.3.17")
        audit(day, i * 3 * MINUTE + R.randrange(MINUTE), "system:node:node-%d" % R.randrange(1, 5), "get", "configmaps",
              "kube-system", "kube-proxy", agent="kubelet/v1.31.2 (linux/amd64)", address="10.60.0.%d" % R.randrange(2, 6))
    for i in range(160):
        ms = working_hour()
        audit(day, ms, "system:serviceaccount:ci:deployer", R.choice(["get", "update", "patch"]), "deployments",
              R.choice(["web", "payments"]), R.choice(["shop", "checkout-api"]), agent="argocd/v2.12", address="10.60.4.8",
              group="apps")
        audit(day, ms + 40, "deployer@acme.example", "get", "secrets", R.choice(["web", "payments"]),
              R.choice(["tls-cert", "registry", "checkout-db"]), agent="helm/3.16")
        audit(day, working_hour(), mail(R.choice(PEOPLE)), R.choice(["get", "list", "watch"]), "pods",
              R.choice(["web", "payments", "ci"]))


def amazon(day, n):
    agents = "aws-sdk-go/1.44.1 (go1.22; linux; amd64) amazon-ssm-agent"
    for _ in range(n):
        ms = R.randrange(24 * HOUR)
        if R.random() < 0.6:
            cloudtrail(day, ms, R.choice(["UpdateInstanceInformation", "ListInstanceAssociations"]), "ssm",
                       instance_role("i-0a1b2c3d4e5f60718", "ASIAEXAMPLE%09d" % (ms // (6 * HOUR))), "10.0.1.7", agents)
        else:
            who = R.choice(PEOPLE)
            cloudtrail(day, working_hour(), R.choice(["DescribeInstances", "ListBuckets", "GetMetricData"]),
                       R.choice(["ec2", "s3", "monitoring"]),
                       {"type": "AssumedRole", "principalId": "AROAEXAMPLEPEOPLE:" + mail(who), "accountId": "111122223333",
                        "arn": "arn:aws:sts::111122223333:assumed-role/engineer/" + mail(who)},
                       OFFICE_ADDRESS, "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
    for i in range(4):  # an instance gets the credentials of its role
        cloudtrail(day, i * 6 * HOUR, "AssumeRole", "sts", {"type": "AWSService", "invokedBy": "ec2.amazonaws.com"},
                   "ec2.amazonaws.com", "ec2.amazonaws.com", roleArn="arn:aws:iam::111122223333:role/web",
                   roleSessionName="i-0a1b2c3d4e5f60718")


def google(day, n):
    for _ in range(n):
        who = R.choice(PEOPLE)
        gcp(day, working_hour(), "compute.googleapis.com", R.choice(["v1.compute.instances.list", "v1.compute.disks.list"]),
            mail(who), "projects/acme/zones/europe-west3-a/instances", OFFICE_ADDRESS, "Mozilla/5.0")
        workspace(day, working_hour(), "token", "activity", mail(who), OFFICE_ADDRESS, app_name="Google Chrome",
                  client_id=CHROME, client_type="NATIVE_DESKTOP", api_name="drive", method_name="drive.files.list")


def identity(day, n):
    for _ in range(n):
        who, ms = R.choice(PEOPLE), working_hour()
        entra_signin(day, ms, mail(who), R.choice(["Office 365 Exchange Online", "Microsoft Teams", "Azure Portal"]),
                     OFFICE_ADDRESS)
        m365(day, ms + MINUTE, "MailItemsAccessed", mail(who), OUTLOOK, OFFICE_ADDRESS)
        okta(day, ms + 2 * MINUTE, "user.session.start", mail(who), OFFICE_ADDRESS)
    entra_audit(day, 9 * HOUR, "Add application", "app-admin@example.com", OFFICE_ADDRESS, "Travel Portal", "Application")
    azure_activity(day, 10 * HOUR, "MICROSOFT.COMPUTE/VIRTUALMACHINES/START/ACTION", "alice@acme.example",
                   "/SUBSCRIPTIONS/S/RESOURCEGROUPS/WEB")


def services(day, n):
    repositories = ["shop", "checkout", "infra", "docs"]
    for _ in range(n):
        who = R.choice(PEOPLE)
        github(day, working_hour(), R.choice(["git.clone", "git.fetch", "git.push"]), who, OFFICE_ADDRESS,
               R.choice(repositories), **({} if who != "bob" else {"token": "dG9rZW4tb2YtYm9i"}))
        slack(day, working_hour(), R.choice(["user_login", "file_downloaded", "file_uploaded"]), who, OFFICE_ADDRESS)


def add_all(day):
    windows(day, 1900)
    other_endpoints(day, 700)
    servers(day, 600)
    cluster(day)
    amazon(day, 500)
    google(day, 200)
    identity(day, 300)
    services(day, 220)
