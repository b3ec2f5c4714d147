#!/bin/bash
# site VERB: the products of the test `encrypted`, all on one host and all with TLS. Runs there, as root.
#   install MIRROR ADDRESS   packages, certificates, configurations; everything runs
#   authority                another authority; what it vouches for is made by the next two
#   servers | clients        certificates for the products, or for the relays
#   password NEW             another password of the relays for Kafka
#   key NEW                  another key of the relays for Elasticsearch
#   restart                  RabbitMQ, Kafka and the front of Elasticsearch
set -euo pipefail
pki=/var/tmp/pki
etc=/etc/dpp-relay
mkdir -p $pki $etc
address() { cat $pki/address; }

new="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

# certificate NAME AUTHORITY DAYS
certificate() {
    openssl req $new -keyout $pki/"$1".key -out $pki/"$1".csr -subj "/CN=$1" -addext "subjectAltName=IP:$(address),DNS:localhost" 2>/dev/null
    openssl x509 -req -in $pki/"$1".csr -out $pki/"$1".pem -CA $pki/"$2".pem -CAkey $pki/"$2".key -CAcreateserial \
        -copy_extensions copy -days "$3" 2>/dev/null
}

# signed AUTHORITY DAYS: another certificate for the key that the relays have
signed() {
    openssl x509 -req -in $pki/relay.csr -CA $pki/"$1".pem -CAkey $pki/"$1".key -CAcreateserial -copy_extensions copy -days "$2" 2>/dev/null
}

authority() { openssl req -x509 $new -keyout $pki/"${1:-ca}".key -out $pki/"${1:-ca}".pem -subj "/CN=${1:-ca}" -days 2 2>/dev/null; }

servers() {
    certificate server ca 1
    cat $pki/server.key $pki/server.pem >$pki/server-both.pem
    for user in rabbitmq:/etc/rabbitmq/tls cp-kafka:/etc/kafka/tls root:/var/tmp/front; do
        mkdir -p "${user#*:}"
        cp $pki/ca.pem $pki/server.pem $pki/server.key $pki/server-both.pem "${user#*:}"
        chown -R "${user%:*}" "${user#*:}"
    done
}

clients() {
    certificate relay ca 1
    cp $pki/ca.pem $pki/ca.key $pki/relay.pem $pki/relay.key $etc
}

password() {
    for mechanism in SCRAM-SHA-256 SCRAM-SHA-512; do
        kafka-configs --bootstrap-server 127.0.0.1:9092 --alter --entity-type users --entity-name relay \
            --add-config "$mechanism=[password=$1]" >/dev/null
    done
}

key() { echo "ApiKey $1" >/var/tmp/front/authorization; }

restart() { systemctl restart rabbitmq-server confluent-kafka front; }

quietly() { "$@" >/var/tmp/said 2>&1 || { cat /var/tmp/said >&2; return 1; }; }

install() {
    local mirror=$1
    echo "$2" >$pki/address
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    quietly apt-get install -y --no-install-recommends rabbitmq-server openjdk-17-jre-headless
    for deb in downloads/openjdk-8-jre-lab/openjdk-8-jre-lab_8u504-ga-1_amd64.deb \
        deb/7.9/pool/main/confluent-kafka_7.9.2-1_all.deb downloads/elasticsearch/elasticsearch-5.6.2.deb; do
        curl -sSf -o /var/tmp/package.deb "$mirror/$deb"
        quietly dpkg -i /var/tmp/package.deb
    done
    authority ca
    authority other
    servers
    clients
    cp $pki/other.pem $etc
    # For the relay's own key, as the configuration names it.
    signed ca 0 >$etc/expired.pem
    signed other 1 >$etc/foreign.pem
    printf kafka-one-7q >$etc/kafka-password
    printf es-one-7q >$etc/es-key
    printf wrong >$etc/wrong
    printf logger_pass >$etc/amqp-password
    rabbitmq
    kafka
    elasticsearch
    relays
}

rabbitmq() {
    cat >/etc/rabbitmq/rabbitmq.conf <<CONF
listeners.tcp.local = 127.0.0.1:5672
listeners.ssl.default = 5671
ssl_options.cacertfile = /etc/rabbitmq/tls/ca.pem
ssl_options.certfile = /etc/rabbitmq/tls/server.pem
ssl_options.keyfile = /etc/rabbitmq/tls/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
CONF
    rabbitmq-plugins enable --offline rabbitmq_auth_mechanism_ssl >/dev/null
    systemctl restart rabbitmq-server
    rabbitmqctl --quiet add_user logger logger_pass
    rabbitmqctl --quiet add_user relay unused
    rabbitmqctl --quiet clear_password relay
    queue /log logging logs
    queue /audit auditing audit
    queue /audit mailing mails
}

