//! Volume groups and logical volumes, by the programs of the host's own lvm2.

pub mod lvg;
pub mod lvol;
mod report;
mod size;
