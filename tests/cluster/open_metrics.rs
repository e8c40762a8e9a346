//! A strict reader of OpenMetrics, as far as servers use it: what it does not know, it refuses.

use std::collections::{BTreeMap, BTreeSet};

/// A metric: what is said of it, and its samples.
#[derive(Debug, Default)]
pub(crate) struct Metric {
    pub(crate) kind: String,
    pub(crate) unit: String,
    pub(crate) help: String,
    pub(crate) samples: Vec<Sample>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    /// What follows the name of the metric.
    pub(crate) suffix: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// All metrics of a text, by name.
#[derive(Debug)]
pub(crate) struct Metrics(pub(crate) BTreeMap<String, Metric>);

impl Metrics {
    /// Reads a text, or says what is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Metrics, String> {
        let body = text.strip_suffix("# EOF\n").ok_or("it does not end with # EOF")?;
        let mut metrics: BTreeMap<String, Metric> = BTreeMap::new();
        let mut current = String::new();
        for line in body.split_terminator('\n') {
            let wrong = |what: &str| format!("{what}: {line:?}");
            let Some(comment) = line.strip_prefix("# ") else {
                let metric = metrics.get_mut(&current).ok_or_else(|| wrong("of no metric"))?;
                let sample = sample(&current, line).map_err(|what| wrong(&what))?;
                metric.samples.push(sample);
                continue;
            };
            let mut words = comment.splitn(3, ' ');
            let (keyword, name) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            let value = words.next().ok_or_else(|| wrong("no value"))?;
            if name != current && metrics.contains_key(name) {
                return Err(wrong("a metric in two places"));
            }
            current = name.to_owned();
            let metric = metrics.entry(current.clone()).or_default();
            let place = match keyword {
                _ if !metric.samples.is_empty() => return Err(wrong("after samples")),
                "TYPE" => &mut metric.kind,
                "UNIT" => &mut metric.unit,
                "HELP" => &mut metric.help,
                _ => return Err(wrong("unknown")),
            };
            if !std::mem::replace(place, value.to_owned()).is_empty() {
                return Err(wrong("said twice"));
            }
        }
        metrics.iter().try_for_each(|(name, metric)| check(name, metric))?;
        Ok(Metrics(metrics))
    }

    /// The value of the only sample with this suffix and these labels, perhaps among others.
    pub(crate) fn value(&self, name: &str, suffix: &str, labels: &[(&str, &str)]) -> f64 {
        let metric = self.0.get(name).unwrap_or_else(|| panic!("no metric {name}"));
        let has = |sample: &&Sample| {
            let all = |(key, value): &(&str, &str)| {
                sample.labels.get(*key).is_some_and(|found| found == value)
            };
            sample.suffix == suffix && labels.iter().all(all)
        };
        let found: Vec<&Sample> = metric.samples.iter().filter(has).collect();
        assert_eq!(found.len(), 1, "{name}{suffix}{labels:?}: {found:?}");
        found[0].value
    }
}

fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(is_part) && !name.starts_with(|c: char| c.is_ascii_digit())
}

/// A line like `name_total{label="value"} 1`.
fn sample(metric: &str, line: &str) -> Result<Sample, String> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let (name, mut rest) = line.split_at(end);
    let suffix = name.strip_prefix(metric).ok_or("of another metric")?.to_owned();
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        let (inside, after) = inside.split_once('}').ok_or("labels without an end")?;
        rest = after;
        for label in inside.split_terminator(',') {
            let (key, value) = label.split_once('=').ok_or("a label without a value")?;
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            let value = value.filter(|value| !value.contains(['"', '\\', '\n']));
            let value = value.ok_or("a value that this reader does not know")?;
            if !is_name(key) || labels.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err("a label of a wrong name, or twice".into());
            }
        }
    }
    let value = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let value = value.parse().map_err(|_| "no number".to_owned())?;
    Ok(Sample { suffix, labels, value })
}

