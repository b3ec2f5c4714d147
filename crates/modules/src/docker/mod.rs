//! Images and containers of Docker.
//!
//! Ansible's modules speak to the engine themselves. Here images are the business of the host's own `docker` command, which
//! every host with Docker has, and which knows what would have to be built anew without it: contexts, logins and their helpers,
//! what a build leaves out, how a registry tells its progress. Containers are made in the engine's own language, because what
//! is wanted and what is there can be compared in no other. No secret is in anyone's arguments.

mod client;
pub mod container;
mod engine;
pub mod image;
mod size;
