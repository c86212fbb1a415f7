//! Objects under our names that our migrations did not make: they are named before the first step, and by the inspection
//! (docs/adr/0020).

/// What is asked about them in a schema.
pub(super) const QUESTION: &str = include_str!("sql/strangers.sql");

#[cfg(test)]
mod tests {
    use super::super::migrate::templates;
    use super::*;
    use crate::config::TableNames;
    use crate::identifiers::Names;

    /// The word that follows these, where the text has them.
    fn made<'a>(template: &'a str, by: &str) -> Option<&'a str> {
        let (_, after) = template.split_once(by)?;
        after.split_whitespace().next()
    }

    #[test]
    fn all_that_the_migrations_make_is_asked_about() {
        let mut asked = 0;
        for template in templates() {
            let name = made(template, "CREATE TABLE IF NOT EXISTS ").or_else(|| made(template, " VIEW "));
            let name = name.filter(|name| *name != "{{output}}").or_else(|| made(template, "CREATE TRIGGER "));
            let Some(name) = name else { continue };
            let name = Names::mysql(&TableNames::default()).render(name).unwrap();
            let name = name.rsplit('.').next().unwrap_or_default().trim_matches('`');
            assert!(QUESTION.contains(&format!("'{name}'")), "{name}");
            asked += 1;
        }
        assert_eq!(asked, 20, "ten tables, five views, five triggers");
    }
}
