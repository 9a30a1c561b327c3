//! What policies can speak of.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cedar_policy::{Schema, Validator};

use super::actions::{Action, actions};

/// Resources are called by the names that requests have for them, such as `Parameter::"/app/port"`. A parameter is in every path above
/// it, up to `Parameter::"/"`; a definition that a run is started from, `AutomationDefinition::"Deploy:1"`, is in its document.
const ENTITIES: &str = r"
type Asked = {
  documentType?: String,
  httpHost?: String,
  httpMethod?: String,
  mfa: Bool,
  overwrite: Bool,
  recursive: Bool,
  requestedCapabilities: Set<String>,
  sourceAddress?: ipaddr,
  withDecryption: Bool,
};
entity Role, Account, Document, AutomationExecution, EventBus, EventRule, ManagedInstance, ServiceSetting = { arn: String, name: String } tags String;
entity User in [Role] = { arn: String, name: String } tags String;
entity Parameter in [Parameter] = { arn: String, name: String } tags String;
entity AutomationDefinition in [Document] = { arn: String, name: String } tags String;
";

const APPLIES: &str = "appliesTo { principal: [User, Role], resource: [Account, AutomationDefinition, AutomationExecution, \
                       Document, EventBus, EventRule, ManagedInstance, Parameter, Role, ServiceSetting, User], context: Asked }";

static VALIDATOR: LazyLock<Result<Validator, String>> = LazyLock::new(|| validator(&text()));

/// Returns the schema as Cedar writes it, for editors and people.
pub fn text() -> String {
    with_actions(|_| true)
}

/// Returns what holds policies against the whole schema. Its text is a constant: an error is a bug.
pub(super) fn whole() -> Result<&'static Validator, String> {
    VALIDATOR.as_ref().map_err(Clone::clone)
}

/// Returns what holds these policies against the schema without most of the actions that they do not name. All actions apply to the
/// same principals, resources and contexts, so what holds for one of each group holds for all; and it takes far less time.
///
/// What does not pass may do so against the whole schema, where the diagnostics are better too.
pub(super) fn narrow(policies: &str) -> Result<Validator, String> {
    let mut represented = BTreeSet::new();
    let text = with_actions(|action| {
        represented.insert(action.group()) || policies.contains(&action.id())
    });
    validator(&text)
}

fn validator(schema: &str) -> Result<Validator, String> {
    let (schema, _) = Schema::from_cedarschema_str(schema).map_err(|error| error.to_string())?;
    Ok(Validator::new(schema))
}

fn with_actions(mut is_in: impl FnMut(Action<'_>) -> bool) -> String {
    let mut text = ENTITIES.to_owned();
    let groups: BTreeSet<String> = actions().map(Action::group).collect();
    for group in groups {
        text.push_str(&format!("action {group:?};\n"));
    }
    for action in actions().filter(|action| is_in(*action)) {
        text.push_str(&format!("action {:?} in [{:?}] {APPLIES};\n", action.id(), action.group()));
    }
    text
}