# queue VHOST EXCHANGE NAME
queue() {
    rabbitmqctl --quiet add_vhost "$1" 2>/dev/null || true
    for user in logger relay; do rabbitmqctl --quiet set_permissions -p "$1" $user '.*' '.*' '.*'; done
    rabbitmqctl --quiet eval "rabbit_exchange:declare({resource, <<\"$1\">>, exchange, <<\"$2\">>}, fanout, true, false, false, [], <<\"site\">>),
        rabbit_amqqueue:declare({resource, <<\"$1\">>, queue, <<\"$3\">>}, true, false, [], none, <<\"site\">>),
        rabbit_binding:add({binding, {resource, <<\"$1\">>, exchange, <<\"$2\">>}, <<>>, {resource, <<\"$1\">>, queue, <<\"$3\">>}, []}, <<\"site\">>)." >/dev/null
}

kafka() {
    local scram='org.apache.kafka.common.security.scram.ScramLoginModule required;'
    cat >/etc/kafka/server.properties <<CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093,SSL://:9094,SASL_SSL://:9095
advertised.listeners=PLAINTEXT://127.0.0.1:9092,SSL://$(address):9094,SASL_SSL://$(address):9095
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL
log.dirs=/var/lib/kafka
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
ssl.keystore.type=PEM
ssl.keystore.location=/etc/kafka/tls/server-both.pem
ssl.truststore.type=PEM
ssl.truststore.location=/etc/kafka/tls/ca.pem
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_relay="kafka-one-7q";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=$scram
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$scram
CONF
    echo 'KAFKA_HEAP_OPTS=-Xmx384m' >/etc/default/confluent-kafka
    mkdir -p /var/lib/kafka
    chown cp-kafka /var/lib/kafka
    runuser -u cp-kafka -- kafka-storage format --cluster-id=MkU3OEVBNTcwNTJENDM2Qg --config=/etc/kafka/server.properties >/dev/null
    systemctl start confluent-kafka
    for _ in {1..20}; do
        kafka-topics --bootstrap-server 127.0.0.1:9092 --create --if-not-exists --topic logs_data >/dev/null 2>&1 && break
    done
    kafka-topics --bootstrap-server 127.0.0.1:9092 --create --if-not-exists --topic logs_data.dead >/dev/null
    password kafka-one-7q
}

elasticsearch() {
    printf 'network.host: 127.0.0.1\ndiscovery.type: single-node\n' >/etc/elasticsearch/elasticsearch.yml
    sed -i -e 's/^-Xm\([sx]\).*/-Xm\1256m/' /etc/elasticsearch/jvm.options
    echo JAVA_HOME=/usr/lib/jvm/java-8-openjdk-amd64 >>/etc/default/elasticsearch
    systemctl start elasticsearch
    key es-one-7q
    systemd-run --quiet --unit=front --property=Restart=always --remain-after-exit /usr/local/bin/front --listen "$(address):9243" --to 127.0.0.1:9200 \
        --cert /var/tmp/front/server.pem --key /var/tmp/front/server.key --authorization /var/tmp/front/authorization
    curl -s --retry 60 --retry-delay 1 --retry-connrefused -o /dev/null 127.0.0.1:9200
}

relays() {
    local own="{ca_file: $etc/ca.pem, cert_file: $etc/relay.pem, key_file: $etc/relay.key}"
    cat >$etc/in.yml <<CONF
sources:
  - rabbitmq: {host: $(address), vhost: /log, queue: logs, exchange: logging, mechanism: EXTERNAL, tls: $own}
  - rabbitmq: {host: $(address), vhost: /audit, queue: audit, exchange: auditing, mechanism: EXTERNAL, tls: $own}
  - rabbitmq: {host: $(address), vhost: /audit, queue: mails, exchange: mailing, mechanism: EXTERNAL, tls: $own}
sink:
  kafka:
    bootstrap_servers: $(address):9095
    tls: {ca_file: $etc/ca.pem}
    sasl: {mechanism: SCRAM-SHA-512, user: relay, password_file: $etc/kafka-password}
    topic: logs_data
dead_letter: {file: /var/tmp/dead-in}
http: {listen: 127.0.0.1:9640}
CONF
    cat >$etc/out.yml <<CONF
source:
  kafka: {bootstrap_servers: $(address):9094, tls: $own, topics: [logs_data], group: relay}
sink:
  elasticsearch:
    nodes: [https://$(address):9243]
    tls: {ca_file: $etc/ca.pem}
    api_key_file: $etc/es-key
    index: logs
dead_letter: {file: /var/tmp/dead-out}
http: {listen: 127.0.0.1:9641}
CONF
}

"$@"
