//! Which databases and tables, and how to sign in to them.

use std::path::PathBuf;

use cardgenius_store::family::usual_schema;
use serde::{Deserialize, Serialize};

use super::{
    Config,
    database_url::DatabaseUrl,
    secret::Secret,
    violation::{Violation, identifier_violation},
};

/// The database and the table that are read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceConfig {
    /// Address, `postgres://user@host:5432/database` or `mysql://user@host:3306/database`. Default: the variable `DATABASE_URL`, else none, because no guess
    /// could be right; the commands that need a database ask for it by name.
    pub url: Option<DatabaseUrl>,
    /// The password. Default: none; the address may carry it.
    pub password: Option<Secret>,
    /// A file that holds the password, read again at each connection so that a rotated password needs no restart; one
    /// line break at its end is dropped. Default: none.
    pub password_file: Option<PathBuf>,
    /// Schema of the table. Default: none, which means `public` on PostgreSQL, and on MySQL and MariaDB, where a schema is a
    /// database, the one in the address.
    pub schema: Option<String>,
    /// Table of the users' spending. Default `user_spending_data`, the customer's name.
    pub table: String,
    /// Optional columns of that table.
    pub columns: SourceColumns,
}

/// Columns that the input may have beside the customer's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceColumns {
    /// Column of the monthly income, in rupees, for a card's eligibility. Default: none, because the customer's table has
    /// none; then no card is refused for the income (calculation.md, section 5).
    pub monthly_income: Option<String>,
    /// Column of the credit score, 0 to 999, likewise. Default: none, for the same reason.
    pub credit_score: Option<String>,
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self {
            url: None,
            password: None,
            password_file: None,
            schema: None,
            table: "user_spending_data".to_owned(),
            columns: SourceColumns::default(),
        }
    }
}

impl SourceConfig {
    /// Every rule that a field of this section breaks.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations =
            sign_in_violations("source", self.url.as_ref(), self.password.as_ref(), self.password_file.as_ref());
        violations.extend(self.schema.as_deref().and_then(|schema| identifier_violation("source.schema", schema)));
        violations.extend(identifier_violation("source.table", &self.table));
        let SourceColumns { monthly_income, credit_score } = &self.columns;
        for (field, column) in
            [("source.columns.monthly_income", monthly_income), ("source.columns.credit_score", credit_score)]
        {
            violations.extend(column.as_deref().and_then(|column| identifier_violation(field, column)));
        }
        if monthly_income.is_some() && monthly_income == credit_score {
            violations.push(Violation::new(
                "source.columns.credit_score",
                "must name another column than `source.columns.monthly_income`",
            ));
        }
        violations
    }
}

/// The database and the table that are written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetConfig {
    /// Address. Default: none, which means the source's database with the source's password; one database is the usual
    /// case, and needs only one transaction per chunk.
    pub url: Option<DatabaseUrl>,
    /// The password; needs `target.url`. Default: none.
    pub password: Option<Secret>,
    /// A file that holds the password, like `source.password_file`; needs `target.url`. Default: none.
    pub password_file: Option<PathBuf>,
    /// Schema of the table. Default: none, which means `public` on PostgreSQL, and on MySQL and MariaDB, where a schema is a
    /// database, the one in the address.
    pub schema: Option<String>,
    /// Table of the recommendations. Default `card_recommendations`, the customer's name.
    pub table: String,
    /// Whether other tables' foreign keys that reference the recommendations may delete rows or set them to NULL. Default false: a run
    /// replaces rows by deleting and inserting them, and few customers mean to lose what references them.
    pub allow_cascade: bool,
}

impl Default for TargetConfig {
    fn default() -> Self {
        Self {
            url: None,
            password: None,
            password_file: None,
            schema: None,
            table: "card_recommendations".to_owned(),
            allow_cascade: false,
        }
    }
}

impl TargetConfig {
    /// Every rule that a field of this section breaks.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations =
            sign_in_violations("target", self.url.as_ref(), self.password.as_ref(), self.password_file.as_ref());
        violations.extend(password_without_url(
            "target",
            self.url.is_some(),
            self.password.is_some(),
            &self.password_file,
        ));
        violations.extend(self.schema.as_deref().and_then(|schema| identifier_violation("target.schema", schema)));
        violations.extend(identifier_violation("target.table", &self.table));
        violations
    }
}

impl Config {
    /// Address of the table of users: the source's, or the one that `cardgenius migrate` was given where nothing else was.
    #[must_use]
    pub fn source_address(&self) -> Option<&DatabaseUrl> {
        self.source.url.as_ref().or(self.migrate.url.as_ref())
    }

    /// Schema of the table of users.
    #[must_use]
    pub fn source_schema(&self) -> String {
        schema_of(self.source.schema.as_ref(), self.source_address())
    }

    /// Schema of the table of recommendations.
    #[must_use]
    pub fn target_schema(&self) -> String {
        schema_of(self.target.schema.as_ref(), self.target.url.as_ref().or_else(|| self.source_address()))
    }
}

fn schema_of(configured: Option<&String>, url: Option<&DatabaseUrl>) -> String {
    configured.cloned().unwrap_or_else(|| usual_schema(url.map_or("", DatabaseUrl::expose)))
}

