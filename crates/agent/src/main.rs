//! `dppctl-agent`: reads a request, calls the module, writes the response; and keeps the files that are pushed.
//!
//! It is started by `dppctl` over ssh, speaks frames on standard input and output, and ends with its input. It decides
//! nothing: order, conditions and templates are the asker's.

mod blobs;
mod bounded;
mod hash;
mod job;
mod pulse;
mod session;
mod write_back;

use std::env;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;

use dpp_protocol::MAGIC;

use crate::session::Session;

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("--hash") {
        let told = hash::of_this_programme().and_then(|hash| io::stdout().write_all(hash.as_bytes()));
        return if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    serve()
}

fn serve() -> ExitCode {
    silence_stderr();
    let state = state_folder();
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, jid] = words.as_slice()
        && word == job::WORD
    {
        return job::run(&state, jid);
    }
    // Standard output of the library is buffered by lines, which frames are not.
    let Ok(mut output) = io::stdout().as_fd().try_clone_to_owned().map(File::from) else {
        return ExitCode::FAILURE;
    };
    if output.write_all(MAGIC).is_err() {
        return ExitCode::FAILURE;
    }
    match Session::new(BufReader::with_capacity(256 << 10, io::stdin().lock()), output, state).serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Frames and standard error may share one stream on their way back: nothing but frames may be written from here on.
fn silence_stderr() {
    if let Ok(null) = File::options().write(true).open("/dev/null") {
        let _ = rustix::stdio::dup2_stderr(&null);
    }
}

fn state_folder() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return "/var/lib/dppctl".into();
    }
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    home.join(".local/state/dppctl")
}
