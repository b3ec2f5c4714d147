//! `meta: clear_host_errors`: what hosts failed of, and that they were out of reach, is taken back.
//!
//! As in Ansible, a host that failed does nothing more in this play and is in the plays after it again; one that was out
//! of reach goes on behind the task at which it was lost.

use crate::engine::batch::Batch;

impl Batch<'_> {
    /// Takes it back for all hosts of the batch, those too that failed before it.
    pub(super) fn pardon(&mut self) {
        self.pardons = true;
        for member in &mut self.members {
            (member.lost, member.forced) = (false, None);
            member.heeded = self.dooms.len();
            member.run.pardon();
        }
    }
}
