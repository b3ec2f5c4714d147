//! apt's side: running apt-get, its package lists, its candidates, and what its failures mean.

pub mod candidates;
pub mod lists;
pub mod policy_rc_d;
pub mod process;
pub mod refusal;
pub mod transaction;
