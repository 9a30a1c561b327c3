//! Putting a parameter.

use host_api::request::ParameterKind;
use serde_json::json;
use store::parameters::policies::{self, NewPolicy};
use store::parameters::{NewParameter, ParameterVersion, StoredValue, labels};
use store::{Tx, WriteError, parameters};

use super::data_type::DataType;
use super::keys::SealingKey;
use super::notice::Origin;
use super::rules::{self, Asked};
use super::tier::{self, AskedTier, Tier, Wanted};
use super::{
    ParameterName, PutParameterRequest, PutParameterResult, kind_text, parse_kind, policy,
    wire_version,
};
use crate::Services;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::{ErrorKind, ServiceError};
use crate::events::ParameterOperation;
use crate::tags;

/// Versions of one parameter that are kept.
const VERSIONS_MAX: u64 = 100;
/// Writers of one name that may get in between before a writer gives up.
const CONFLICTS_MAX: usize = 100;

/// What there is before a parameter is put.
struct Before {
    latest: Option<ParameterVersion>,
    has_policies: bool,
    standard_count: u64,
    default_tier: AskedTier,
    key: SealingKey,
}

/// What is written.
#[derive(Clone)]
struct Next {
    parameter: NewParameter,
    /// The version that must be the latest; 0 if there must be none.
    expected: u64,
    /// Absent where those of the version before stay.
    policies: Option<Vec<NewPolicy>>,
    tags: Vec<(String, String)>,
    tier: Tier,
}

impl Services {
    /// Creates a parameter, or with `Overwrite` a new version of it.
    ///
    /// What an overwriting request omits stays as it is: description, pattern, type, data type, key, tier and policies. The type
    /// cannot change, and the tier Advanced cannot be left. Of 100 versions the oldest goes, unless it has a label.
    pub async fn put_parameter(
        &self,
        actor: &Actor,
        request: PutParameterRequest,
    ) -> Result<PutParameterResult, ServiceError> {
        match self.put_parameter_now(actor, &request).await {
            Err(error) if error.kind == ErrorKind::Request => {
                self.answered_before(actor, error).await
            }
            result => result,
        }
    }

    async fn put_parameter_now(
        &self,
        actor: &Actor,
        request: &PutParameterRequest,
    ) -> Result<PutParameterResult, ServiceError> {
        let name = ParameterName::for_writing(&request.name, self.place())?;
        let asked = rules::check_request(request)?;
        let tags = tags_of(request)?;
        for _ in 0..CONFLICTS_MAX {
            let before = self.before(&name, request)?;
            let next = self.next_version(actor, &name, request, &asked, before)?;
            let next = Next { tags: tags.clone(), ..next };
            let details = json!({
                "version": next.expected + 1, "type": next.parameter.kind, "tier": next.tier.as_str(),
            });
            let deed = Deed::new("PutParameter", name.arn(self.place())).details(details);
            let origin = self.origin(actor);
            match self.change(actor, deed, move |tx| put(tx, &origin, &next)).await {
                Err(error) if error.kind == ErrorKind::Transient => {}
                result => return result,
            }
        }
        Err(ServiceError::request(
            "TooManyUpdates",
            format!("There are concurrent updates for {name}: others change it all the time."),
        ))
    }

    fn before(
        &self,
        name: &ParameterName,
        request: &PutParameterRequest,
    ) -> Result<Before, ServiceError> {
        let (name, asked_key) = (name.as_str().to_owned(), request.key_id.clone());
        let place = self.place().clone();
        let read = move |tx: &store::ReadTx<'_>| -> Result<Before, ServiceError> {
            let latest = parameters::get(tx, &name, None)?;
            let has_policies = match &latest {
                Some(latest) => !policies::of_version(tx, &name, latest.version)?.is_empty(),
                None => false,
            };
            let kept = latest.as_ref().and_then(|latest| latest.parameter.key_name.clone());
            let key = SealingKey::look_up(tx, asked_key.or(kept).as_deref(), &place)?;
            let standard_count = parameters::count(tx, Tier::Standard.as_str())?;
            let default_tier = tier::default_tier(tx)?;
            Ok(Before { latest, has_policies, standard_count, default_tier, key })
        };
        self.store().read_blocking(read)
    }

    fn next_version(
        &self,
        actor: &Actor,
        name: &ParameterName,
        request: &PutParameterRequest,
        asked: &Asked,
        before: Before,
    ) -> Result<Next, ServiceError> {
        let expected = before.latest.as_ref().map_or(0, |latest| latest.version);
        let latest = before.latest.map(|latest| latest.parameter);
        if latest.is_some() && !asked.is_overwrite {
            return Err(ServiceError::request(
                "ParameterAlreadyExists",
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
            ));
        }
        let kind = kind_for(name, asked.kind, latest.as_ref())?;
        if kind != ParameterKind::SecureString && request.key_id.is_some() {
            return Err(ServiceError::validation(format!(
                "KeyId is used for parameters of the type SecureString only, and {name} is a {}.",
                kind_text(kind)
            )));
        }
        let value = request.value.expose();
        let data_type = match (asked.data_type, &latest) {
            (Some(data_type), _) => data_type,
            (None, Some(latest)) => DataType::parse(&latest.data_type)?,
            (None, None) => DataType::Text,
        };
        data_type.check(name, kind, value)?;
        let kept = |field: fn(&NewParameter) -> Option<String>| latest.as_ref().and_then(field);
        let allowed_pattern =
            request.allowed_pattern.clone().or_else(|| kept(|old| old.allowed_pattern.clone()));
        rules::check_pattern(allowed_pattern.as_deref(), value)?;
        let last_modified_ms = now_ms();
        let policies = request.policies.as_deref();
        let policies = policies.map(|text| policy::parse(text, last_modified_ms)).transpose()?;
        let tier = Wanted {
            asked: asked.tier,
            default: before.default_tier,
            before: latest.as_ref().and_then(|latest| Tier::parse(&latest.tier)),
            value,
            data_type,
            has_policies: policies.as_ref().map_or(before.has_policies, |list| !list.is_empty()),
            standard_count: before.standard_count,
        }
        .tier()?;
        let (value, key_name) = match kind {
            ParameterKind::SecureString => {
                let version = expected + 1;
                let sealed =
                    self.seal_value(name, version, last_modified_ms, &request.value, &before.key)?;
                (StoredValue::Sealed(sealed), before.key.shown_name())
            }
            ParameterKind::String | ParameterKind::StringList => {
                (StoredValue::Plain(value.to_owned()), None)
            }
        };
        let parameter = NewParameter {
            name: name.as_str().to_owned(),
            kind: kind_text(kind).to_owned(),
            value,
            description: request
                .description
                .clone()
                .or_else(|| kept(|old| old.description.clone())),
            last_modified_ms,
            last_modified_by: actor.principal.to_string(),
            data_type: data_type.as_str().to_owned(),
            allowed_pattern,
            tier: tier.as_str().to_owned(),
            key_name,
        };
        Ok(Next { parameter, expected, policies, tags: Vec::new(), tier })
    }
}

