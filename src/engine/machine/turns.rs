//! Who is next, where machines have no threads of their own.

/// Says which machine does its next job while nothing else happens: for simulations, in which one seed decides everything
/// and the same seed gives the same run.
pub trait Turns {
    /// The index of one of these machines; all of them have something to do, there is one at least, and they come sorted.
    fn next(&mut self, machines: &[&str]) -> usize;
}
