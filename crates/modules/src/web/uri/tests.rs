//! Tests of `uri`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::{JoinHandle, spawn};

use serde_json::json;

use super::answer::same_place;
use super::*;
use crate::testing::Ground;

/// Answers one request with these bytes and hands back what was asked.
fn server(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let asked = spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            head.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        head + &String::from_utf8(body).unwrap()
    });
    (url, asked)
}

const GREEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Found-By: es1\r\nContent-Length: 18\r\nConnection: close\r\n\r\n{\"status\":\"green\"}";

#[test]
fn a_wanted_answer_needs_no_real_run() {
    let (url, asked) = server(GREEN);
    let outcome = Ground::new().survey("uri", &json!({"url": url, "return_content": "yes"})).unwrap();
    asked.join().unwrap();
    assert!(!outcome.changed && !outcome.unpredicted);
    assert_eq!((&outcome.result["json"]["status"], &outcome.result["x_found_by"]), (&json!("green"), &json!("es1")));
    assert_eq!((&outcome.result["status"], &outcome.result["msg"]), (&json!(200), &json!("OK (18 bytes)")));
}

#[test]
fn cookies_and_a_text_in_latin_1_are_read() {
    let (url, asked) = server(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=x\r\nConnection: close\r\n\r\nf&r",
    );
    let outcome = Ground::new().survey("uri", &json!({"url": url, "return_content": true})).unwrap();
    asked.join().unwrap();
    assert_eq!(outcome.result["cookies"], json!({"a": "1", "b": "x"}));
    assert_eq!(outcome.result["cookies_string"], "a=1; b=x");
    assert_eq!((&outcome.result["content"], &outcome.result["msg"]), (&json!("f&r"), &json!("OK (unknown bytes)")));
    assert_eq!(super::answer::decoded(b"f\xfcr", "text/plain; charset=ISO-8859-1"), "f\u{fc}r");
}

#[test]
fn a_wanted_error_is_told_as_one_and_a_word_that_is_no_choice_refused() {
    let (url, asked) = server("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone");
    let params = json!({"url": url, "status_code": 404, "method": "post", "body": "x"});
    let result = Ground::new().apply("uri", &params).unwrap().result;
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("POST "), "{asked}");
    let asked = asked.to_lowercase();
    assert_eq!((&result["msg"], &result["body"]), (&json!("HTTP Error 404: Not Found"), &json!("gone")));
    assert!(asked.contains("x-www-form-urlencoded") && !asked.contains("accept: */*"));
    assert!(Ground::new().survey("uri", &json!({"url": "http://x", "follow_redirects": "sideways"})).is_err());
}

#[test]
fn a_body_is_sent_as_json_with_its_login_and_changes_nothing_by_itself() {
    let (url, asked) = server(GREEN);
    let params =
        json!({"url": url, "method": "PUT", "body": {"a": 1}, "body_format": "json", "user": "u", "password": "p"});
    let outcome = Ground::new().apply("uri", &params).unwrap();
    let asked = asked.join().unwrap();
    assert!(!outcome.changed);
    assert!(asked.starts_with("PUT /x ") && asked.ends_with("{\"a\":1}"), "{asked}");
    assert!(asked.to_lowercase().contains("content-type: application/json"));
    assert!(asked.contains("Basic dTpw"));
}

#[test]
fn an_unwanted_status_is_a_failure_with_the_services_own_words() {
    let (url, asked) = server("HTTP/1.1 409 Conflict\r\nContent-Length: 14\r\nConnection: close\r\n\r\nalready exists");
    let failure = Ground::new().apply("uri", &json!({"url": url, "method": "POST", "body": "x"})).unwrap_err();
    asked.join().unwrap();
    assert!(failure.message.ends_with("answered 409 and not 200"), "{}", failure.message);
    assert_eq!((&failure.result["status"], failure.notes[0].text.as_str()), (&json!(409), "already exists"));
}

#[test]
fn that_nobody_answers_can_be_what_is_wanted() {
    let params = json!({"url": "http://127.0.0.1:9/", "status_code": -1});
    let outcome = Ground::new().survey("uri", &params).unwrap();
    assert_eq!((&outcome.result["status"], outcome.changed), (&json!(-1), false));
}

#[test]
fn a_service_that_is_away_is_unpredicted_and_then_a_failure() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let params = json!({"url": format!("http://127.0.0.1:{port}/")});
    assert!(Ground::new().survey("uri", &params).unwrap().unpredicted);
    assert_eq!(Ground::new().apply("uri", &params).unwrap_err().code, "DPP0801");
}

#[test]
fn a_redirect_is_told_with_the_place_it_led_to() {
    let (there, followed) = server(GREEN);
    let answer = format!("HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let (url, asked) = server(answer.leak());
    let outcome = Ground::new().survey("uri", &json!({"url": url})).unwrap();
    asked.join().unwrap();
    followed.join().unwrap();
    assert_eq!((&outcome.result["redirected"], &outcome.result["url"]), (&json!(true), &json!(there)));
}

#[test]
fn an_answer_from_where_it_was_asked_is_no_redirect() {
    assert!(same_place("http://H:80/a?b#c", "http://h:80/a?b"));
    assert!(same_place("http://h", "http://h/"));
    assert!(!same_place("http://h/a", "http://h/b"));
}

#[test]
fn forms_are_encoded() {
    assert_eq!(Format::FormUrlencoded.encode(&json!({"a b": "1&2", "n": 5})), "a+b=1%262&n=5");
}
