//! The expressions of rules and panels.

use serde_json::Value;

/// One comparison of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// A recorded figure, perhaps of one label's value.
    pub figure: String,
    pub operator: String,
    pub number: String,
}

/// An alert is `figure operator number`, several joined by `and`: then each part can be asked for by itself. Nothing if it is
/// anything else.
pub fn comparisons(expression: &str) -> Option<Vec<Comparison>> {
    let parts = expression.split(" and ").map(|part| part.strip_prefix("on () ").unwrap_or(part));
    parts
        .map(|part| {
            let [figure, operator, number] = part.split_whitespace().collect::<Vec<_>>().try_into().ok()?;
            let is_figure = figure.starts_with("cardgenius:") && figure.matches(['(', '[']).count() == 0;
            let is_comparison = [">", "<", "=="].contains(&operator) && number.parse::<f64>().is_ok();
            let [figure, operator, number] = [figure, operator, number].map(str::to_owned);
            (is_figure && is_comparison).then_some(Comparison { figure, operator, number })
        })
        .collect()
}

/// The metrics of ours that an expression names. Buckets, sums and counts are their histogram.
pub fn metrics(expression: &str) -> Vec<String> {
    let words = expression.split(|character: char| !character.is_ascii_alphanumeric() && !"_:".contains(character));
    let ours = ["cardgenius_", "batch_processing_", "user_processing_", "concurrent_workers_"];
    let named = words.filter(|word| ours.iter().any(|prefix| word.starts_with(prefix)));
    let histogram =
        |word: &str| ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).map(str::to_owned);
    named.map(|word| histogram(word).unwrap_or_else(|| word.to_owned())).collect()
}

/// Grafana's own variables are unknown to Prometheus.
pub fn for_prometheus(expression: &str) -> String {
    let expression = expression.replace("$__rate_interval", "1m");
    assert!(!expression.contains('$'), "a variable of which only Grafana knows: {expression}");
    expression
}

/// The string of this name.
#[track_caller]
pub fn string<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}

#[test]
fn an_alert_that_is_more_than_comparisons_of_recorded_figures_is_found() {
    let of = |figure: &str, operator: &str, number: &str| Comparison {
        figure: figure.to_owned(),
        operator: operator.to_owned(),
        number: number.to_owned(),
    };
    let two = comparisons(r#"cardgenius:a{kind="weekly"} > 3600 and on () cardgenius:b == 0"#);
    assert_eq!(two, Some(vec![of(r#"cardgenius:a{kind="weekly"}"#, ">", "3600"), of("cardgenius:b", "==", "0")]));
    for other in
        ["cardgenius_a > 1", "absent(cardgenius:a) > 0", "cardgenius:a", "cardgenius:a > 1 or cardgenius:b > 1"]
    {
        assert_eq!(comparisons(other), None, "{other}");
    }
}

#[test]
fn the_metrics_of_an_expression_are_found() {
    let expression =
        "histogram_quantile(0.5, sum by (le) (rate(cardgenius_x_seconds_bucket[1m]))) / concurrent_workers_active";
    assert_eq!(metrics(expression), ["cardgenius_x_seconds", "concurrent_workers_active"]);
    assert_eq!(metrics("cardgenius:recorded > 0 and up"), [""; 0]);
}
