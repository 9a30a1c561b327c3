//! Versions, labels and selectors against a model that is a few lines long.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use services::ServiceError;

use crate::fixture::Fixture;
use crate::parameters::overwrite;

const NAMES: [&str; 3] = ["/app/a", "/app/b", "flat"];
const LABELS: [&str; 4] = ["live", "next", "old", "9bad"];

#[derive(Debug, Clone)]
enum Step {
    Put { name: usize, value: u8 },
    Label { name: usize, version: Option<i64>, labels: Vec<usize> },
    Unlabel { name: usize, version: i64, labels: Vec<usize> },
    Delete { name: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = 0..NAMES.len();
    let labels = || prop::collection::vec(0..LABELS.len(), 1..3);
    let step = prop_oneof![
        4 => (name.clone(), any::<u8>()).prop_map(|(name, value)| Step::Put { name, value }),
        3 => (name.clone(), prop::option::of(0..6_i64), labels())
            .prop_map(|(name, version, labels)| Step::Label { name, version, labels }),
        2 => (name.clone(), 0..6_i64, labels())
            .prop_map(|(name, version, labels)| Step::Unlabel { name, version, labels }),
        1 => name.prop_map(|name| Step::Delete { name }),
    ];
    prop::collection::vec(step, 1..30)
}

#[derive(Debug, Default)]
struct Model {
    values: Vec<String>,
    labels: BTreeMap<String, usize>,
}

type Models = BTreeMap<&'static str, Model>;

fn names(labels: &[usize]) -> Vec<&'static str> {
    let each: BTreeSet<usize> = labels.iter().copied().collect();
    each.into_iter().map(|label| LABELS[label]).collect()
}

impl Model {
    /// The version that a number means, or the error's code.
    fn version(&self, asked: Option<i64>) -> Result<usize, &'static str> {
        match asked.map_or(Ok(self.values.len()), usize::try_from) {
            _ if self.values.is_empty() => Err("ParameterNotFound"),
            Ok(version) if (1..=self.values.len()).contains(&version) => Ok(version),
            _ => Err("ParameterVersionNotFound"),
        }
    }

    fn get(&self, selector: &str) -> Result<String, &'static str> {
        if self.values.is_empty() {
            return Err("ParameterNotFound");
        }
        let version = match selector.parse() {
            Ok(version) => self.version(Some(version))?,
            Err(_) if selector.is_empty() => self.values.len(),
            Err(_) => *self.labels.get(selector).ok_or("ParameterVersionNotFound")?,
        };
        Ok(self.values[version - 1].clone())
    }
}

fn code<T>(result: Result<T, ServiceError>) -> Result<T, String> {
    result.map_err(|error| error.code.into_owned())
}

async fn apply(fixture: &Fixture, models: &mut Models, step: &Step) {
    match step {
        Step::Put { name, value } => {
            let model = models.entry(NAMES[*name]).or_default();
            let mut request = overwrite(NAMES[*name], &value.to_string());
            request.r#type = Some("String".to_owned());
            model.values.push(value.to_string());
            let version = i64::try_from(model.values.len()).unwrap();
            assert_eq!(fixture.put(request).await.version, Some(version));
        }
        Step::Label { name, version, labels } => {
            let (model, labels) = (models.entry(NAMES[*name]).or_default(), names(labels));
            let result = code(fixture.label(NAMES[*name], *version, &labels).await);
            let expected = model.version(*version);
            let got =
                result.map(|result| usize::try_from(result.parameter_version.unwrap()).unwrap());
            assert_eq!(got, expected.map_err(str::to_owned));
            if let Ok(version) = expected {
                let good = labels.into_iter().filter(|label| *label != "9bad");
                model.labels.extend(good.map(|label| (label.to_owned(), version)));
            }
        }
        Step::Unlabel { name, version, labels } => {
            let (model, labels) = (models.entry(NAMES[*name]).or_default(), names(labels));
            let result = code(fixture.unlabel(NAMES[*name], *version, &labels).await);
            let expected = model.version(Some(*version)).map(|version| {
                let had = |label: &&str| model.labels.get(*label) == Some(&version);
                labels.into_iter().filter(had).map(str::to_owned).collect::<Vec<_>>()
            });
            let got = result.map(|result| result.removed_labels.unwrap());
            assert_eq!(got, expected.clone().map_err(str::to_owned));
            for label in expected.unwrap_or_default() {
                model.labels.remove(&label);
            }
        }
        Step::Delete { name } => {
            if models.remove(NAMES[*name]).is_some_and(|model| !model.values.is_empty()) {
                fixture.delete_parameter(NAMES[*name]).await;
            }
        }
    }
}

async fn compare(fixture: &Fixture, models: &Models) {
    let nothing = Model::default();
    for name in NAMES {
        let model = models.get(name).unwrap_or(&nothing);
        for selector in ["", "1", "2", "5", "live", "next", "old"] {
            let asked =
                if selector.is_empty() { name.to_owned() } else { format!("{name}:{selector}") };
            let found = code(fixture.value(&asked, false).await);
            assert_eq!(found, model.get(selector).map_err(str::to_owned), "{asked}");
        }
        if model.values.is_empty() {
            continue;
        }
        let history = fixture.history(name).await;
        let values: Vec<_> =
            history.iter().map(|one| one.value.as_ref().unwrap().expose().to_owned()).collect();
        assert_eq!(values, model.values);
        for (version, shown) in (1..).zip(history) {
            let labelled = model.labels.iter().filter(|(_, labelled)| **labelled == version);
            let labels: Vec<_> = labelled.map(|(label, _)| label.clone()).collect();
            assert_eq!(shown.labels.unwrap(), labels, "{name}:{version}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn versions_labels_and_selectors_do_as_the_model_says(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::new();
            let mut models = Models::new();
            for step in &steps {
                apply(&fixture, &mut models, step).await;
            }
            compare(&fixture, &models).await;
        });
    }
}
