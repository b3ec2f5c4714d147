//! `dppctl` takes bare Debian and Ubuntu hosts to a running, verified log pipeline.
//!
//! The rooms, from the ground up; a room uses what stands below it, never above or beside (`tests/house.rs` holds it):
//!
//! | floor | rooms |
//! | --- | --- |
//! | 2 | [`transport`] |
//! | 1 | [`source`] · [`value`] · [`secret`] · [`yaml`] |

pub mod secret;
pub mod source;
pub mod transport;
pub mod value;
pub mod yaml;
