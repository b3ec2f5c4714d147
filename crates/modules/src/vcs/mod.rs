//! Modules that lay down what a version control system keeps, by its own programs.

pub mod git;
