//! The hash of this programme's own file, by which whoever starts it knows it. With the processor's instructions for it
//! that is several times faster than the host's `sha256sum`, which every start would wait for.

use std::fs::File;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// SHA-256 of the file that is running, in lower-case hexadecimal.
pub(crate) fn of_this_programme() -> io::Result<String> {
    let mut file = File::open("/proc/self/exe")?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 256 << 10];
    while let length @ 1.. = file.read(&mut piece)? {
        hash.update(&piece[..length]);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_sha256sum_says() {
        let said =
            std::process::Command::new("sha256sum").arg(std::env::current_exe().unwrap()).output().unwrap().stdout;
        assert!(String::from_utf8(said).unwrap().starts_with(&of_this_programme().unwrap()));
    }
}
