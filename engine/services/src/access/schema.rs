//! What policies can speak of.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cedar_policy::{Schema, Validator};

use super::actions;

/// Resources are called by the names that requests have for them, such as `Parameter::"/app/port"`. A parameter is in every path above
/// it, up to `Parameter::"/"`; a definition that a run is started from, `AutomationDefinition::"Deploy:1"`, is in its document.
const ENTITIES: &str = r#"
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
entity Role, Account, Document, AutomationExecution, ManagedInstance, ServiceSetting = { arn: String, name: String } tags String;
entity User in [Role] = { arn: String, name: String } tags String;
entity Parameter in [Parameter] = { arn: String, name: String } tags String;
entity AutomationDefinition in [Document] = { arn: String, name: String } tags String;
"#;

const APPLIES: &str = "appliesTo { principal: [User, Role], resource: [Account, AutomationDefinition, AutomationExecution, \
                       Document, ManagedInstance, Parameter, Role, ServiceSetting, User], context: Asked }";

static VALIDATOR: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
    let (schema, _) = Schema::from_cedarschema_str(&text()).map_err(|error| error.to_string())?;
    Ok(Validator::new(schema))
});

/// Returns the schema as Cedar writes it, for editors and people.
pub fn text() -> String {
    let mut text = ENTITIES.to_owned();
    let groups: BTreeSet<String> = actions::actions().map(actions::Action::group).collect();
    for group in groups {
        text.push_str(&format!("action {group:?};\n"));
    }
    for action in actions::actions() {
        text.push_str(&format!("action {:?} in [{:?}] {APPLIES};\n", action.id(), action.group()));
    }
    text
}

/// Returns what holds policies against the schema. The text above is a constant: an error is a bug.
pub(super) fn validator() -> Result<&'static Validator, String> {
    VALIDATOR.as_ref().map_err(Clone::clone)
}
