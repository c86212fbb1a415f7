//! `cardgenius probe`: asks one of a running daemon's pages, for whoever must know by an exit code: a container's health check,
//! in an image that has no other program.

use std::time::Duration;

use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::output;
use crate::exit::Exit;

/// A page that has not answered by then is taken for down.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// No page is asked with a body.
type NoBody = axum::body::Body;

/// Exit 0 if the page answers with 200, else 1.
#[must_use]
pub fn run(url: &str) -> Exit {
    let uri = match url.parse::<Uri>() {
        Ok(uri) if uri.scheme_str() == Some("http") && uri.host().is_some() => uri,
        _ => {
            output::complain(&format!("{url:?} is no address of a page, such as http://127.0.0.1:9187/readyz"));
            return Exit::Usage;
        }
    };
    super::on_a_runtime(async {
        match timeout(ANSWER_WITHIN, ask(&uri)).await {
            Ok(Ok(StatusCode::OK)) => output::print("ok"),
            Ok(Ok(status)) => failed(&format!("{uri} answers with {status}")),
            Ok(Err(error)) => failed(&format!("{uri} does not answer: {error}")),
            Err(_) => failed(&format!("{uri} does not answer within {ANSWER_WITHIN:?}")),
        }
    })
}

fn failed(text: &str) -> Exit {
    output::complain(text);
    Exit::Failed
}

async fn ask(uri: &Uri) -> Result<StatusCode, Box<dyn std::error::Error>> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driving = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map_or(host, |authority| authority.as_str());
    let request = Request::get(path).header(header::HOST, authority).body(NoBody::from(Bytes::new()))?;
    let status = sender.send_request(request).await?.status();
    driving.abort();
    Ok(status)
}