fn put(tx: &mut Tx<'_>, origin: &Origin, next: &Next) -> Result<PutParameterResult, ServiceError> {
    let new = &next.parameter;
    let count = parameters::count(tx, next.tier.as_str())?;
    if next.expected == 0 && count >= next.tier.parameters_max() {
        return Err(ServiceError::request(
            "ParameterLimitExceeded",
            format!(
                "You have exceeded the number of parameters of the tier {}: {} are allowed. Delete one or more parameters and \
                 try again.",
                next.tier,
                next.tier.parameters_max()
            ),
        ));
    }
    let version = match parameters::put(tx, new, next.expected) {
        Ok(version) => version,
        Err(WriteError::Conflict { .. }) => {
            return Err(ServiceError::new(ErrorKind::Transient, "Conflict", "changed meanwhile"));
        }
        Err(error) => return Err(error.into()),
    };
    drop_oldest(tx, &new.name, version)?;
    match &next.policies {
        Some(list) => policies::replace(tx, &new.name, version, list)?,
        None => policies::keep(tx, &new.name, version, new.last_modified_ms)?,
    }
    for (key, value) in &next.tags {
        store::tags::set(tx, tags::PARAMETER, &new.name, key, value)?;
    }
    let operation = match next.expected {
        0 => ParameterOperation::Create,
        _ => ParameterOperation::Update,
    };
    origin.tell(tx, operation, new)?;
    Ok(PutParameterResult {
        version: Some(wire_version(version)),
        tier: Some(next.tier.as_str().to_owned()),
    })
}

/// Makes room for the version just written.
fn drop_oldest(tx: &mut Tx<'_>, name: &str, version: u64) -> Result<(), ServiceError> {
    if version <= VERSIONS_MAX {
        return Ok(());
    }
    while let Some(oldest) = parameters::oldest_version(tx, name)? {
        if oldest + VERSIONS_MAX > version {
            break;
        }
        if labels::list(tx, name)?.iter().any(|(_, labelled)| *labelled == oldest) {
            return Err(ServiceError::request(
                "ParameterMaxVersionLimitExceeded",
                format!(
                    "You attempted to create a new version of {name} by calling the PutParameter API with the overwrite flag. \
                     Version {oldest}, the oldest version, can't be deleted because it has a label associated with it. Move \
                     the label to another version of the parameter, and try again."
                ),
            ));
        }
        parameters::delete_version(tx, name, oldest)?;
    }
    Ok(())
}

fn kind_for(
    name: &ParameterName,
    asked: Option<ParameterKind>,
    latest: Option<&NewParameter>,
) -> Result<ParameterKind, ServiceError> {
    let Some(latest) = latest else {
        return asked.ok_or_else(|| {
            ServiceError::validation("A parameter type is required when you create a parameter.")
        });
    };
    let kind = parse_kind(&latest.kind)?;
    match asked {
        Some(asked) if asked != kind => Err(ServiceError::request(
            "HierarchyTypeMismatchException",
            format!(
                "Parameter Store does not support changing a parameter type in a hierarchy: {name} is a {}. Create a new, \
                 unique parameter instead.",
                latest.kind
            ),
        )),
        _ => Ok(kind),
    }
}

fn tags_of(request: &PutParameterRequest) -> Result<Vec<(String, String)>, ServiceError> {
    let given = request.tags.iter().flatten();
    let tags: Vec<tags::Tag> =
        given.map(|tag| tags::Tag { key: tag.key.clone(), value: tag.value.clone() }).collect();
    tags::checked(&tags)
}
