//! The near end of an agent: one request, its answer, and the signs of life in between.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use dpp_protocol::{
    Answer, Failure, Frame, Hello, Progress, Request, Response, Task, read_frame, write_blob, write_message,
};

use crate::transport::{LinkError, Wire};

/// Bytes written at a time when a file is pushed; smaller pieces halve what libssh2 carries.
const PIECE: usize = 256 << 10;

/// An agent that greeted us.
pub struct Agent {
    input: BufReader<Box<dyn Read + Send>>,
    output: BufWriter<Box<dyn Write + Send>>,
    hello: Hello,
}

/// What came of pushing a file.
#[derive(Debug)]
pub enum Pushed {
    /// It lies on the host; so many bytes had to be sent.
    Kept {
        /// Bytes sent, less than its size when an earlier push was cut.
        sent: u64,
    },
    /// The host could not keep it.
    Refused(Failure),
}

impl Agent {
    pub(super) fn new(input: BufReader<Box<dyn Read + Send>>, output: Box<dyn Write + Send>, hello: Hello) -> Self {
        Self { input, output: BufWriter::with_capacity(64 << 10, output), hello }
    }

    /// Its greeting.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Runs one task and passes on its signs of life.
    pub fn run(&mut self, task: Task, progress: &mut dyn FnMut(Progress)) -> Result<Answer, LinkError> {
        let asked = task.id;
        self.ask(&Request::Run(task))?;
        loop {
            match self.answer()? {
                Response::Progress(life) => progress(life),
                Response::Alive => {}
                Response::Done { id, outcome } if id == asked => return Ok(Ok(outcome)),
                Response::Failed { id, failure } if id == asked => return Ok(Err(failure)),
                other => return Err(out_of_turn(&other)),
            }
        }
    }

    /// Surveys tasks until one is not settled; the answers come in the order of the tasks.
    pub fn look_ahead(&mut self, tasks: Vec<Task>) -> Result<Vec<(u64, Answer)>, LinkError> {
        self.ask(&Request::LookAhead { tasks })?;
        let mut answers = Vec::new();
        loop {
            match self.answer()? {
                Response::Done { id, outcome } => answers.push((id, Ok(outcome))),
                Response::Failed { id, failure } => answers.push((id, Err(failure))),
                Response::Progress(_) | Response::Alive => {}
                Response::LookedAhead => return Ok(answers),
                other => return Err(out_of_turn(&other)),
            }
        }
    }

    /// Brings a file to the host; sends only what is not there yet.
    pub fn push(
        &mut self,
        path: &Path,
        sha256: &str,
        size: u64,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Pushed, LinkError> {
        self.ask(&Request::Blob { sha256: sha256.into(), size })?;
        let have = match self.answer()? {
            Response::Blob { have, .. } => have,
            Response::BlobRefused { failure, .. } => return Ok(Pushed::Refused(failure)),
            other => return Err(out_of_turn(&other)),
        };
        if have == size {
            return Ok(Pushed::Kept { sent: 0 });
        }
        self.send_rest(path, have, size, progress)?;
        match self.answer_after_life()? {
            Response::BlobKept { .. } => Ok(Pushed::Kept { sent: size - have }),
            Response::BlobRefused { failure, .. } => Ok(Pushed::Refused(failure)),
            other => Err(out_of_turn(&other)),
        }
    }

    /// Ends the agent in order; a lost connection is no error any more.
    pub fn bye(mut self) {
        let _ = self.ask(&Request::Bye);
    }

    fn send_rest(&mut self, path: &Path, have: u64, size: u64, progress: &mut dyn FnMut(u64)) -> Result<(), LinkError> {
        let unreadable = |cause: String| LinkError::Unreadable { path: path.display().to_string(), cause };
        let mut file = File::open(path).map_err(|error| unreadable(error.to_string()))?;
        file.seek(SeekFrom::Start(have)).map_err(|error| unreadable(error.to_string()))?;
        let mut piece = vec![0; PIECE];
        let mut at = have;
        while at < size {
            let want = PIECE.min(usize::try_from(size - at).unwrap_or(PIECE));
            let got = file.read(&mut piece[..want]).map_err(|error| unreadable(error.to_string()))?;
            if got == 0 {
                return Err(unreadable("it became shorter while it was sent".into()));
            }
            write_blob(&mut self.output, &piece[..got])?;
            at += got as u64;
            progress(at);
        }
        self.output.flush().map_err(|error| LinkError::Lost(error.to_string()))
    }

    fn ask(&mut self, request: &Request) -> Result<(), LinkError> {
        Ok(write_message(&mut self.output, request)?)
    }

    fn answer(&mut self) -> Result<Response, LinkError> {
        match read_frame(&mut self.input)? {
            Frame::Message(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| LinkError::OutOfTurn(error.to_string()))
            }
            Frame::Blob(_) => Err(LinkError::OutOfTurn("a blob".into())),
        }
    }

    fn answer_after_life(&mut self) -> Result<Response, LinkError> {
        loop {
            match self.answer()? {
                Response::Progress(_) | Response::Alive => {}
                other => return Ok(other),
            }
        }
    }
}

impl From<(Wire, Hello)> for Agent {
    fn from((wire, hello): (Wire, Hello)) -> Self {
        Self::new(BufReader::with_capacity(64 << 10, wire.input), wire.output, hello)
    }
}

fn out_of_turn(response: &Response) -> LinkError {
    let mut text = format!("{response:?}");
    text.truncate(text.char_indices().nth(200).map_or(text.len(), |(at, _)| at));
    LinkError::OutOfTurn(text)
}
