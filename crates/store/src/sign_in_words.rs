//! What is said, on every family of databases alike, where a sign-in cannot work.

use std::panic::AssertUnwindSafe;

use cardgenius_pipeline::error::{ErrorKind, StoreError};
use futures_util::FutureExt;

/// What every failed sign-in begins with; the place follows.
pub(crate) const CANNOT_CONNECT: &str = "cannot connect to the database at";

/// The server lets us not in, and no password was given.
pub(crate) const NO_PASSWORD: &str = "no password is given: set source.password_file, or target.password_file or \
    migrate.password_file for their addresses. PGPASSWORD, .pgpass and the option files of MySQL's client are not read";

/// `channel_binding=require` cannot be had.
pub(crate) const NO_CHANNEL_BINDING: &str = "the server did not use channel binding, and channel_binding=require demands it. It \
    needs TLS, a password that the server keeps as scram-sha-256, and a certificate whose signature has a hash of its own: one \
    signed with Ed25519 or RSA-PSS has none";

/// Awaits a driver's call that makes a connection. A driver that panics in it has met a way to sign in that it does not have.
///
/// # Errors
/// It panicked.
pub(crate) async fn caught<T>(doing: &str, call: impl Future<Output = T>) -> Result<T, StoreError> {
    AssertUnwindSafe(call).catch_unwind().await.map_err(|_| {
        let words = "the driver cannot sign in as the server asks for: give the account another authentication plugin";
        StoreError::new(ErrorKind::Authentication, format!("{doing}: {words}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_driver_that_panics_is_an_error_of_the_sign_in() {
        let panics = async {
            if std::hint::black_box(true) {
                panic!("a plugin that was not built in")
            }
        };
        let error = caught("cannot connect", panics).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.to_string().starts_with("cannot connect: the driver cannot sign in"), "{error}");
        assert_eq!(caught("cannot connect", async { 7 }).await.unwrap(), 7);
    }
}
