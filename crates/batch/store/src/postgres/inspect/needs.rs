//! What the program's statements need of every table: columns, their types, and rights.

use super::facts::{Column, HEADER};
use crate::config::TableNames;

/// The states that a status column must be able to hold (database.md, "The states of a user").
pub(super) const STATES: [&str; 4] = ["new", "pending", "completed", "failed"];

/// Shortest limit on `processing_error` under which no reason of ours is refused.
const REASON_CHARACTERS: i32 = 1_000;

/// Our tables in the source database, with the rights that the statements need on the whole table.
pub(super) const OWN_TABLES: [(&str, &[&str]); 9] = [
    ("cardgenius_schema_version", &["SELECT"]),
    ("cardgenius_catalogues", &["SELECT", "INSERT", "DELETE"]),
    ("cardgenius_runs", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("cardgenius_instances", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("cardgenius_claims", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("cardgenius_schedule", &["SELECT", "INSERT", "UPDATE"]),
    ("cardgenius_fires", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("cardgenius_control", &["SELECT", "INSERT", "UPDATE"]),
    ("cardgenius_audit", &["SELECT", "INSERT", "DELETE"]),
];

/// Our table in a second target database.
pub(super) const FENCE: (&str, &[&str]) = ("cardgenius_fence", &["SELECT", "INSERT", "UPDATE", "DELETE"]);

/// What a column's values are to us, and so which types will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::postgres) enum Role {
    /// The user's key, as we read it.
    Key,
    /// Text that we write whole.
    Text,
    /// `processing_status`.
    Status,
    /// `processing_error`.
    Reason,
    /// A number that we read and cast.
    Amount,
    /// DECIMAL(12,2) that we write.
    Money,
    /// DECIMAL(5,4) that we write.
    Rate,
    /// A whole number that we write.
    Whole,
    /// A count that is compared with a bound smallint.
    Count,
    /// `claim_id`.
    Id,
    /// A point in time.
    Time,
    /// Where a row lies: the server's own column, which every table has.
    Place,
}

impl Role {
    /// What the column's type must be, if it is not.
    pub(super) fn objection(self, column: &Column) -> Option<String> {
        let of_type = column.of_type.as_str();
        let text = matches!(of_type, "text" | "varchar" | "bpchar" | "citext");
        let whole = matches!(of_type, "int2" | "int4" | "int8");
        match self {
            // The blanks that char(n) adds are lost in a comparison as text, and the key would not be found again.
            Self::Key => (!text || of_type == "bpchar").then(|| "must be varchar or text, such as varchar(50)".into()),
            Self::Text => (!text).then(|| "must be a text, such as varchar(200)".into()),
            Self::Status => status_objection(column, text),
            Self::Reason => {
                let roomy = column.modifier < 0 || column.modifier - HEADER >= REASON_CHARACTERS;
                (!text || !roomy).then(|| format!("must be text without a limit, or of {REASON_CHARACTERS} characters"))
            }
            Self::Amount => (!whole && !matches!(of_type, "numeric" | "float4" | "float8"))
                .then(|| "must be a number, such as numeric(12,2)".into()),
            Self::Money => (!holds(column, 10, 2))
                .then(|| "must be numeric(12,2), or a wider numeric, so that nothing is rounded".into()),
            Self::Rate => (!holds(column, 1, 4))
                .then(|| "must be numeric(5,4), or a wider numeric, so that nothing is rounded".into()),
            Self::Whole => (!whole).then(|| "must be smallint, integer or bigint".into()),
            Self::Count => (of_type != "int2").then(|| "must be smallint".into()),
            Self::Id => (of_type != "uuid").then(|| "must be uuid".into()),
            Self::Place => None,
            Self::Time => {
                (!matches!(of_type, "timestamptz" | "timestamp")).then(|| "must be timestamp with time zone".into())
            }
        }
    }
}

fn status_objection(column: &Column, text: bool) -> Option<String> {
    if column.is_domain && !column.labels.is_empty() {
        // The server finds no operator that compares such a domain with a label.
        return Some("must be the enum itself, not a domain over it: ALTER TABLE … ALTER COLUMN … TYPE it".into());
    }
    if !column.labels.is_empty() {
        let missing: Vec<&str> =
            STATES.into_iter().filter(|state| !column.labels.iter().any(|label| label == state)).collect();
        return (!missing.is_empty())
            .then(|| format!("must have the labels {}: add them with ALTER TYPE … ADD VALUE", missing.join(", ")));
    }
    let longest = 9;
    let fits = column.modifier < 0 || column.modifier - HEADER >= longest;
    (!text || !fits).then(|| {
        format!("must be an enum with the labels {}, or a text of {longest} characters or more", STATES.join(", "))
    })
}

/// Whether a numeric column holds so many digits before the point and so many behind it.
fn holds(column: &Column, before: i32, behind: i32) -> bool {
    if column.of_type != "numeric" {
        return false;
    }
    if column.modifier < 0 {
        return true;
    }
    // numeric_typmod_precision and numeric_typmod_scale in the server's source; the scale has a sign since version 15.
    let modifier = column.modifier - HEADER;
    let (precision, scale) = (modifier >> 16, ((modifier & 0x7ff) ^ 0x400) - 0x400);
    scale >= behind && precision - scale >= before
}

/// A column that we work with.
#[derive(Clone, Copy, Debug)]
pub(in crate::postgres) struct Need<'a> {
    pub(in crate::postgres) name: &'a str,
    pub(in crate::postgres) role: Role,
    /// Added to the customer's table by the migration.
    pub(super) ours: bool,
    /// SELECT is needed.
    pub(super) read: bool,
    /// UPDATE is needed on the input, INSERT on the output.
    pub(super) written: bool,
    /// We write NULL into it, too.
    pub(super) emptied: bool,
}

const fn read(name: &str, role: Role) -> Need<'_> {
    Need { name, role, ours: false, read: true, written: false, emptied: false }
}

const fn both(name: &str, role: Role) -> Need<'_> {
    Need { written: true, ..read(name, role) }
}

