"""The 47 tasks for pyinfra: the same files and templates as site.yml, what notifies there is `_if` here."""

from pathlib import Path

import yaml
from pyinfra import host, inventory
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, server, systemd

HERE = Path(__file__).parent
VARS = yaml.safe_load((HERE / "group_vars/all.yml").read_text())
HOSTS = sorted(each.data.get("inventory_hostname") for each in inventory)
VARS |= {"inventory_hostname": host.data.inventory_hostname, "groups": {"lab": HOSTS}}
USER, HOME = VARS["pipe_user"], VARS["pipe_home"]


def template(role, name, dest, group="root", mode="644"):
    return files.template(
        name=f"{role}: {name}",
        src=str(HERE / f"roles/{role}/templates/{name}.j2"),
        dest=dest,
        user="root",
        group=group,
        mode=mode,
        jinja_env_kwargs={"trim_blocks": True},
        **VARS,
    )


def copy(role, name, dest, group="root", mode="644"):
    return files.put(
        name=f"{role}: {name}",
        src=str(HERE / f"roles/{role}/files/{name}"),
        dest=dest,
        user="root",
        group=group,
        mode=mode,
    )


def folder(path, user=USER, group=USER, mode="755"):
    files.directory(name=path, path=path, user=user, group=group, mode=mode)


def unit(role):
    return template(role, f"pipe-{role}.service", f"/etc/systemd/system/pipe-{role}.service")


def service(role):
    systemd.service(name=f"{role}: service", service=f"pipe-{role}", running=True, enabled=True)


def restarted(role, *notifiers):
    systemd.service(
        name=f"{role}: restart",
        service=f"pipe-{role}",
        restarted=True,
        daemon_reload=True,
        _if=lambda: any(each.did_change() for each in notifiers),
    )


apt.packages(name="tools", packages=["busybox", "jq"])
apt.packages(name="certificates and curl", packages=["ca-certificates", "curl"])
server.group(name="group", group=USER, system=True)
server.user(name="user", user=USER, group=USER, system=True, home=HOME, shell="/usr/sbin/nologin", create_home=False)
folder("/etc/pipe", user="root")
folder("/etc/pipe/conf.d", user="root", group="root")
folder(HOME)
folder("/var/log/pipe", group="adm", mode="750")
template("base", "pipe.conf", "/etc/pipe/pipe.conf")
copy("base", "banner", "/etc/pipe/banner")
files.line(name="open files", path="/etc/security/limits.conf", line="^pipe - nofile.*$", replace="pipe - nofile 65536")
files.line(name="home for everybody", path="/etc/environment", line="^PIPE_HOME=.*$", replace=f"PIPE_HOME={HOME}")

shipper = f"pipe-shipper_{VARS['shipper_version']}_all.deb"
copy("shipper", shipper, "/etc/pipe/pipe-shipper.deb")
apt.deb(name="package", src="/etc/pipe/pipe-shipper.deb")
shipper = [
    template("shipper", "shipper.yml", "/etc/pipe/shipper.yml", USER, "640"),
    template("shipper", "outputs.yml", "/etc/pipe/outputs.yml", USER, "640"),
    unit("shipper"),
    files.line(name="threads", path="/etc/default/pipe-shipper", line="^THREADS=.*$", replace="THREADS=4"),
]
files.link(name="the settings in use", path="/etc/pipe/current.yml", target="/etc/pipe/shipper.yml")
service("shipper")

folder(f"{HOME}/broker", mode="750")
broker = [
    template("broker", "broker.properties", "/etc/pipe/broker.properties", USER, "640"),
    template("broker", "log4j.properties", "/etc/pipe/log4j.properties"),
]
copy("broker", "jaas.conf", "/etc/pipe/jaas.conf", USER, "640")
broker += [
    files.line(name="heap of the broker", path="/etc/default/pipe-broker", line="^HEAP=.*$", replace="HEAP=256m"),
    unit("broker"),
]
service("broker")

folder(f"{HOME}/index", mode="750")
index = [
    template("index", "index.yml", "/etc/pipe/index.yml", USER, "640"),
    template("index", "jvm.options", "/etc/pipe/jvm.options", USER, "640"),
]
copy("index", "index-template.json", "/etc/pipe/index-template.json")
index.append(unit("index"))
service("index")

folder(f"{HOME}/www", user="root", group="root")
template("page", "index.html", f"{HOME}/www/index.html")
copy("page", "status.json", f"{HOME}/www/status.json")

dashboard = [template("dashboard", "dashboard.yml", "/etc/pipe/dashboard.yml", USER, "640")]
copy("dashboard", "logrotate", "/etc/logrotate.d/pipe")
files.link(name="link to the page", path="/srv/pipe", target=f"{HOME}/www")
dashboard += [
    files.line(name="port", path="/etc/default/pipe-dashboard", line="^PORT=.*$", replace=f"PORT={VARS['page_port']}"),
    unit("dashboard"),
]
service("dashboard")

restarted("shipper", *shipper)
restarted("broker", *broker)
restarted("index", *index)
restarted("dashboard", *dashboard)

# What only asks is a fact: an operation that runs a command always counts as a change.
url = f"http://127.0.0.1:{VARS['page_port']}/status.json"
answer = host.get_fact(Command, command=f"curl -fsS {url} || true")
version = host.get_fact(Command, command=f"jq -r .version {HOME}/www/status.json 2>/dev/null || true")
if answer and "green" not in answer:
    raise RuntimeError(f"the page answers {answer}")
if version and version != VARS["shipper_version"]:
    raise RuntimeError(f"the version is {version}")
