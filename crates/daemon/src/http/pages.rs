//! What each page says.

use axum::Json;
use axum::extract::State as Of;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Pages;

/// The text format of Prometheus.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// That the process is there and its runtime turns; asks no database.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether work can be done just now, a line a condition.
pub(super) async fn readyz(Of(pages): Of<Pages>) -> Response {
    let checks = pages.readiness.checks(&pages.state).await;
    let lines = checks.iter().map(|check| match &check.fault {
        None => format!("ok      {}\n", check.name),
        Some(fault) => format!("failing {}: {fault}\n", check.name),
    });
    let body: String = lines.collect();
    let is_ready = checks.iter().all(|check| check.fault.is_none());
    (if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, body).into_response()
}

/// Everything that is counted and measured.
pub(super) async fn metrics(Of(pages): Of<Pages>) -> Response {
    let metrics = &pages.state.metrics;
    if let Some(store) = pages.state.store() {
        let (source, target) = store.pool_status();
        metrics.pool("source", source);
        if let Some(target) = target {
            metrics.pool("target", target);
        }
    }
    ([(header::CONTENT_TYPE, EXPOSITION)], metrics.render()).into_response()
}

/// The run, the backlog, the schedule, the instances, and this one.
pub(super) async fn status(Of(pages): Of<Pages>) -> Response {
    let state = &pages.state;
    let catalogue = state.catalogue();
    let instance = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "started_at": state.started_at.to_rfc3339(),
        "catalogue_hash": catalogue.clone().and_then(Result::ok),
        "catalogue_fault": catalogue.and_then(Result::err),
    });
    Json(json!({ "instance": instance })).into_response()
}
