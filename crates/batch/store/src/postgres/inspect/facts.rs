//! What the databases say of themselves and of the tables: plain structs, for the rules to judge.

use super::others::Others;
use crate::identifiers::quote;
use crate::inspection::Part;
use crate::server::SessionNumber;

/// PostgreSQL 13 is the oldest version that we support (product.md).
pub(super) const OLDEST_SERVER: i32 = 130_000;

/// Bytes that a varying type's modifier counts beside its characters.
pub(super) const HEADER: i32 = 4;

/// All that the rules look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// What of ours is in this database.
    pub(super) part: Part,
    /// The database.
    pub(super) database: Database,
    /// The table of users.
    pub(super) input: Relation,
    /// The table of recommendations.
    pub(super) output: Relation,
    /// Our own tables beside the users.
    pub(super) own: Vec<Relation>,
    /// Our fence, in a second target database.
    pub(super) fence: Option<Relation>,
    /// The version of our schema that is in force, and the oldest program that it serves; none if none was applied or
    /// it cannot be read.
    pub(super) schema_version: Option<(i32, String)>,
    /// What the table of users holds.
    pub(super) users: UsersFacts,
}

/// One database and its server.
#[derive(Clone, Debug, Default)]
pub(super) struct Database {
    /// `the database`, `the source database` or `the target database`.
    pub(super) called: &'static str,
    /// As in 130004.
    pub(super) version: i32,
    /// As people write it.
    pub(super) version_shown: String,
    /// It follows another server.
    pub(super) standby: bool,
    /// It takes no writes from us, for whatever reason.
    pub(super) read_only: bool,
    /// The role that we work as.
    pub(super) role: String,
    /// The encoding, as the server names it.
    pub(super) encoding: String,
    /// Autovacuum runs.
    pub(super) autovacuum: bool,
    /// Publications and slots.
    pub(super) replication: Vec<Replication>,
    /// What bears a name of ours and is not ours, or is in a stranger's hands: in words, with what to do.
    pub(super) strangers: Vec<String>,
    /// What strangers may do to our tables: in words, with what to do.
    pub(super) stranger_rights: Vec<String>,
    /// Schemas of the tables in which strangers may create something, or have.
    pub(super) open_schemas: Vec<OpenSchema>,
    /// Server processes that served two of our sessions, held at once: the first's transaction, the second's after it, and
    /// the first's again while the second was in one.
    pub(super) backends: [SessionNumber; 3],
}

/// A schema that a stranger can use to have a function of its own called in place of another one.
#[derive(Clone, Debug)]
pub(super) struct OpenSchema {
    pub(super) name: String,
    /// Strangers that may create objects there, quoted; `PUBLIC` among them.
    pub(super) creators: Vec<String>,
    /// Strangers that own functions or operators there, quoted.
    pub(super) owners: Vec<String>,
}

/// What carries changes elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Replication {
    /// `publication`, `logical` or `physical`.
    pub(super) kind: String,
    pub(super) name: String,
    /// Whether somebody reads from the slot.
    pub(super) active: bool,
}

/// A table that was asked for, there or not.
#[derive(Clone, Debug, Default)]
pub(super) struct Relation {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) schema_exists: bool,
    pub(super) schema_usage: bool,
    /// `pg_class.relkind`; none if it does not exist.
    pub(super) kind: Option<String>,
    /// `pg_class.relpersistence`.
    pub(super) persistence: String,
    /// Storage parameters, as `name=value`.
    pub(super) options: Vec<String>,
    /// A policy would filter this role's rows.
    pub(super) row_security: bool,
    /// Privileges on the whole table.
    pub(super) rights: Vec<String>,
    pub(super) columns: Vec<Column>,
    pub(super) indexes: Vec<Index>,
    pub(super) triggers: Vec<Trigger>,
    /// Columns whose defaults draw from a sequence that this role may not use; the sequence quoted, with its schema.
    pub(super) closed_sequences: Vec<(String, String)>,
    /// Strangers' functions and types that it makes our sessions call.
    pub(super) foreign_code: Vec<ForeignCode>,
    /// The customer's objects that hang on it.
    pub(super) others: Others,
}

impl Relation {
    /// For messages.
    pub(super) fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// For statements.
    pub(super) fn quoted(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.name))
    }

    /// Whether it is a table, partitioned or not.
    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind.as_deref(), Some("r" | "p"))
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether a valid key has exactly these columns, in any order.
    pub(super) fn has_key(&self, columns: &[&str]) -> bool {
        self.indexes.iter().any(|index| {
            index.valid
                && index.key
                && index.columns.len() == columns.len()
                && columns.iter().all(|column| index.columns.iter().any(|of_index| of_index == column))
        })
    }
}

/// A function or a type of a stranger, and how a table makes our sessions call it.
#[derive(Clone, Debug)]
pub(super) struct ForeignCode {
    /// `the trigger t, whose function public.f`
    pub(super) what: String,
    /// Quoted.
    pub(super) owner: String,
}

/// A column; a domain is seen as the type that it is made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    pub(super) name: String,
    /// `pg_type.typname`, with its schema unless that is pg_catalog or the type is citext.
    pub(super) of_type: String,
    /// `pg_attribute.atttypmod`: -1 without one.
    pub(super) modifier: i32,
    /// The type as people write it.
    pub(super) shown_type: String,
    /// Of an enum.
    pub(super) labels: Vec<String>,
    pub(super) not_null: bool,
    pub(super) has_default: bool,
    /// `a` always, `d` by default, or empty.
    pub(super) identity: String,
    pub(super) generated: bool,
    /// A collation that holds different texts for equal.
    pub(super) loose_collation: Option<String>,
    /// SELECT, INSERT, UPDATE: by column or on the whole table.
    pub(super) rights: Vec<String>,
    /// It is a domain.
    pub(super) is_domain: bool,
}

impl Column {
    pub(super) fn may(&self, privilege: &str) -> bool {
        self.rights.iter().any(|held| held == privilege)
    }
}

/// An index.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) valid: bool,
    /// Unique at every moment, over every row, by plain columns.
    pub(super) key: bool,
}

/// An enabled trigger of the customer's.
#[derive(Clone, Debug)]
pub(super) struct Trigger {
    pub(super) name: String,
    pub(super) on_insert: bool,
    pub(super) on_delete: bool,
    pub(super) on_update: bool,
    /// `UPDATE OF` these; empty: of any.
    pub(super) of_columns: Vec<String>,
}

/// What the table of users holds that no key keeps out.
#[derive(Clone, Debug, Default)]
pub(super) struct UsersFacts {
    pub(super) without_id: bool,
    /// One that is there twice.
    pub(super) duplicate: Option<String>,
}
