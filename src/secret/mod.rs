//! What must never be shown: passwords and decrypted values. A type, not a habit.

mod masker;
mod secret_text;

pub use masker::Masker;
pub use secret_text::Secret;
