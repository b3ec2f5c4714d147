//! The one implementation of cryptography that every TLS connection of the process uses.

/// Chooses it, before the first client is made.
pub fn prepare() {
    // Fails only where it was done before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