const fn loaded(name: &str, role: Role) -> Need<'_> {
    Need { read: false, ..both(name, role) }
}

const INPUT: [Need<'static>; 15] = [
    read("user_id", Role::Key),
    read("avg_amazon_gmv", Role::Amount),
    read("avg_flipkart_gmv", Role::Amount),
    read("avg_myntra_gmv", Role::Amount),
    read("avg_ajio_gmv", Role::Amount),
    read("avg_grocery_gmv", Role::Amount),
    read("avg_confirmed_gmv", Role::Amount),
    both("processing_status", Role::Status),
    Need { emptied: true, ..both("processing_error", Role::Reason) },
    Need { ours: true, emptied: true, ..both("claim_id", Role::Id) },
    Need { ours: true, ..both("attempts", Role::Whole) },
    Need { ours: true, ..both("crashes", Role::Count) },
    Need { ours: true, ..both("processed_at", Role::Time) },
    read("ctid", Role::Place),
    read("tableoid", Role::Place),
];

/// The columns of the table of recommendations, all of which we load.
pub(in crate::postgres) const OUTPUT: [Need<'static>; 15] = [
    // That it compares like the input's is a rule of its own.
    both("user_id", Role::Text),
    loaded("rank", Role::Whole),
    loaded("card_name", Role::Text),
    loaded("total_savings_yearly", Role::Money),
    loaded("joining_fees", Role::Money),
    loaded("total_extra_benefits", Role::Money),
    loaded("net_savings", Role::Money),
    loaded("amazon_points", Role::Money),
    loaded("flipkart_points", Role::Money),
    loaded("myntra_points", Role::Money),
    loaded("ajio_points", Role::Money),
    loaded("grocery_points", Role::Money),
    loaded("other_online_points", Role::Money),
    Need { emptied: true, ..loaded("redemption_method", Role::Text) },
    loaded("redemption_rate", Role::Rate),
];

/// The columns of the table of users that we work with, the configured ones among them.
pub(super) fn input(tables: &TableNames) -> Vec<Need<'_>> {
    let optional = [&tables.monthly_income, &tables.credit_score];
    let optional = optional.into_iter().flatten().map(|name| read(name, Role::Amount));
    INPUT.into_iter().chain(optional).collect()
}
