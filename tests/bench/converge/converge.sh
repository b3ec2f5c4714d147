#!/bin/sh
# The 47 tasks as a shell script that a careful person would write by hand: it looks before it changes, and says how often
# it changed something. The files come with it, rendered, as a tar archive in $1; it runs as root on the host.
set -eu
files=$1
changed=0
now() { changed=$((changed + 1)); }
owned() { # owned PATH OWNER GROUP MODE
    [ "$(stat -c '%U %G %a' "$1")" = "$2 $3 $4" ] || { chown "$2:$3" "$1"; chmod "$4" "$1"; now; }
}
packages() {
    [ "$(dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null | grep -cx installed)" = $# ] && return 0
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
    now
}
folder() { [ -d "$1" ] || { mkdir "$1"; now; }; owned "$@"; }
put() { # put PATH OWNER GROUP MODE [UNIT to restart]
    cmp -s "$files$1" "$1" && { owned "$1" "$2" "$3" "$4"; return 0; }
    install -o "$2" -g "$3" -m "$4" "$files$1" "$1.new"
    mv "$1.new" "$1"
    now
    [ -z "${5:-}" ] || restart="$restart $5"
}
line() { # line PATH REGEXP LINE [UNIT to restart]
    [ -e "$1" ] || : >"$1"
    grep -qxF -e "$3" "$1" && return 0
    if grep -q -e "$2" "$1"; then sed -i "s|$2.*|$3|" "$1"; else echo "$3" >>"$1"; fi
    now; [ -z "${4:-}" ] || restart="$restart $4"
}
linked() { [ "$(readlink "$2" || true)" = "$1" ] || { ln -sfn "$1" "$2"; now; }; }
service() { # service NAME
    systemctl is-enabled -q "$1" || { systemctl enable -q "$1"; now; }
    systemctl is-active -q "$1" || { systemctl start "$1"; now; }
}
restart=""

packages busybox jq
packages ca-certificates curl
getent group pipe >/dev/null || { groupadd --system pipe; now; }
getent passwd pipe >/dev/null || { useradd --system --gid pipe --home-dir /var/lib/pipe --no-create-home --shell /usr/sbin/nologin pipe; now; }
folder /etc/pipe root pipe 755
folder /etc/pipe/conf.d root root 755
folder /var/lib/pipe pipe pipe 755
folder /var/log/pipe pipe adm 750
put /etc/pipe/pipe.conf root root 644
put /etc/pipe/banner root root 644
line /etc/security/limits.conf '^pipe - nofile' 'pipe - nofile 65536'
line /etc/environment '^PIPE_HOME=' 'PIPE_HOME=/var/lib/pipe'

put /etc/pipe/pipe-shipper.deb root root 644
version=$(dpkg-deb -f /etc/pipe/pipe-shipper.deb Version)
[ "$(dpkg-query -W -f '${Version}' pipe-shipper 2>/dev/null || true)" = "$version" ] || { dpkg -i /etc/pipe/pipe-shipper.deb >/dev/null; now; }
put /etc/pipe/shipper.yml root pipe 640 pipe-shipper
put /etc/pipe/outputs.yml root pipe 640 pipe-shipper
put /etc/systemd/system/pipe-shipper.service root root 644 pipe-shipper
line /etc/default/pipe-shipper '^THREADS=' THREADS=4 pipe-shipper
linked /etc/pipe/shipper.yml /etc/pipe/current.yml
service pipe-shipper

folder /var/lib/pipe/broker pipe pipe 750
put /etc/pipe/broker.properties root pipe 640 pipe-broker
put /etc/pipe/log4j.properties root root 644 pipe-broker
put /etc/pipe/jaas.conf root pipe 640
line /etc/default/pipe-broker '^HEAP=' HEAP=256m pipe-broker
put /etc/systemd/system/pipe-broker.service root root 644 pipe-broker
service pipe-broker

folder /var/lib/pipe/index pipe pipe 750
put /etc/pipe/index.yml root pipe 640 pipe-index
put /etc/pipe/jvm.options root pipe 640 pipe-index
put /etc/pipe/index-template.json root root 644
put /etc/systemd/system/pipe-index.service root root 644 pipe-index
service pipe-index

folder /var/lib/pipe/www root root 755
put /var/lib/pipe/www/index.html root root 644
put /var/lib/pipe/www/status.json root root 644

put /etc/pipe/dashboard.yml root pipe 640 pipe-dashboard
put /etc/logrotate.d/pipe root root 644
linked /var/lib/pipe/www /srv/pipe
line /etc/default/pipe-dashboard '^PORT=' PORT=8099 pipe-dashboard
put /etc/systemd/system/pipe-dashboard.service root root 644 pipe-dashboard
service pipe-dashboard

if [ -n "$restart" ]; then
    systemctl daemon-reload
    for unit in $(printf '%s\n' $restart | sort -u); do systemctl restart "$unit"; now; done
fi
answer=$(curl -fsS --retry 20 --retry-connrefused --retry-delay 1 http://127.0.0.1:8099/status.json)
[ "$(echo "$answer" | jq -r .status)" = green ]
[ "$(jq -r .version /var/lib/pipe/www/status.json)" = 1.4.2 ]
echo "changed=$changed"
