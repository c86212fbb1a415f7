//! What each page says.

use crate::any_store::AnyStore;
use axum::Json;
use axum::extract::State as Of;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use cardgenius_store::server::PoolStatus;
use cardgenius_text::Shown;
use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::{Pages, readiness};
use crate::sampler::read_pools;
use crate::service::State;
use crate::status;

/// The text format of Prometheus.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// That the process is there and its runtime turns; asks no database.
pub(super) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether work can be done just now, a line a condition.
pub(super) async fn readyz(Of(pages): Of<Pages>) -> Response {
    let checks = readiness::checks(&pages.state, &pages.readiness).await;
    let lines = checks.iter().map(|check| match &check.fault {
        None => format!("ok      {}\n", check.name),
        Some(fault) => format!("failing {}: {}\n", check.name, Shown(fault)),
    });
    let body: String = lines.collect();
    let is_ready = checks.iter().all(|check| check.fault.is_none());
    (if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, body).into_response()
}

/// Everything that is counted and measured.
pub(super) async fn metrics(Of(pages): Of<Pages>) -> Response {
    let metrics = &pages.state.metrics;
    if let Some(store) = pages.state.store() {
        read_pools(store, metrics);
    }
    ([(header::CONTENT_TYPE, EXPOSITION)], metrics.render()).into_response()
}

/// The run, the backlog, the schedule, the instances, and this one with its pools of sessions.
pub(super) async fn status(Of(pages): Of<Pages>) -> Response {
    let state = &pages.state;
    let Some(store) = state.store() else {
        let page =
            Json(json!({ "instance": instance(state, None), "fault": "no database was reached yet: see the log" }));
        return (StatusCode::SERVICE_UNAVAILABLE, page).into_response();
    };
    let instance = instance(state, Some(store.as_ref()));
    let overview = async { status::status(store, &state.config.run).await.map_err(|error| error.to_string()) };
    match Box::pin(pages.overview.get(overview)).await {
        Ok(overview) => Json(json!({ "instance": instance, "overview": overview })).into_response(),
        Err(fault) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "instance": instance, "fault": fault }))).into_response()
        }
    }
}

/// This instance.
fn instance(state: &State, store: Option<&AnyStore>) -> Value {
    let catalogue = state.catalogue();
    let pool = |pool: PoolStatus| json!({ "size": pool.size, "in_use": pool.in_use, "idle": pool.idle, "waiting": pool.waiting });
    let pools = store.map(AnyStore::pool_status);
    json!({
        "id": store.map(|store| store.instance_id().to_string()),
        "version": env!("CARGO_PKG_VERSION"),
        "pid": std::process::id(),
        "started_at": state.started_at.to_rfc3339_opts(SecondsFormat::Secs, true),
        "catalogue_hash": catalogue.clone().and_then(Result::ok),
        "catalogue_fault": catalogue.and_then(Result::err),
        "run_fault": state.setback(),
        "pools": { "source": pools.map(|(source, _)| pool(source)), "target": pools.and_then(|(_, target)| target.map(pool)) },
    })
}