/// Checks what the format says of a metric as a whole.
fn check(name: &str, metric: &Metric) -> Result<(), String> {
    let Metric { kind, unit, help, samples } = metric;
    let wrong = |what: &str| Err(format!("{name}: {what}: {metric:?}"));
    if !is_name(name) || help.is_empty() {
        return wrong("a name or help that is none");
    }
    if !unit.is_empty() && !name.ends_with(&format!("_{unit}")) {
        return wrong("the name does not end with the unit");
    }
    let suffixes: &[&str] = match kind.as_str() {
        "gauge" => &[""],
        "counter" => &["_total"],
        "info" => &["_info"],
        "histogram" => &["_bucket", "_sum", "_count"],
        _ => return wrong("unknown type"),
    };
    let mut seen = BTreeSet::new();
    for sample in samples {
        if !suffixes.contains(&sample.suffix.as_str()) {
            return wrong("a suffix that its type has not");
        }
        if !seen.insert((&sample.suffix, &sample.labels)) {
            return wrong("a sample twice");
        }
        if kind != "gauge" && (sample.value < 0.0 || !sample.value.is_finite()) {
            return wrong("less than nothing");
        }
    }
    if kind == "histogram" && !is_histogram(samples) {
        return wrong("buckets that do not add up");
    }
    Ok(())
}

/// Whether bounds and counts increase, up to all; for histograms without further labels.
fn is_histogram(samples: &[Sample]) -> bool {
    let only = |suffix: &str| samples.iter().find(|sample| sample.suffix == suffix);
    let (Some(_), Some(count)) = (only("_sum"), only("_count")) else { return false };
    let bound = |sample: &Sample| sample.labels.get("le")?.parse::<f64>().ok();
    let buckets = samples.iter().filter(|sample| sample.suffix == "_bucket");
    let buckets: Option<Vec<(f64, f64)>> =
        buckets.map(|sample| Some((bound(sample)?, sample.value))).collect();
    let Some(buckets) = buckets else { return false };
    let increase = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
    increase && buckets.last() == Some(&(f64::INFINITY, count.value))
}

#[test]
fn what_is_no_open_metrics_is_refused() {
    let histogram = "# HELP h H.\n# TYPE h histogram\nh_sum 3.0\nh_count 2\n";
    let good = format!("{histogram}h_bucket{{le=\"1.0\"}} 1\nh_bucket{{le=\"+Inf\"}} 2\n# EOF\n");
    let metrics = Metrics::read(&good).expect("it is well formed");
    assert_eq!(metrics.value("h", "_bucket", &[("le", "1.0")]), 1.0);
    let begin = "# HELP a A.\n# TYPE a counter\n";
    let bad = [
        format!("{begin}a_total 1\n"),
        format!("{begin}a_total 1\n# EOF\n\n"),
        format!("{begin}a 1\n# EOF\n"),
        format!("{begin}a_total -1\n# EOF\n"),
        format!("{begin}a_total one\n# EOF\n"),
        format!("{begin}a_total 1\na_total 1\n# EOF\n"),
        format!("{begin}b_total 1\n# EOF\n"),
        format!("{begin}a_total{{b=\"c\",b=\"d\"}} 1\n# EOF\n"),
        format!("{begin}# UNIT a seconds\na_total 1\n# EOF\n"),
        format!("{begin}# HELP b B.\n# TYPE b gauge\n# HELP a A.\n# EOF\n"),
        "# TYPE a counter\na_total 1\n# EOF\n".into(),
        "a 1\n# EOF\n".into(),
        format!("{histogram}h_bucket{{le=\"+Inf\"}} 1\n# EOF\n"),
        format!("{histogram}h_bucket{{le=\"1.0\"}} 3\nh_bucket{{le=\"+Inf\"}} 2\n# EOF\n"),
    ];
    for text in bad {
        assert!(Metrics::read(&text).is_err(), "{text}");
    }
}
