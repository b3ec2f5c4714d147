//! The edge of the programme: parse, run, print the failure, return the exit code.

fn main() {}
