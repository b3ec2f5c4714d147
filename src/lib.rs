//! `dppctl` takes bare Debian and Ubuntu hosts to a running, verified log pipeline.
//!
//! The rooms, from the ground up; a room uses what stands below it, never above or beside (`tests/house.rs` holds it):
//!
//! | floor | rooms |
//! | --- | --- |
//! | 8 | [`cli`] |
//! | 7 | [`engine`] · [`lint`] |
//! | 6 | [`plan`] · [`ui`] |
//! | 5 | [`actions`] · [`playbook`] · [`inventory`] · [`report`] · [`galaxy`] |
//! | 4 | [`template`] · [`project`] · [`artifacts`] |
//! | 3 | [`yaml`] · [`transport`] |
//! | 2 | [`value`] · [`event`] · [`content`] · [`pipeline`] · [`files`] |
//! | 1 | [`source`] · [`secret`] · [`exit`] |

pub mod actions;
pub mod artifacts;
pub mod cli;
pub mod content;
pub mod engine;
pub mod event;
pub mod exit;
pub mod files;
pub mod galaxy;
pub mod inventory;
pub mod lint;
pub mod pipeline;
pub mod plan;
pub mod playbook;
pub mod project;
pub mod report;
pub mod secret;
pub mod source;
pub mod template;
pub mod transport;
pub mod ui;
pub mod value;
pub mod yaml;
