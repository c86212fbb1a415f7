//! One private server for all tests, and a database for each.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use cardgenius_embedded::{MariadbOptions, PrivateMariadb};
use cardgenius_failure::error::DatabaseError;
use cardgenius_store::config::{CallLimits, DatabaseConfig, TableNames};
use cardgenius_store::migrate::{MigrateConfig, migrate};

/// The customer's table, before we come.
pub const CUSTOMER: &str = include_str!("../../../../../sql/mysql/customer/user_spending_data.sql");

pub static SERVER: LazyLock<PrivateMariadb> =
    LazyLock::new(|| PrivateMariadb::launch(MariadbOptions::for_tests()).unwrap());

/// A database of its own, on this server.
pub struct Place<'a> {
    pub server: &'a PrivateMariadb,
    pub tables: TableNames,
    /// Who migrates, where it is not the superuser.
    pub account: Option<String>,
}

/// A name that no other test has.
pub fn fresh(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Place<'_> {
    /// Nothing in it.
    pub fn empty() -> Self {
        Self::named(&fresh("db"))
    }

    /// Nothing in a database of this name.
    pub fn named(schema: &str) -> Self {
        SERVER.create_database(schema).unwrap();
        let (source_schema, target_schema) = (schema.to_owned(), schema.to_owned());
        let tables = TableNames { source_schema, target_schema, ..TableNames::default() };
        Self { server: &SERVER, tables, account: None }
    }

    /// With the customer's table.
    pub fn customers() -> Self {
        let place = Self::empty();
        place.run(CUSTOMER);
        place
    }

    /// With all of ours.
    pub async fn migrated() -> Self {
        let place = Self::customers();
        place.migrate().await.unwrap();
        place
    }

    /// Runs a script as the superuser; what it wrote, each line with its end.
    pub fn run(&self, script: &str) -> String {
        let written = self.server.run_sql(&self.tables.source_schema, script).unwrap();
        if written.is_empty() { written } else { format!("{written}\n") }
    }

    pub fn config(&self) -> MigrateConfig {
        let schema = &self.tables.source_schema;
        let url = self
            .account
            .as_ref()
            .map_or_else(|| self.server.url(schema), |user| self.server.url_as(user, None, schema));
        MigrateConfig {
            source: DatabaseConfig { url, ..DatabaseConfig::default() },
            target: None,
            tables: self.tables.clone(),
            limits: CallLimits::default(),
        }
    }

    /// Migrates; what was told meanwhile.
    pub async fn migrate(&self) -> Result<Vec<String>, DatabaseError> {
        let mut told = Vec::new();
        migrate(&self.config(), &mut |step: &str| told.push(step.to_owned())).await?;
        Ok(told)
    }

    /// All that was made here, as the server says it, without what each making has of its own.
    pub fn schema(&self) -> String {
        let name = &self.tables.source_schema;
        let tables = self.run(&format!(
            "SELECT CONCAT('SHOW CREATE ', IF(table_type = 'VIEW', 'VIEW', 'TABLE'), ' `', REPLACE(table_name, '`', '``'), '`;')
             FROM information_schema.tables WHERE table_schema = {} ORDER BY table_name",
            literal(name)
        ));
        let triggers = self.run(&format!(
            "SELECT trigger_name, action_timing, event_manipulation, event_object_table, action_statement, sql_mode
             FROM information_schema.triggers WHERE trigger_schema = {} ORDER BY trigger_name",
            literal(name)
        ));
        // The client writes a backslash as two.
        let schema = format!("{}\n{triggers}", self.run(&tables.replace(r"\\", r"\"))).replace(name.as_str(), "here");
        // How many rows there were is no part of it.
        schema.split(' ').filter(|word| !word.starts_with("AUTO_INCREMENT=")).collect::<Vec<_>>().join(" ")
    }
}

pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
