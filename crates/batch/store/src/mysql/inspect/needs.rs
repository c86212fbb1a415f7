//! What the program's statements need of every table: columns, their types, and rights.

use super::facts::Column;
use crate::config::TableNames;

/// The states that a status column must be able to hold (database.md, "The states of a user").
const STATES: [&str; 4] = ["new", "pending", "completed", "failed"];

/// Shortest limit on `processing_error` under which no reason of ours is refused.
const REASON_CHARACTERS: i64 = 1_000;

/// Our tables in the source database, with the rights that the statements need on the whole table.
pub(super) const OWN_TABLES: [(&str, &[&str]); 9] = [
    ("cardgenius_schema_version", &["SELECT"]),
    ("cardgenius_catalogues", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
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
pub(super) enum Role {
    /// The user's key: text that an index can hold whole.
    Key,
    /// Text that we write whole.
    Text,
    /// `processing_status`.
    Status,
    /// `processing_error`.
    Reason,
    /// A number that we read.
    Amount,
    /// DECIMAL(12,2) that we write.
    Money,
    /// DECIMAL(5,4) that we write.
    Rate,
    /// A whole number that we write.
    Whole,
    /// `claim_id`.
    Id,
    /// A point in time.
    Time,
}

impl Role {
    /// What the column's type must be, if it is not.
    pub(super) fn objection(self, column: &Column) -> Option<String> {
        let of_type = column.data_type.to_ascii_lowercase();
        let (short, long) = (
            matches!(&*of_type, "char" | "varchar"),
            matches!(&*of_type, "tinytext" | "text" | "mediumtext" | "longtext"),
        );
        let whole = matches!(&*of_type, "tinyint" | "smallint" | "mediumint" | "int" | "bigint");
        let no_less = |characters: i64| short && column.characters.is_some_and(|limit| limit >= characters);
        let (fits, wanted) = match self {
            Self::Key => (short, "must be VARCHAR, such as VARCHAR(50)".to_owned()),
            Self::Text => (short || long, "must be a text, such as VARCHAR(50)".to_owned()),
            Self::Status => {
                let labels = column.column_type.to_ascii_lowercase();
                let missing: Vec<&str> =
                    STATES.into_iter().filter(|state| !labels.contains(&format!("'{state}'"))).collect();
                let fits = if of_type == "enum" { missing.is_empty() } else { long || no_less(9) };
                (
                    fits,
                    format!("must be an ENUM with the labels {}, or a text of 9 characters or more", STATES.join(", ")),
                )
            }
            Self::Reason => (
                of_type != "tinytext" && (long || no_less(REASON_CHARACTERS)),
                format!("must be TEXT, or VARCHAR({REASON_CHARACTERS}) or longer"),
            ),
            Self::Amount => (
                whole || matches!(&*of_type, "decimal" | "float" | "double"),
                "must be a number, such as DECIMAL(12,2)".to_owned(),
            ),
            Self::Money => (
                holds(column, 10, 2),
                "must be DECIMAL(12,2), or a wider DECIMAL, so that nothing is rounded".to_owned(),
            ),
            Self::Rate => {
                (holds(column, 1, 4), "must be DECIMAL(5,4), or a wider DECIMAL, so that nothing is rounded".to_owned())
            }
            Self::Whole => (whole, "must be a whole number, such as TINYINT or SMALLINT".to_owned()),
            Self::Id => (
                no_less(36) && column.collation.as_deref() == Some("ascii_bin"),
                "must be CHAR(36) CHARACTER SET ascii COLLATE ascii_bin".to_owned(),
            ),
            Self::Time => (matches!(&*of_type, "datetime" | "timestamp"), "must be DATETIME(6)".to_owned()),
        };
        (!fits).then_some(wanted)
    }
}

/// Whether a DECIMAL holds so many digits before the point and so many behind it.
fn holds(column: &Column, before: i64, behind: i64) -> bool {
    let (precision, scale) = (column.precision.unwrap_or(0), column.scale.unwrap_or(0));
    column.data_type.eq_ignore_ascii_case("decimal") && scale >= behind && precision - scale >= before
}

/// A column that we work with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need<'a> {
    pub(super) name: &'a str,
    pub(super) role: Role,
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

const INPUT: [Need<'static>; 13] = [
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
    Need { ours: true, ..both("crashes", Role::Whole) },
    Need { ours: true, ..both("processed_at", Role::Time) },
];

/// The columns of the table of recommendations, all of which we load.
pub(super) const OUTPUT: [Need<'static>; 15] = [
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

#[cfg(test)]
mod tests {
    use super::*;

    fn column(column_type: &str) -> Column {
        let (data_type, rest) = column_type.split_once('(').unwrap_or((column_type, ""));
        let mut figures = rest.trim_end_matches(')').split(',').map(|figure| figure.parse().ok());
        let (first, second) = (figures.next().flatten(), figures.next().flatten());
        Column {
            data_type: data_type.into(),
            column_type: column_type.into(),
            characters: first,
            precision: first,
            scale: second.or(Some(0)),
            collation: Some("ascii_bin".into()),
            ..Column::default()
        }
    }

    #[test]
    fn types_that_hold_what_we_read_and_write_will_do_and_others_will_not() {
        for (role, fit, unfit) in [
            (Role::Key, &["varchar(50)", "char(50)"][..], &["int", "text", "varbinary(50)"][..]),
            (Role::Text, &["varchar(50)", "char(50)", "text"][..], &["int", "blob", "varbinary(50)"][..]),
            (
                Role::Status,
                &["enum('new','pending','completed','failed')", "varchar(9)", "text"],
                &["enum('new','pending','completed')", "varchar(8)", "tinyint"],
            ),
            (Role::Reason, &["text", "varchar(1000)", "longtext"], &["varchar(255)", "tinytext"]),
            (Role::Amount, &["decimal(12,2)", "double", "int"], &["varchar(20)", "date"]),
            (Role::Money, &["decimal(12,2)", "decimal(14,4)"], &["decimal(12,1)", "decimal(11,2)", "double"]),
            (Role::Rate, &["decimal(5,4)"], &["decimal(4,4)", "decimal(5,2)", "float"]),
            (Role::Whole, &["tinyint", "smallint", "int"], &["decimal(2,0)", "varchar(2)"]),
            (Role::Id, &["char(36)"], &["varchar(32)", "binary(16)"]),
            (Role::Time, &["datetime(6)", "timestamp"], &["date", "varchar(30)"]),
        ] {
            for fit in fit {
                assert_eq!(role.objection(&column(fit)), None, "{role:?} {fit}");
            }
            for unfit in unfit {
                assert!(role.objection(&column(unfit)).is_some(), "{role:?} {unfit}");
            }
        }
    }
}
