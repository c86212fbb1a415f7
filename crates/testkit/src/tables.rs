//! The customer's two tables, by the names that they have in a test's database.

/// Which tables a test works on. CardGenius's own tables lie in the schema of the users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// Schema of the table of users.
    pub input_schema: String,
    /// The table of users.
    pub input: String,
    /// Schema of the table of recommendations.
    pub output_schema: String,
    /// The table of recommendations.
    pub output: String,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            input_schema: "public".into(),
            input: "user_spending_data".into(),
            output_schema: "public".into(),
            output: "card_recommendations".into(),
        }
    }
}

impl Tables {
    /// `sql` with the names of the tables in the places of `{{input}}`, `{{output}}`, `{{claims}}` and `{{runs}}`.
    #[must_use]
    pub fn render(&self, sql: &str) -> String {
        self.rendered(sql, quoted)
    }

    /// The same with names as MySQL and MariaDB quote them.
    #[must_use]
    pub fn render_mysql(&self, sql: &str) -> String {
        self.rendered(sql, |name| format!("`{}`", name.replace('`', "``")))
    }

    fn rendered(&self, sql: &str, quote: fn(&str) -> String) -> String {
        let qualified = |schema: &str, table: &str| format!("{}.{}", quote(schema), quote(table));
        let own = |table: &str| qualified(&self.input_schema, table);
        let sql = sql
            .replace("{{input}}", &qualified(&self.input_schema, &self.input))
            .replace("{{output}}", &qualified(&self.output_schema, &self.output))
            .replace("{{claims}}", &own("cardgenius_claims"))
            .replace("{{runs}}", &own("cardgenius_runs"));
        assert!(!sql.contains("{{"), "an unknown name in: {sql}");
        sql
    }
}

/// A name in double quotes, whatever it holds.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
