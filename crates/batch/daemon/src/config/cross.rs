//! Rules between sections.

use super::{Config, violation::Violation};

impl Config {
    /// The violations of rules that more than one section takes part in.
    pub(super) fn cross_violations(&self) -> Vec<Violation> {
        [self.renewal_fits_lease(), self.chunk_fits_deadline(), self.run_outlives_lease(), self.tables_differ()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// A renewal that runs to its limit must still come before the lease ends.
    fn renewal_fits_lease(&self) -> Option<Violation> {
        let (lease, renew, statement) = (self.lease.lease_ms, self.lease.renew_ms, self.limits.renew_statement_ms);
        let needed = renew.saturating_add(statement);
        (lease <= needed).then(|| {
            let rule = format!(
                "must be more than `lease.renew_ms` + `limits.renew_statement_ms`, {renew} + {statement}, is {lease}: a \
                 slow renewal must still come before the lease ends"
            );
            Violation::new("lease.lease_ms", rule)
        })
    }

    /// A load and a statement that run to their limits must fit, or the deadline would strike first and hide the cause.
    fn chunk_fits_deadline(&self) -> Option<Violation> {
        let (deadline, load, statement) =
            (self.pipeline.chunk_deadline_ms, self.limits.load_ms, self.limits.statement_ms);
        let needed = load.saturating_add(statement);
        (deadline <= needed).then(|| {
            let rule = format!(
                "must be more than `limits.load_ms` + `limits.statement_ms`, {load} + {statement}, is {deadline}: a chunk \
                 must outlast its own statements"
            );
            Violation::new("pipeline.chunk_deadline_ms", rule)
        })
    }

    /// While a lease may still be good, nobody can tell that the run has no live instance.
    fn run_outlives_lease(&self) -> Option<Violation> {
        let (abandon, lease) = (self.run.abandon_after_ms, self.lease.lease_ms);
        (abandon <= lease).then(|| {
            let rule = format!(
                "must be more than `lease.lease_ms`, {lease}, is {abandon}: an instance counts as alive while its lease \
                 lasts"
            );
            Violation::new("run.abandon_after_ms", rule)
        })
    }

    /// Reading from and writing to one table would destroy the input.
    fn tables_differ(&self) -> Option<Violation> {
        let (source, target) = (&self.source, &self.target);
        let one_database = target.url.is_none() || target.url == source.url;
        (one_database && self.source_schema() == self.target_schema() && source.table == target.table).then(|| {
            let rule = "must be another table than `source.schema` and `source.table` in the same database";
            Violation::new("target.table", rule)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, DatabaseUrl};

    fn fields(config: &Config) -> Vec<String> {
        config.validate().into_iter().map(|violation| violation.field).collect()
    }

    fn changed(change: impl FnOnce(&mut Config)) -> Vec<String> {
        let mut config = Config::default();
        change(&mut config);
        fields(&config)
    }

    #[test]
    fn the_defaults_break_no_rule() {
        assert_eq!(Config::default().validate(), []);
    }

    #[test]
    fn a_lease_outlasts_a_renewal_at_its_limit() {
        assert_eq!(changed(|config| config.limits.renew_statement_ms = 20_000), ["lease.lease_ms"]);
        assert_eq!(changed(|config| config.limits.renew_statement_ms = 19_999), [""; 0]);
    }

    #[test]
    fn a_chunk_outlasts_its_statements() {
        assert_eq!(changed(|config| config.pipeline.chunk_deadline_ms = 180_000), ["pipeline.chunk_deadline_ms"]);
        assert_eq!(changed(|config| config.pipeline.chunk_deadline_ms = 180_001), [""; 0]);
    }

    #[test]
    fn a_run_is_not_abandoned_before_its_leases_end() {
        assert_eq!(changed(|config| config.run.abandon_after_ms = 30_000), ["run.abandon_after_ms"]);
        assert_eq!(changed(|config| config.run.abandon_after_ms = 30_001), [""; 0]);
    }

    #[test]
    fn the_target_is_another_table_unless_it_is_in_another_database() {
        assert_eq!(changed(|config| config.target.table.clone_from(&config.source.table)), ["target.table"]);
        let elsewhere = changed(|config| {
            config.target.table.clone_from(&config.source.table);
            config.source.url = Some(DatabaseUrl::new("postgres://a/x"));
            config.target.url = Some(DatabaseUrl::new("postgres://b/x"));
        });
        assert_eq!(elsewhere, [""; 0]);
        assert_eq!(
            changed(|config| {
                config.target.table.clone_from(&config.source.table);
                config.target.schema = Some("marketing".to_owned());
            }),
            [""; 0]
        );
    }

    #[test]
    fn violations_of_several_sections_are_reported_at_once() {
        let all = changed(|config| {
            config.pipeline.workers = 0;
            config.lease.renew_ms = 10_001;
            config.retry.attempts = 0;
            config.run.time_zone = "Mars".to_owned();
        });
        assert_eq!(all, ["pipeline.workers", "lease.lease_ms", "retry.attempts", "run.time_zone"]);
    }
}
