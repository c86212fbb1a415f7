//! The steps as a script for the `mysql` or `mariadb` client. Where DDL has no IF NOT EXISTS the script looks first: what it
//! then does is a statement in a variable, or nothing.

use cardgenius_failure::error::DatabaseError;

use super::super::connect::session_setup;
use super::migration_settings;
use super::steps::{COLUMNS, Kind, STEPS, Step, adding_only, drop_trigger, user_key_query};
use crate::config::{CallLimits, TableNames};
use crate::identifiers::{Names, quote_mysql_literal};
use crate::migrate::{LOCK_TIMEOUT, OLDEST_PROGRAM, SCHEMA_VERSION, render};

/// The SQL of the steps for a source that may be the target too.
pub fn print_source(tables: &TableNames, second_target: bool) -> Result<String, DatabaseError> {
    let names = Names::mysql(tables);
    let mut script = format!(
        "-- CardGenius {}: schema version {SCHEMA_VERSION}, for the mysql or mariadb client. Every statement may be run again.\n\
         -- A lock that is not granted in time fails its statement: run the script again.\n{}",
        env!("CARGO_PKG_VERSION"),
        session(),
    );
    let chosen = include_str!("../sql/migrate_use.sql");
    script.push_str(&format!("{};\n", render(&names, without_comment(chosen).1)?.trim_end()));
    for step in STEPS.iter().filter(|step| step.place.is_in_source(second_target)) {
        script.push_str(&printed(&names, step, second_target)?);
    }
    // Before the names are filled in: one of the customer's may be called `a$1`.
    let version = include_str!("../sql/migrate_version.sql")
        .replace("$1", &SCHEMA_VERSION.to_string())
        .replace("$2", &format!("'{OLDEST_PROGRAM}'"))
        .replace("$3", "CURRENT_USER()");
    let version = render(&names, &version)?;
    script.push_str(&format!("\n-- the version, last: from here on the daemon will start\n{};\n", version.trim_end()));
    Ok(script)
}

/// The SQL of the steps for a target that is another database.
pub fn print_target(tables: &TableNames) -> Result<String, DatabaseError> {
    let names = Names::mysql(tables);
    let mut script = session();
    for step in STEPS.iter().filter(|step| step.place.is_in_second_target()) {
        script.push_str(&printed(&names, step, true)?);
    }
    Ok(script)
}

/// What the session must be like, whatever the server, the account or the client has preset.
fn session() -> String {
    let limits = CallLimits { lock: LOCK_TIMEOUT, ..CallLimits::default() };
    let setup = session_setup(&limits).into_iter().chain([migration_settings()]);
    setup.map(|statement| format!("{};\n", without_comment(&statement).1.trim_end())).collect()
}

fn printed(names: &Names, step: &Step, second_target: bool) -> Result<String, DatabaseError> {
    let (comment, template) = without_comment(step.template);
    let template = template.trim_end();
    let sql = match step.kind {
        Kind::Plain => format!("{};\n", render(names, template)?),
        Kind::Trigger(name) => {
            format!("{};\n{};\n", drop_trigger(names, name)?.trim_end(), render(names, template)?)
        }
        Kind::Index => {
            let guarded = names.clone().with("statement_literal", quote_mysql_literal(&render(names, template)?));
            render(&guarded, include_str!("../../../../../../sql/mysql/printed/index.sql"))?
        }
        Kind::Columns => columns(names, &render(names, template)?)?,
        Kind::Output => output(names, template, second_target)?,
    };
    Ok(format!("\n-- {}\n{comment}{sql}", step.name))
}

fn columns(names: &Names, statement: &str) -> Result<String, DatabaseError> {
    let mut sql = String::new();
    for column in COLUMNS {
        let statement = adding_only(statement, |missing| missing == column);
        let guarded = names
            .clone()
            .with("column_literal", quote_mysql_literal(column))
            .with("statement_literal", quote_mysql_literal(statement.trim_end()));
        sql.push_str(&render(&guarded, include_str!("../../../../../../sql/mysql/printed/column.sql"))?);
    }
    Ok(sql)
}

/// With a mark in the place of how the key compares: only the server knows.
fn output(names: &Names, template: &str, second_target: bool) -> Result<String, DatabaseError> {
    const MARK: &str = "{{user_key}}";
    let marked = names.clone().with("user_key", MARK);
    let query = render(names, without_comment(user_key_query(second_target)).1)?;
    let guarded = names
        .clone()
        .with("statement_literal", quote_mysql_literal(&render(&marked, template)?))
        .with("mark_literal", quote_mysql_literal(MARK))
        .with("user_key_query", query.trim_end());
    render(&guarded, include_str!("../../../../../../sql/mysql/printed/output.sql"))
}

/// A file's comment, and what follows it.
fn without_comment(text: &str) -> (&str, &str) {
    let comment: usize = text.split_inclusive('\n').take_while(|line| line.starts_with("--")).map(str::len).sum();
    text.split_at(comment)
}
