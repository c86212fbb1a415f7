//! What the inspection at the start finds, whatever the database: what would go wrong later is refused now, by name, with
//! what to do about it (database.md, "What is refused at the start, by name").

pub(crate) mod references;
pub(crate) mod widths;

use semver::Version;

use crate::migrate::SCHEMA_VERSION;

/// What a run intends, as far as an inspection judges by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    /// Foreign keys may delete or empty rows of other tables when recommendations are replaced.
    pub allow_cascade: bool,
    /// What goes into `card_name`.
    pub card_names: Vec<String>,
    /// What goes into `redemption_method`.
    pub redemption_methods: Vec<String>,
    /// The characters outside ASCII that the catalogue's text holds, each once.
    pub characters: String,
}

/// What an inspection found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// What keeps a run from starting; none on sound databases.
    pub refusals: Vec<Refusal>,
    /// What an operator should know and may well intend.
    pub warnings: Vec<String>,
}

/// Something that we refuse to work with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Short, stable, kebab-case: `missing-right`.
    pub name: &'static str,
    /// What is wrong, with which thing, and what to do; of several lines where it ends with statements to run.
    pub message: String,
}

impl Refusal {
    /// A message of one line: a line break in it comes from a name, and is written out.
    pub(crate) fn new(name: &'static str, message: impl Into<String>) -> Self {
        Self { name, message: message.into().replace('\n', "\\n") }
    }

    /// The same with statements to run, each on a line of its own.
    pub(crate) fn with_statements(name: &'static str, message: impl Into<String>, statements: &[String]) -> Self {
        let mut refusal = Self::new(name, message);
        for statement in statements {
            refusal.message.push('\n');
            refusal.message.push_str(&statement.replace('\n', "\\n"));
        }
        refusal
    }
}

/// The name of the only refusal that may pass by itself: after a failover, or while somebody has switched writes off.
pub const READ_ONLY_SERVER: &str = "read-only-server";

/// What of ours is in a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Users and recommendations.
    #[default]
    Both,
    /// The users and our own tables; the recommendations are elsewhere.
    Source,
    /// The recommendations and our fence; the users are elsewhere.
    Target,
}

impl Part {
    /// What messages call the database.
    pub(crate) const fn called(self) -> &'static str {
        match self {
            Self::Both => "the database",
            Self::Source => "the source database",
            Self::Target => "the target database",
        }
    }

    /// Whether the users are there.
    pub(crate) const fn has_source(self) -> bool {
        !matches!(self, Self::Target)
    }

    /// Whether the recommendations are there.
    pub(crate) const fn has_target(self) -> bool {
        !matches!(self, Self::Source)
    }
}

/// What one database's inspection found, and how it compares users' keys.
#[derive(Clone, Debug, Default)]
pub struct Inspected {
    /// What it found.
    pub inspection: Inspection,
    /// `user_id` in the table of users, if it is there.
    pub input_key: Option<KeyColumn>,
    /// `user_id` in the table of recommendations, if it is there.
    pub output_key: Option<KeyColumn>,
    /// A foreign key of the recommendations to the table of users, where loading waits for the session that holds the user locked.
    pub waits_for_users: Option<String>,
}

/// How a column compares users' keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyColumn {
    /// `schema.table`.
    pub table: String,
    /// Its type as people write it.
    pub shown_type: String,
    /// How many characters it holds; none: without a limit.
    pub characters: Option<i64>,
    /// Keys with and without blanks at the end are one.
    pub ignores_blanks: bool,
    /// The collation, or the type, that holds other different keys for one: `ck1` and `CK1`.
    pub loose: Option<String>,
}

impl KeyColumn {
    fn shown(&self) -> String {
        match &self.loose {
            Some(collation) if *collation != self.shown_type => format!("{} COLLATE {collation}", self.shown_type),
            _ => self.shown_type.clone(),
        }
    }
}

/// A target that holds two users for one.
pub(crate) fn coarser_target(source: Option<&KeyColumn>, target: Option<&KeyColumn>) -> Option<Refusal> {
    let (source, target) = (source?, target?);
    let example = if target.ignores_blanks && !source.ignores_blanks {
        "with and without blanks at the end"
    } else if target.loose.is_some() && target.loose != source.loose {
        "such as ck1 and CK1"
    } else {
        return None;
    };
    Some(Refusal::new(
        "coarser-target",
        format!(
            "{}.user_id ({}) may hold two users for one that {}.user_id ({}) tells apart, {example}: give it the type and the collation of the latter",
            target.table,
            target.shown(),
            source.table,
            source.shown()
        ),
    ))
}

/// What is wrong with the version of our schema that is in force, if it does not serve this program.
pub(crate) fn version_fault(version: Option<i32>, oldest: Option<&str>) -> Option<(&'static str, String)> {
    let program = env!("CARGO_PKG_VERSION");
    let (Some(version), Some(oldest)) = (version, oldest) else {
        return Some(("old-schema", "holds no version: run `cardgenius migrate`".to_owned()));
    };
    if version < SCHEMA_VERSION {
        let fault = format!(
            "our schema is at version {version}, this program needs {SCHEMA_VERSION}: run `cardgenius migrate`"
        );
        return Some(("old-schema", fault));
    }
    match (Version::parse(program), Version::parse(oldest)) {
        (Ok(ours), Ok(oldest)) if ours >= oldest => None,
        (Ok(_), Ok(oldest)) => Some((
            "new-schema",
            format!(
                "our schema is at version {version}, which serves no program older than {oldest}; this one is {program}: upgrade the program"
            ),
        )),
        _ => Some((
            "unknown-schema",
            format!(
                "says that schema version {version} serves programs from {:?} on, which is no version: was it changed by hand?",
                oldest.chars().take(40).collect::<String>()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(ignores_blanks: bool, loose: Option<&str>) -> KeyColumn {
        let (table, shown_type) = ("public.t".into(), "varchar(50)".into());
        KeyColumn { table, shown_type, characters: Some(50), ignores_blanks, loose: loose.map(str::to_owned) }
    }

    fn refused(source: &KeyColumn, target: &KeyColumn) -> String {
        coarser_target(Some(source), Some(target)).map_or(String::new(), |refusal| refusal.message)
    }

    #[test]
    fn a_target_that_tells_fewer_keys_apart_is_refused_and_one_that_tells_more_apart_is_not() {
        let (exact, blanks) = (key(false, None), key(true, None));
        let (loose, looser) = (key(false, Some("public.ci")), key(false, Some("public.other")));
        assert!(refused(&exact, &blanks).contains("blanks"));
        assert!(
            refused(&exact, &loose).contains("COLLATE public.ci") && refused(&exact, &loose).contains("ck1 and CK1")
        );
        assert!(!refused(&loose, &looser).is_empty(), "nobody knows which is the coarser");
        for (source, target) in
            [(&exact, &exact), (&blanks, &blanks), (&loose, &loose), (&blanks, &exact), (&loose, &exact)]
        {
            assert_eq!(refused(source, target), "");
        }
    }
}
