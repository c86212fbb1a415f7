//! What is said, on every family of databases alike, where a sign-in cannot work.

use std::panic::AssertUnwindSafe;

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// What every failed sign-in begins with; the place follows.
pub(crate) const CANNOT_CONNECT: &str = "cannot connect to the database at";

/// The server lets us not in, and no password was given.
pub(crate) const NO_PASSWORD: &str = "no password is given: set source.password_file, or target.password_file or \
    migrate.password_file for their addresses. PGPASSWORD, .pgpass and the option files of MySQL's client are not read";

/// `channel_binding=require` cannot be had.
pub(crate) const NO_CHANNEL_BINDING: &str = "the server did not use channel binding, and channel_binding=require demands it. It \
    needs TLS, a password that the server keeps as scram-sha-256, and a certificate whose signature has a hash of its own: one \
    signed with Ed25519 or RSA-PSS has none";

/// A driver's call that makes a connection, as an error where it panics: the driver has met a way to sign in that it does not
/// have. Boxed, because it is large and part of every other call.
pub(crate) fn caught<'a, T: Send + 'a>(
    doing: &'a str,
    call: impl Future<Output = T> + Send + 'a,
) -> BoxFuture<'a, Result<T, DatabaseError>> {
    let panicked = move |_| {
        let words = "the driver cannot sign in as the server asks for: give the account another authentication plugin";
        DatabaseError::new(ErrorKind::Authentication, format!("{doing}: {words}"))
    };
    AssertUnwindSafe(call).catch_unwind().map(move |made| made.map_err(panicked)).boxed()
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
