//! `cardgenius failures`: who is failed, by cause.

use cardgenius_store::desk::Cause;
use serde_json::json;
use uuid::Uuid;

use super::{desk, output};
use crate::config::Config;
use crate::exit::Exit;
use crate::watch::grouped;

/// Prints the causes, of all runs or of one.
#[must_use]
pub fn run(config: &Config, run_id: Option<Uuid>, json: bool) -> Exit {
    desk::at_the_desk(config, async |store| {
        let causes = store.failures(run_id).await?;
        Ok(if json { output::print_json(&as_json(&causes)) } else { output::print(&as_table(&causes)) })
    })
}

fn as_table(causes: &[Cause]) -> String {
    if causes.is_empty() {
        return "nobody is failed".to_owned();
    }
    let rows = causes.iter().map(|cause| vec![grouped(cause.users), cause.cause.clone(), cause.examples.join(", ")]);
    let mut text = output::table(&["USERS", "CAUSE", "SUCH AS"], rows);
    text.push_str("\n\nN: any number. Once the cause is mended: cardgenius requeue --error 'CAUSE'");
    text
}

fn as_json(causes: &[Cause]) -> String {
    let causes: Vec<_> = causes
        .iter()
        .map(|cause| json!({"cause": cause.cause, "users": cause.users, "examples": cause.examples}))
        .collect();
    format!("{:#}", serde_json::Value::from(causes))
}
