//! ansible-core's Templar, kept running: an expression in, what it says of it out.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};

use super::said::{Said, normal};
use super::shape::Asked;
use crate::oracle::Oracle;

/// The process.
pub(crate) struct Templar {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Templar {
    /// Starts it, with these variables.
    pub(crate) fn start(oracle: &Oracle, variables: &Json) -> Self {
        let mut command = Command::new(oracle.programme("python3"));
        command.arg("-c").arg(include_str!("templar.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("LANG", "C.UTF-8").env("ANSIBLE_NOCOLOR", "1").current_dir("/");
        let mut child = command.spawn().unwrap();
        let mut questions = child.stdin.take().unwrap();
        writeln!(questions, "{variables}").unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, questions, answers }
    }

    /// What it says of a template or a condition.
    pub(crate) fn ask(&mut self, asked: &Asked) -> Said {
        let question = json!({"text": asked.text, "is_condition": asked.is_condition});
        writeln!(self.questions, "{question}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let answer: Json =
            serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{}: {answer:?}: {error}", asked.text));
        if answer["late"] == true {
            return Said::Nothing;
        }
        match answer.get("value") {
            Some(value) => Said::Value(normal(value.clone())),
            None => Said::Error(format!("{}: {}", answer["error"], answer["message"])),
        }
    }
}

impl Drop for Templar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
