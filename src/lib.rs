//! `dppctl` takes bare Debian and Ubuntu hosts to a running, verified log pipeline.
//!
//! The rooms, from the ground up; a room uses what stands below it, never above or beside (`tests/house.rs` holds it):
//!
//! | floor | rooms |
//! | --- | --- |
//! | 3 | [`template`] |
//! | 2 | [`yaml`] |
//! | 1 | [`source`] · [`value`] |

pub mod source;
pub mod template;
pub mod value;
pub mod yaml;
