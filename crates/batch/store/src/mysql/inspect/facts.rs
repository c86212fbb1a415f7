//! What a database says of itself and of the tables: plain structs, for the rules to judge.

use super::others::Referenced;
use crate::identifiers::quote_mysql;
use crate::inspection::Part;
use crate::inspection::references::Reference;
use crate::mysql::keys::{Index, key_over};

/// All that the rules look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// What of ours is in this database.
    pub(super) part: Part,
    /// The server.
    pub(super) server: ServerFacts,
    /// The table of users.
    pub(super) input: Table,
    /// The table of recommendations.
    pub(super) output: Table,
    /// Our own tables beside the users.
    pub(super) own: Vec<Table>,
    /// What bears a name of ours and is not ours, in words.
    pub(super) strange: Vec<String>,
    /// Columns of the customer's in the table of users that bear the names of ours.
    pub(super) foreign_columns: Vec<String>,
    /// A FULLTEXT index of the table of users.
    pub(super) fulltext: Option<String>,
    /// Our fence, in a second target database.
    pub(super) fence: Option<Table>,
    /// The version of our schema that is in force, and the oldest program that it serves.
    pub(super) schema_version: Option<(Option<i32>, Option<String>)>,
    /// There are users without an id.
    pub(super) without_id: bool,
    /// A user that is there twice.
    pub(super) duplicate: Option<String>,
}

/// The server, and who we are there.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerFacts {
    /// `app@%`.
    pub(super) account: String,
    /// Settings by name, in lower case.
    pub(super) settings: Vec<(String, String)>,
}

impl ServerFacts {
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn bytes(&self, name: &str) -> Option<u64> {
        self.setting(name)?.parse().ok()
    }

    pub(super) fn is_on(&self, name: &str) -> bool {
        self.setting(name)
            .is_some_and(|value| !matches!(value.to_ascii_uppercase().as_str(), "OFF" | "0" | "NO_LOCK" | ""))
    }

    /// The account as GRANT takes it.
    pub(super) fn quoted_account(&self) -> String {
        let (user, host) = self.account.rsplit_once('@').unwrap_or((&self.account, "%"));
        format!("{}@{}", quote_mysql(user), quote_mysql(host))
    }
}

/// A table that was asked for, there or not.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
    /// `BASE TABLE`, `VIEW`, `SYSTEM VERSIONED`; none if it is not there, or we have no right on it at all.
    pub(super) kind: Option<String>,
    pub(super) engine: Option<String>,
    pub(super) columns: Vec<Column>,
    pub(super) indexes: Vec<Index>,
    pub(super) triggers: Vec<(String, String)>,
    /// Foreign keys that reference it.
    pub(super) references: Vec<Reference>,
    /// What its own foreign keys reference.
    pub(super) referenced: Vec<Referenced>,
    /// DELETE would be let through.
    pub(super) may_delete: bool,
}

impl Table {
    /// For messages.
    pub(super) fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// For statements.
    pub(super) fn quoted(&self) -> String {
        format!("{}.{}", quote_mysql(&self.schema), quote_mysql(&self.name))
    }

    /// Whether it is a table.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind.as_deref(), Some("BASE TABLE" | "SYSTEM VERSIONED"))
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }

    pub(super) fn has_key(&self, columns: &[&str]) -> bool {
        key_over(&self.indexes, columns).is_some()
    }
}

/// A column.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    pub(super) name: String,
    /// `decimal`
    pub(super) data_type: String,
    /// `decimal(12,2)`
    pub(super) column_type: String,
    pub(super) nullable: bool,
    pub(super) has_default: bool,
    /// `auto_increment`, `STORED GENERATED`, and so on.
    pub(super) extra: String,
    pub(super) characters: Option<i64>,
    pub(super) precision: Option<i64>,
    pub(super) scale: Option<i64>,
    pub(super) collation: Option<String>,
    /// `select,insert,update,references`
    pub(super) privileges: String,
}

impl Column {
    pub(super) fn may(&self, privilege: &str) -> bool {
        self.privileges.split(',').any(|held| held.eq_ignore_ascii_case(privilege))
    }

    pub(super) fn is_generated(&self) -> bool {
        self.extra.to_ascii_uppercase().contains("GENERATED") && !self.extra.contains("DEFAULT_GENERATED")
    }

    pub(super) fn fills_itself(&self) -> bool {
        self.nullable || self.has_default || self.is_generated() || self.extra.contains("auto_increment")
    }
}
