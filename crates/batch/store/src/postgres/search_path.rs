//! By which path our sessions find names. What another role made in a schema of the role's own path must not be called in place of the
//! server's own functions and operators, so every transaction of ours begins by setting its path (docs/adr/0020).
//!
//! The path is set for one transaction at a time. A session may be handed to another client by a pooler, and must not keep it.

use std::sync::{Arc, PoisonError, RwLock};

use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::strangers::{self, Asked};
use crate::config::TableNames;
use crate::identifiers::UnknownName;

/// The server's own schema, and the temporary one last: by default it would be the first in which tables are looked for.
const CLOSED: &str = include_str!("sql/session_path_closed.sql");

const BEGIN: &str = include_str!("sql/transaction_begin.sql");

/// The path for the transactions on one database, as the connection made last has found it.
#[derive(Clone)]
pub(super) struct SearchPath {
    question: Arc<str>,
    settings: Arc<RwLock<Arc<str>>>,
}

impl SearchPath {
    /// Only the server's own schema, until a connection has asked for more.
    pub(super) fn closed(tables: &TableNames) -> Result<Self, UnknownName> {
        let names = strangers::names(tables, Asked::AtWork)?;
        let question = names.render(include_str!("sql/session_path.sql"))?;
        let message = format!("{BEGIN};\n{};\n{question};\nCOMMIT", settings(CLOSED));
        Ok(Self { question: message.into(), settings: Arc::new(RwLock::new(settings(CLOSED).into())) })
    }

    /// Asks on a new connection which schemas may follow the server's own, in one message.
    pub(super) async fn ask(&self, client: &Client) -> Result<(), Error> {
        let answer = client.simple_query(&self.question).await?;
        let path = answer.iter().rev().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        if let Some(path) = path {
            let settings = settings(&format!("SET LOCAL search_path = {path}"));
            *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings.into();
        }
        Ok(())
    }

    /// How a transaction begins, in one message: with its settings.
    pub(super) fn begin(&self) -> String {
        format!("{BEGIN};\n{}", self.settings())
    }

    /// What is set first in a transaction, in one message: its path and all settings that never change.
    pub(super) fn settings(&self) -> Arc<str> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn settings(path: &str) -> String {
    let unlimited = include_str!("sql/statement_unlimited.sql");
    let uncompiled = include_str!("sql/statement_uncompiled.sql");
    [unlimited, uncompiled, path, include_str!("sql/transaction_settings.sql")].join(";\n")
}
