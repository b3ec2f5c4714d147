//! `rabbitmq_wait`: waits until the node takes AMQP connections and no alarm blocks publishers.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde_json::Value;

use super::api::Api;
use crate::arguments::{Number, Whole};
use crate::pipeline::awaited::Awaited;
use crate::pipeline::product::UNREACHABLE;

with_login! {
    /// Parameters of `rabbitmq_wait`; without a login that works, alarms are not looked at.
    pub struct RabbitmqWait {
        #[serde(default = "amqp")]
        port: Whole,
        #[serde(default = "super::login::localhost")]
        host: String,
        /// Whether the management API must answer too.
        #[serde(default)]
        management: crate::arguments::Flag,
        /// The unit on this host that it runs in; when it dies, nothing is waited for.
        #[serde(default)]
        unit: Option<String>,
        #[serde(default = "a_minute")]
        timeout: Number,
    }
}

fn amqp() -> Whole {
    Whole(5672)
}

fn a_minute() -> Number {
    Number(60.0)
}

impl Awaited for RabbitmqWait {
    const NAME: &'static str = "rabbitmq_wait";
    const PRODUCT: &'static str = "RabbitMQ";

    fn patience(&self) -> f64 {
        self.timeout.0
    }

    fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    fn missing(&self, limit: Duration, _result: &mut ResultMap) -> Result<Vec<String>, Failure> {
        Ok(self.trouble(limit).into_iter().collect())
    }

    fn explain(&self, late: Failure) -> Failure {
        late.help("journalctl -u rabbitmq-server -n 50; rabbitmq-diagnostics check_alarms")
    }
}

impl RabbitmqWait {
    /// What keeps the node from being ready.
    fn trouble(&self, limit: Duration) -> Option<String> {
        if let Some(trouble) = self.listener_trouble() {
            return Some(trouble);
        }
        let asked = Api::new(&self.login()).and_then(|api| api.within(limit).find("/api/nodes", "nodes"));
        let nodes = match asked {
            Ok(nodes) => nodes.unwrap_or_default(),
            Err(failure) if failure.code == UNREACHABLE => {
                return self.management.0.then_some(failure.message);
            }
            // It answers; that it does not know the login yet is another task's business.
            Err(_) => return None,
        };
        nodes.as_array().into_iter().flatten().find_map(alarm)
    }

    /// A node that is still starting accepts connections before it speaks AMQP.
    fn listener_trouble(&self) -> Option<String> {
        let address = format!("{}:{}", self.host, self.port.0);
        greeting(&address).err().map(|error| format!("no AMQP at {address}: {error}"))
    }
}

/// Offers AMQP 0-9-1 and reads the begin of the broker's answer: a method frame on channel 0.
fn greeting(address: &str) -> std::io::Result<()> {
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, Duration::from_secs(3)) {
            Ok(mut stream) => {
                stream.set_read_timeout(Some(Duration::from_secs(3)))?;
                stream.write_all(b"AMQP\0\0\x09\x01")?;
                let mut head = [0; 3];
                stream.read_exact(&mut head)?;
                let odd = || std::io::Error::new(std::io::ErrorKind::InvalidData, "what answers is no AMQP 0-9-1");
                return if head == [1, 0, 0] { Ok(()) } else { Err(odd()) };
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn alarm(node: &Value) -> Option<String> {
    let name = node["name"].as_str().unwrap_or("?");
    if node["running"] == false {
        return Some(format!("node {name} does not run"));
    }
    if node["mem_alarm"] == true {
        return Some(format!("node {name} has too little memory (mem_alarm): publishers are blocked"));
    }
    (node["disk_free_alarm"] == true)
        .then(|| format!("node {name} has too little disk (disk_free_alarm): publishers are blocked"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use dpp_protocol::Mode;
    use serde_json::json;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    /// Answers as a broker does: with the head of a method frame.
    fn broker() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let _ = stream.read_exact(&mut [0; 8]).and_then(|()| stream.write_all(&[1, 0, 0, 0]));
            }
        });
        port
    }

    fn wait(port: u16, nodes: &str) -> Result<dpp_protocol::Outcome, Failure> {
        wait_answered(port, 200, nodes)
    }

    fn wait_answered(port: u16, status: u16, nodes: &str) -> Result<dpp_protocol::Outcome, Failure> {
        let stub = Stub::new(&[("GET /api/nodes", status, nodes)]);
        let params = json!({"host": "127.0.0.1", "port": port, "timeout": 0.3, "management": true,
            "login_port": stub.port(), "login_host": "127.0.0.1"});
        run("rabbitmq_wait", &params, Mode::Apply)
    }

    #[test]
    fn a_node_is_ready_when_it_speaks_and_has_no_alarm() {
        let outcome = wait(broker(), r#"[{"name":"rabbit@a","running":true,"mem_alarm":false}]"#).unwrap();
        assert!(!outcome.changed && outcome.result["ready"] == true);
        let failure = wait(broker(), r#"[{"name":"rabbit@a","running":true,"disk_free_alarm":true}]"#).unwrap_err();
        assert!(failure.message.contains("rabbit@a has too little disk"), "{}", failure.message);
    }

    #[test]
    fn a_login_that_is_not_known_yet_does_not_keep_a_node_from_being_ready() {
        let outcome = wait_answered(broker(), 401, r#"{"error":"not_authorised","reason":"Login failed"}"#).unwrap();
        assert_eq!(outcome.result["ready"], true);
    }

    #[test]
    fn what_is_no_broker_is_waited_for_and_then_named() {
        let http = Stub::new(&[]);
        let failure = wait(http.port(), "[]").unwrap_err();
        assert!(failure.message.contains("no AMQP at 127.0.0.1"), "{}", failure.message);
        assert_eq!(failure.code, "DPP0806");
    }
}
