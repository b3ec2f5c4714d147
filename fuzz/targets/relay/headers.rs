//! AMQP's headers as they are on the wire: made headers of Kafka, JSON, and a dead letter that is the same message again.

use dpp_relay::dead_letter::{self, Letter};
use dpp_relay::envelope::{Delivered, Envelope, HeaderValue, Origin};
use lapin::BasicProperties;
use lapin::types::FieldTable;
use lapin::types::parsing::parse_field_table;

/// Reads the bytes as a table of headers.
pub(crate) fn run(bytes: &[u8]) {
    let Ok((_, table)) = parse_field_table(bytes) else { return };
    let envelope = envelope(table);
    let headers = envelope.headers();
    assert_eq!(headers.len(), envelope.headers_as_json().len());
    for (name, value) in headers {
        assert_eq!(format!("{:?}", envelope.header(name)), format!("{:?}", Some(value)));
        let _ = (value.bytes(), value.number());
        assert!(serde_json::to_string(&value.json()).is_ok());
        assert!(matches!(value, HeaderValue::Amqp(_)));
    }
    comes_back(&envelope);
}

/// What is put aside can be sent again, with every type and every byte.
fn comes_back(envelope: &Envelope) {
    let path = super::file("letters.jsonl");
    let line = Letter { reason: "a reason", queue: None, envelope }.to_line();
    std::fs::write(&path, line).expect("the file can be written");
    let kept: Vec<_> = dead_letter::read(&path).expect("readable").map(|kept| kept.expect("readable")).collect();
    let [kept] = kept.as_slice() else { panic!("one letter is one line") };
    let again = kept.message.as_ref().unwrap_or_else(|wrong| panic!("{wrong}: {envelope:?}"));
    assert_eq!(bytes_of(again), bytes_of(envelope));
}

/// A number that is none differs from itself, but not in its bytes.
fn bytes_of(envelope: &Envelope) -> Vec<(String, String)> {
    envelope.headers().into_iter().map(|(name, value)| (name.to_owned(), format!("{value:?}"))).collect()
}

fn envelope(table: FieldTable) -> Envelope {
    let delivered = Delivered {
        exchange: "e".into(),
        routing_key: "r".into(),
        redelivered: true,
        properties: BasicProperties::default().with_headers(table),
    };
    Envelope { origin: Origin::Rabbitmq(Box::new(delivered)), body: b"{}".to_vec() }
}
