//! Where things are written: texts, places in them, and mistakes that point at a place. It reads no file by itself.

mod excerpt;
mod nearest;
mod place;
mod problem;
mod written;

pub use excerpt::excerpt;
pub use nearest::{nearest, slip};
pub use place::{Place, Source};
pub use problem::{Problem, Problems, Severity};