/// How `cardgenius migrate` signs in: it alone needs the right to create and alter tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrateConfig {
    /// Address, with the role that may alter tables. Default: none, which means the source's address and password.
    pub url: Option<DatabaseUrl>,
    /// The password; needs `migrate.url`. Default: none.
    pub password: Option<Secret>,
    /// A file that holds the password, like `source.password_file`; needs `migrate.url`. Default: none.
    pub password_file: Option<PathBuf>,
}

impl MigrateConfig {
    /// Every rule that a field of this section breaks.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations =
            sign_in_violations("migrate", self.url.as_ref(), self.password.as_ref(), self.password_file.as_ref());
        violations.extend(password_without_url(
            "migrate",
            self.url.is_some(),
            self.password.is_some(),
            &self.password_file,
        ));
        violations
    }
}

/// The password is given once, or nobody could tell which of two is meant; files are looked at when somebody signs in.
fn sign_in_violations(
    section: &str,
    url: Option<&DatabaseUrl>,
    password: Option<&Secret>,
    password_file: Option<&PathBuf>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    if let Some(Err(rule)) = url.map(DatabaseUrl::check) {
        violations.push(Violation::new(format!("{section}.url"), rule.to_string()));
    }
    let in_url = url.is_some_and(DatabaseUrl::has_password);
    if password.is_some() && in_url {
        violations.push(Violation::new(
            format!("{section}.password"),
            format!("must not be given as well as a password within `{section}.url`"),
        ));
    }
    if let Some(file) = password_file {
        let field = || format!("{section}.password_file");
        if file.as_os_str().is_empty() {
            violations.push(Violation::new(field(), "must not be empty"));
        }
        if password.is_some() || in_url {
            let other =
                if in_url { format!("a password within `{section}.url`") } else { format!("`{section}.password`") };
            violations.push(Violation::new(field(), format!("must not be given as well as {other}")));
        }
    }
    violations
}

fn password_without_url(section: &str, url: bool, password: bool, password_file: &Option<PathBuf>) -> Vec<Violation> {
    let given = [("password", password), ("password_file", password_file.is_some())];
    let given = given.into_iter().filter(|(_, given)| *given && !url);
    given
        .map(|(name, _)| {
            let rule = format!("needs `{section}.url`: without it the source's address and password are used");
            Violation::new(format!("{section}.{name}"), rule)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(violations: &[Violation]) -> Vec<&str> {
        violations.iter().map(|violation| violation.field.as_str()).collect()
    }

    #[test]
    fn a_password_given_twice_is_refused_whichever_two_places_are_used() {
        let plain = Some(DatabaseUrl::new("postgres://ana@db/x"));
        let with_password = Some(DatabaseUrl::new("postgres://ana:s3cret@db/x"));
        let password = Some(Secret::new("s3cret"));
        let file = Some(PathBuf::from("/run/secrets/password"));
        for (url, password, password_file, expected) in [
            (&plain, None, None, vec![]),
            (&plain, password.clone(), None, vec![]),
            (&plain, None, file.clone(), vec![]),
            (&with_password, None, None, vec![]),
            (&with_password, password.clone(), None, vec!["source.password"]),
            (&with_password, None, file.clone(), vec!["source.password_file"]),
            (&plain, password, file, vec!["source.password_file"]),
        ] {
            let source = SourceConfig { url: url.clone(), password, password_file, ..SourceConfig::default() };
            let violations = source.validate();
            assert_eq!(fields(&violations), expected);
            assert!(!format!("{violations:?}").contains("s3cret"));
        }
    }

    #[test]
    fn the_schema_is_that_of_the_address_which_a_migration_was_given_where_the_source_has_none() {
        let migrate = MigrateConfig { url: Some(DatabaseUrl::new("mysql://ann@db/pad")), ..MigrateConfig::default() };
        let mut config = Config { migrate, ..Config::default() };
        assert_eq!((config.source_schema(), config.target_schema()), ("pad".to_owned(), "pad".to_owned()));
        config.source.url = Some(DatabaseUrl::new("mysql://app@db/shop"));
        assert_eq!((config.source_schema(), config.target_schema()), ("shop".to_owned(), "shop".to_owned()));
    }

    #[test]
    fn a_password_of_its_own_needs_an_address_of_its_own() {
        let target = TargetConfig { password: Some(Secret::new("x")), ..TargetConfig::default() };
        assert_eq!(fields(&target.validate()), ["target.password"]);
        let migrate = MigrateConfig { password_file: Some("x".into()), ..MigrateConfig::default() };
        assert_eq!(fields(&migrate.validate()), ["migrate.password_file"]);
    }

    #[test]
    fn every_name_is_checked_and_all_violations_are_reported_at_once() {
        let source = SourceConfig {
            url: Some(DatabaseUrl::new("nonsense")),
            schema: Some(String::new()),
            table: "x".repeat(64),
            columns: SourceColumns { monthly_income: Some("a\0".into()), credit_score: Some("a\0".into()) },
            ..SourceConfig::default()
        };
        assert_eq!(
            fields(&source.validate()),
            [
                "source.url",
                "source.schema",
                "source.table",
                "source.columns.monthly_income",
                "source.columns.credit_score",
                "source.columns.credit_score",
            ]
        );
    }
}
