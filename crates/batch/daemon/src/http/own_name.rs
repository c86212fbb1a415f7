//! Keeps web pages of others from reading ours. A browser on this machine can be led to a listener at its own loopback address
//! under a foreign name, whose address was changed after the foreign page was loaded (DNS rebinding). Such a request carries
//! the foreign name, and is refused.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets a request through that names an address, or this machine, or nothing. For a listener at a loopback address only: elsewhere
/// the operator has given the pages names that the program does not know.
pub(super) async fn only_under_our_own(request: Request, next: Next) -> Response {
    let headers = request.headers().get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or("?"));
    let in_line = request.uri().authority().map(|authority| authority.as_str());
    if headers.chain(in_line).all(is_our_own) {
        return next.run(request).await;
    }
    let text = "these pages are served under an address, or as localhost, only\n";
    (StatusCode::MISDIRECTED_REQUEST, text).into_response()
}

/// Whether this is an address, or a name that always means this machine; with or without a port.
fn is_our_own(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
    let name = bracketed.unwrap_or_else(|| host.rsplit_once(':').map_or(host, |(name, _)| name));
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok() || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_this_machine_are_our_own_names_and_others_are_not() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:9187",
            "[::1]:9187",
            "[::1]",
            "localhost",
            "LocalHost.:80",
            "x.localhost:1",
            "10.1.2.3",
        ] {
            assert!(is_our_own(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:9187",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "",
            "notlocalhost",
            "?",
        ] {
            assert!(!is_our_own(host), "{host}");
        }
    }
}
