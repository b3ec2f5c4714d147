//! `dppctl` takes bare Debian and Ubuntu hosts to a running, verified log pipeline.
//!
//! The rooms, from the ground up; a room uses what stands below it, never above or beside (`tests/house.rs` holds it):
//!
//! | floor | rooms |
//! | --- | --- |
//! | 7 | [`engine`] |
//! | 6 | [`plan`] |
//! | 5 | [`actions`] · [`playbook`] · [`template`] · [`inventory`] |
//! | 4 | [`project`] |
//! | 3 | [`yaml`] · [`transport`] |
//! | 2 | [`value`] · [`event`] |
//! | 1 | [`source`] · [`secret`] |

pub mod actions;
pub mod engine;
pub mod event;
pub mod inventory;
pub mod plan;
pub mod playbook;
pub mod project;
pub mod secret;
pub mod source;
pub mod template;
pub mod transport;
pub mod value;
pub mod yaml;
